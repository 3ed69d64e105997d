"""What survives a failure or a slip of the hand."""

from __future__ import annotations

from collections.abc import Iterator

from .. import rule
from ..rule import Breach, RegionView

_QUORUM = 3
"""Smallest number that has a majority after the loss of one."""


@rule.region(
    id="protect-on", area="destruction", severity="warning",
    reason="without protection one wrong `destroy` or one renamed cluster deletes tenants' namespaces and storage",
    remedy="set protect: true, or leave it out", source="docs/adr/0005-two-engines.md",
)  # fmt: skip
def protect_on(view: RegionView) -> Iterator[Breach]:
    """Unprotected regions with real hosts."""
    sheet = view.loaded.sheet
    if not view.plan.spec.protect and sheet is not None and not sheet.is_sample:
        hosts = sum(map(len, sheet.lines.values()))
        message = f"a region with real hosts is protected from deletion: protect is off, {hosts:,} hosts are listed"
        yield Breach(message=message, path=("protect",))


@rule.region(
    id="quorum-control-plane", area="disruption", severity="error",
    reason="the loss of the only control-plane node takes the cluster's API and etcd's data with it",
    remedy="give control_plane 3 replicas or 5", source="https://etcd.io/docs/v3.6/faq/",
)  # fmt: skip
def quorum_control_plane(view: RegionView) -> Iterator[Breach]:
    """Built clusters of a protected region that have a single control-plane node."""
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
    """Ceph on fewer nodes than copies, over all storages of a cluster: they share one Ceph."""
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
