"""The gate: what a change does, which rules it breaks, whether it may be made. No engine, no cluster, no terminal.

- `records`: plain records that are compared, judged and kept: objects, outlines, changes, findings.
- `run`: the whole way from two sides of a change to a verdict, for `aifactory gate`. It calls the rooms in this order:
- `sides`: both sides of a change.
- `cache`: regions planned once, in shards.
- `impact`: what differs, what is lost, what it takes.
- `bounds`: how far approvals and waivers reach: in days, and in what they name.
- `limits`: what each rule can't see.
- `rule`: what a rule is, its decorators and registry, what rules of each scope look at; patterns that name subjects.
- `rules`: all rules, and what runs them.
- `judge`: the verdict, on a change and on a region as it stands.
- `preview`: judges what the Pulumi engine would do.
- `beside`: what rules on all regions together look at: their numbers, clusters drained, files of no region.
- `opaque`: values that a preview hides or does not know yet, and rules that read them.
- `elsewhere`: holds nothing: the name by which gates of older commits start `sides.own_code`.
"""
