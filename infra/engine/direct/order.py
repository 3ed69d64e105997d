"""Orders objects by what each comes after: waves on one cluster, rounds over the clusters of a stack."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from ...errors import RefusedError
from ...objects.base import KubeObject
from ...objects.ids import ObjectId
from ...plan.model import RegionPlan

Round = dict[str, list[KubeObject]]
"""Objects by cluster."""


def waves(objects: Sequence[KubeObject]) -> list[list[KubeObject]]:
    """The objects of one cluster in waves, each as early as its `after` allows, in plan order within a wave.

    An object also comes after its namespace where that is among them. Ids that are not among them are left to the
    order of stacks and clusters.

    Raises:
        RefusedError: an object is planned twice, or objects wait for each other.
    """
    by_id = _unique(objects)
    needs = {object_id: needed(item, by_id) for object_id, item in by_id.items()}
    level: dict[str, int] = {}
    for object_id in _ordered(needs):
        level[object_id] = max((level[need] + 1 for need in needs[object_id]), default=0)
    result: list[list[KubeObject]] = [[] for _ in range(max(level.values(), default=-1) + 1)]
    for object_id, item in by_id.items():
        result[level[object_id]].append(item)
    return result


def rounds(plan: RegionPlan, objects: Mapping[str, Sequence[KubeObject]]) -> list[Round]:
    """The objects in rounds: management clusters first, and as much as can be done there; then the workload clusters;
    then what of the management clusters comes after that, and so on.

    Whatever is on a cluster that is built here comes after the cluster's own `Cluster` object. The clusters of a
    round go side by side, so what comes after an object of another cluster waits for a later round.

    Raises:
        RefusedError: objects wait for each other.
    """
    managements = {cluster.name for cluster in plan.management}
    home = {item.id: target for target, items in objects.items() for item in items}
    needs = {item.id: needed(item, home, root_of(plan, target)) for target, items in objects.items() for item in items}
    number: dict[str, int] = {}  # even rounds are the management clusters'
    for object_id in _ordered(needs):
        target = home[object_id]
        earliest = max((number[need] + (home[need] != target) for need in needs[object_id]), default=0)
        number[object_id] = earliest + (earliest % 2 == (target in managements))
    result: list[Round] = [{} for _ in range(max(number.values(), default=-1) + 1)]
    for target, items in objects.items():
        for item in items:
            result[number[item.id]].setdefault(target, []).append(item)
    return [each for each in result if each]


def needed(item: KubeObject, among: Collection[str], root: str = "") -> tuple[str, ...]:
    """Ids among these that an object comes after: its namespace, its `after`, and the root of its cluster."""
    namespace = item.manifest["metadata"].get("namespace")
    implied = [str(ObjectId(item.target, "Namespace", name=namespace))] if namespace else []
    return tuple(need for need in dict.fromkeys((*implied, *item.after, root)) if need in among)


def root_of(plan: RegionPlan, target: str) -> str:
    """What all of a workload cluster comes after: the id of its `Cluster` object, planned or not; empty for others."""
    for cluster in plan.clusters:
        if cluster.name == target:
            return str(ObjectId(cluster.management, "Cluster", "cluster.x-k8s.io", target, target))
    return ""


def _ordered(needs: Mapping[str, Sequence[str]]) -> list[str]:
    """Ids, each after what it needs (RefusedError that names a circle)."""
    try:
        return list(TopologicalSorter(needs).static_order())
    except CycleError as error:
        # Each of these is needed by the next: the way back says what waits for what, from the first of the plan on.
        circle: list[str] = error.args[1][:0:-1]
        place = {object_id: number for number, object_id in enumerate(needs)}
        first = circle.index(min(circle, key=place.__getitem__))
        text = " -> ".join([*circle[first:], *circle[:first], circle[first]])
        raise RefusedError(f"objects wait for each other: {text}") from None


def _unique(objects: Iterable[KubeObject]) -> dict[str, KubeObject]:
    by_id: dict[str, KubeObject] = {}
    for item in objects:
        if by_id.setdefault(item.id, item) is not item:
            raise RefusedError(f"{item.id} is planned twice")
    return by_id
