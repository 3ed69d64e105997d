"""The platform of a cluster: add-ons as Flux releases, and the queues that share its GPUs.

Flux runs on the management cluster and installs into the cluster by its kubeconfig secret, so upgrade, rollback and
drift of the charts are Flux's work. Objects of a chart's own kinds come after the release that brings the kind.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ..catalog import ChartEntry
from ..plan.model import ClusterPlan, RegionPlan
from . import kueue, tenant_policy
from .base import Block, KubeObject, Manifest, make, object_id

FLUX_API = "helm.toolkit.fluxcd.io/v2"
_INTERVAL = "30m"
_TIMEOUT = "20m"


def block(plan: RegionPlan, cluster: ClusterPlan, stack: str) -> Block:
    """Objects of a cluster's platform.

    Args:
        plan: the region.
        cluster: one of its clusters.
        stack: stack of the block.
    """
    items = [*_repositories(plan, cluster), *_releases(plan, cluster), *kueue.shared(plan, cluster)]
    items += tenant_policy.shared(plan, cluster)
    return Block(type="ClusterPlatform", name=cluster.name, stack=stack, items=tuple(items))


def charts(plan: RegionPlan, cluster: ClusterPlan) -> list[ChartEntry]:
    """Charts that a cluster gets, in the order of the catalogue."""
    facts = _facts(plan, cluster)
    return [c for c in plan.charts if c.plane == "workload" and _fits(c.when, facts)]


def release_id(cluster: ClusterPlan, chart: str) -> str:
    """Id of a chart's release.

    Args:
        cluster: cluster that it is installed into.
        chart: catalogue id of the chart.
    """
    return object_id(cluster.management, make(FLUX_API, "HelmRelease", chart, cluster.name))


def _facts(plan: RegionPlan, cluster: ClusterPlan) -> Mapping[str, set[object]]:
    drivers = {s.spec.driver for s in plan.storage if cluster.name in s.clusters}
    return {
        "purpose": {cluster.spec.purpose},
        "provider": {cluster.spec.provider},
        "rack_scale": {cluster.system.rack_scale},
        "fabric_kind": {cluster.fabric.kind if cluster.fabric else None},
        "driver": set(drivers),
    }


def _fits(when: Mapping[str, list[object]], facts: Mapping[str, set[object]]) -> bool:
    return all(facts[key] & set(values) for key, values in when.items())


def _repositories(plan: RegionPlan, cluster: ClusterPlan) -> Iterator[KubeObject]:
    for repo in dict.fromkeys(chart.repo for chart in charts(plan, cluster)):
        spec: Manifest = {"interval": "1h", "url": repo}
        if repo.startswith("oci://"):
            spec["type"] = "oci"
        manifest = make("source.toolkit.fluxcd.io/v1", "HelmRepository", _slug(repo), cluster.name, spec=spec)
        yield KubeObject(target=cluster.management, manifest=manifest, after=(_home(cluster),))


def _releases(plan: RegionPlan, cluster: ClusterPlan) -> Iterator[KubeObject]:
    chosen = charts(plan, cluster)
    ids = {chart.id for chart in chosen}
    for chart in chosen:
        manifest = make(FLUX_API, "HelmRelease", chart.id, cluster.name, spec=_release(cluster, chart, ids))
        source = make("source.toolkit.fluxcd.io/v1", "HelmRepository", _slug(chart.repo), cluster.name)
        yield KubeObject(
            target=cluster.management,
            manifest=manifest,
            after=(_home(cluster), object_id(cluster.management, source)),
            wait_for="condition=Ready",
            timeout_seconds=3600,
        )


def _release(cluster: ClusterPlan, chart: ChartEntry, chosen: set[str]) -> Manifest:
    spec: Manifest = {
        "interval": _INTERVAL,
        "timeout": _TIMEOUT,
        "releaseName": chart.id,
        "targetNamespace": chart.namespace,
        "storageNamespace": chart.namespace,
        "kubeConfig": {"secretRef": {"name": f"{cluster.name}-kubeconfig", "key": "value"}},
        "chart": {
            "spec": {
                "chart": chart.chart,
                "version": chart.version,
                "interval": "1h",
                "sourceRef": {"kind": "HelmRepository", "name": _slug(chart.repo)},
            }
        },
        "install": {"createNamespace": True, "crds": "CreateReplace", "remediation": {"retries": 3}},
        "upgrade": {"crds": "CreateReplace", "remediation": {"retries": 3, "strategy": "rollback"}},
        "driftDetection": {"mode": "enabled"},
    }
    if before := [{"name": name} for name in chart.depends_on if name in chosen]:
        spec["dependsOn"] = before
    if chart.values:
        spec["values"] = dict(chart.values)
    return spec


def _home(cluster: ClusterPlan) -> str:
    return object_id(cluster.management, make("v1", "Namespace", cluster.name))


def _slug(repo: str) -> str:
    """Name of a repository object.

    >>> _slug("https://helm.ngc.nvidia.com/nvidia"), _slug("oci://registry.k8s.io/kueue/charts")
    ('helm-ngc-nvidia-com-nvidia', 'registry-k8s-io-kueue-charts')
    """
    return re.sub(r"[^a-z0-9]+", "-", repo.split("://", 1)[1].lower()).strip("-")
