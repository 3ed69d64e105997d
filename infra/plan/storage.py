"""Storage to plan for: throughput by published guideline, and how much of the capacity each tenant may fill."""

from __future__ import annotations

from .. import spec
from ..catalog import Catalog
from .model import ClusterPlan, RegionPlan, StoragePlan, TenantPlan


def throughput(storage: spec.Storage, gpus: int, catalog: Catalog) -> tuple[float | None, float | None, str]:
    """Read and write throughput of a storage system in GB/s by published guideline, and where they come from.

    The DGX SuperPOD guideline gives GB/s for one scalable unit of 256 GPUs; it grows linearly with the
    GPUs that use the storage (the 4 SU column of the same table is four times the first).
    """
    if storage.tier != "parallel":
        return None, None, f"no guideline is published for tier {storage.tier}"
    guideline = catalog.storage_guideline(storage.grade)
    factor = gpus / guideline.gpus
    return round(guideline.read_gbps * factor, 1), round(guideline.write_gbps * factor, 1), guideline.source


def tenant_shares(plan: RegionPlan, cluster: ClusterPlan, tenant: TenantPlan) -> dict[str, float]:
    """How much of each storage class a tenant may fill, in TiB; classes without a capacity or a quota are left out.

    Shares of all tenants add up to no more than the capacity (the gate's rule `storage-quota` for given quotas). A
    quota of the region file is split over the classes by their capacity. Without one it is the tenant's share of the
    GPUs that the storage's clusters may have at `max_racks`: neither another tenant nor a further rack lowers it.

    Args:
        plan: the region.
        cluster: the tenant's cluster.
        tenant: the tenant.
    """
    used = [s for s in plan.storage if cluster.name in s.clusters and s.spec.driver is not None]
    whole = sum(storage.spec.size_tib or 0 for storage in used)
    given = tenant.spec.quota.storage_tib
    shares: dict[str, float] = {}
    for storage in used:
        capacity = storage.spec.size_tib
        if capacity is None:
            if given is not None:
                shares[storage.name] = given
        elif given is not None:
            shares[storage.name] = min(capacity, given * capacity / whole)
        else:
            shares[storage.name] = capacity * tenant.gpus / _most_gpus(plan, storage)
    return shares


def _most_gpus(plan: RegionPlan, storage: StoragePlan) -> int:
    """GPUs of all clusters that use a storage, at `max_racks`."""
    clusters = [plan.cluster(name) for name in storage.clusters]
    return sum(c.max_racks * c.nodes_per_rack * c.system.gpus_per_node for c in clusters)
