"""Versions, rollouts and what may be out of service at a time."""

from __future__ import annotations

from collections.abc import Iterator

from .. import rule
from ..impact import losses
from ..records import ClusterFacts
from ..rule import Breach, ChangeView

DRAIN_SHARE = 0.1
"""Share of a cluster's racks of which nodes may be drained at once without an approval. Assumption: operators of
SuperPODs keep about as much capacity free for repairs; a tenant's promise is broken beyond it."""
_SKEW = "https://kubernetes.io/releases/version-skew-policy/"
_FLUX = "https://helm.sh/docs/topics/charts/ (semantic versions)"


def _clusters_that_stay(view: ChangeView) -> Iterator[tuple[ClusterFacts, ClusterFacts]]:
    """Clusters that are on both sides."""
    if view.base is None or view.head is None:
        return
    after = {cluster.name: cluster for cluster in view.head.clusters}
    yield from ((cluster, after[cluster.name]) for cluster in view.base.clusters if cluster.name in after)


def _release(version: str) -> tuple[int, ...]:
    """Numbers of a version: `v1.36.1` is (1, 36, 1)."""
    parts = version.removeprefix("v").partition("-")[0].partition("+")[0].split(".")
    return tuple(int(part) for part in parts if part.isdigit())


@rule.change(
    id="kubernetes-skips-minor", area="versions", severity="error",
    reason="the API server reads what one minor version before it stored, no more: a jump leaves objects unreadable",
    remedy="upgrade by one minor version at a time", source=_SKEW,
)  # fmt: skip
def kubernetes_skips_minor(view: ChangeView) -> Iterator[Breach]:
    """Upgrades by more than one minor version."""
    for was, now in _clusters_that_stay(view):
        if _release(now.kubernetes)[:2] > (_release(was.kubernetes)[0], _release(was.kubernetes)[1] + 1):
            yield Breach(
                message=f"Kubernetes is upgraded by one minor version at a time: {was.kubernetes} to {now.kubernetes}",
                subject=f"cluster/{now.name}",
                path=("clusters", now.name),
            )


@rule.change(
    id="kubernetes-downgrade", area="versions", severity="error",
    reason="a control plane can't read what a newer one has stored: Kubernetes knows no way back but a restore",
    remedy="keep the version, or restore the cluster from a backup", source=_SKEW,
)  # fmt: skip
def kubernetes_downgrade(view: ChangeView) -> Iterator[Breach]:
    """Downgrades of a running cluster."""
    for was, now in _clusters_that_stay(view):
        if _release(now.kubernetes) < _release(was.kubernetes):
            yield Breach(
                message=f"Kubernetes goes up only: {was.kubernetes} runs, {now.kubernetes} is given",
                subject=f"cluster/{now.name}",
                path=("clusters", now.name),
            )


@rule.change(
    id="upgrades-together", area="versions", severity="warning",
    reason="a fault of a new version then meets all clusters at once, and no cluster is left to move tenants to",
    remedy="upgrade one cluster, let it run, then the next",
    source="https://kubernetes.io/docs/tasks/administer-cluster/cluster-upgrade/",
)  # fmt: skip
def upgrades_together(view: ChangeView) -> Iterator[Breach]:
    """Several clusters of a region that get another Kubernetes in one change."""
    names = [now.name for was, now in _clusters_that_stay(view) if was.kubernetes != now.kubernetes]
    if len(names) > 1:
        yield Breach(message=f"clusters are upgraded one after the other: {', '.join(names)} change at once")


@rule.change(
    id="chart-downgrade", area="versions", severity="error",
    reason="operators migrate their objects upwards only: an older one misreads or refuses what a newer one has stored",
    remedy="keep the version, or check the chart's notes and waive it", source=_FLUX,
)  # fmt: skip
def chart_downgrade(view: ChangeView) -> Iterator[Breach]:
    """Add-on charts that go back."""
    for name, was, now in _charts(view):
        if _release(now) < _release(was):
            yield Breach(message=f"an add-on goes up only: {name} {was} runs, {now} is given")


@rule.change(
    id="chart-major", area="versions", severity="warning",
    reason="a new major version may drop values and kinds that are in use",
    remedy="read its notes on upgrading, and try it in one region first", source=_FLUX,
)  # fmt: skip
def chart_major(view: ChangeView) -> Iterator[Breach]:
    """Add-on charts that jump to another major version."""
    for name, was, now in _charts(view):
        if _release(now)[:1] > _release(was)[:1]:
            yield Breach(message=f"a major version may break what is in use: {name} goes from {was} to {now}")


def _charts(view: ChangeView) -> Iterator[tuple[str, str, str]]:
    if view.base is not None and view.head is not None:
        for name, was in view.base.charts.items():
            now = view.head.charts.get(name, was)
            if now != was:
                yield name, was, now


@rule.change(
    id="drain-budget", area="disruption", severity="error", waivable=False,
    reason="each rack drains a node at a time, but all racks do so at once: jobs over many racks all stop",
    remedy="change fewer racks at a time, or approve it for a maintenance window",
    source="Cluster API book, rollouts of MachineDeployments; the share is an assumption",
)  # fmt: skip
def drain_budget(view: ChangeView) -> Iterator[Breach]:
    """Racks of a cluster whose machines are replaced in one change."""
    by_cluster = losses.by_cluster(view, view.blast.racks_drained)
    racks = {cluster.name: len(cluster.rack_names) for cluster in view.base.clusters} if view.base else {}
    for cluster, drained in by_cluster.items():
        most = max(1, int(racks.get(cluster, len(drained)) * DRAIN_SHARE))
        left = losses.unapproved(view, "drain", drained)
        if len(left) > most and losses.protects(view):
            what = f"at most {most} racks of {cluster} drain at once, {len(left)} would"
            yield from losses.refused(view, "drain", left, what, f"cluster/{cluster}")


@rule.change(
    id="quorum-shrunk", area="disruption", severity="error",
    reason="etcd needs more than half of its members: one of a smaller control plane's failures then stops the cluster",
    remedy="keep three or five control-plane nodes", source="https://etcd.io/docs/v3.6/faq/",
)  # fmt: skip
def quorum_shrunk(view: ChangeView) -> Iterator[Breach]:
    """Control planes that lose members."""
    for was, now in _clusters_that_stay(view):
        if 0 < now.control_plane < was.control_plane:
            yield Breach(
                message=f"a control plane keeps its members: {was.control_plane} nodes become {now.control_plane}",
                subject=f"cluster/{now.name}",
                path=("clusters", now.name),
            )


@rule.change(
    id="control-planes-together", area="disruption", severity="warning",
    reason="two API servers that restart at once leave no cluster of the region to steer the other's repair from",
    remedy="change the clusters one after the other",
    source="https://cluster-api.sigs.k8s.io/tasks/control-plane/kubeadm-control-plane (rollouts)",
)  # fmt: skip
def control_planes_together(view: ChangeView) -> Iterator[Breach]:
    """Control planes of several clusters that roll in one change."""
    rolled = sorted(
        change.subject.name
        for change in view.changes
        if change.action == "update" and change.kind == "KubeadmControlPlane"
    )
    if len(rolled) > 1:
        yield Breach(message=f"control planes roll one after the other: those of {', '.join(rolled)} would at once")
