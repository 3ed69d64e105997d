"""How many members control planes and Ceph need to outlive the loss of one."""

from __future__ import annotations

from collections.abc import Iterator

from .. import rule
from ..rule import Breach, ChangeView, ObjectView, RegionView
from . import _manifests

_QUORUM = 3
"""Smallest number that has a majority after the loss of one."""


@rule.region(
    id="quorum-control-plane", area="disruption", severity="error",
    reason="the loss of the only control-plane node takes the cluster's API and etcd's data with it",
    remedy="give control_plane 3 replicas or 5", source="https://etcd.io/docs/v3.6/faq/",
)  # fmt: skip
def quorum_control_plane(view: RegionView) -> Iterator[Breach]:
    """Built clusters of a protected region whose control plane has too few nodes for a quorum."""
    for cluster in view.plan.clusters:
        replicas = cluster.spec.control_plane.replicas
        if view.plan.spec.protect and cluster.built and replicas < _QUORUM:
            yield Breach(
                message=f"a control plane has {_QUORUM} nodes or more: {cluster.name} has {replicas}",
                subject=f"cluster/{cluster.name}",
                path=("clusters", cluster.name, "control_plane"),
            )


@rule.region(
    id="quorum-storage", area="disruption", severity="error",
    reason="Ceph's monitors lose their majority and the third copy of the data has no place: writing stops",
    remedy=f"give the storage {_QUORUM} nodes or more",
    source="https://docs.ceph.com/en/latest/rados/operations/add-or-rm-mons/",
)  # fmt: skip
def quorum_storage(view: RegionView) -> Iterator[Breach]:
    """Ceph on too few nodes for a quorum, over all storages of a cluster: they share one Ceph."""
    nodes: dict[str, int] = {}
    ceph = [system for system in view.plan.storage if system.spec.driver == "rook-ceph"]
    for system in ceph:
        for cluster in system.clusters:
            nodes[cluster] = nodes.get(cluster, 0) + (system.spec.nodes or 0)
    for system in ceph:
        count = min(nodes[cluster] for cluster in system.clusters)
        if count < _QUORUM:
            message = f"Ceph runs on {_QUORUM} nodes or more: {system.name} and what shares its cluster have {count}"
            yield Breach(message=message, subject=f"storage/{system.name}", path=("storage", system.name, "nodes"))


@rule.each_object(
    id="quorum-members", area="disruption", severity="error", kinds={"KubeadmControlPlane", "CephCluster"},
    reason="an even number of members survives no more failures than one less, and two are lost with either of them",
    remedy="take an odd number, three or five; one only where losing it loses nothing",
    source="https://etcd.io/docs/v3.6/faq/ (odd number of members) and "
    "https://rook.io/docs/rook/latest-release/CRDs/Cluster/ceph-cluster-crd/ (mon count)",
)  # fmt: skip
def quorum_members(view: ObjectView) -> Iterator[Breach]:
    """Control planes and Ceph clusters whose members or monitors keep no sound quorum."""
    kind = view.kind
    if kind == "KubeadmControlPlane":
        replicas = _manifests.number(view.spec, "replicas", 1)
        if replicas % 2 == 0:
            yield Breach(message=f"a quorum is odd: control plane {view.name} has {replicas} replicas")
    elif kind == "CephCluster" and not (view.spec.get("external") or {}).get("enable"):
        monitors = view.spec.get("mon") or {}
        count = _manifests.number(monitors, "count", _QUORUM)
        if count % 2 == 0 or count < _QUORUM:
            yield Breach(message=f"a quorum is odd, three or more for data: {view.name} has {count} monitors")
        if monitors.get("allowMultiplePerNode"):
            yield Breach(
                message=f"members of a quorum stand on nodes of their own: monitors of {view.name} may share one",
                remedy="set mon.allowMultiplePerNode: false",
            )


@rule.change(
    id="quorum-shrunk", area="disruption", severity="error",
    reason="etcd needs more than half of its members: one of a smaller control plane's failures then stops the cluster",
    remedy="keep three or five control-plane nodes", source="https://etcd.io/docs/v3.6/faq/",
)  # fmt: skip
def quorum_shrunk(view: ChangeView) -> Iterator[Breach]:
    """Control planes that lose members of their quorum."""
    for was, now in view.clusters_that_stay():
        if 0 < now.control_plane < was.control_plane:
            yield Breach(
                message=f"a control plane keeps its members: {was.control_plane} nodes become {now.control_plane}",
                subject=f"cluster/{now.name}",
                path=("clusters", now.name),
            )
