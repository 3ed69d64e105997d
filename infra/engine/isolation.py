"""Whether an API server keeps tenants apart as their enclaves count on: seen by what it does, with nothing stored.

A built cluster's server runs with the flags of `infra.apiserver`; an adopted one's are its owner's, and no API tells
them. So it is asked what would betray a missing plug-in, with `dryRun=All`: a pod security level that does not exist, a
kubelet's label that is not its to set, a pod that a policy refuses. What needs a tenant's namespace is seen once there
is one. Not to be seen at all: exemptions of pod security, the audit log, how node certificates are given out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from ..errors import RefusedError, UnavailableError
from ..kube.api import MERGE
from ..kube.cluster import FIRST_CONTACT_SECONDS, Cluster
from ..kube.errors import RejectedError
from ..objects import labels, tenant_policy
from ..objects.base import KubeObject, Manifest

State = Literal["on", "off", "unseen"]
Seen = tuple[State, str]
"""What was seen, and why it is so."""

_UNANSWERED = (RejectedError, UnavailableError)
"""Faults of a question, and not of the run: an interrupt is none."""
_DRY = {"dryRun": "All"}
_POLICIES = "apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies"
_PROBE = "ai-factory-probe"
_BOUND = "is not allowed to modify labels"
"""What NodeRestriction says to a kubelet (plugin/pkg/admission/noderestriction, Kubernetes 1.34 to 1.37)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What was seen of one thing that tenants' isolation rests on."""

    subject: str
    state: State
    needed: bool
    """Whether tenants reach each other without it; else something is merely not filled in."""
    detail: str
    flag: str
    """Flag of kube-apiserver that brings it."""


def sights(cluster: Cluster, namespaces: Sequence[str]) -> Iterator[Sight]:
    """What can be seen of a cluster's API server.

    Args:
        cluster: the cluster.
        namespaces: tenants' namespaces, which need not exist yet.
    """
    yield from _guards(cluster, namespaces)
    yield from _fillings(cluster, namespaces)


def _guards(cluster: Cluster, namespaces: Sequence[str]) -> Iterator[Sight]:
    """Plug-ins without which tenants reach each other."""
    cluster = _briefly(cluster)
    space = _first_existing(cluster, namespaces)
    yield _sight("ValidatingAdmissionPolicy", lambda: _policies(cluster, space), needed=True)
    yield _sight("PodSecurity", lambda: _pod_security(cluster), needed=True)
    yield _sight("NodeRestriction", lambda: _node_restriction(cluster), needed=True)


def _fillings(cluster: Cluster, namespaces: Sequence[str]) -> Iterator[Sight]:
    """Plug-ins without which a manifest must say more, or name a queue."""
    cluster = _briefly(cluster)
    space = _first_existing(cluster, namespaces)
    yield _sight("PodNodeSelector", lambda: _filled(cluster, space, _has_nodes), needed=False)
    yield _sight("PodTolerationRestriction", lambda: _filled(cluster, space, _tolerates), needed=False)


def _briefly(cluster: Cluster) -> Cluster:
    """The cluster with little patience: a webhook that is away answers no probe, and nothing hangs on one."""
    return replace(cluster, api=cluster.api.view(seconds=FIRST_CONTACT_SECONDS))


def _sight(subject: str, look: Callable[[], Seen], *, needed: bool) -> Sight:
    """What was seen of a plug-in; nothing where the question itself is not allowed or not answered."""
    try:
        state, detail = look()
    except _UNANSWERED as error:
        state, detail = "unseen", str(error)
    return Sight(
        subject=subject, state=state, needed=needed, detail=detail, flag=f"--enable-admission-plugins={subject}"
    )


def tenants_of(items: Sequence[KubeObject]) -> list[str]:
    """Namespaces of tenants among objects."""
    spaces = (item.manifest["metadata"] for item in items if item.manifest["kind"] == "Namespace")
    return [meta["name"] for meta in spaces if labels.TENANT_NAMESPACE in (meta.get("labels") or {})]


def faults(cluster: Cluster, items: Sequence[KubeObject]) -> list[str]:
    """Why no tenant may come to a cluster, a line for each missing flag; empty without tenants among the objects."""
    namespaces = tenants_of(items)
    if not namespaces:
        return []
    missing = [sight for sight in _guards(cluster, namespaces) if sight.state == "off"]
    return [
        f"{cluster.target}: its API server does not keep tenants apart, {sight.subject} is off: {sight.detail}; "
        f"set {sight.flag} (who owns the cluster does)"
        for sight in missing
    ]


def refuse(clusters: Mapping[str, Cluster], items: Mapping[str, Sequence[KubeObject]]) -> None:
    """Stop before a tenant comes to a cluster whose API server does not keep them apart (RefusedError)."""
    lines = [line for target, cluster in clusters.items() for line in faults(cluster, items[target])]
    if lines:
        raise RefusedError.of(lines)


