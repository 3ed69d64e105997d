"""Whether a hall and a site take what a region may grow to, and what it has to spare."""

from __future__ import annotations

from collections.abc import Iterator

from ...plan import quantities
from ...plan.model import ClusterPlan, HallPower, RegionPlan
from .. import rule
from ..rule import Breach, RegionView
from .placement import domain_gpus


@rule.region(
    id="capacity-growth", area="capacity", severity="note",
    reason="fabric, addresses and AS numbers are bought for racks that the hall can never take",
    remedy="lower max_racks before the cluster is allocated, or plan for a stronger hall",
    source="docs/adr/0003-allocations.md",
)  # fmt: skip
def capacity_growth(view: RegionView) -> Iterator[Breach]:
    """Halls and sites that can't feed their clusters at `max_racks`, or place them beside the racks of core nodes."""
    plan = view.plan
    for hall in plan.power.halls:
        clusters = [cluster for cluster in plan.clusters if cluster.hall == hall.name]
        core, kw = _core_racks(plan, hall.name), _kw_at_most(plan, clusters)
        racks = sum(cluster.max_racks for cluster in clusters) + core if clusters else 0
        if why := _beyond(hall, racks, kw):
            names = ", ".join([*(cluster.name for cluster in clusters), *(["core nodes"] if core else [])])
            message = f"a hall takes its clusters at max_racks: {names} would have {why}"
            yield Breach(message=message, path=("site", "halls", hall.name))
    facility_mw, utility_mw = _kw_at_most(plan, plan.clusters) * plan.power.pue / 1000, plan.power.utility_kw / 1000
    if facility_mw > utility_mw:
        message = f"the site feeds its clusters at max_racks: they would draw {facility_mw:,.1f} of {utility_mw:g} MW"
        yield Breach(message=message, path=("site", "power", "utility_mw"))


def _core_racks(plan: RegionPlan, hall: str) -> int:
    """Racks of core nodes in a hall: they take positions; their power is the share of fabric and core."""
    return sum(quantities.core_racks_in(place, plan.spec) for place in plan.spec.site.halls if place.name == hall)


def _kw_at_most(plan: RegionPlan, clusters: list[ClusterPlan] | tuple[ClusterPlan, ...]) -> float:
    return sum(cluster.max_racks * cluster.rack_kw for cluster in clusters) * (1 + plan.power.fabric_core_share)


def _beyond(hall: HallPower, racks: int, kw: float) -> str | None:
    if hall.max_racks is not None and racks > hall.max_racks:
        return f"{racks} racks, hall {hall.name} has {hall.max_racks} positions"
    return f"{kw / 1000:,.2f} MW, hall {hall.name} feeds {hall.max_it_kw / 1000:g} MW" if kw > hall.max_it_kw else None


@rule.region(
    id="spare-capacity", area="disruption", severity="warning",
    reason="a cluster of thousands of GPUs loses nodes every day: with all GPUs promised, each repair breaks a promise",
    remedy="keep a node of the cluster unpromised, a whole rack of rack-scale systems",
    source="arXiv 2410.21680, Revisiting Reliability in Large-Scale Machine Learning Research Clusters",
)  # fmt: skip
def spare_capacity(view: RegionView) -> Iterator[Breach]:
    """Protected clusters with no GPUs to spare: those not promised are fewer than what is serviced at a time."""
    for cluster in view.plan.clusters if view.plan.spec.protect else ():
        free = cluster.gpus - sum(tenant.gpus for tenant in view.plan.tenants_of(cluster.name))
        if free < domain_gpus(cluster):
            what = "rack" if cluster.system.rack_scale else "node"
            message = (
                f"a {what} can be serviced without breaking a promise: {free:,} of {cluster.gpus:,} GPUs are not "
                f"promised, a {what} has {domain_gpus(cluster)}"
            )
            yield Breach(message=message, subject=f"cluster/{cluster.name}", path=("clusters", cluster.name))
