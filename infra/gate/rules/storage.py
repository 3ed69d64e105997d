"""Storage: what is encrypted, what is promised, and what training needs."""

from __future__ import annotations

from collections.abc import Iterator

from ...plan.model import RegionPlan, StoragePlan
from .. import rule
from ..rule import Breach, RegionView

_SHARED = ("parallel", "block", "file", "object")
"""Tiers whose data outlives a job and moves with no drive."""
_FAST = ("parallel", "file")


@rule.region(
    id="storage-encrypted", area="secrets", severity="error",
    reason="a drive that is replaced or a snapshot that is copied carries tenants' data out in the clear",
    remedy="leave out encrypted: false", source="Cloud Security Alliance, Cloud Controls Matrix v4, CEK-03",
)  # fmt: skip
def storage_encrypted(view: RegionView) -> Iterator[Breach]:
    """Shared storage that is not encrypted at rest."""
    for system in view.plan.storage:
        if system.spec.tier in _SHARED and not system.spec.encrypted:
            message = f"tenants' data is encrypted at rest: {system.name} ({system.spec.tier}) is not"
            yield Breach(message=message, subject=f"storage/{system.name}", path=("storage", system.name, "encrypted"))


@rule.region(
    id="storage-quota", area="storage", severity="error",
    reason="a quota is a promise: the last tenants to write find the storage full, and so do all others",
    remedy="lower the tenants' quota.storage_tib, or add capacity",
    source="https://kubernetes.io/docs/concepts/policy/resource-quotas/",
)  # fmt: skip
def storage_quota(view: RegionView) -> Iterator[Breach]:
    """Quotas beyond the capacity of all storages of their clusters, where all capacities are known."""
    names = [cluster.name for cluster in view.plan.clusters]
    alone = [breach for name in names for breach in _promised(view.plan, [name], f"cluster/{name}")]
    yield from alone or _promised(view.plan, names, f"region/{view.plan.name}")


def _promised(plan: RegionPlan, clusters: list[str], subject: str) -> Iterator[Breach]:
    storages = [
        system for system in plan.storage if system.spec.driver is not None and set(system.clusters) & set(clusters)
    ]
    tenants = [tenant for tenant in plan.tenants if tenant.cluster in clusters and tenant.spec.quota.storage_tib]
    capacity, promised = _capacity_tib(storages), sum(tenant.spec.quota.storage_tib or 0 for tenant in tenants)
    if tenants and capacity is not None and promised > capacity:
        where = ", ".join(system.name for system in storages) or "no storage"
        message = (
            f"quotas stay within the capacity: {', '.join(tenant.name for tenant in tenants)} may fill "
            f"{promised:,g} TiB, {where} holds {capacity:,g} TiB"
        )
        yield Breach(message=message, subject=subject, path=("tenants", tenants[-1].name, "quota"))


def _capacity_tib(storages: list[StoragePlan]) -> float | None:
    sizes = [system.spec.size_tib for system in storages]
    return None if None in sizes else sum(size or 0 for size in sizes)


@rule.region(
    id="storage-training", area="storage", severity="warning",
    reason="training without shared fast storage waits for data, and a checkpoint on a local drive dies with its node",
    remedy="add a storage of tier parallel or file for the cluster",
    source="DGX SuperPOD with DGX H100, RA-11333-001 V11, table 6 and storage architecture",
)  # fmt: skip
def storage_training(view: RegionView) -> Iterator[Breach]:
    """Built training clusters that have tenants and no shared fast storage. An adopted cluster may have its own."""
    for cluster in view.plan.clusters:
        fast = any(system.spec.tier in _FAST and cluster.name in system.clusters for system in view.plan.storage)
        if cluster.built and cluster.spec.purpose == "training" and view.plan.tenants_of(cluster.name) and not fast:
            message = f"training has shared fast storage: {cluster.name} has none of tier {' or '.join(_FAST)}"
            yield Breach(message=message, subject=f"cluster/{cluster.name}", path=("clusters", cluster.name))
