"""What a region can grow to and spare, and where tenants stand in NVLink domains and scalable units."""

from __future__ import annotations

from collections.abc import Iterator

from ...plan.model import ClusterPlan, HallPower, RegionPlan, TenantPlan
from .. import rule
from ..rule import Breach, RegionView

_GB200 = "DGX SuperPOD with DGX GB200, RA-11338-001"


@rule.region(
    id="capacity-growth", area="capacity", severity="note",
    reason="fabric, addresses and AS numbers are bought for racks that the hall can never take",
    remedy="lower max_racks before the cluster is allocated, or plan for a stronger hall",
    source="docs/adr/0003-allocations.md",
)  # fmt: skip
def capacity_growth(view: RegionView) -> Iterator[Breach]:
    """Halls and sites that can't feed or place their clusters at `max_racks`."""
    plan = view.plan
    for hall in plan.power.halls:
        clusters = [cluster for cluster in plan.clusters if cluster.hall == hall.name]
        racks, kw = sum(cluster.max_racks for cluster in clusters), _kw_at_most(plan, clusters)
        if why := _beyond(hall, racks, kw):
            message = f"a hall takes its clusters at max_racks: {', '.join(c.name for c in clusters)} would have {why}"
            yield Breach(message=message, path=("site", "halls", hall.name))
    facility_mw, utility_mw = _kw_at_most(plan, plan.clusters) * plan.power.pue / 1000, plan.power.utility_kw / 1000
    if facility_mw > utility_mw:
        message = f"the site feeds its clusters at max_racks: they would draw {facility_mw:,.1f} of {utility_mw:g} MW"
        yield Breach(message=message, path=("site", "power", "utility_mw"))


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
    """Protected clusters whose free GPUs are fewer than what is serviced at a time."""
    for cluster in view.plan.clusters if view.plan.spec.protect else ():
        free = cluster.gpus - sum(tenant.gpus for tenant in view.plan.tenants_of(cluster.name))
        if free < _domain_gpus(cluster):
            what = "rack" if cluster.system.rack_scale else "node"
            message = (
                f"a {what} can be serviced without breaking a promise: {free:,} of {cluster.gpus:,} GPUs are not "
                f"promised, a {what} has {_domain_gpus(cluster)}"
            )
            yield Breach(message=message, subject=f"cluster/{cluster.name}", path=("clusters", cluster.name))


def _domain_gpus(cluster: ClusterPlan) -> int:
    """GPUs of one NVLink domain: a rack of rack-scale systems, else a node. What is serviced at a time is the same."""
    return cluster.system.gpus_per_node * (cluster.nodes_per_rack if cluster.system.rack_scale else 1)


@rule.region(
    id="domain-part", area="domain", severity="note",
    reason="work that spans NVLink domains is placed in whole ones: what is left over serves small jobs only",
    remedy="give the tenant GPUs by whole racks, if its jobs span racks", source=_GB200,
)  # fmt: skip
def domain_part(view: RegionView) -> Iterator[Breach]:
    """Shares of more than one NVLink domain that end inside one."""
    for tenant in view.plan.tenants:
        gpus = _domain_gpus(cluster := view.plan.cluster(tenant.cluster))
        if cluster.system.rack_scale and tenant.spec.gpus and tenant.gpus > gpus and tenant.gpus % gpus:
            message = (
                f"a share of several NVLink domains is of whole ones: {tenant.gpus} GPUs are {tenant.gpus // gpus} "
                f"of {gpus} and {tenant.gpus % gpus} more"
            )
            yield Breach(message=message, subject=f"tenant/{tenant.name}", path=("tenants", tenant.name, "gpus"))


@rule.region(
    id="domain-scattered", area="domain", severity="warning",
    reason="traffic between scalable units crosses the spines: a tenant spread over many of them runs slower",
    remedy="release the tenant's racks once they are drained, and allocate them anew in one stretch", source=_GB200,
)  # fmt: skip
def domain_scattered(view: RegionView) -> Iterator[Breach]:
    """Dedicated racks over more scalable units than any one stretch of so many racks touches."""
    for tenant in view.plan.tenants:
        if not tenant.racks:
            continue
        used, most = _units(view.plan.cluster(tenant.cluster), tenant)
        if used > most:
            message = (
                f"racks of a tenant stand together: {len(tenant.racks)} racks are spread over {used} scalable units, "
                f"in one stretch they touch {most} at most"
            )
            yield Breach(message=message, subject=f"tenant/{tenant.name}", path=("tenants", tenant.name, "racks"))


def _units(cluster: ClusterPlan, tenant: TenantPlan) -> tuple[int, int]:
    """Scalable units that a tenant's racks touch, and the most that a stretch of as many racks can touch."""
    unit_of = {rack.name: rack.scalable_unit for rack in cluster.racks}
    count = len(tenant.racks)
    order = [rack.scalable_unit for rack in cluster.racks]
    stretches = (order[start + count - 1] - order[start] + 1 for start in range(len(order) - count + 1))
    return len({unit_of[name] for name in tenant.racks}), max(stretches)
