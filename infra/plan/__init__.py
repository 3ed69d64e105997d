"""The plan: pure functions from a region, the catalogue and its allocations to a RegionPlan.

Read `model` first, the values that a plan is made of. The ways in: `regions` finds and opens region files, with their
locks and inventories; `sources` takes a region that a program has in memory, or its lock elsewhere. `build` makes the
plan of an opened one. What it computes with: `quantities` (how much of everything the file asks for), `hosts` (the
inventory's hosts in the planned racks), `power` (by hall and site), `storage` (throughput by guideline), `stacks`
(which stack a thing belongs to). Rooms: `allocation` (the lock: what is given out once), `checks` (what a file must
satisfy), `sizing` (the published tables of fabrics and sites).
"""
