"""What may be out of service at a time: racks, clusters and control planes in one change, pods of a budget."""

from __future__ import annotations

from collections.abc import Iterator

from .. import rule
from ..beside import FleetView
from ..impact import losses
from ..rule import Breach, ChangeView, ObjectView
from . import _manifests

DRAIN_SHARE = 0.1
"""Share of a cluster's racks of which nodes may be drained at once without an approval. Assumption: operators of
SuperPODs keep about as much capacity free for repairs; a tenant's promise is broken beyond it."""


@rule.change(
    id="drain-budget", area="disruption", severity="error", waivable=False,
    reason="each rack drains a node at a time, but all racks do so at once: jobs over many racks all stop",
    remedy="change fewer racks at a time, or approve it for a maintenance window",
    source="Cluster API book, rollouts of MachineDeployments; the share is an assumption",
)  # fmt: skip
def drain_budget(view: ChangeView) -> Iterator[Breach]:
    """Racks of a cluster that drain in one change, because their machines are replaced."""
    by_cluster = losses.by_cluster(view, view.blast.racks_drained)
    racks = {cluster.name: len(cluster.rack_names) for cluster in view.base.clusters} if view.base else {}
    for cluster, drained in by_cluster.items():
        most = max(1, int(racks.get(cluster, len(drained)) * DRAIN_SHARE))
        left = losses.unapproved(view, "drain", drained)
        if len(left) > most and losses.protects(view):
            what = f"at most {most} racks of {cluster} drain at once, {len(left)} would"
            yield from losses.refused(view, "drain", left, what, f"cluster/{cluster}")


_DRIVERS = (
    "https://github.com/NVIDIA/gpu-operator/issues/2047 and https://github.com/Mellanox/network-operator/issues/1084"
)


@rule.change(
    id="driver-replaced", area="disruption", severity="error", waivable=False,
    reason="another driver of GPUs or NICs evicts whatever runs on a node, and in the end on every node of the cluster",
    remedy="keep chart and driver as they are, or approve it for a maintenance window", source=_DRIVERS,
)  # fmt: skip
def driver_replaced(view: ChangeView) -> Iterator[Breach]:
    """Clusters that stay and get another GPU, DOCA or SR-IOV driver: it counts as a drain of all their nodes.

    It can't see charts of these operators under another name, nor values that come from ConfigMaps and Secrets.
    """
    for loss in losses.unapproved(view, "drain", losses.named(view, "cluster", view.blast.clusters_drained)):
        if losses.protects(view):
            what = "every node of a cluster is drained for a driver only with an approval"
            yield from losses.refused(view, "drain", [loss], what, loss.name)


@rule.fleet(
    id="drivers-together", area="disruption", severity="error", waivable=False,
    reason="a driver that fails then fails everywhere at once, and no cluster is left to move tenants to",
    remedy="change one cluster, let it run, then the next; or let each region file approve "
    "{action: drain, subject: region/<name>}",
    source=_DRIVERS,
)  # fmt: skip
def drivers_together(view: FleetView) -> Iterator[Breach]:
    """More than one cluster, over all regions, of which a change drains every node for a driver.

    It can't see changes that are merged one after the other faster than nodes are drained.
    """
    names = [f"{drain.cluster} of {drain.region}" for drain in view.drains]
    for region in sorted({drain.region for drain in view.drains if not drain.approved}) if len(names) > 1 else ():
        message = f"one cluster at a time gets another driver: {_manifests.listed(names)} would at once"
        yield Breach(message=message, subject=f"region/{region}")


@rule.change(
    id="control-planes-together", area="disruption", severity="warning",
    reason="two API servers that restart at once leave no cluster of the region to steer the other's repair from",
    remedy="change the clusters one after the other",
    source="https://cluster-api.sigs.k8s.io/tasks/control-plane/kubeadm-control-plane (rollouts)",
)  # fmt: skip
def control_planes_together(view: ChangeView) -> Iterator[Breach]:
    """Control planes of several clusters that roll, and are out of service, in one change."""
    rolled = sorted(
        change.subject.name
        for change in view.changes
        if change.action == "update" and change.kind == "KubeadmControlPlane"
    )
    if len(rolled) > 1:
        yield Breach(message=f"control planes roll one after the other: those of {', '.join(rolled)} would at once")


@rule.each_object(
    id="disruption-budget", area="disruption", severity="error", kinds={"PodDisruptionBudget"},
    reason="a budget that allows no eviction holds every node drain until it times out, and so every upgrade",
    remedy="allow at least one pod to go: maxUnavailable: 1",
    source="https://kubernetes.io/docs/tasks/run-application/configure-pdb/",
)  # fmt: skip
def disruption_budget(view: ObjectView) -> Iterator[Breach]:
    """Disruption budgets under which no pod may ever be evicted."""
    most, least = view.spec.get("maxUnavailable"), view.spec.get("minAvailable")
    if str(most) in ("0", "0%") or str(least) == "100%":
        given = f"maxUnavailable {most}" if most is not None else f"minAvailable {least}"
        yield Breach(message=f"a budget lets a node be drained: {view.name} has {given}")
