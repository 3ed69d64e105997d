"""The direct engine: server-side apply of a plan in dependency waves, with ApplySets, Leases and waits.

    session = Session(plan, root, halt)
    lifecycle = Lifecycle(session=session, parts=parts_of(plan, names))
    lifecycle.up(names)

Read `lifecycle` (stacks of a region), `order` (waves, rounds, what an object comes after), `stack_run` (one stack on
one cluster), `up` and `down`; then what these use: `live_objects` (reading what is on the cluster), `refusals` (what
stops a run, or its deletions, before it begins), `applying` (one object as it is applied, fields left to its
controller, the result) with `managed_fields` (who applied which field) and `ownership` (whose an object is, which
managers are Pulumi's, conflicts), `waiting` (until ready, until gone, what blocks), `deletion` (batches in reverse
order), `applyset` (members, parents). `comparison` tells drift and health, `release` hands over to Pulumi. Every fault
is a `FactoryError`.
"""
