"""Takes a region through its life by the direct engine: up, down, status, drift; stack after stack, in order.

Within a stack the management clusters come first, then each workload cluster by the access that the region file
declares; down goes the other way round. Rack groups, and the stacks of a plane, run side by side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from ..objects.base import KubeObject
from .direct import compare, health
from .direct.compare import Difference
from .direct.down import Undoing, refuse_down, undoing
from .direct.errors import EngineError, InterruptedRunError, RefusedError, UnavailableError
from .direct.health import Health
from .direct.outcome import Report
from .direct.parts import Parts, refuse_releases, steps
from .direct.rounds import Round, root_of, rounds
from .direct.run import Options, Run
from .direct.session import Session
from .direct.up import Underway, underway
from .progress import Event, Listener, silent
from .sandbox_region import SandboxRegion, sandbox_up

__all__ = ["Lifecycle", "SandboxRegion", "sandbox_up", "together"]

T = TypeVar("T")

STACKS_AT_ONCE = 4
"""Stacks that run side by side; each has its own requests side by side."""
_NO_CLUSTER = "its cluster has no kubeconfig secret"


@dataclass(kw_only=True)
class Lifecycle:
    """What one command does to stacks of a region."""

    session: Session
    parts: Parts
    options: Options = field(default_factory=Options)
    listener: Listener = silent
    reports: list[Report] = field(default_factory=list)
    """Of every run that was begun, also of those that failed."""

    def up(self, names: Sequence[str]) -> list[Report]:
        """Apply the stacks in order.

        Raises:
            EngineError: the reports say what was done until then.
        """
        refuse_releases(self.parts)
        self._prepare(names)
        for step in steps(self.session.plan, names):
            self._side_by_side([partial(self._stack_up, name) for name in step])
        return self.reports

    def down(self, names: Sequence[str]) -> list[Report]:
        """Delete what the stacks have, in reverse order; refused before anything is deleted.

        Raises:
            EngineError: the reports say what was done until then.
        """
        self._prepare(names)
        faults: list[str] = []
        for name in names:
            for run in self._runs_there(name):
                try:
                    refuse_down(run)
                except RefusedError as error:
                    faults += error.lines
        if faults:
            raise RefusedError.of(faults)
        for step in reversed(steps(self.session.plan, names)):
            self._side_by_side([partial(self._stack_down, name) for name in step])
        return self.reports

    def differences(self, names: Sequence[str], *, take_back: bool) -> dict[str, list[Difference]]:
        """Where the clusters differ from the plan, by stack; changes nothing."""
        self._prepare(names)
        found: dict[str, list[Difference]] = {name: [] for name in names}
        for name, target in self._places(names):
            if self._is_gone(target):
                found[name] += [
                    Difference(id=one.id, kind="missing", note=_NO_CLUSTER) for one in self._on(name, target)
                ]
            else:
                found[name] += compare.differences(self._run(name, target), take_back=take_back)
        return found

    def healths(self, names: Sequence[str]) -> dict[str, list[Health]]:
        """How the objects are, by component (`<Component> <name>`), in plan order."""
        self._prepare(names)
        found: dict[str, list[Health]] = {}
        for name, target in self._places(names):
            if self._is_gone(target):
                some = [Health(id=one.id, state="missing", why=_NO_CLUSTER) for one in self._on(name, target)]
            else:
                some = health.healths(self._run(name, target))
            for one in some:
                found.setdefault(self.parts.components[one.id], []).append(one)
        return found

    def _places(self, names: Sequence[str]) -> Iterator[tuple[str, str]]:
        """Each stack with each of its clusters."""
        for name in names:
            yield from ((name, target) for target in self.parts.objects[name])

    def _on(self, name: str, target: str) -> list[KubeObject]:
        return self.parts.objects[name][target]

    def _prepare(self, names: Sequence[str]) -> None:
        self.session.prepare(self.parts.targets(names))

    def _rounds(self, name: str) -> list[Round]:
        return rounds(self.session.plan, self.parts.objects[name])

    def _run(self, name: str, target: str) -> Run:
        cluster, halt = self.session.cluster(target), self.session.halt.part()
        return Run(cluster, name, self._on(name, target), halt, self.options, self.listener)

    def _runs_there(self, name: str) -> Iterator[Run]:
        """The stack on each of its clusters, but for those that are gone."""
        for target in self.parts.objects[name]:
            if self._is_gone(target):
                self.listener(Event(what="note", stack=name, target=target, detail=f"left out: {_NO_CLUSTER}"))
            else:
                yield self._run(name, target)

    def _is_gone(self, target: str) -> bool:
        """Whether a workload cluster that is reached by its kubeconfig secret has none."""
        plan = self.session.plan
        if all(target != one.name for one in plan.clusters):
            return False
        cluster = plan.cluster(target)
        if cluster.access.capi_secret is None:
            return False
        path = f"api/v1/namespaces/{target}/secrets/{cluster.access.capi_secret}"
        return self.session.cluster(cluster.management).api.get(path) is None

    def _stack_up(self, name: str) -> None:
        ordered = self._rounds(name)
        with ExitStack() as held:
            under: dict[str, Underway] = {}
            # All that can be reached is looked at before anything is changed.
            for target in dict.fromkeys(target for one in ordered for target in one):
                if not self._is_gone(target):
                    under[target] = self._hold(held, name, target)
            for one in ordered:
                self._round_up(held, name, one, under)
            self._side_by_side([partial(self._told, one.run, one.wait) for one in under.values()])
            for target in reversed(under):
                self._told(under[target].run, under[target].finish)

    def _round_up(self, held: ExitStack, name: str, one: Round, under: dict[str, Underway]) -> None:
        wanted = {need for items in one.values() for item in items for need in item.after}
        roots = {root_of(self.session.plan, target) for target in one}
        for other in under.values():
            self._told(other.run, partial(other.wait, wanted | roots))
        for target in one:
            if target not in under:
                under[target] = self._hold(held, name, target)
        self._side_by_side([partial(self._told, under[t].run, partial(under[t].apply, one[t])) for t in one])

    def _hold(self, held: ExitStack, name: str, target: str) -> Underway:
        run = self._run(name, target)
        self.reports.append(run.report)
        return self._told(run, lambda: held.enter_context(underway(run)))

    def _stack_down(self, name: str) -> None:
        ordered = self._rounds(name)
        with ExitStack() as held:
            under: dict[str, Undoing] = {}
            for run in self._runs_there(name):
                self.reports.append(run.report)
                one = self._told(run, partial(held.enter_context, undoing(run)))
                if one is not None:
                    under[run.cluster.target] = one
            for target in reversed(under):
                self._told(under[target].run, under[target].delete_unplanned)
            for each in reversed(ordered):
                acts = [partial(under[t].delete, each[t]) for t in each if t in under]
                self._side_by_side(acts)
            for target in reversed(under):
                self._told(under[target].run, under[target].finish)

    def _told(self, run: Run, act: Callable[[], T]) -> T:
        """Do something, and tell if it fails."""
        try:
            return act()
        except EngineError as error:
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
            if not isinstance(error, EngineError):
                raise error
        if errors:
            raise together([error for error in errors if isinstance(error, EngineError)])


def together(errors: Sequence[EngineError]) -> EngineError:
    """Several faults as one: an interrupt if there is one, else the environment's fault before any refusal."""
    kind = min((type(error) for error in errors), key=_gravity)
    return kind("\n".join(dict.fromkeys(str(error) for error in errors)))


def _gravity(kind: type[EngineError]) -> int:
    return (InterruptedRunError, UnavailableError).index(kind) if kind in (InterruptedRunError, UnavailableError) else 2
