"""ApplySets (KEP-3659): which objects a stack has on a cluster, so that what leaves the plan can be pruned.

The parent is a ConfigMap in kube-system, the one namespace that every cluster has and nobody deletes.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.metadata
from collections.abc import Iterable
from dataclasses import dataclass

from ...errors import RefusedError
from ...kube.api import NAMESPACE, Api
from ...objects.base import MANAGED_BY, Manifest, make
from ...objects.ids import ObjectId

PREFIX = "applyset.kubernetes.io"
ID_LABEL = f"{PREFIX}/id"
PART_OF = f"{PREFIX}/part-of"
TOOLING = f"{PREFIX}/tooling"
GROUP_KINDS = f"{PREFIX}/contains-group-kinds"
NAMESPACES = f"{PREFIX}/additional-namespaces"
TOOL = "ai-factory"

_MARK = ",".join(f"{key}={value}" for key, value in MANAGED_BY.items())
_CONFIG_MAPS = f"api/v1/namespaces/{NAMESPACE}/configmaps"


def parent_name(stack: str, target: str) -> str:
    """Name of the parent of a stack's objects on a cluster; also the name of the stack's Lease there.

    >>> parent_name("kr-ulsan.train-a.0", "management")
    'ai-factory.kr-ulsan.train-a.0.management'
    """
    return f"ai-factory.{stack}.{target}"


def applyset_id(name: str, namespace: str = NAMESPACE, kind: str = "ConfigMap", group: str = "") -> str:
    """Id of the ApplySet with that parent, by the formula of KEP-3659.

    >>> applyset_id("my-set", "test", "Secret")  # the value in the tests of kubectl apply
    'applyset-0eFHV8ySqp7XoShsGvyWFQD3s96yqwHmzc4e0HR1dsY-v1'
    """
    digest = hashlib.sha256(f"{name}.{namespace}.{kind}.{group}".encode()).digest()
    return f"applyset-{base64.urlsafe_b64encode(digest).decode().rstrip('=')}-v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What the parent says about its members: a hint where to look for them."""

    group_kinds: frozenset[str] = frozenset()
    """`Kind.group` of members."""
    namespaces: frozenset[str] = frozenset()
    """Namespaces of members, beside the parent's own."""

    def __or__(self, other: Contents) -> Contents:
        return Contents(
            group_kinds=self.group_kinds | other.group_kinds,
            namespaces=(self.namespaces | other.namespaces) - {NAMESPACE},
        )


class ApplySet:
    """The ApplySet of a stack on a cluster."""

    def __init__(self, api: Api, stack: str, target: str) -> None:
        self._api = api
        self.stack = stack
        self.target = target
        self.name = parent_name(stack, target)
        self.id = applyset_id(self.name)
        self._written: Contents | None = None

    @property
    def selector(self) -> str:
        """Label selector of the members."""
        return f"{PART_OF}={self.id}"

    @property
    def path(self) -> str:
        """REST path of the parent."""
        return f"{_CONFIG_MAPS}/{self.name}"

    def read(self) -> Contents | None:
        """What the parent says; None if there is none.

        Raises:
            RefusedError: an object of that name is something else.
        """
        live = self._api.get(self.path)
        if live is None:
            return None
        meta = live["metadata"]
        notes = meta.get("annotations") or {}
        tool = str(notes.get(TOOLING, ""))
        if (meta.get("labels") or {}).get(ID_LABEL) != self.id or tool.partition("/")[0] != TOOL:
            message = (
                f"{self.target}: ConfigMap {NAMESPACE}/{self.name} is no ApplySet of this tool ({tool or 'no tooling'})"
            )
            raise RefusedError(message, "rename or delete it")
        self._written = Contents(group_kinds=_parts(notes.get(GROUP_KINDS)), namespaces=_parts(notes.get(NAMESPACES)))
        return self._written

    def write(self, contents: Contents) -> None:
        """Say what the members are; sends nothing if the parent says so already."""
        if contents != self._written:
            self._api.apply(self.path, self.manifest(contents), force=True)
            self._written = contents

    def manifest(self, contents: Contents) -> Manifest:
        """The parent."""
        annotations = {
            TOOLING: f"{TOOL}/v{importlib.metadata.version('ai-factory')}",
            GROUP_KINDS: ",".join(sorted(contents.group_kinds)),
            NAMESPACES: ",".join(sorted(contents.namespaces)),
        }
        data = {"stack": self.stack, "cluster": self.target}
        labels = {ID_LABEL: self.id}
        return make("v1", "ConfigMap", self.name, NAMESPACE, labels=labels, annotations=annotations, data=data)

    def remove(self) -> None:
        """Delete the parent, once it has no members."""
        live = self._api.get(self.path)
        if live is not None:
            self._api.delete(self.path, live["metadata"]["uid"])


def owners(api: Api) -> dict[str, str]:
    """Id of every ApplySet of the cluster that has a ConfigMap as parent, with words for its owner."""
    words = {}
    for parent in api.items("api/v1/configmaps", labels=ID_LABEL, metadata_only=True):
        meta = parent["metadata"]
        tool = (meta.get("annotations") or {}).get(TOOLING, "")
        words[meta["labels"][ID_LABEL]] = f"ApplySet {meta['namespace']}/{meta['name']} of {tool or 'an unknown tool'}"
    return words


def parents(api: Api, target: str) -> list[str]:
    """Stacks that have an ApplySet of this tool on a cluster.

    Args:
        api: the cluster.
        target: its name in the plan: several may lead to one API server.
    """
    maps = api.items(_CONFIG_MAPS, labels=f"{ID_LABEL},{_MARK}")
    data = [config_map.get("data") or {} for config_map in maps]
    return sorted(str(stack["stack"]) for stack in data if stack.get("cluster") == target and stack.get("stack"))


def contents_of(members: Iterable[ObjectId]) -> Contents:
    """What the parent says about these members.

    >>> sorted(contents_of([ObjectId("m", "Namespace", name="a"), ObjectId("m", "Pod", "", "a", "p")]).namespaces)
    ['a']
    """
    keys = list(members)
    return Contents(
        group_kinds=frozenset(key.group_kind for key in keys),
        namespaces=frozenset(key.namespace for key in keys if key.namespace) - {NAMESPACE},
    )


def _parts(text: str | None) -> frozenset[str]:
    return frozenset(part for part in (text or "").split(",") if part)
