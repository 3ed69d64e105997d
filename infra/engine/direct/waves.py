"""Puts objects into waves: each wave needs only earlier ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ...errors import RefusedError
from ...objects.base import KubeObject
from ...objects.ids import object_id


def waves(objects: Sequence[KubeObject]) -> list[list[KubeObject]]:
    """The objects of one cluster in waves, each as early as its `after` allows, in plan order within a wave.

    An object also comes after its namespace where that is among them. Ids that are not among them are left to the
    order of stacks and clusters.

    Raises:
        RefusedError: an object is there twice, or objects wait for each other.
    """
    by_id = _unique(objects)
    needs = {one.id: needed(one, by_id) for one in objects}
    level: dict[str, int] = {}
    open_ids = list(by_id)
    result: list[list[KubeObject]] = []
    while open_ids:
        ready = [one for one in open_ids if all(need in level for need in needs[one])]
        if not ready:
            raise RefusedError(f"objects wait for each other: {' -> '.join(_circle(open_ids, needs))}")
        level |= dict.fromkeys(ready, len(result))
        result.append([by_id[one] for one in ready])
        open_ids = [one for one in open_ids if one not in level]
    return result


def needed(one: KubeObject, among: Mapping[str, KubeObject]) -> tuple[str, ...]:
    """Ids among these that an object comes after: its `after`, and its namespace."""
    namespace = one.manifest["metadata"].get("namespace")
    implied = [namespace_id(one.target, namespace)] if namespace else []
    return tuple(dict.fromkeys(need for need in (*implied, *one.after) if need in among))


def namespace_id(target: str, name: str) -> str:
    """Id of a namespace."""
    return object_id(target, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})


def _unique(objects: Iterable[KubeObject]) -> dict[str, KubeObject]:
    by_id: dict[str, KubeObject] = {}
    for one in objects:
        if one.id in by_id:
            raise RefusedError(f"{one.id} is planned twice")
        by_id[one.id] = one
    return by_id


def _circle(open_ids: Sequence[str], needs: Mapping[str, Sequence[str]]) -> list[str]:
    """Ids of one circle: every open id waits for an open one, so following the first leads into it."""
    still = set(open_ids)
    path = [open_ids[0]]
    while True:
        following = next(need for need in needs[path[-1]] if need in still)
        if following in path:
            return [*path[path.index(following) :], following]
        path.append(following)
