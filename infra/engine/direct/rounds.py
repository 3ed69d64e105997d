"""Orders the objects of a stack that is on several clusters: rounds, each on management or on workload clusters."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from ...objects.base import KubeObject
from ...objects.ids import object_id
from ...plan.model import RegionPlan
from .waves import namespace_id, waves

Round = dict[str, list[KubeObject]]
"""Objects by cluster."""


def rounds(plan: RegionPlan, objects: Mapping[str, Sequence[KubeObject]]) -> list[Round]:
    """The objects in rounds: management clusters first, and as much as can be done there; then the workload clusters;
    then what of the management clusters comes after that, and so on.

    Whatever is on a cluster that is built here comes after the cluster's own `Cluster` object.

    Raises:
        RefusedError: objects wait for each other.
    """
    managements = frozenset(one.name for one in plan.management)
    needs = _needs(plan, objects)
    left = {one.id: (target, one) for target, items in objects.items() for one in items}
    done: set[str] = set()
    result: list[Round] = []
    idle = 0
    management_turn = True
    while left and idle < 2:
        side = [target for target in objects if (target in managements) == management_turn]
        picked = _pick(left, needs, done, side)
        if picked:
            result.append(picked)
        idle = 0 if picked else idle + 1
        management_turn = not management_turn
    if left:
        # Some wait for each other: this says which.
        waves([_after(one, needs[one.id]) for _, one in left.values()])
    return result


def _needs(plan: RegionPlan, objects: Mapping[str, Sequence[KubeObject]]) -> dict[str, tuple[str, ...]]:
    """Ids in the stack that each object comes after."""
    ids = {one.id for items in objects.values() for one in items}
    found = {}
    for target, items in objects.items():
        root = root_of(plan, target)
        for one in items:
            namespace = one.manifest["metadata"].get("namespace")
            implied = [namespace_id(target, namespace)] if namespace else []
            wanted = (*one.after, *implied, root)
            found[one.id] = tuple(need for need in dict.fromkeys(wanted) if need in ids)
    return found


def root_of(plan: RegionPlan, target: str) -> str:
    """Id of the `Cluster` object of a workload cluster, planned or not; empty for a management cluster."""
    for cluster in plan.clusters:
        if cluster.name == target:
            meta = {"name": target, "namespace": target}
            manifest = {"apiVersion": "cluster.x-k8s.io/v1beta2", "kind": "Cluster", "metadata": meta}
            return object_id(cluster.management, manifest)
    return ""


def _pick(
    left: dict[str, tuple[str, KubeObject]], needs: Mapping[str, Sequence[str]], done: set[str], side: Collection[str]
) -> Round:
    """Take from `left` what can be done on these clusters, each by itself, and note it in `done`."""
    picked: Round = {}
    for target in side:
        there = {one: needs[one] for one, (home, _) in left.items() if home == target}
        able = _closure(there, done)
        if able:
            picked[target] = [left[one][1] for one in there if one in able]
    for items in picked.values():
        for one in items:
            del left[one.id]
            done.add(one.id)
    return picked


def _closure(needs: Mapping[str, Sequence[str]], done: Collection[str]) -> set[str]:
    """Of these, what needs nothing but what is done and each other."""
    able: set[str] = set()
    waiting = dict(needs)
    while True:
        more = [one for one, wanted in waiting.items() if all(need in done or need in able for need in wanted)]
        if not more:
            return able
        able.update(more)
        for one in more:
            del waiting[one]


def _after(one: KubeObject, needs: tuple[str, ...]) -> KubeObject:
    return replace(one, after=needs)
