"""Which add-on charts a cluster's platform gets."""

from __future__ import annotations

from collections.abc import Mapping

from ..catalog import ChartEntry
from ..plan.model import ClusterPlan, RegionPlan


def of_cluster(plan: RegionPlan, cluster: ClusterPlan) -> list[ChartEntry]:
    """Add-on charts that a cluster's platform gets, by the conditions and in the order of the catalogue.

    Args:
        plan: the region.
        cluster: one of its clusters.

    Raises:
        ValueError: a chart's condition that no cluster can answer.
    """
    facts = _facts(plan, cluster)
    return [chart for chart in plan.charts if chart.plane == "workload" and _fits(chart, facts)]


def _facts(plan: RegionPlan, cluster: ClusterPlan) -> Mapping[str, set[object]]:
    return {
        "purpose": {cluster.spec.purpose},
        "provider": {cluster.spec.provider},
        "rack_scale": {cluster.system.rack_scale},
        "fabric_kind": {cluster.fabric.kind if cluster.fabric else None},
        "driver": {storage.spec.driver for storage in plan.storage if cluster.name in storage.clusters},
    }


def _fits(chart: ChartEntry, facts: Mapping[str, set[object]]) -> bool:
    if unknown := sorted(set(chart.when) - set(facts)):
        raise ValueError(f"chart {chart.id} asks for {', '.join(unknown)}; conditions are {', '.join(facts)}")
    return all(facts[key] & set(values) for key, values in chart.when.items())
