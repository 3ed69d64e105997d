"""What rules on objects have in common: where an object is, whose namespace it is in, what its pods are."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from ...objects import kinds, labels
from ...objects.base import Manifest
from ..opaque import OpaqueError
from ..rule import Objects, ObjectView

NAME_LABEL = "kubernetes.io/metadata.name"
"""Label that the API server gives to every namespace: its name."""
_APPS = ("DaemonSet", "Deployment", "ReplicaSet", "StatefulSet")
_PODS = {("Pod", ""), ("Job", "batch"), ("CronJob", "batch"), *((kind, "apps") for kind in _APPS)}
"""Kinds and groups of Kubernetes itself that are a pod or hold one template of pods."""
_HOLDS_TEMPLATES = {("Workload", "kueue.x-k8s.io")}
"""Kinds of the package's own table that hold templates somewhere."""
NUMEROUS = frozenset(
    {"BareMetalHost", "ExternalSecret", "MachineDeployment", "MachineHealthCheck", "Metal3MachineTemplate"}
)
"""Kinds without pods of which there are tens of thousands: rules about pods are not asked about them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """A tenant's namespace."""

    view: ObjectView
    tenant: str
    labels: Mapping[str, str]
    """With the one that the API server sets."""

    @property
    def subject(self) -> str:
        """The tenant, as findings and waivers name it."""
        return f"tenant/{self.tenant}"


Place = tuple[str, str]
"""Cluster and namespace."""


def place(view: ObjectView) -> Place:
    """Cluster and namespace that an object which a rule looks at is in."""
    return view.id.partition("/")[0], view.namespace


def homes(views: Objects) -> dict[Place, Home]:
    """Tenants' namespaces among objects."""
    homes: dict[Place, Home] = {}
    for view in views.of_kind("Namespace"):
        if labels.TENANT_NAMESPACE in view.labels:
            marks = {**view.labels, NAME_LABEL: view.name}
            home = Home(view=view, tenant=view.labels[labels.TENANT_NAMESPACE], labels=marks)
            homes[view.id.partition("/")[0], view.name] = home
    return homes


def selects(selector: Manifest, marks: Mapping[str, str]) -> bool:
    """Whether a label selector matches labels; an empty one matches all.

    >>> selects({"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["b"]}]}, {"a": "c"})
    True
    """
    wanted = selector.get("matchLabels") or {}
    if any(marks.get(key) != value for key, value in wanted.items()):
        return False
    return all(_meets(expression, marks) for expression in selector.get("matchExpressions") or ())


def _meets(expression: Manifest, marks: Mapping[str, str]) -> bool:
    key, values = expression.get("key", ""), expression.get("values") or ()
    return {
        "In": marks.get(key) in values,
        "NotIn": marks.get(key) not in values,
        "Exists": key in marks,
        "DoesNotExist": key not in marks,
    }[expression.get("operator", "")]


def pod(view: ObjectView) -> Manifest | None:
    """Spec of the pods of a kind of Kubernetes itself; None for all others, see `templates` and `strange`."""
    kind = view.kind
    if (kind, view.group) not in _PODS:
        return None
    spec = view.spec
    if kind == "CronJob":
        spec = (spec.get("jobTemplate") or {}).get("spec") or {}
    return spec if kind == "Pod" else (spec.get("template") or {}).get("spec") or {}


@cache
def _plain() -> frozenset[tuple[str, str]]:
    """Kinds and groups that need no search for pods: it is known where theirs stand, or that there are none."""
    table = {(kind.kind, kind.group) for kind in kinds.KINDS}
    return frozenset((table | _PODS) - _HOLDS_TEMPLATES)


def strange(view: ObjectView) -> bool:
    """Whether a kind is none of Kubernetes' own or of this package: pods may stand anywhere in it.

    JobSet, LeaderWorkerSet, TrainJob, MPIJob, RayCluster, PyTorchJob, DynamoGraphDeployment, and what comes next.
    """
    return (view.kind, view.group) not in _plain()


def templates(view: ObjectView) -> list[Manifest]:
    """Specs of all pods that an object is or makes, at whatever depth."""
    spec = pod(view)
    if spec is not None:
        return [spec]
    if not strange(view):
        return []
    parts = (node.value for node in walk(view.manifest) if isinstance(node.value, dict))
    return [part for part in parts if isinstance(part.get("containers"), list) or "mainContainer" in part]


def containers(spec: Manifest) -> list[Manifest]:
    """All containers in the spec of a pod, those that start it included."""
    lists = [spec.get(key) or () for key in ("initContainers", "containers", "ephemeralContainers")]
    # Dynamo's spec of a pod has the container that it adds to beside the list.
    return [container for part in (*lists, [spec.get("mainContainer")]) for container in part if container]


@dataclass(frozen=True, slots=True)
class Node:
    """A value somewhere below an object."""

    path: str
    key: str
    """Last key of the path; empty for an item of a list."""
    value: Any


def walk(root: Any) -> Iterator[Node]:
    """Every value below an object or a field of it, with its path; those near the root first.

    Raises:
        OpaqueError: a value is hidden; only after all others were yielded.
    """
    queue, hidden = deque([Node("", "", root)]), None
    while queue:
        node = queue.popleft()
        if node.path:
            yield node
        try:
            for child in _children(node):
                queue.append(child)
        except OpaqueError as error:
            hidden = hidden or error
    if hidden is not None:
        raise hidden


def _children(node: Node) -> Iterator[Node]:
    """Children of a node: all that can be read, then the fault of the first that can't."""
    if isinstance(node.value, list):
        for number, inner in enumerate(node.value):
            yield Node(f"{node.path}[{number}]", "", inner)
    elif isinstance(node.value, dict):
        hidden = None
        for key in node.value:
            try:
                yield Node(f"{node.path}.{key}" if node.path else str(key), str(key), node.value[key])
            except OpaqueError as error:
                hidden = hidden or error
        if hidden is not None:
            raise hidden


def number(values: Manifest, key: str, default: int) -> int:
    """A whole number in the fields of an object that a rule reads; null is as good as left out.

    >>> number({"replicas": None}, "replicas", 1)
    1
    """
    value = values.get(key)
    return default if value is None else int(value)


def listed(names: Iterable[str], most: int = 3) -> str:
    """Names in the message of a rule, the first few of many.

    >>> listed(["a", "b", "c", "d", "e"])
    'a, b, c and 2 more'
    """
    all_names = list(names)
    text = ", ".join(all_names[:most])
    return f"{text} and {len(all_names) - most:,} more" if len(all_names) > most else text
