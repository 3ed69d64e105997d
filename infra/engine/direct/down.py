"""Takes one stack's objects off one cluster, in reverse order; the ApplySet's parent and the Lease go last."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager

from ...errors import RefusedError
from ...kube.lease import Lease
from ...objects.base import KubeObject
from ..report import Report
from .live import Live, Reader, key_of
from .ownership import by_pulumi
from .run import Run, delete
from .survey import is_protected, is_retained


class Undoing:
    """A run that holds its Lease and takes things away; see `undoing`."""

    def __init__(self, run: Run, members: Live, lease: Lease, pool: ThreadPoolExecutor) -> None:
        self.run = run
        self._members = members
        self._lease = lease
        self._pool = pool

    def delete_unplanned(self) -> None:
        """Delete members that are not planned any more: nothing that is planned needs them.

        Those that are retained may still be needed: they go with their owner or their namespace.
        """
        planned = {key_of(item.manifest) for item in self.run.items}
        left = {key: found for key, found in self._members.items() if key not in planned}
        self._delete({key: found for key, found in left.items() if not is_retained(found)})

    def delete(self, items: Sequence[KubeObject]) -> None:
        """Delete those members that are among these objects."""
        keys = {key_of(item.manifest) for item in items}
        self._delete({key: found for key, found in self._members.items() if key in keys})

    def finish(self) -> None:
        """Remove the parent and the Lease, once all members are gone."""
        self.run.applyset.remove()
        self._lease.delete()
        self.run.tell("end", detail=str(self.run.report))

    def _delete(self, doomed: Live) -> None:
        delete(self.run, doomed, self._lease.check, self._pool)


@contextmanager
def undoing(run: Run) -> Iterator[Undoing | None]:
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
    with run.lease() as lease, run.pool() as pool:
        yield Undoing(run, _members(run, contents.group_kinds, pool), lease, pool)


def down(run: Run) -> Report:
    """Delete all that a stack has on one cluster.

    Raises:
        RefusedError: some of it is protected.
        FactoryError: something does not go, or the run was stopped; `run.report` has what was done until then.
    """
    with undoing(run) as one:
        if one is not None:
            one.delete_unplanned()
            one.delete(run.items)
            one.finish()
    return run.report


def refuse_down(run: Run) -> None:
    """Refuse if members are protected or the Pulumi engine's as well (RefusedError)."""
    contents = run.applyset.read()
    if contents is not None:
        with run.pool() as pool:
            _members(run, contents.group_kinds, pool)


def _members(run: Run, group_kinds: frozenset[str], pool: Executor) -> Live:
    reader = Reader(run.cluster.api, run.cluster.discovery, pool, run.applyset.id, run.items)
    members = reader.members(group_kinds)
    faults = []
    for key, found in members.items():
        object_id = key.on(run.cluster.target)
        if is_protected(found) and not run.options.force_protected:
            faults.append(
                f"{object_id}: is protected: deleting it loses state or running capacity; "
                "delete it with --force-protected"
            )
        elif by_pulumi(found.manifest["metadata"]):
            faults.append(f"{object_id}: is the Pulumi engine's as well; delete it there, or take it over with --adopt")
    if faults:
        raise RefusedError.of(faults)
    return members
