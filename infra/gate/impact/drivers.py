"""Drivers of GPUs and NICs: which changes have their operators take every node of a cluster out of service.

Both operators replace a driver node by node: GPU pods are evicted, or the node is drained, whatever runs there. They
go by the revision of the driver's daemon set, so that a new chart does it too where the driver's version stays
(NVIDIA/gpu-operator#2047 and #2527, Mellanox/network-operator#1084, docs/automatic-ofed-upgrade.md). The SR-IOV
operator drains nodes for other virtual functions (k8snetworkplumbingwg/sriov-network-operator, README).

What is not seen: charts of these operators under another name, and values that come from ConfigMaps or Secrets.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..records import Change, FieldChange

_CHART = ("spec.chart", "spec.chartRef", "spec.ref", "spec.repo", "spec.url", "spec.version", "spec.valuesFrom")
"""Where a release or its source says which chart in which version it is."""
_GPU_POLICY = ("driver", "daemonsets", "gdrcopy", "gds", "hostPaths")
"""Parts of the GPU operator's policy, and of its chart's values, that stand in the pods of the driver."""
_RELEASES = ("HelmRelease", "OCIRepository", "Release", "Chart")
_BY_CHART = {
    "gpu-operator": (*_CHART, *(f"spec.values.{part}" for part in _GPU_POLICY)),
    "network-operator": (*_CHART, "spec.values.ofedDriver"),
}
_BY_KIND = {
    "ClusterPolicy": tuple(f"spec.{part}" for part in _GPU_POLICY),
    "NVIDIADriver": ("spec",),
    "NicClusterPolicy": ("spec.ofedDriver",),
    "NicNodePolicy": ("spec.ofedDriver",),
    "SriovNetworkNodePolicy": ("spec",),
}
_PACE = ("maxParallelUpgrades", "upgradePolicy")
"""Fields that say how fast a driver is replaced, and replace none."""


def clusters_drained(changes: Iterable[Change]) -> set[str]:
    """Names of clusters of which a change takes every node out of service, one after the other."""
    return {_cluster(change) for change in changes if _drains(change)}


def _drains(change: Change) -> bool:
    if change.kind not in _BY_KIND and change.kind not in _RELEASES:
        return False
    if change.action == "create":
        return change.kind == "SriovNetworkNodePolicy"
    paths = _BY_KIND.get(change.kind) or _BY_CHART.get(change.object_id.name, ())
    return change.action == "update" and any(_touches(field, paths) for field in change.fields)


def _touches(field: FieldChange, paths: tuple[str, ...]) -> bool:
    """Whether a field is one of these, below one, or holds one that came or went with it."""
    path = field.path
    if any(part in path.split(".") for part in _PACE):
        return False
    return any(path == watched or path.startswith((f"{watched}.", f"{watched}[")) for watched in paths) or any(
        watched.startswith(f"{path}.") for watched in paths
    )


def _cluster(change: Change) -> str:
    """The cluster that it belongs to; of an object that says no owner, the cluster that it is on."""
    owner = change.subject
    return owner.name if owner.kind == "cluster" else change.object_id.target
