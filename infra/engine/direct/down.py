"""Takes one stack's objects off one cluster, in reverse order; the ApplySet's parent and the Lease go last."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ...objects.base import KubeObject
from ..report import Report
from .applyset import Contents
from .deletion import delete
from .live_objects import Live, read_members
from .refusals import refuse_deletion
from .stack_run import StackRun, key_of


class Undoing:
    """A run that is held and takes things away; see `undoing`."""

    def __init__(self, run: StackRun, members: Live) -> None:
        self.run = run
        self._members = members

    def delete_unplanned(self) -> None:
        """Delete members that are not planned any more: nothing that is planned needs them.

        Those that are retained may still be needed: they go with their owner or their namespace.
        """
        unplanned = {key: live for key, live in self._members.items() if key not in self.run.planned}
        delete(self.run, {key: live for key, live in unplanned.items() if not live.retained})

    def delete(self, items: Sequence[KubeObject]) -> None:
        """Delete those members that are among these objects."""
        keys = {key_of(item) for item in items}
        delete(self.run, {key: live for key, live in self._members.items() if key in keys})

    def finish(self) -> None:
        """Remove the parent and the Lease, once all members are gone."""
        self.run.applyset.remove()
        self.run.lease.delete()
        self.run.tell("end", detail=str(self.run.report))


@contextmanager
def undoing(run: StackRun) -> Iterator[Undoing | None]:
    """Hold the stack on a cluster while the block runs; None if it has nothing there.

    Raises:
        RefusedError: another run holds it, or members are protected: nothing has been deleted then.
    """
    contents = run.applyset.read()
    if contents is None:
        run.tell("end", detail="nothing is there")
        yield None
        return
    run.tell("begin", detail="deleting")
    run.report.planned = 0
    with run.held():
        yield Undoing(run, _members(run, contents))


def down(run: StackRun) -> Report:
    """Delete all that a stack has on one cluster.

    Raises:
        RefusedError: some of it is protected.
        FactoryError: something does not go, or the run was stopped; `run.report` has what was done until then.
    """
    with undoing(run) as underway:
        if underway is not None:
            underway.delete_unplanned()
            underway.delete(run.items)
            underway.finish()
    return run.report


def refuse_down(run: StackRun) -> None:
    """Refuse if members are protected or the Pulumi engine's as well (RefusedError)."""
    contents = run.applyset.read()
    if contents is not None:
        with run.pool:
            _members(run, contents)


def _members(run: StackRun, contents: Contents) -> Live:
    members = read_members(run, contents)
    refuse_deletion(run, members)
    return members
