"""What a change does.

- `items`: a declared item as the object that is compared: its manifest, its digest, its record.
- `diff`: what happens to each object between two plans, field by field.
- `order`: changes sorted for a reader, what is lost first; names sorted with numbers by value.
- `immutable`: fields that can't change, by kind: what is replaced in place of updated.
- `dependence`: what goes, stops or is uninstalled with an object, by its kind; kinds whose loss ends nothing.
- `drivers`: changes that have every node of a cluster drained for another driver of its GPUs or NICs.
- `settings`: values of the region file that no object shows, such as how a cluster is reached, before and after.
- `blast`: all that a change takes away or drains, by name, and how many GPUs.
- `losses`: losses decision by decision, of racks, clusters, tenants, storage and single objects: which need an
  approval, which lack one, and how a rule refuses them.
- `groups`: losses of single objects of a kind, told together where they are many.
- `totals`: power, GPUs, cost and pools of a region in numbers, before and after; numbers of objects by stack.
"""
