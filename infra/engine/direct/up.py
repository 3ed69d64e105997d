"""Brings one stack's objects to one cluster: survey, refusals, waves, waits, pruning."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from ...errors import FactoryError, RefusedError
from ...kube.discovery import missing
from ...kube.lease import Lease
from ...objects.base import KubeObject
from ..report import Report
from .applying import Applied, Applier
from .live import key_of
from .run import Run, delete
from .survey import Survey, contents_of, refuse, survey
from .waiting import ReadyWaiter, wait_gone
from .waves import needed, waves

NEW_KINDS_SECONDS = 30.0
"""How long a kind that an operator brings may take to be served once the operator is ready."""


class Underway:
    """A run that holds its Lease, has looked around, and found nothing to refuse; see `underway`."""

    def __init__(self, run: Run, seen: Survey, lease: Lease, pool: ThreadPoolExecutor) -> None:
        self.run = run
        self._seen = seen
        self._lease = lease
        self._pool = pool
        self._by_id = {item.id: item for item in run.items}
        self._wanted = contents_of(run.items)
        self._applier = Applier(
            cluster=run.cluster, applyset=run.applyset, seen=seen, check=lease.check, adopt=run.options.adopt
        )
        self._waiter = ReadyWaiter(
            run.cluster.api,
            run.applyset.id,
            run.halt,
            on_wait=run.waiting,
            on_ready=lambda object_id: run.tell("ready", object_id),
        )

    def apply(self, items: Sequence[KubeObject]) -> None:
        """Apply some of the objects, wave by wave."""
        # Before any member exists: a run that is killed leaves no member that the next one can't find.
        self.run.applyset.write(self._seen.contents | self._wanted)
        for wave in waves(items):
            self._waiter.wait({need for item in wave for need in needed(item, self._by_id)})
            _wait_for_going(self.run, self._seen, wave)
            _wait_for_kinds(self.run, wave)
            for done in _apply_wave(self.run, self._applier, wave, self._pool):
                if self.run.options.wait:
                    self._waiter.add(done.item, done.resource, done.live)

    def wait(self, ids: Collection[str] | None = None) -> None:
        """Wait until these objects are ready, or all (NotReadyError if they don't get it in time)."""
        self._waiter.wait(ids)

    def finish(self) -> None:
        """Prune what left the plan, once everything else is done."""
        if self._seen.leaving:
            delete(self.run, self._seen.leaving, self._lease.check, self._pool)
        self.run.applyset.write(self._wanted)
        self.run.tell("end", detail=str(self.run.report))


@contextmanager
def underway(run: Run) -> Iterator[Underway]:
    """Hold the stack on a cluster while the block runs.

    Raises:
        FactoryError: another run holds it, or something is refused: nothing has been changed then.
    """
    run.tell("begin", detail=f"{len(run.items)} objects in {len(run.waves)} waves")
    options = run.options
    # The pool ends inside the Lease: no request is under way when the next run may begin.
    with run.lease() as lease, run.pool() as pool:
        seen = survey(run.cluster, run.applyset, run.items, pool)
        refuse(run.cluster, run.applyset, seen, run.waves, adopt=options.adopt, force_protected=options.force_protected)
        yield Underway(run, seen, lease, pool)


def up(run: Run) -> Report:
    """Apply a stack that is on one cluster only, and prune what left the plan.

    Raises:
        FactoryError: it was refused, failed, or was stopped; `run.report` has what was done until then.
    """
    with underway(run) as one:
        one.apply(run.items)
        one.wait()
        one.finish()
    return run.report


def _apply_wave(run: Run, applier: Applier, wave: Sequence[KubeObject], pool: ThreadPoolExecutor) -> list[Applied]:
    """Apply a wave side by side; all its refusals at once."""

    def one(item: KubeObject) -> Applied:
        done = applier.apply(item)
        run.report.results[item.id] = done.result
        run.tell("applied", item.id, done.result)
        return done

    futures = [pool.submit(one, item) for item in wave]
    return gathered(futures)


def gathered(futures: Sequence[Future[Applied]]) -> list[Applied]:
    """Results of all, in order.

    Raises:
        RefusedError: some were refused; all of these.
        FactoryError: any other fault, which the rest would have as well: the first one.
    """
    refused: list[str] = []
    done: list[Applied] = []
    for future in futures:
        try:
            done.append(future.result())
        except RefusedError as error:
            refused.append(str(error))
        except FactoryError:
            for other in futures:
                other.cancel()
            raise
    if refused:
        raise RefusedError.of(refused)
    return done


def _wait_for_going(run: Run, seen: Survey, wave: Sequence[KubeObject]) -> None:
    """Wait for planned objects that are being deleted: what is applied to them would go with them."""
    keys = {key_of(item.manifest): item for item in wave}
    going = {
        key: found
        for key in keys
        if (found := seen.find(key)) is not None and found.manifest["metadata"].get("deletionTimestamp")
    }
    if going:
        wait_gone(run.cluster.api, going, run.halt, on_wait=run.waiting)
        for key in going:
            seen.members.pop(key, None)
            seen.others.pop(key, None)


def _wait_for_kinds(run: Run, wave: Sequence[KubeObject]) -> None:
    """Wait until the kinds of a wave are served: an operator that got ready brings some."""
    deadline = time.monotonic() + (NEW_KINDS_SECONDS if run.options.wait else 0)
    discovery = run.cluster.discovery
    while True:
        lacking = [one for one in wave if discovery.find(one.manifest["apiVersion"], one.manifest["kind"]) is None]
        if not lacking:
            return
        discovery.refresh()
        if time.monotonic() > deadline:
            raise missing(discovery, run.cluster.target, lacking[0].manifest)
        run.waiting(lacking[0].id, f"kind {lacking[0].manifest['kind']} is not served yet")
        run.halt.sleep(1.0)
