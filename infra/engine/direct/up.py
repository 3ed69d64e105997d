"""Brings one stack's objects to one cluster: survey, refusals, waves, waits, pruning."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

from ...objects.base import KubeObject
from ..concurrency import gathered
from ..origins import lacking_kind
from ..report import Report
from .applying import Applied, Applier
from .applyset import contents_of
from .deletion import GONE_SECONDS, delete
from .live_objects import Survey, survey
from .order import needed, waves
from .refusals import refuse
from .stack_run import StackRun, key_of
from .waiting import ReadyWaiter, until_gone

NEW_KINDS_SECONDS = 30.0
"""How long a kind that an operator brings may take to be served once the operator is ready."""


class Underway:
    """A run that is held, has looked around, and has nothing to refuse; see `underway`."""

    def __init__(self, run: StackRun, seen: Survey) -> None:
        self.run = run
        self._seen = seen
        self._ids = frozenset(item.id for item in run.items)
        self._wanted = contents_of(run.planned)
        self._applier = Applier(run=run, seen=seen, adopt=run.options.adopt)
        self._waiter = ReadyWaiter(run)

    def apply(self, items: Sequence[KubeObject]) -> None:
        """Apply some of the objects, wave by wave."""
        # Before any member exists: a run that is killed leaves no member that the next one can't find.
        self.run.applyset.write(self._seen.contents | self._wanted)
        for wave in waves(items):
            self._waiter.wait({need for item in wave for need in needed(item, self._ids)})
            self._wait_for_going(wave)
            _wait_for_kinds(self.run, wave)
            for applied in gathered([self.run.pool.submit(self._apply, item) for item in wave]):
                if applied is not None:
                    self._waiter.add(applied)

    def wait(self, ids: Collection[str] | None = None) -> None:
        """Wait until these objects are ready, or all (NotReadyError if they don't get it in time)."""
        self._waiter.wait(ids)

    def finish(self) -> None:
        """Prune what left the plan, once everything else is done."""
        if self._seen.leaving:
            delete(self.run, self._seen.leaving)
        self.run.applyset.write(self._wanted)
        self.run.tell("end", detail=str(self.run.report))

    def _apply(self, item: KubeObject) -> Applied | None:
        """Apply an object; what it is then if it is waited for: of a large wave no more is kept."""
        applied = self._applier.apply(item)
        self.run.report.results[item.id] = applied.result
        self.run.tell("applied", item.id, applied.result)
        return applied if self.run.options.wait and item.wait_for is not None else None

    def _wait_for_going(self, wave: Sequence[KubeObject]) -> None:
        """Wait for planned objects that are being deleted: what is applied to them would go with them."""
        live = {key: self._seen.find(key) for key in map(key_of, wave)}
        going = {key: each for key, each in live.items() if each and each.metadata.get("deletionTimestamp")}
        for key in until_gone(self.run, going, GONE_SECONDS):
            self._seen.forget(key)


@contextmanager
def underway(run: StackRun) -> Iterator[Underway]:
    """Hold the stack on a cluster while the block runs.

    Raises:
        FactoryError: another run holds it, or something is refused: nothing has been changed then.
    """
    run.tell("begin", detail=f"{len(run.items)} objects in {len(run.waves)} waves")
    with run.held():
        seen = survey(run)
        refuse(run, seen)
        yield Underway(run, seen)


def up(run: StackRun) -> Report:
    """Apply a stack that is on one cluster only, and prune what left the plan.

    Raises:
        FactoryError: it was refused, failed, or was stopped; `run.report` has what was done until then.
    """
    with underway(run) as held:
        held.apply(run.items)
        held.wait()
        held.finish()
    return run.report


def _wait_for_kinds(run: StackRun, wave: Sequence[KubeObject]) -> None:
    """Wait until the kinds of a wave are served: an operator that got ready brings some."""
    deadline = time.monotonic() + (NEW_KINDS_SECONDS if run.options.wait else 0)
    discovery = run.cluster.discovery
    while True:
        lacking = [item for item in wave if discovery.of(item.manifest) is None]
        if not lacking:
            return
        discovery.refresh()
        if time.monotonic() > deadline:
            raise lacking_kind(run.cluster, lacking[0].manifest)
        run.tell("waiting", lacking[0].id, f"kind {lacking[0].manifest['kind']} is not served yet")
        run.halt.sleep(1.0)
