"""What is on a cluster of a stack's objects and members, read in bulk: a list a kind instead of a get an object."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from ...kube.api import METADATA, Api
from ...kube.discovery import Discovery, Resource
from ...objects.base import KubeObject, Manifest
from .applyset import PART_OF

FEW_OBJECTS = 8
"""So many of a kind are looked up one by one."""
FEW_NAMESPACES = 3
"""Objects of a kind in so many namespaces are listed by namespace, else over the whole cluster."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """An object of a cluster, whatever the version."""

    group_kind: str
    """`Kind.group`."""
    namespace: str
    name: str

    def on(self, target: str) -> str:
        """Id of the object on a cluster, as the plan has it: `<target>/<Kind>.<group>/<namespace>/<name>`."""
        return f"{target}/{self.group_kind}/{self.namespace}/{self.name}"


def key_of(manifest: Manifest) -> Key:
    """Key of a manifest."""
    group = manifest["apiVersion"].rpartition("/")[0]
    kind = manifest["kind"]
    meta = manifest["metadata"]
    return Key(
        group_kind=f"{kind}.{group}" if group else kind, namespace=meta.get("namespace") or "", name=meta["name"]
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A live object."""

    resource: Resource
    manifest: Manifest
    full: bool
    """Whether the manifest has all fields, or the metadata only."""

    @property
    def path(self) -> str:
        """REST path of the object."""
        meta = self.manifest["metadata"]
        return self.resource.path(meta.get("namespace"), meta["name"])


Live = dict[Key, Found]


def in_full(api: Api, found: Found) -> Manifest:
    """The live object with all fields, read if it was not."""
    return found.manifest if found.full else api.get(found.path) or found.manifest


class Reader:
    """Reads what a cluster has.

    Args:
        api: the cluster.
        discovery: its kinds.
        pool: for requests side by side.
        applyset_id: the stack's ApplySet.
        items: planned objects; kinds are read at the versions that they have.
    """

    def __init__(
        self, api: Api, discovery: Discovery, pool: Executor, applyset_id: str, items: Sequence[KubeObject]
    ) -> None:
        self._api = api
        self._items = items
        self._discovery = discovery
        self._pool = pool
        self._labels = f"{PART_OF}={applyset_id}"

    def members(self, group_kinds: Iterable[str], *, full: Callable[[str], bool] = lambda kind: False) -> Live:
        """Members of the ApplySet of these kinds and the planned ones; with all fields where `full` says so."""
        resources = {one.group_kind: one for one in self._planned()}
        for kind in set(group_kinds) - resources.keys():
            if (one := self._discovery.preferred(kind)) is not None:
                resources[kind] = one

        def read(resource: Resource) -> list[tuple[Key, Found]]:
            whole = full(resource.group_kind)
            some = self._api.items(resource.path(), labels=self._labels, metadata_only=not whole)
            return list(_found(resource, some, full=whole))

        return {key: found for part in self._pool.map(read, resources.values()) for key, found in part}

    def _planned(self) -> Iterator[Resource]:
        for version, kind in dict.fromkeys((one.manifest["apiVersion"], one.manifest["kind"]) for one in self._items):
            if (found := self._discovery.find(version, kind)) is not None:
                yield found

    def others(self, members: Live) -> Live:
        """Live objects that are planned but no members: to be adopted or refused."""
        items = self._items
        wanted: dict[Resource, list[Manifest]] = defaultdict(list)
        for item in items:
            resource = self._discovery.find(item.manifest["apiVersion"], item.manifest["kind"])
            if resource is not None and key_of(item.manifest) not in members:
                wanted[resource].append(item.manifest)
        found = self._look_up(wanted, lambda one: not one.namespaced)
        planned = {item.manifest["metadata"]["name"] for item in items if item.manifest["kind"] == "Namespace"}
        there = {name for name in _namespaces(wanted) if self._has_namespace(name, name in planned, members | found)}
        in_namespaces = {
            resource: [one for one in some if (one["metadata"].get("namespace") or "default") in there]
            for resource, some in wanted.items()
        }
        return found | self._look_up(in_namespaces, lambda one: one.namespaced)

    def _has_namespace(self, name: str, planned: bool, known: Mapping[Key, Found]) -> bool:
        """Whether a namespace is there: a planned one has been looked up."""
        if planned or Key(group_kind="Namespace", namespace="", name=name) in known:
            return Key(group_kind="Namespace", namespace="", name=name) in known
        return self._api.get(f"api/v1/namespaces/{name}", accept=METADATA) is not None

    def _look_up(self, wanted: Mapping[Resource, Sequence[Manifest]], which: Callable[[Resource], bool]) -> Live:
        tasks = [(one, path, key) for one, some in wanted.items() if which(one) for path, key in _paths(one, some)]
        keys = {key_of(one) for some in wanted.values() for one in some}

        def read(task: tuple[Resource, str, bool]) -> list[tuple[Key, Found]]:
            resource, path, single = task
            if single:
                one = self._api.get(path, accept=METADATA)
                some: Iterable[Manifest] = [] if one is None else [one]
            else:
                some = self._api.items(path, metadata_only=True)
            return [(key, found) for key, found in _found(resource, some, full=False) if key in keys]

        return {key: found for part in self._pool.map(read, tasks) for key, found in part}


def _paths(resource: Resource, some: Sequence[Manifest]) -> Iterator[tuple[str, bool]]:
    """Paths to read these objects by, and whether each is a single object's."""
    metas = [one["metadata"] for one in some]
    namespaces = {meta.get("namespace") for meta in metas}
    if len(metas) <= FEW_OBJECTS:
        yield from ((resource.path(meta.get("namespace"), meta["name"]), True) for meta in metas)
    elif resource.namespaced and len(namespaces) <= FEW_NAMESPACES:
        yield from ((resource.path(namespace), False) for namespace in sorted(map(str, namespaces)))
    else:
        yield resource.path(), False


def _namespaces(wanted: Mapping[Resource, Sequence[Manifest]]) -> set[str]:
    return {
        one["metadata"].get("namespace") or "default"
        for resource, some in wanted.items()
        if resource.namespaced
        for one in some
    }


def _found(resource: Resource, some: Iterable[Manifest], *, full: bool) -> Iterator[tuple[Key, Found]]:
    # Entries of a list of built-in kinds don't say what they are.
    kind = {"apiVersion": resource.api_version, "kind": resource.kind} if full else {}
    for manifest in some:
        meta = manifest["metadata"]
        key = Key(group_kind=resource.group_kind, namespace=meta.get("namespace") or "", name=meta["name"])
        yield key, Found(resource=resource, manifest={**manifest, **kind}, full=full)
