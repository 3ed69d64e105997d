"""Where the stacks of a region are: each on its clusters, and what stacks of former plans have left there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ...objects.base import KubeObject
from ..clusters import Session
from ..declared import Parts
from ..options import Options
from ..progress import Event, Listener
from ..report import Report
from .applyset import parents
from .order import Round, rounds
from .stack_run import StackRun

NO_CLUSTER = "its cluster has no kubeconfig secret"


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """The stacks that a command is about, on their clusters."""

    session: Session
    parts: Parts
    options: Options
    listener: Listener
    reports: list[Report]
    """Takes the report of every run that is begun."""

    def run(self, name: str, target: str) -> StackRun:
        """A stack on a cluster, to be begun."""
        cluster, halt = self.session.cluster(target), self.session.halt.part()
        return StackRun(cluster, name, self.objects(name, target), halt, self.options, self.listener)

    def begun(self, name: str, target: str) -> StackRun:
        """A stack on a cluster, whose report is kept from now on."""
        run = self.run(name, target)
        self.reports.append(run.report)
        return run

    def objects(self, name: str, target: str) -> Sequence[KubeObject]:
        """What a stack has on a cluster, by plan; nothing if it is left over."""
        return self.parts.objects.get(name, {}).get(target, ())

    def pairs(self, names: Sequence[str]) -> Iterator[tuple[str, str]]:
        """Each stack with each of its clusters, in plan order."""
        for name in names:
            yield from ((name, target) for target in self.parts.objects[name])

    def reachable(self, names: Sequence[str]) -> Iterator[tuple[str, str]]:
        """These pairs but for clusters that are gone, which is noted."""
        for name, target in self.pairs(names):
            if self.is_gone(target):
                self.listener(Event(what="note", stack=name, target=target, detail=f"left out: {NO_CLUSTER}"))
            else:
                yield name, target

    def rounds(self, name: str) -> list[Round]:
        """The rounds of a stack over its clusters."""
        return rounds(self.session.plan, self.parts.objects[name])

    def is_gone(self, target: str) -> bool:
        """Whether a workload cluster that is reached by its kubeconfig secret has none (yet, or any more)."""
        plan = self.session.plan
        if all(target != cluster.name for cluster in plan.clusters):
            return False
        cluster = plan.cluster(target)
        if cluster.access.capi_secret is None:
            return False
        path = f"api/v1/namespaces/{target}/secrets/{cluster.access.capi_secret}"
        return self.session.cluster(cluster.management).api.get(path) is None

    def leftovers(self, names: Sequence[str], every: Sequence[str]) -> list[tuple[str, str]]:
        """Stacks of this region that have an ApplySet on a cluster where the plan has nothing of theirs any more: of
        the given stacks, and of those that the region had once. Workload clusters first.

        Args:
            names: stacks that the command is about.
            every: all stacks of the region.
        """
        region = self.session.plan.name
        planned = set(self.pairs(names))
        whole = set(names) == set(every)
        leftovers = []
        for target in self.parts.targets(names):
            if self.is_gone(target):
                continue
            for name in parents(self.session.cluster(target).api, target):
                mine = name in names or (whole and (name == region or name.startswith(f"{region}.")))
                if mine and (name, target) not in planned:
                    leftovers.append((name, target))
        return leftovers[::-1]
