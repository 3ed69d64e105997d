"""What is on a cluster of a stack's objects and members, read in bulk: a list a kind instead of a get an object."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

from ...kube.api import JSON, METADATA, Api
from ...kube.discovery import Resource
from ...objects.base import LABEL, Manifest
from ...objects.ids import ObjectId
from .applyset import Contents
from .stack_run import StackRun

PROTECT = f"{LABEL}/protect"
"""Annotation of live objects that are not to be deleted: still there when the object has left the plan."""
RETAIN = f"{LABEL}/retain"
"""Annotation of live objects that stay when they leave the plan: their owner on the cluster removes them."""
FEW_OBJECTS = 8
"""So many of a kind are looked up one by one."""
FEW_NAMESPACES = 3
"""Objects of a kind in so many namespaces are listed by namespace, else over the whole cluster."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveObject:
    """An object on a cluster."""

    resource: Resource
    manifest: Manifest
    full: bool
    """Whether the manifest has all fields, or the metadata only."""

    @property
    def metadata(self) -> dict[str, Any]:
        """Its metadata, which is read in any case."""
        metadata: dict[str, Any] = self.manifest["metadata"]
        return metadata

    @property
    def path(self) -> str:
        """REST path of the object."""
        return self.resource.path(self.metadata.get("namespace"), self.metadata["name"])

    @property
    def protected(self) -> bool:
        """Whether it is marked as one that is not to be deleted."""
        return self._is_marked(PROTECT)

    @property
    def retained(self) -> bool:
        """Whether it is marked as one that stays when it leaves the plan."""
        return self._is_marked(RETAIN)

    def _is_marked(self, annotation: str) -> bool:
        return (self.metadata.get("annotations") or {}).get(annotation) == "true"

    def in_full(self, api: Api) -> Manifest:
        """The object with all fields, read if it was not."""
        return self.manifest if self.full else api.get(self.path) or self.manifest


Live = dict[ObjectId, LiveObject]


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What a cluster has of a stack."""

    contents: Contents
    """What the ApplySet's parent says; empty without one."""
    members: Live
    """Members of the stack's ApplySet."""
    others: Live
    """Planned objects that are there but no members."""
    leaving: Live
    """Members that are not planned any more and not to be retained."""

    def find(self, key: ObjectId) -> LiveObject | None:
        """The live object of a key."""
        return self.members.get(key) or self.others.get(key)

    def forget(self, key: ObjectId) -> None:
        """Note that an object is gone."""
        self.members.pop(key, None)
        self.others.pop(key, None)


def survey(run: StackRun) -> Survey:
    """Read what the cluster has of a stack's objects; members of planned kinds with all their fields.

    Raises:
        RefusedError: the ApplySet's parent is somebody else's.
    """
    contents = run.applyset.read() or Contents()
    members = read_members(run, contents, full=True)
    leaving = {key: live for key, live in members.items() if key not in run.planned and not live.retained}
    return Survey(contents=contents, members=members, others=_read_others(run, members), leaving=leaving)


def read_members(run: StackRun, contents: Contents, *, full: bool = False) -> Live:
    """Members of the ApplySet, of planned kinds and those that its parent names.

    Args:
        run: the stack on the cluster.
        contents: what the parent says.
        full: read members of planned kinds with all fields, rather than the metadata only.
    """
    discovery = run.cluster.discovery
    planned = {resource.group_kind: resource for resource in _by_resource(run, run.planned)}
    served = (discovery.preferred(kind) for kind in contents.group_kinds - planned.keys())
    resources = [*planned.values(), *(resource for resource in served if resource is not None)]

    def read(resource: Resource) -> Live:
        whole = full and resource.group_kind in planned
        listed = run.api.items(resource.path(), labels=run.applyset.selector, metadata_only=not whole)
        return dict(_keyed(run.target, resource, listed, full=whole))

    return {key: live for part in run.pool.map(read, resources) for key, live in part.items()}


def _read_others(run: StackRun, members: Live) -> Live:
    """Live objects that are planned but no members: to be adopted or refused."""
    wanted = _by_resource(run, [key for key in run.planned if key not in members])
    parts = run.pool.map(lambda resource: read(run, resource, wanted[resource]), wanted)
    return {key: live for part in parts for key, live in part.items()}


def _by_resource(run: StackRun, keys: Iterable[ObjectId]) -> dict[Resource, list[ObjectId]]:
    """Keys of planned objects by their kind at the planned version, as far as it is served."""
    result: dict[Resource, list[ObjectId]] = defaultdict(list)
    for key in keys:
        resource = run.cluster.discovery.of(run.planned[key].manifest)
        if resource is not None:
            result[resource].append(key)
    return result


def read(
    run: StackRun, resource: Resource, keys: Collection[ObjectId], *, labels: str = "", full: bool = False
) -> Live:
    """Objects of a kind, as far as they are there: few by a get each, many by lists.

    Args:
        run: the stack on the cluster.
        resource: their kind.
        keys: which objects.
        labels: label selector that matches them all, to list no others.
        full: with all fields, rather than the metadata only.
    """
    manifests: Iterable[Manifest | None]
    if len(keys) <= FEW_OBJECTS:
        accept = JSON if full else METADATA
        manifests = (run.api.get(resource.path(key.namespace, key.name), accept=accept) for key in keys)
    else:
        paths = _list_paths(resource, {key.namespace for key in keys}, labels)
        manifests = chain.from_iterable(run.api.items(path, labels=labels, metadata_only=not full) for path in paths)
    wanted = frozenset(keys)
    return {key: live for key, live in _keyed(run.target, resource, manifests, full=full) if key in wanted}


def _list_paths(resource: Resource, namespaces: Collection[str], labels: str) -> Iterator[str]:
    """Paths of the lists that hold objects in these namespaces; a selector keeps a list of all short."""
    if not labels and resource.namespaced and len(namespaces) <= FEW_NAMESPACES:
        yield from (resource.path(namespace) for namespace in sorted(namespaces))
    else:
        yield resource.path()


def _keyed(
    target: str, resource: Resource, manifests: Iterable[Manifest | None], *, full: bool
) -> Iterator[tuple[ObjectId, LiveObject]]:
    # Entries of a list of built-in kinds don't say what they are.
    kind = {"apiVersion": resource.api_version, "kind": resource.kind} if full else {}
    for manifest in manifests:
        if manifest is not None:
            meta = manifest["metadata"]
            key = ObjectId(target, resource.kind, resource.group, meta.get("namespace") or "", meta["name"])
            yield key, LiveObject(resource=resource, manifest={**manifest, **kind}, full=full)
