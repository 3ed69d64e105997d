"""Storage to plan for: throughput by published guideline, and how much of the capacity each tenant may fill."""

from __future__ import annotations

from collections.abc import Mapping

from .. import spec
from ..catalog import Catalog, SystemEntry
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
    sizes = {storage.name: _part(plan, storage, cluster) for storage in used}
    whole = sum(size or 0 for size in sizes.values())
    given = tenant.spec.quota.storage_tib
    shares: dict[str, float] = {}
    for name, size in sizes.items():
        if size is None:
            if given is not None:
                shares[name] = given
        elif given is not None:
            shares[name] = min(size, given * size / whole)
        else:
            shares[name] = size * tenant.gpus / _most(cluster)
    return shares


def tenant_limit(plan: RegionPlan, tenant: TenantPlan) -> float | None:
    """How much a tenant may fill over all classes of its cluster, in TiB; None if any of them has no limit for it."""
    if (given := tenant.spec.quota.storage_tib) is not None:
        return given
    cluster = plan.cluster(tenant.cluster)
    shares = tenant_shares(plan, cluster, tenant)
    limited = all(s.name in shares for s in plan.storage if cluster.name in s.clusters and s.spec.driver is not None)
    return round(sum(shares.values()), 3) if shares and limited else None


def _part(plan: RegionPlan, storage: StoragePlan, cluster: ClusterPlan) -> float | None:
    if storage.spec.size_tib is None:
        return None
    gpus = {name: _most(plan.cluster(name)) for name in storage.clusters}
    return cluster_part(storage.spec.size_tib, cluster.name, gpus)


def _most(cluster: ClusterPlan) -> int:
    return most_gpus(cluster.max_racks, cluster.nodes_per_rack, cluster.system)


def most_gpus(max_racks: int, nodes_per_rack: int, system: SystemEntry) -> int:
    """GPUs that a cluster may have at its largest number of racks."""
    return max_racks * nodes_per_rack * system.gpus_per_node


def cluster_part(size_tib: float | None, cluster: str, gpus: Mapping[str, int]) -> float | None:
    """The part of a storage's capacity that is for one of its clusters, by the GPUs that each may have, in TiB.

    Args:
        size_tib: the whole capacity; None if it is not given.
        cluster: the cluster.
        gpus: GPUs of each cluster that uses the storage, at its largest number of racks.

    >>> cluster_part(100, "a", {"a": 72, "b": 216})
    25.0
    """
    return None if size_tib is None else size_tib * (gpus[cluster] / sum(gpus.values()))
