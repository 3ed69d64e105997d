"""Takes a region through its life by the direct engine: up, down, status, drift; stack after stack, in order.

Within a stack the management clusters come first, then each workload cluster by the access that the region file
declares; down goes the other way round. Rack groups, and the stacks of a plane, run side by side.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import TypeVar

from ...errors import FactoryError, InterruptedRunError, RefusedError, UnavailableError
from ...objects.region import stack_names, steps
from ..clusters import Session
from ..declared import Parts, refuse_releases
from ..options import Options
from ..progress import Listener, silent
from ..protocol import Preview
from ..report import Difference, Health, Report
from . import compare, health
from .down import Undoing, down, refuse_down, undoing
from .order import Round, root_of
from .places import NO_CLUSTER, Places
from .release import release
from .stack_run import StackRun
from .up import Underway, underway

T = TypeVar("T")

STACKS_AT_ONCE = 4
"""Stacks that run side by side; each has its own requests side by side."""


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
        self._places = Places(
            session=session, parts=parts, options=options or Options(), listener=listener, reports=self.reports
        )

    def up(self, names: Sequence[str]) -> list[Report]:
        """Apply the stacks in order, and delete what former stacks have left.

        Raises:
            FactoryError: the reports say what was done until then.
        """
        refuse_releases(self._parts)
        leftovers = self._prepared(names)
        self._refuse_down(leftovers)
        for step in steps(self._session.plan, names):
            _side_by_side([partial(self._stack_up, name) for name in step])
        self._remove(leftovers)
        return self.reports

    def down(self, names: Sequence[str]) -> list[Report]:
        """Delete what the stacks have, in reverse order; refused before anything is deleted.

        Raises:
            FactoryError: the reports say what was done until then.
        """
        leftovers = self._prepared(names)
        self._refuse_down([*leftovers, *self._places.reachable(names)])
        self._remove(leftovers)
        for step in reversed(steps(self._session.plan, names)):
            _side_by_side([partial(self._stack_down, name) for name in step])
        return self.reports

    def release(self, names: Sequence[str]) -> int:
        """Let go of all that the stacks have, for the Pulumi engine to take over; how many objects that were."""
        pairs = [*self._prepared(names), *self._places.reachable(names)]
        return sum(release(self._places.run(name, target)) for name, target in pairs)

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
        for name, target in [*self._places.pairs(names), *leftovers]:
            differences = by_stack.setdefault(name, [])
            if self._places.is_gone(target):
                items = self._places.objects(name, target)
                differences += [Difference(id=item.id, kind="missing", note=NO_CLUSTER) for item in items]
            else:
                differences += compare.differences(self._places.run(name, target), take_back=take_back)
        return by_stack

    def status(self, names: Sequence[str]) -> dict[str, list[Health]]:
        """How the objects are, by component (`<Component> <name>`), in plan order."""
        self._session.prepare(self._parts.targets(names))
        by_component: dict[str, list[Health]] = {}
        for name, target in self._places.pairs(names):
            if self._places.is_gone(target):
                items = self._places.objects(name, target)
                healths = [Health(id=item.id, state="missing", why=NO_CLUSTER) for item in items]
            else:
                healths = health.healths(self._places.run(name, target))
            for each in healths:
                by_component.setdefault(self._parts.components[each.id], []).append(each)
        return by_component

    def _prepared(self, names: Sequence[str]) -> list[tuple[str, str]]:
        """Check the clusters; what former stacks have left there."""
        self._session.prepare(self._parts.targets(names))
        return self._places.leftovers(names, stack_names(self._session.plan))

    def _refuse_down(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Refuse to delete what is protected, all of it at once."""
        faults: list[str] = []
        for name, target in pairs:
            try:
                refuse_down(self._places.run(name, target))
            except RefusedError as error:
                faults += error.lines
        if faults:
            raise RefusedError.of(faults)

    def _remove(self, leftovers: Sequence[tuple[str, str]]) -> None:
        for name, target in leftovers:
            run = self._places.begun(name, target)
            _attempt(run, partial(down, run))

    def _stack_up(self, name: str) -> None:
        rounds = self._places.rounds(name)
        with ExitStack() as stack:
            held: dict[str, Underway] = {}
            # All that can be reached is looked at before anything is changed.
            for target in dict.fromkeys(target for objects in rounds for target in objects):
                if not self._places.is_gone(target):
                    held[target] = self._hold(stack, name, target)
            for objects in rounds:
                self._round_up(stack, name, objects, held)
            _side_by_side([partial(_attempt, each.run, each.wait) for each in held.values()])
            for each in reversed(held.values()):
                _attempt(each.run, each.finish)

    def _round_up(self, stack: ExitStack, name: str, objects: Round, held: dict[str, Underway]) -> None:
        needs = {need for items in objects.values() for item in items for need in item.after}
        roots = {root_of(self._session.plan, target) for target in objects}
        for each in held.values():
            _attempt(each.run, partial(each.wait, needs | roots))
        for target in objects:
            if target not in held:
                held[target] = self._hold(stack, name, target)
        _side_by_side(
            [partial(_attempt, held[target].run, partial(held[target].apply, objects[target])) for target in objects]
        )

    def _hold(self, stack: ExitStack, name: str, target: str) -> Underway:
        run = self._places.begun(name, target)
        return _attempt(run, lambda: stack.enter_context(underway(run)))

    def _stack_down(self, name: str) -> None:
        with ExitStack() as stack:
            held: dict[str, Undoing] = {}
            for _, target in self._places.reachable([name]):
                run = self._places.begun(name, target)
                opened = _attempt(run, partial(stack.enter_context, undoing(run)))
                if opened is not None:
                    held[target] = opened
            for each in reversed(held.values()):
                _attempt(each.run, each.delete_unplanned)
            for objects in reversed(self._places.rounds(name)):
                targets = [target for target in objects if target in held]
                _side_by_side(
                    [
                        partial(_attempt, held[target].run, partial(held[target].delete, objects[target]))
                        for target in targets
                    ]
                )
            for each in reversed(held.values()):
                _attempt(each.run, each.finish)


def _attempt(run: StackRun, act: Callable[[], T]) -> T:
    """Do something, and tell if it fails."""
    try:
        return act()
    except FactoryError as error:
        run.tell("failed", detail=str(error))
        raise


def _side_by_side(acts: Sequence[Callable[[], None]]) -> None:
    """Do all; each is let finish, then all faults are raised as one."""
    if len(acts) == 1:
        acts[0]()
        return
    with ThreadPoolExecutor(STACKS_AT_ONCE) as pool:
        futures = [pool.submit(act) for act in acts]
    errors = [error for future in futures if (error := future.exception()) is not None]
    for error in errors:
        if not isinstance(error, FactoryError):
            raise error
    if errors:
        raise together([error for error in errors if isinstance(error, FactoryError)])


def together(errors: Sequence[FactoryError]) -> FactoryError:
    """Several faults as one: an interrupt if there is one, else the environment's fault before any refusal."""
    kinds = [kind for kind in (InterruptedRunError, UnavailableError) if any(isinstance(e, kind) for e in errors)]
    return [*kinds, FactoryError][0]("\n".join(dict.fromkeys(str(error) for error in errors)))
