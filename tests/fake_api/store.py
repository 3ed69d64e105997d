"""What a server has: objects by kind, each write with a new resourceVersion, and who wrote what in which order."""

from __future__ import annotations

import copy
import datetime as dt
import itertools
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .fields import SERVERS_OWN
from .kinds import Kind
from .values import Manifest

Name = tuple[str, str]
"""Namespace (empty for cluster-scoped kinds) and name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that was done to an object."""

    verb: str
    """`create`, `update` or `remove`."""
    kind: str
    """`Kind.group`."""
    namespace: str
    name: str


class Store:
    """Objects; free of rules but for the versions that every write counts."""

    def __init__(self, clock: Callable[[], dt.datetime]) -> None:
        self._clock = clock
        self._objects: dict[str, dict[Name, Manifest]] = defaultdict(dict)
        self._versions = itertools.count(1001)
        self._uids = itertools.count(1)
        self.version = 1000
        self.changes: list[Change] = []

    def now(self) -> str:
        """The server's time, to the second as Kubernetes keeps it."""
        return self._clock().strftime("%Y-%m-%dT%H:%M:%SZ")

    def get(self, kind: Kind, name: Name) -> Manifest | None:
        """A copy of an object."""
        return copy.deepcopy(self._objects[kind.resource].get(name))

    def listed(self, kind: Kind, namespace: str = "") -> Iterator[Manifest]:
        """Objects of a kind in the order of their keys; nobody may change them."""
        for name in sorted(self._objects[kind.resource]):
            if namespace in ("", name[0]):
                yield self._objects[kind.resource][name]

    def create(self, kind: Kind, name: Name, manifest: Manifest) -> Manifest:
        """Keep a new object."""
        meta = {
            **manifest["metadata"],
            "name": name[1],
            **({"namespace": name[0]} if name[0] else {}),
            "uid": f"00000000-0000-4000-8000-{next(self._uids):012d}",
            "creationTimestamp": self.now(),
            **({"generation": 1} if kind.generation else {}),
        }
        return self._write("create", kind, name, {**manifest, "metadata": meta})

    def update(self, kind: Kind, name: Name, manifest: Manifest) -> Manifest:
        """Keep another state of an object; nothing is written where it says the same."""
        live = self._objects[kind.resource][name]
        kept = {key: value for key, value in live["metadata"].items() if key in SERVERS_OWN - {"managedFields"}}
        meta = {**manifest["metadata"], **kept, **_going(manifest["metadata"])}
        if kind.generation and _specified(manifest) != _specified(live):
            meta["generation"] = live["metadata"]["generation"] + 1
        state = {**manifest, "metadata": _kept(meta)}
        if state == live:
            return copy.deepcopy(live)
        return self._write("update", kind, name, state)

    def remove(self, kind: Kind, name: Name) -> None:
        """Forget an object."""
        del self._objects[kind.resource][name]
        self._note("remove", kind, name)

    def names(self, kind: Kind) -> list[Name]:
        """Names of all objects of a kind."""
        return sorted(self._objects[kind.resource])

    def _write(self, verb: str, kind: Kind, name: Name, manifest: Manifest) -> Manifest:
        self._note(verb, kind, name)
        state = copy.deepcopy(manifest)
        state["metadata"] = {**_kept(state["metadata"]), "resourceVersion": str(self.version)}
        self._objects[kind.resource][name] = state
        return copy.deepcopy(state)

    def _note(self, verb: str, kind: Kind, name: Name) -> None:
        self.version = next(self._versions)
        self.changes.append(Change(verb=verb, kind=kind.group_kind, namespace=name[0], name=name[1]))


def _kept(metadata: Mapping[str, Any]) -> Manifest:
    """Metadata without what is empty, as it is kept."""
    return {key: value for key, value in metadata.items() if value not in ({}, [])}


def _specified(manifest: Manifest) -> Mapping[str, Any]:
    return {key: value for key, value in manifest.items() if key not in ("metadata", "status")}


def _going(metadata: Mapping[str, Any]) -> Manifest:
    key = "deletionTimestamp"
    return {key: metadata[key]} if key in metadata else {}
