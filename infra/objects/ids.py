"""Names of objects and of what they belong to, made and parsed in one place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

OWNER = "ai-factory.dev/owner"
"""Annotation of every object that this package applies: the path of its owner."""


class ObjectId(NamedTuple):
    """An object on a cluster of a region; its text is unique in the region.

    >>> namespace = ObjectId("train", "Namespace", name="acme")
    >>> str(namespace), namespace == ObjectId.parse("train/Namespace//acme")
    ('train/Namespace//acme', True)
    """

    target: str
    """Cluster that it is on: the name of a management or GPU cluster of the region."""
    kind: str
    group: str = ""
    """API group; empty for the core group."""
    namespace: str = ""
    """Empty for a cluster-scoped object."""
    name: str = ""

    @classmethod
    def of(cls, target: str, manifest: Mapping[str, Any]) -> ObjectId:
        """Id of a manifest on a cluster.

        >>> manifest = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a", "namespace": "b"}}
        >>> str(ObjectId.of("m", manifest))
        'm/Deployment.apps/b/a'
        """
        group = manifest["apiVersion"].rpartition("/")[0]
        meta = manifest["metadata"]
        return cls(target, manifest["kind"], group, meta.get("namespace", ""), meta["name"])

    @classmethod
    def chart(cls, target: str, namespace: str, name: str) -> ObjectId:
        """Id of a chart's release that an engine installs itself."""
        return cls(target, "Chart", "", namespace, name)

    @classmethod
    def parse(cls, text: str) -> ObjectId:
        """The id with that text.

        Raises:
            ValueError: it has not the form `<target>/<Kind>.<group>/<namespace>/<name>`.
        """
        target, kind, namespace, name = text.split("/", 3)
        kind, _, group = kind.partition(".")
        return cls(target, kind, group, namespace, name)

    @property
    def group_kind(self) -> str:
        """`<Kind>.<group>`, or the kind alone in the core group."""
        return f"{self.kind}.{self.group}" if self.group else self.kind

    def __str__(self) -> str:
        """`<target>/<Kind>.<group>/<namespace>/<name>`."""
        return f"{self.target}/{self.group_kind}/{self.namespace}/{self.name}"


def object_id(target: str, manifest: Mapping[str, Any]) -> str:
    """Text of an object's id, `<target>/<kind>.<group>/<namespace>/<name>`: how objects refer to each other."""
    return str(ObjectId.of(target, manifest))


@dataclass(frozen=True, slots=True)
class Subject:
    """What an object belongs to, as approvals, blast radius and drift name it.

    >>> rack = Subject("rack", "train-r0001", within=Subject("cluster", "train"))
    >>> str(rack), rack.path
    ('rack/train-r0001', 'cluster/train/rack/train-r0001')
    >>> Subject.parse(rack.path) == rack
    True
    """

    kind: str
    """`management`, `cluster`, `rack`, `storage`, `tenant`, or what a later building block is about."""
    name: str
    within: Subject | None = None
    """What holds it: an approval of that covers it too."""

    def __str__(self) -> str:
        """`<kind>/<name>`, as approvals name it."""
        return f"{self.kind}/{self.name}" if self.name else self.kind

    @property
    def path(self) -> str:
        """`<kind>/<name>` of all that holds it, outermost first, and its own: what the annotation says."""
        return f"{self.within.path}/{self}" if self.within else str(self)

    @property
    def names(self) -> tuple[str, ...]:
        """Its own name and those of all that holds it, innermost first."""
        return (str(self), *(self.within.names if self.within else ()))

    @classmethod
    def parse(cls, path: str) -> Subject:
        """The subject of a path; `UNKNOWN` for what is none, so that foreign text never passes for an owner."""
        words = path.split("/")
        if len(words) % 2 or not all(words):
            return UNKNOWN
        subject: Subject | None = None
        for kind, name in zip(words[::2], words[1::2], strict=True):
            subject = cls(kind, name, within=subject)
        return subject or UNKNOWN


def management(name: str) -> Subject:
    """The owner `management/<name>`: a management cluster."""
    return Subject("management", name)


def cluster(name: str) -> Subject:
    """The owner `cluster/<name>`: a GPU cluster."""
    return Subject("cluster", name)


def rack(name: str, cluster_name: str) -> Subject:
    """The owner `rack/<name>`, within its GPU cluster."""
    return Subject("rack", name, within=cluster(cluster_name))


def storage(name: str) -> Subject:
    """The owner `storage/<name>`: a storage system, which may serve several clusters."""
    return Subject("storage", name)


def tenant(name: str) -> Subject:
    """The owner `tenant/<name>`."""
    return Subject("tenant", name)


UNKNOWN = Subject("unknown", "")
"""Owner of an object that says none: foreign, live, or planned by code of before owners. It is never guessed."""


def owner_of(manifest: Mapping[str, Any]) -> Subject:
    """The owner that an object's annotation names; `UNKNOWN` where it names none.

    >>> str(owner_of({"metadata": {"annotations": {"ai-factory.dev/owner": "tenant/acme"}}}))
    'tenant/acme'
    >>> str(owner_of({"metadata": {"name": "x"}}))
    'unknown'
    """
    metadata = manifest.get("metadata")
    notes = metadata.get("annotations") if isinstance(metadata, Mapping) else None
    path = notes.get(OWNER) if isinstance(notes, Mapping) else None
    return Subject.parse(path) if isinstance(path, str) else UNKNOWN


def owned(manifest: dict[str, Any], owner: Subject) -> dict[str, Any]:
    """The manifest as it is applied, with its owner's annotation; a copy, because manifests are shared values."""
    metadata = manifest["metadata"]
    annotations = {**metadata.get("annotations", {}), OWNER: owner.path}
    return {**manifest, "metadata": {**metadata, "annotations": annotations}}
