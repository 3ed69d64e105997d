"""Where tenants' GPUs and racks are: in NVLink domains and in scalable units."""

from __future__ import annotations

from collections.abc import Iterator

from ...plan.model import ClusterPlan, TenantPlan
from .. import rule
from ..rule import Breach, RegionView

_GB200 = "DGX SuperPOD with DGX GB200, RA-11338-001"


def domain_gpus(cluster: ClusterPlan) -> int:
    """GPUs of a cluster's NVLink domain: a rack of rack-scale systems, else a node. As many are serviced at a time."""
    return cluster.system.gpus_per_node * (cluster.nodes_per_rack if cluster.system.rack_scale else 1)


@rule.region(
    id="domain-part", area="domain", severity="note",
    reason="work that spans NVLink domains is placed in whole ones: what is left over serves small jobs only",
    remedy="give the tenant GPUs by whole racks, if its jobs span racks", source=_GB200,
)  # fmt: skip
def domain_part(view: RegionView) -> Iterator[Breach]:
    """Tenants whose share of GPUs spans several NVLink domains and ends inside one."""
    for tenant in view.plan.tenants:
        gpus = domain_gpus(cluster := view.plan.cluster(tenant.cluster))
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
    """Tenants whose dedicated racks are scattered over more scalable units than any one stretch of racks touches."""
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
