"""The direct engine: server-side apply of a plan in dependency waves, with ApplySets, Leases and waits.

    session = Session(plan, root, halt)
    lifecycle = Lifecycle(session=session, parts=parts_of(plan, names))
    lifecycle.up(names)

Read `lifecycle` (stacks of a region, in order), `order` (waves and rounds), `stack_run` (one stack on one cluster),
`up` and `down`; then what these use: `live_objects` (what is on the cluster), `refusals`, `applying` (one object) with
`managed_fields` and `ownership`, `waiting`, `deletion`, `applyset`. `comparison` tells drift and health, `release`
hands over to the Pulumi engine. Every fault is a `FactoryError` with the exit code of the command line.
"""
