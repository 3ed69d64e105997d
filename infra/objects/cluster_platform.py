"""The platform of a cluster: add-ons as Flux releases, the queues that share its GPUs, and the rules for tenants.

Flux runs on the management cluster and installs into the cluster by its kubeconfig secret, so upgrade, rollback and
drift of the charts are Flux's work. Objects of a chart's own kinds come after the release that brings the kind.
The GPU operator's ClusterPolicy comes from its chart's values.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..catalog import ChartEntry
from ..plan.model import ClusterPlan, RegionPlan
from . import (
    _chart_values,
    _charts,
    _flux,
    _hosts,
    _platform_rooms,
    _tenant_rights,
    ids,
    kueue,
    tenant_policy,
)
from .base import Block, KubeObject
from .ids import object_id


def block(plan: RegionPlan, cluster: ClusterPlan, stack: str) -> Block:
    """Objects of a cluster's platform: add-on charts as Flux releases, shared queues, admission rules.

    Args:
        plan: the region.
        cluster: one of its clusters.
        stack: stack of the block.

    Raises:
        ValueError: a chart's condition that no cluster can answer.
    """
    chosen = _charts.of_cluster(plan, cluster)
    items = [
        *_platform_rooms.namespaces(cluster, chosen),
        *_sources(cluster, chosen),
        *_releases(plan, cluster, chosen),
        *_platform_rooms.fences(cluster, chosen),
        *kueue.shared(plan, cluster),
        *_tenant_rights.shared(plan, cluster),
        *tenant_policy.shared(plan, cluster),
    ]
    return Block(type="ClusterPlatform", name=cluster.name, stack=stack, items=tuple(items))


def _sources(cluster: ClusterPlan, chosen: list[ChartEntry]) -> Iterator[KubeObject]:
    sources = (_flux.source(cluster, chart) for chart in chosen)
    for manifest in {manifest["metadata"]["name"]: manifest for manifest in sources}.values():
        yield KubeObject(
            target=cluster.management,
            owner=ids.cluster(cluster.name),
            manifest=manifest,
            after=(_hosts.namespace_id(cluster),),
        )


def _releases(plan: RegionPlan, cluster: ClusterPlan, chosen: list[ChartEntry]) -> Iterator[KubeObject]:
    chart_ids = {chart.id for chart in chosen}
    declared = _platform_rooms.names(cluster, chosen)
    for chart in chosen:
        values = _chart_values.values(plan, cluster, chart, chart_ids)
        source = object_id(cluster.management, _flux.source(cluster, chart))
        room = (_flux.namespace_id(cluster, chart.namespace),) if chart.namespace in declared else ()
        yield KubeObject(
            target=cluster.management,
            owner=ids.cluster(cluster.name),
            manifest=_flux.release(cluster, chart, values, chart_ids),
            after=(_hosts.namespace_id(cluster), source, *_flux.ready_ids(cluster), *room),
            wait_for="condition=Ready",
            timeout_seconds=3600,
        )
