"""Takes a region through its life by the direct engine: up, down, status, drift; stack after stack, in order.

Within a stack the management clusters come first, then each workload cluster by the access that the region file
declares; down goes the other way round. Rack groups, and the stacks of a plane, run side by side.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial

from ...errors import RefusedError
from ...objects.base import KubeObject
from ...objects.region import stack_names, steps
from ..clusters import Session
from ..concurrency import side_by_side
from ..declared import Parts, refuse_releases
from ..options import Options
from ..progress import Event, Listener, silent
from ..protocol import Preview
from ..report import Difference, Health, Report
from . import comparison
from .applyset import parents
from .down import Undoing, down, refuse_down, undoing
from .order import Round, root_of, rounds
from .release import release
from .stack_run import StackRun
from .up import Underway, underway

STACKS_AT_ONCE = 4
"""Stacks that run side by side; each has its own requests side by side."""
NO_CLUSTER = "its cluster has no kubeconfig secret"


class Lifecycle:
    """What one command does to stacks of a region: an `Engine`.

    Args:
        session: the region's clusters.
        parts: what the stacks declare.
        options: what the user allows.
        listener: told what happens.
    """

    def __init__(
        self, *, session: Session, parts: Parts, options: Options | None = None, listener: Listener = silent
    ) -> None:
        self.reports: list[Report] = []
        """Of every run that was begun, also of those that failed."""
        self._session = session
        self._parts = parts
        self._options = options
        self._listener = listener

    def up(self, names: Sequence[str]) -> list[Report]:
        """Apply the stacks in order, and delete what former stacks have left.

        Raises:
            FactoryError: the reports say what was done until then.
        """
        refuse_releases(self._parts)
        leftovers = self._prepared(names)
        self._refuse_down(leftovers)
        for step in steps(self._session.plan, names):
            side_by_side([partial(self._stack_up, name) for name in step], STACKS_AT_ONCE)
        self._remove(leftovers)
        return self.reports

    def down(self, names: Sequence[str]) -> list[Report]:
        """Delete what the stacks have, in reverse order; refused before anything is deleted.

        Raises:
            FactoryError: the reports say what was done until then.
        """
        leftovers = self._prepared(names)
        self._refuse_down([*leftovers, *self._reachable(names)])
        self._remove(leftovers)
        for step in reversed(steps(self._session.plan, names)):
            side_by_side([partial(self._stack_down, name) for name in step], STACKS_AT_ONCE)
        return self.reports

    def release(self, names: Sequence[str]) -> int:
        """Let go of all that the stacks have, for the Pulumi engine to take over; how many objects that were."""
        pairs = [*self._prepared(names), *self._reachable(names)]
        return sum(release(self._run(name, target)) for name, target in pairs)

    def preview(self, names: Sequence[str]) -> Preview:
        """Say what `up` would do, field by field; changes nothing (RefusedError if the plan has charts)."""
        refuse_releases(self._parts)
        return Preview(differences=self.differences(names, take_back=False))

    def drift(self, names: Sequence[str]) -> dict[str, list[Difference]]:
        """Where the clusters differ from the plan, also in fields that others have changed; changes nothing."""
        return self.differences(names, take_back=True)

    def differences(self, names: Sequence[str], *, take_back: bool) -> dict[str, list[Difference]]:
        """Where the clusters differ from the plan, by stack; changes nothing."""
        leftovers = self._prepared(names)
        by_stack: dict[str, list[Difference]] = {name: [] for name in names}
        for name, target in [*self._parts.pairs(names), *leftovers]:
            differences = by_stack.setdefault(name, [])
            if self._session.is_gone(target):
                items = self._objects(name, target)
                differences += [Difference(id=item.id, kind="missing", note=NO_CLUSTER) for item in items]
            else:
                differences += comparison.differences(self._run(name, target), take_back=take_back)
        return by_stack

    def status(self, names: Sequence[str]) -> dict[str, list[Health]]:
        """How the objects are, by component (`<Component> <name>`), in plan order."""
        self._session.prepare(self._parts.targets(names))
        by_component: dict[str, list[Health]] = {}
        for name, target in self._parts.pairs(names):
            if self._session.is_gone(target):
                items = self._objects(name, target)
                healths = [Health(id=item.id, state="missing", why=NO_CLUSTER) for item in items]
            else:
                healths = comparison.healths(self._run(name, target))
            for each in healths:
                by_component.setdefault(self._parts.components[each.id], []).append(each)
        return by_component

    def _run(self, name: str, target: str) -> StackRun:
        """A stack on a cluster, to be begun."""
        cluster, halt = self._session.cluster(target), self._session.halt.part()
        return StackRun(cluster, name, self._objects(name, target), halt, self._options, self._listener)

    def _begun(self, name: str, target: str) -> StackRun:
        """A stack on a cluster, whose report is kept from now on."""
        run = self._run(name, target)
        self.reports.append(run.report)
        return run

    def _objects(self, name: str, target: str) -> Sequence[KubeObject]:
        """What a stack has on a cluster, by plan; nothing if it is left over."""
        return self._parts.objects.get(name, {}).get(target, ())

    def _reachable(self, names: Sequence[str]) -> list[tuple[str, str]]:
        """Each stack with each of its clusters but for those that are gone, which is noted."""
        pairs = []
        for name, target in self._parts.pairs(names):
            if self._session.is_gone(target):
                self._listener(Event(what="note", stack=name, target=target, detail=f"left out: {NO_CLUSTER}"))
            else:
                pairs.append((name, target))
        return pairs

    def _prepared(self, names: Sequence[str]) -> list[tuple[str, str]]:
        """Check the clusters; what is left over there: stacks of this region that have an ApplySet on a cluster where
        the plan has nothing of theirs any more, of the given stacks, and of those that the region had once. Workload
        clusters first.
        """
        targets = self._parts.targets(names)
        self._session.prepare(targets)
        region = self._session.plan.name
        whole = set(names) == set(stack_names(self._session.plan))
        planned = set(self._parts.pairs(names))
        leftovers = []
        for target in targets:
            for name in () if self._session.is_gone(target) else parents(self._session.cluster(target).api, target):
                ours = name in names or (whole and (name == region or name.startswith(f"{region}.")))
                if ours and (name, target) not in planned:
                    leftovers.append((name, target))
        return leftovers[::-1]

    def _refuse_down(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Refuse to delete what is protected, all of it at once."""
        faults: list[str] = []
        for name, target in pairs:
            try:
                refuse_down(self._run(name, target))
            except RefusedError as error:
                faults += error.lines
        if faults:
            raise RefusedError.of(faults)

    def _remove(self, leftovers: Sequence[tuple[str, str]]) -> None:
        for name, target in leftovers:
            run = self._begun(name, target)
            run.attempt(down, run)

    def _stack_up(self, name: str) -> None:
        ordered = rounds(self._session.plan, self._parts.objects[name])
        with ExitStack() as stack:
            held: dict[str, Underway] = {}
            # All that can be reached is looked at before anything is changed.
            for target in dict.fromkeys(target for objects in ordered for target in objects):
                if not self._session.is_gone(target):
                    held[target] = self._hold(stack, name, target)
            for objects in ordered:
                self._round_up(stack, name, objects, held)
            side_by_side([partial(each.run.attempt, each.wait) for each in held.values()], STACKS_AT_ONCE)
            for each in reversed(held.values()):
                each.run.attempt(each.finish)

    def _round_up(self, stack: ExitStack, name: str, objects: Round, held: dict[str, Underway]) -> None:
        needs = {need for items in objects.values() for item in items for need in item.after}
        roots = {root_of(self._session.plan, target) for target in objects}
        for each in held.values():
            each.run.attempt(each.wait, needs | roots)
        for target in objects:
            if target not in held:
                held[target] = self._hold(stack, name, target)
        parts = [(held[target], items) for target, items in objects.items()]
        side_by_side([partial(each.run.attempt, each.apply, items) for each, items in parts], STACKS_AT_ONCE)

    def _hold(self, stack: ExitStack, name: str, target: str) -> Underway:
        run = self._begun(name, target)
        return run.attempt(stack.enter_context, underway(run))

    def _stack_down(self, name: str) -> None:
        with ExitStack() as stack:
            held: dict[str, Undoing] = {}
            for _, target in self._reachable([name]):
                run = self._begun(name, target)
                undone = run.attempt(stack.enter_context, undoing(run))
                if undone is not None:
                    held[target] = undone
            for each in reversed(held.values()):
                each.run.attempt(each.delete_unplanned)
            for objects in reversed(rounds(self._session.plan, self._parts.objects[name])):
                parts = [(held[target], items) for target, items in objects.items() if target in held]
                side_by_side([partial(each.run.attempt, each.delete, items) for each, items in parts], STACKS_AT_ONCE)
            for each in reversed(held.values()):
                each.run.attempt(each.finish)
