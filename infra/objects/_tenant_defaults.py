"""What stock manifests leave out and the rules ask for, filled in at admission: nobody has to write it in every file.

Only what takes nothing from a container that runs as a user of its own is filled in, and only where it says nothing. An
image that runs as root still ends with `container has runAsNonRoot and image will run as root`.

MutatingAdmissionPolicy is stable since Kubernetes 1.36 (KEP-3962). Older clusters, and adopted ones whose version is
their owner's, have none: there the messages of pod security and of the policies say what to write.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..plan.model import ClusterPlan
from . import _admission
from .base import KubeObject, Manifest

PODS = "tenant-pod-defaults.ai-factory.dev"
DEBUGGERS = "tenant-debugger-defaults.ai-factory.dev"
SERVICES = "tenant-service-defaults.ai-factory.dev"
_SINCE = (1, 36)
_EPHEMERAL = "ephemeralContainers"
"""Containers of `kubectl debug`. Those that are there already can't be changed any more."""


def shared(cluster: ClusterPlan) -> Iterator[KubeObject]:
    """Mutating policies with their bindings, for built clusters of Kubernetes 1.36 and later."""
    if not filled(cluster):
        return
    debugger = _merged(f"Object{{spec: Object.spec{{{_EPHEMERAL}: {_containers(_EPHEMERAL)}}}}}")
    bodies = {
        PODS: _fills("pods", ("CREATE",), _merged(_pod()), _patched(_capabilities())),
        DEBUGGERS: _fills("pods/ephemeralcontainers", ("UPDATE",), debugger, _patched(_dropped(_EPHEMERAL))),
        SERVICES: _fills("services", _admission.CHANGES, _merged(_service())),
    }
    yield from _admission.declared(cluster, bodies, mutating=True)


def filled(cluster: ClusterPlan) -> bool:
    """Whether defaults are filled in on a cluster."""
    return cluster.built and _minor(cluster.kubernetes) >= _SINCE


def _minor(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.removeprefix("v").split(".")[:2])


def _fills(resource: str, operations: Sequence[str], *mutations: Manifest) -> Manifest:
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": list(operations), "resources": [resource]}
    return {
        "failurePolicy": "Fail",
        # What a later mutation adds, such as a container of a webhook, is filled in too.
        "reinvocationPolicy": "IfNeeded",
        "matchConstraints": {"resourceRules": [rule], **_admission.tenants()},
        "mutations": list(mutations),
    }


def _merged(expression: str) -> Manifest:
    return {"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": expression}}


def _patched(expression: str) -> Manifest:
    return {"patchType": "JSONPatch", "jsonPatch": {"expression": expression}}


def _unless(given: str, value: str) -> str:
    """CEL of an optional field: the value where nothing is given."""
    return f"{given}.hasValue() ? optional.none() : optional.of({value})"


def _pod() -> str:
    mine = "object.spec.?securityContext"
    kind = "Object.spec.securityContext"
    profile = f'{kind}.seccompProfile{{type: "RuntimeDefault"}}'
    whole = (
        f"{kind}{{?runAsNonRoot: {_unless(f'{mine}.?runAsNonRoot', 'true')}, "
        f"?seccompProfile: {_unless(f'{mine}.?seccompProfile', profile)}}}"
    )
    first = f"has(object.spec.initContainers) ? optional.of({_containers('initContainers')}) : optional.none()"
    lists = f"containers: {_containers('containers')}, ?initContainers: {first}"
    return f"Object{{spec: Object.spec{{securityContext: {whole}, {lists}}}}}"


def _containers(field: str) -> str:
    kind = f"Object.spec.{field}"
    more = _unless("c.?securityContext.?allowPrivilegeEscalation", "false")
    context = f"{kind}.securityContext{{?allowPrivilegeEscalation: {more}}}"
    return f"{_new(field)}.map(c, {kind}{{name: c.name, securityContext: {context}}})"


def _new(field: str) -> str:
    """CEL: the containers of a field that may still be changed."""
    listed = f"object.spec.?{field}.orValue([])"
    if field != _EPHEMERAL:
        return listed
    return f"{listed}.filter(c, !oldObject.spec.?{field}.orValue([]).exists(o, o.name == c.name))"


def _capabilities() -> str:
    """A list that merging may not touch (it is atomic). The mutation before has made every `securityContext`."""
    return " + ".join(_dropped(field) for field in ("containers", "initContainers"))


def _dropped(field: str) -> str:
    listed = f"object.spec.?{field}.orValue([])"
    path = f'"/spec/{field}/" + string({listed}.indexOf(c)) + "/securityContext/capabilities"'
    value = f'Object.spec.{field}.securityContext.capabilities{{drop: ["ALL"]}}'
    without = f"{_new(field)}.filter(c, !c.?securityContext.?capabilities.hasValue())"
    return f'{without}.map(c, JSONPatch{{op: "add", path: {path}, value: {value}}})'


def _service() -> str:
    """A load balancer has no port on every node. The API server defaults to one, so nobody's wish is told apart, but on
    a service that is one already.
    """
    balanced = "{0}.spec.?type.orValue('') == 'LoadBalancer'"
    new = f"(request.operation == 'CREATE' || !({balanced.format('oldObject')}))"
    wanted = f"{new} && {balanced.format('object')} ? optional.of(false) : optional.none()"
    return f"Object{{spec: Object.spec{{?allocateLoadBalancerNodePorts: {wanted}}}}}"
