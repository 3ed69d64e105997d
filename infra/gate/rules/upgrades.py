"""Versions of Kubernetes and of add-on charts: skipped, behind, gone back, raised at once."""

from __future__ import annotations

from collections.abc import Iterator

from .. import rule
from ..rule import Breach, ChangeView, RegionView

_MINORS = 2

_SKEW = "https://kubernetes.io/releases/version-skew-policy/"
_FLUX = "https://helm.sh/docs/topics/charts/ (semantic versions)"


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
    """Upgrades of Kubernetes by more than one minor version."""
    for was, now in view.clusters_that_stay():
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
    """Downgrades of a running cluster's Kubernetes."""
    for was, now in view.clusters_that_stay():
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
    names = [now.name for was, now in view.clusters_that_stay() if was.kubernetes != now.kubernetes]
    if len(names) > 1:
        yield Breach(message=f"clusters are upgraded one after the other: {', '.join(names)} change at once")


@rule.change(
    id="chart-downgrade", area="versions", severity="error",
    reason="operators migrate their objects upwards only: an older one misreads or refuses what a newer one has stored",
    remedy="keep the version, or check the chart's notes and waive it", source=_FLUX,
)  # fmt: skip
def chart_downgrade(view: ChangeView) -> Iterator[Breach]:
    """Add-on charts that go back to an older version."""
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


@rule.region(
    id="versions-behind", area="versions", severity="warning",
    reason="kubeadm goes one minor version at a time: each one missed is one more time that all nodes are drained",
    remedy="upgrade the cluster by one minor version now",
    source="https://kubernetes.io/docs/tasks/administer-cluster/kubeadm/kubeadm-upgrade/",
)  # fmt: skip
def versions_behind(view: RegionView) -> Iterator[Breach]:
    """Built clusters whose Kubernetes is two or more minor versions behind the newest that is tested."""
    newest = max(view.loaded.catalog.kubernetes_versions, key=_parts)
    for cluster in view.plan.clusters:
        behind = _parts(newest)[1] - _parts(cluster.kubernetes)[1]
        if cluster.built and behind >= _MINORS:
            message = (
                f"a cluster is at most one minor version behind the newest that is tested: {cluster.kubernetes} is "
                f"{behind} behind {newest}"
            )
            yield Breach(
                message=message, subject=f"cluster/{cluster.name}", path=("clusters", cluster.name, "kubernetes")
            )


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.removeprefix("v").split("."))
