"""Where pods of add-on charts run: controllers on control planes, agents on every node that they serve.

A built cluster has no other nodes than these two: GPU nodes, which carry the GPU taint and perhaps a tenant's, and
control planes, which carry kubeadm's. An adopted cluster's other nodes are its owner's, and charts choose among them.
Names of values are those of each chart's templates at these versions: cert-manager v1.20.2, external-secrets 2.9.0,
kube-prometheus-stack 84.4.0 with kube-state-metrics 7.3.0, node-feature-discovery v0.19.0, gpu-operator v26.7.0,
network-operator v26.4.1 with its two sub-charts, kueue v0.19.2, kubeflow-trainer 2.2.0 with jobset 0.11.0, lws v0.10.0,
topolvm 17.1.0, csi-wekafsplugin v2.8.8, rook-ceph v1.20.6 with ceph-csi-operator 1.0.4, ceph-csi-drivers 1.0.4,
snapshot-controller 5.2.0; dra-driver-nvidia-gpu of 2026-08-07 and vastcsi of 2024-09-23, where the release itself is
not to be had. What the network operator and its SR-IOV operator deploy themselves tolerates control planes (v26.4.1,
manifests/state-*; sriov-network-operator, bindata).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from . import labels
from .base import Manifest

CHOSEN_BY_CHART: Final = {
    "prometheus-operator-crds": "brings kinds only",
}
"""Charts that nothing is set for, and why."""
_CONTROLLERS: Final = {
    "cert-manager": ("", "webhook", "cainjector", "startupapicheck"),
    "external-secrets": ("global",),
    "gpu-operator": ("operator",),
    "kube-prometheus-stack": (
        "prometheusOperator", "prometheusOperator.admissionWebhooks.patch", "prometheus.prometheusSpec",
        "alertmanager.alertmanagerSpec", "kube-state-metrics",
    ),
    "kubeflow-trainer": ("manager", "jobset.controller"),
    "kueue": ("controllerManager",),
    "lws": ("",),
    "network-operator": ("operator", "sriov-network-operator.operator", "maintenance-operator-chart.operator"),
    "node-feature-discovery": ("master", "gc"),
    "nvidia-dra-driver-gpu": ("controller",),
    "rook-ceph": ("", "ceph-csi-operator.controllerManager"),
    "snapshot-controller": ("controller",),
    "topolvm": ("controller",),
    "vastcsi": ("controller",),
}  # fmt: skip
"""What holds `tolerations` and `nodeSelector` of each controller; empty for the top of the values."""
_AGENTS: Final = {
    "gpu-operator": ("daemonsets.tolerations",),
    "nvidia-dra-driver-gpu": ("kubeletPlugin.tolerations",),
    "topolvm": ("node.tolerations", "lvmd.tolerations"),
    "csi-wekafsplugin": ("nodePluginTolerations",),
    "vastcsi": ("node.tolerations",),
    "ceph-csi-drivers": ("operatorConfig.driverSpecDefaults.nodePlugin.tolerations",),
}
"""Where each chart takes the tolerations of its agents. Not listed: Cilium, the NFD worker, node-exporter and the
SR-IOV operator's agents, which tolerate every taint."""
_CEPH_CONTROLLERS: Final = "operatorConfig.driverSpecDefaults.controllerPlugin"


def values(chart: str, built: bool) -> Iterator[tuple[str, Any]]:
    """Helm values that place a chart's pods: path with dots, and value.

    Args:
        chart: id of the chart.
        built: whether the cluster is built here, so that its nodes are known.
    """
    for path in _AGENTS.get(chart, ()):
        yield path, agents(built)
    if built:
        yield from _controllers(chart)


def agents(built: bool) -> list[dict[str, str]]:
    """Tolerations of what runs on every node: of GPU nodes, tenants' nodes, and control planes that are built here."""
    keys = (labels.GPU_TAINT["key"], labels.TENANT_TAINT_KEY, *((labels.CONTROL_PLANE,) if built else ()))
    return [{"key": key, "operator": "Exists"} for key in keys]


def control_planes() -> list[dict[str, str]]:
    """Tolerations of what runs on control planes."""
    return [{"key": labels.CONTROL_PLANE, "operator": "Exists", "effect": "NoSchedule"}]


def _selector() -> dict[str, str]:
    return {labels.CONTROL_PLANE: ""}


def _controllers(chart: str) -> Iterator[tuple[str, Any]]:
    for parent in _CONTROLLERS.get(chart, ()):
        above = f"{parent}." if parent else ""
        yield f"{above}tolerations", control_planes()
        yield f"{above}nodeSelector", _selector()
    yield from _OTHERWISE.get(chart, {}).items()


def _affinity() -> Manifest:
    match = {"key": labels.CONTROL_PLANE, "operator": "Exists"}
    terms = [{"matchExpressions": [match]}]
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}}


_OTHERWISE: Final[dict[str, dict[str, Any]]] = {
    # Its operator tolerates control planes, and what a node has before its network: the chart's own list stays.
    "cilium": {"operator.nodeSelector": _selector()},
    "csi-wekafsplugin": {"controllerPluginTolerations": control_planes(), "controller.nodeSelector": _selector()},
    "ceph-csi-drivers": {
        f"{_CEPH_CONTROLLERS}.tolerations": control_planes(), f"{_CEPH_CONTROLLERS}.affinity": _affinity(),
    },
    # Looks for drives on the nodes that Ceph may use, which may be control planes.
    "rook-ceph": {"discover.tolerations": control_planes()},
}  # fmt: skip
"""Values of charts that name them in their own way."""
