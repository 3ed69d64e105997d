"""Namespaces of a cluster's platform: who may reach their pods, what these may be, and which may use secret stores.

They are declared before the charts are installed, whichever of the two would otherwise be first. Those of an adopted
cluster are its owner's, but for the ones that hold objects of this package.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..catalog import ChartEntry
from ..plan.model import ClusterPlan
from . import _admission, _flux, fabric_network, labels, rook
from .base import KubeObject, Manifest, make

STORES = "secret-stores.ai-factory.dev"
FENCE = "platform"
"""Clusterwide network policy of the platform's namespaces."""
_CILIUM = "cilium"
_SYSTEM = "kube-system"
_LEVELS = ("restricted", "baseline", "privileged")
"""Pod security levels, the strictest first."""


def namespaces(cluster: ClusterPlan, chosen: Sequence[ChartEntry]) -> Iterator[KubeObject]:
    """Namespaces of a cluster's charts.

    Args:
        cluster: the cluster.
        chosen: charts that it gets.
    """
    for name in names(cluster, chosen):
        manifest = make("v1", "Namespace", name, labels={labels.PLATFORM: "true", **_level(cluster, name, chosen)})
        yield _admission.on_cluster(cluster, manifest, *_flux.ready_ids(cluster))


def fences(cluster: ClusterPlan, chosen: Sequence[ChartEntry]) -> Iterator[KubeObject]:
    """What keeps others out of the platform's namespaces and of its secret stores.

    Args:
        cluster: the cluster.
        chosen: charts that it gets.
    """
    if cluster.built:
        yield _admission.on_cluster(cluster, _fence(cluster, chosen), _flux.release_id(cluster, _CILIUM))
    if any(chart.id == "external-secrets" for chart in chosen):
        yield from _admission.declared(cluster, {STORES: _stores()}, everywhere=True)


def names(cluster: ClusterPlan, chosen: Sequence[ChartEntry]) -> list[str]:
    """Namespaces of charts that are declared here."""
    ours = {rook.NAMESPACE} | ({fabric_network.NAMESPACE} if cluster.fabric else set())
    rooms = dict.fromkeys(chart.namespace for chart in chosen if chart.namespace != _SYSTEM)
    return [name for name in rooms if cluster.built or name in ours]


def _level(cluster: ClusterPlan, name: str, chosen: Sequence[ChartEntry]) -> dict[str, str]:
    """What its pods may be: as much as the charts that share the namespace need. Warnings say what is beyond the best.

    The level is that of the API server's own version (`latest`): agents of a newer chart are judged as it knows them.
    """
    if not cluster.built:
        return {}
    level = max((chart.pod_security for chart in chosen if chart.namespace == name), key=_LEVELS.index)
    label = "pod-security.kubernetes.io"
    return {f"{label}/enforce": level, f"{label}/audit": "restricted" if level != "privileged" else level}


def _fence(cluster: ClusterPlan, chosen: Sequence[ChartEntry]) -> Manifest:
    """Who may reach the platform's pods: the platform, nodes and the API server, so that tenants' pods may not.

    What is selected by a policy with rules for ingress is closed to all others (Cilium, policy enforcement `default`).
    Ceph's object gateways are open to tenants' pods: they are what buckets are read and written by.
    """
    room = "k8s:io.cilium.k8s.namespace.labels"
    platform = {"matchLabels": {f"{room}.{labels.PLATFORM}": "true"}}
    system = {"matchLabels": {"k8s:io.kubernetes.pod.namespace": _SYSTEM}}
    rule: Manifest = {
        "endpointSelector": platform,
        "ingress": [
            {"fromEndpoints": [platform, system]},
            {"fromEntities": ["host", "remote-node", "kube-apiserver", "health"]},
        ],
    }
    specs = [rule]
    if any(chart.namespace == rook.NAMESPACE for chart in chosen):
        tenants = {"matchExpressions": [{"key": f"{room}.{labels.TENANT_NAMESPACE}", "operator": "Exists"}]}
        gateway = {"k8s:io.kubernetes.pod.namespace": rook.NAMESPACE, "k8s:app": rook.GATEWAY_APP}
        port = {"ports": [{"port": str(rook.GATEWAY_PORT), "protocol": "TCP"}]}
        specs.append(
            {"endpointSelector": {"matchLabels": gateway}, "ingress": [{"fromEndpoints": [tenants], "toPorts": [port]}]}
        )
    return make("cilium.io/v2", "CiliumClusterwideNetworkPolicy", FENCE, specs=specs)


def _stores() -> Manifest:
    """A store for the whole cluster names who may use it: an ExternalSecret anywhere else could fetch what it holds."""
    named = (
        "object.spec.?conditions.orValue([]).size() > 0 && "
        "object.spec.conditions.all(c, c.?namespaces.orValue([]).size() > 0)"
    )
    message = "a secret store of the cluster names the namespaces that may use it: spec.conditions[].namespaces"
    return _admission.policy({"external-secrets.io": ["clustersecretstores"]}, [(named, message)])
