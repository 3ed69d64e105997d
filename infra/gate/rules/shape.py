"""What the API server, etcd or the engine would refuse: versions, names, sizes, and objects that are there twice."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import msgspec

from ...objects import kinds
from .. import rule
from ..rule import Breach, Objects, ObjectView

MAX_OBJECT_BYTES = 1_572_864
"""Largest request that etcd takes (1.5 MiB)."""
MAX_ANNOTATIONS_BYTES = 262_144
"""Keys and values of all annotations of an object (256 KiB)."""
_MAX_NAME, _MAX_LABEL = 253, 63
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
_LABEL_NAMES = frozenset({"Namespace", "Service", "Cluster", "MachineDeployment"})
"""Kinds whose name becomes a label or a DNS name, and is as short as these."""
_FREE_NAMES = frozenset({"ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"})
"""Kinds whose name is a path segment: `:` and capitals are legal."""
_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?")
_NAMES = "https://kubernetes.io/docs/concepts/overview/working-with-objects/names/"
_JSON = msgspec.json.Encoder()


@cache
def _versions() -> Mapping[tuple[str, str], str]:
    """Version of each known kind, by kind and group."""
    return {(kind.kind, kind.group): kind.version for kind in kinds.KINDS}


@rule.each_object(
    id="api-version", area="versions", severity="error",
    reason="an older version of a kind is converted, or served no more, and its fields have other names and places",
    remedy="write the object in the version that the package speaks (infra/objects/kinds.py)",
    source="https://kubernetes.io/docs/reference/using-api/deprecation-policy/ and infra/objects/kinds.py",
)  # fmt: skip
def api_version(view: ObjectView) -> Iterator[Breach]:
    """Objects of known kinds at another API version; other kinds are others' business."""
    group, _, version = str(view.manifest.get("apiVersion", "")).rpartition("/")
    kind = view.kind
    expected = _versions().get((kind, group))
    if expected is not None and expected != version:
        yield Breach(message=f"{kind} is written as {group}/{expected}: {view.name} has {version}")


@rule.each_object(
    id="object-name", area="shape", severity="error",
    reason="the API server refuses the object when half of its stack is applied already",
    remedy="shorten it, and use small letters, digits and dashes only",
    source=f"{_NAMES} and https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/",
)  # fmt: skip
def object_name(view: ObjectView) -> Iterator[Breach]:
    """Names and labels that are too long or have illegal letters."""
    kind, name = view.kind, view.name
    most = _MAX_LABEL if kind in _LABEL_NAMES else _MAX_NAME
    if len(name) > most:
        yield Breach(message=f"a name of a {kind} has {most} letters at most: {name} has {len(name)}")
    elif name and kind not in _FREE_NAMES and not _NAME.fullmatch(name):
        yield Breach(message=f"a name is of small letters, digits, dots and dashes: {kind} {name!r} is given")
    for key, value in view.labels.items():
        # An empty value is legal; None would be one that the engine does not know yet.
        if not _is_label(value):
            message = f"a label's value has {_MAX_LABEL} letters, digits, dots and dashes at most: {key} is {value!r}"
            yield Breach(message=message)


@cache
def _is_label(value: object) -> bool:
    """Whether a label's value is legal; few values are on very many objects."""
    return isinstance(value, str) and len(value) <= _MAX_LABEL and _VALUE.fullmatch(value) is not None


@rule.each_object(
    id="object-size", area="shape", severity="error",
    reason="etcd refuses a request above its limit, and the API server annotations above theirs",
    remedy="split it, or keep the large part outside of the cluster",
    source="https://etcd.io/docs/v3.6/dev-guide/limit/ and "
    "https://kubernetes.io/docs/concepts/overview/working-with-objects/annotations/",
)  # fmt: skip
def object_size(view: ObjectView) -> Iterator[Breach]:
    """Objects and annotations that are too large to be stored."""
    size = len(_JSON.encode(view.manifest))
    if size > MAX_OBJECT_BYTES:
        yield Breach(message=f"an object has {MAX_OBJECT_BYTES:,} bytes at most: {view.name} has {size:,}")
    if size > MAX_ANNOTATIONS_BYTES:
        pairs: Mapping[str, Any] = view.metadata.get("annotations") or {}
        notes = sum(len(key.encode()) + len(str(value).encode()) for key, value in pairs.items())
        if notes > MAX_ANNOTATIONS_BYTES:
            message = f"annotations have {MAX_ANNOTATIONS_BYTES:,} bytes at most: those of {view.name} have {notes:,}"
            yield Breach(message=message)


@rule.object_set(
    id="duplicate-object", area="shape", severity="error",
    reason="two declarations of one object overwrite each other at every run, and deleting one deletes both",
    remedy="declare it once, or give one of them another name",
    source=_NAMES,
)  # fmt: skip
def duplicate_object(views: Objects) -> Iterator[Breach]:
    """Objects that are declared more than once."""
    seen: dict[str, int] = {}
    for view in views:
        seen[view.id] = seen.get(view.id, 0) + 1
    for name, count in seen.items():
        if count > 1:
            yield Breach(message=f"an object is declared once: {name} is declared {count} times", subject=name)
