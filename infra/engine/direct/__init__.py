"""The direct engine: server-side apply of a plan in dependency waves, with ApplySets, Leases and waits.

    session = Session(plan, root, halt)
    lifecycle = Lifecycle(session=session, parts=parts_of(plan, names))   # engine.lifecycle
    lifecycle.up(names)

Below that, `Run` is one stack on one cluster: `up(run)`, `down(run)`, `differences(run, take_back=True)` and
`healths(run)`.
Every fault is an `FactoryError` with the exit code of the command line.
"""
