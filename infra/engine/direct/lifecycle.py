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
from .places import NO_CLUSTER, Places
from .release import release
from .rounds import Round, root_of
from .run import Run
from .up import Underway, underway

T = TypeVar("T")

STACKS_AT_ONCE = 4
"""Stacks that run side by side; each has its own requests side by side."""


class Lifecycle:
    """What one command does to stacks of a region.

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
        left = self._prepared(names)
        self._refuse_down(left)
        for step in steps(self._session.plan, names):
            self._side_by_side([partial(self._stack_up, name) for name in step])
        self._remove(left)
        return self.reports

    def down(self, names: Sequence[str]) -> list[Report]:
        """Delete what the stacks have, in reverse order; refused before anything is deleted.

        Raises:
            FactoryError: the reports say what was done until then.
        """
        left = self._prepared(names)
        self._refuse_down([*left, *self._places.there(names)])
        self._remove(left)
        for step in reversed(steps(self._session.plan, names)):
            self._side_by_side([partial(self._stack_down, name) for name in step])
        return self.reports

    def release(self, names: Sequence[str]) -> int:
        """Let go of all that the stacks have, for the Pulumi engine to take over; how many objects that were."""
        left = self._prepared(names)
        return sum(release(self._places.run(name, target)) for name, target in [*left, *self._places.there(names)])

    def differences(self, names: Sequence[str], *, take_back: bool) -> dict[str, list[Difference]]:
        """Where the clusters differ from the plan, by stack; changes nothing."""
        left = self._prepared(names)
        found: dict[str, list[Difference]] = {name: [] for name in names}
        for name, target in [*self._places.pairs(names), *left]:
            if self._places.is_gone(target):
                ids = [one.id for one in self._places.objects(name, target)]
                some = [Difference(id=one, kind="missing", note=NO_CLUSTER) for one in ids]
            else:
                some = compare.differences(self._places.run(name, target), take_back=take_back)
            found.setdefault(name, []).extend(some)
        return found

    def preview(self, names: Sequence[str]) -> Preview:
        """Say what `up` would do, field by field; changes nothing (RefusedError if the plan has charts)."""
        refuse_releases(self._parts)
        return Preview(differences=self.differences(names, take_back=False))

    def drift(self, names: Sequence[str]) -> dict[str, list[Difference]]:
        """Where the clusters differ from the plan, also in fields that others have changed; changes nothing."""
        return self.differences(names, take_back=True)

    def status(self, names: Sequence[str]) -> dict[str, list[Health]]:
        """How the objects are, by component (`<Component> <name>`), in plan order."""
        self._session.prepare(self._parts.targets(names))
        found: dict[str, list[Health]] = {}
        for name, target in self._places.pairs(names):
            if self._places.is_gone(target):
                ids = [one.id for one in self._places.objects(name, target)]
                some = [Health(id=one, state="missing", why=NO_CLUSTER) for one in ids]
            else:
                some = health.healths(self._places.run(name, target))
            for one in some:
                found.setdefault(self._parts.components[one.id], []).append(one)
        return found

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

    def _remove(self, left: Sequence[tuple[str, str]]) -> None:
        for name, target in left:
            run = self._places.begun(name, target)
            self._told(run, partial(down, run))

    def _stack_up(self, name: str) -> None:
        ordered = self._places.rounds(name)
        with ExitStack() as held:
            under: dict[str, Underway] = {}
            # All that can be reached is looked at before anything is changed.
            for target in dict.fromkeys(target for one in ordered for target in one):
                if not self._places.is_gone(target):
                    under[target] = self._hold(held, name, target)
            for one in ordered:
                self._round_up(held, name, one, under)
            self._side_by_side([partial(self._told, one.run, one.wait) for one in under.values()])
            for target in reversed(under):
                self._told(under[target].run, under[target].finish)

    def _round_up(self, held: ExitStack, name: str, one: Round, under: dict[str, Underway]) -> None:
        wanted = {need for items in one.values() for item in items for need in item.after}
        roots = {root_of(self._session.plan, target) for target in one}
        for other in under.values():
            self._told(other.run, partial(other.wait, wanted | roots))
        for target in one:
            if target not in under:
                under[target] = self._hold(held, name, target)
        self._side_by_side([partial(self._told, under[t].run, partial(under[t].apply, one[t])) for t in one])

    def _hold(self, held: ExitStack, name: str, target: str) -> Underway:
        run = self._places.begun(name, target)
        return self._told(run, lambda: held.enter_context(underway(run)))

    def _stack_down(self, name: str) -> None:
        with ExitStack() as held:
            under: dict[str, Undoing] = {}
            for _, target in self._places.there([name]):
                run = self._places.begun(name, target)
                one = self._told(run, partial(held.enter_context, undoing(run)))
                if one is not None:
                    under[target] = one
            for target in reversed(under):
                self._told(under[target].run, under[target].delete_unplanned)
            for each in reversed(self._places.rounds(name)):
                both = [target for target in each if target in under]
                self._side_by_side([partial(self._told, under[t].run, partial(under[t].delete, each[t])) for t in both])
            for target in reversed(under):
                self._told(under[target].run, under[target].finish)

    def _told(self, run: Run, act: Callable[[], T]) -> T:
        """Do something, and tell if it fails."""
        try:
            return act()
        except FactoryError as error:
            run.tell("failed", detail=str(error))
            raise

    def _side_by_side(self, acts: Sequence[Callable[[], None]]) -> None:
        """Do all; each is let finish, then all faults are raised as one."""
        if len(acts) == 1:
            acts[0]()
            return
        with ThreadPoolExecutor(STACKS_AT_ONCE) as pool:
            futures = [pool.submit(act) for act in acts]
        errors = [error for one in futures if (error := one.exception()) is not None]
        for error in errors:
            if not isinstance(error, FactoryError):
                raise error
        if errors:
            raise together([error for error in errors if isinstance(error, FactoryError)])


def together(errors: Sequence[FactoryError]) -> FactoryError:
    """Several faults as one: an interrupt if there is one, else the environment's fault before any refusal."""
    kinds = [kind for kind in (InterruptedRunError, UnavailableError) if any(isinstance(one, kind) for one in errors)]
    return [*kinds, FactoryError][0]("\n".join(dict.fromkeys(str(one) for one in errors)))
