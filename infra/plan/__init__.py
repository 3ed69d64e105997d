"""The plan: pure functions from a region, the catalogue and its allocations to a RegionPlan.

- `model`: the values that a plan is made of: clusters, racks, hosts, networks, tenants.
- `addresses`: types of addresses and blocks, and how blocks are sized; `links`: routed links of hosts, their names, how
  many, and where their addresses lie.
- `regions`: the project, its region files by name or path, and opening one with its lock and inventory; a lock with
  what it lacks given out.
- `sources`: a region that a program has in memory, or whose lock lies elsewhere.
- `quantities`: how much of everything a region file asks for: racks, nodes, kW of a cluster, switches, addresses, core
  nodes, management clusters, a tenant's quota; whether a hall can hold it, whether a tenant is on InfiniBand.
- `build`: the plan of an opened region, the racks that its hosts can be listed for, sample rows for them.
- `hosts`: the inventory's hosts in their slots of the planned racks, and made-up ones.
- `power`: what halls and site draw in all, and what limits growth.
- `storage`: throughput by guideline. `stacks`: names of stacks, and which one a thing belongs to.

Rooms: `allocation` (the lock: what is given out once), `checks` (what a file must satisfy beyond its shape), `sizing`
(the published tables of fabrics and sites).
"""