def _first_existing(cluster: Cluster, namespaces: Sequence[str]) -> str | None:
    """A tenant's namespace that is there, with the labels by which policies know it."""
    for name in namespaces:
        live = cluster.api.get(f"api/v1/namespaces/{name}")
        if live is not None and labels.TENANT_NAMESPACE in (live["metadata"].get("labels") or {}):
            return name
    return None


def _refusal(cluster: Cluster, method: str, path: str, **request: Any) -> str:
    """Why a request is refused that is not carried out; empty if it is not."""
    try:
        cluster.api.request(method, path, params=_DRY, **request)
    except _UNANSWERED as error:
        return error.message
    return ""


def _policies(cluster: Cluster, space: str | None) -> Seen:
    if cluster.discovery.find("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy") is None:
        return "off", f"Kubernetes {cluster.version} does not serve its kind: it takes 1.30 or newer"
    if space is None or cluster.api.get(f"{_POLICIES}/{tenant_policy.PODS}") is None:
        return "unseen", "served; whether policies are enforced is seen once there is a tenant"
    answer = _refusal(cluster, "POST", _pods(space), body=_pod(space, tolerations=[{"operator": "Exists"}]))
    if tenant_policy.PODS in answer:
        return "on", "policies are enforced"
    if answer:
        return "unseen", answer
    return "off", f"a pod that the policy {tenant_policy.PODS} refuses is let in"


def _pod_security(cluster: Cluster) -> Seen:
    """The plug-in refuses levels that it does not know, when a namespace is made."""
    body = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": _PROBE, "labels": {"pod-security.kubernetes.io/enforce": _PROBE}},
    }
    answer = _refusal(cluster, "POST", "api/v1/namespaces", body=body)
    if "must be one of" in answer:
        return "on", "levels of pod security are looked at"
    if answer:
        return "unseen", answer
    return "off", "a namespace with a pod security level that does not exist is let in"


def _node_restriction(cluster: Cluster) -> Seen:
    """As a node's own kubelet, which needs the right to impersonate."""
    nodes = cluster.api.request("GET", "api/v1/nodes", params={"limit": "1"}).get("items") or []
    if not nodes:
        return "unseen", "there is no node yet"
    name = nodes[0]["metadata"]["name"]
    answer = _refusal(
        cluster,
        "PATCH",
        f"api/v1/nodes/{name}",
        body={"metadata": {"labels": {f"{labels.RESTRICTED}/{_PROBE}": "x"}}},
        content_type=MERGE,
        headers={"Impersonate-User": f"system:node:{name}", "Impersonate-Group": "system:nodes"},
    )
    if _BOUND in answer:
        return "on", "kubelets can't set the labels that tell whose a node is"
    if answer:
        return "unseen", answer
    return "off", f"a kubelet can set labels below {labels.RESTRICTED}"


def _filled(cluster: Cluster, space: str | None, is_filled: Callable[[Manifest, Manifest], bool]) -> Seen:
    """Whether a pod that says nothing of its place gets what its namespace's annotation says."""
    if space is None:
        return "unseen", "seen once there is a tenant"
    notes = (cluster.api.request("GET", f"api/v1/namespaces/{space}")["metadata"]).get("annotations") or {}
    try:
        pod = cluster.api.request("POST", _pods(space), params=_DRY, body=_pod(space))
    except _UNANSWERED as error:
        if "write nodeSelector" in error.message:
            return "off", "pods that choose no nodes are refused unless Kueue starts them: they must write nodeSelector"
        return "unseen", error.message
    if is_filled(notes, pod["spec"]):
        return "on", "pods that say nothing of their place get their namespace's"
    return "off", "pods that say nothing of their place get it from Kueue only"


def _has_nodes(notes: Manifest, spec: Manifest) -> bool:
    wanted = dict(pair.split("=", 1) for pair in str(notes.get(labels.NODE_SELECTOR, "")).split(",") if "=" in pair)
    return bool(wanted) and wanted.items() <= (spec.get("nodeSelector") or {}).items()


def _tolerates(notes: Manifest, spec: Manifest) -> bool:
    wanted = json.loads(notes.get(labels.DEFAULT_TOLERATIONS) or "[]")
    return bool(wanted) and all(each in (spec.get("tolerations") or []) for each in wanted)


def _pods(space: str) -> str:
    return f"api/v1/namespaces/{space}/pods"


def _pod(space: str, **fields: Any) -> Manifest:
    """A pod that keeps the rules for tenants."""
    safe = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    user = {"runAsNonRoot": True, "runAsUser": 65534, "seccompProfile": {"type": "RuntimeDefault"}}
    spec = {
        "automountServiceAccountToken": False,
        "securityContext": user,
        "containers": [{"name": "probe", "image": "probe", "securityContext": safe}],
        **fields,
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": _PROBE, "namespace": space}, "spec": spec}
