"""How much of a cluster a tenant may use: its quota, the limits of containers, and its share of the storage."""

from __future__ import annotations

from collections.abc import Iterator

from ..plan.model import ClusterPlan, RegionPlan, TenantPlan
from ..plan.quantities import GPU_NODE_DISK_GIB
from ..plan.storage import tenant_shares
from . import _tenant_rights
from .base import Manifest, make

MAX_QUOTA_TIB = 8191
"""Largest storage quota: the API server counts in thousandths of a byte in 64 bits, and refuses from 8 PiB on."""
OLD = 10
"""Old ones that are kept beside what is current: replica sets and revisions of a set (`revisionHistoryLimit`,
Kubernetes' default), and pods that have ended, which the quota of pods does not count."""
_LEGACY = ("configmaps", "secrets", "services", "persistentvolumeclaims")
"""Kinds that a quota counts by their plain names."""


def manifests(plan: RegionPlan, cluster: ClusterPlan, tenant: TenantPlan) -> Iterator[Manifest]:
    """Quotas and limit range of a tenant's namespace.

    Args:
        plan: the region.
        cluster: the tenant's cluster.
        tenant: the tenant.
    """
    limits = tenant.quota
    hard = {
        "requests.nvidia.com/gpu": str(limits.gpus),
        "requests.cpu": str(limits.cpu),
        "requests.memory": f"{limits.memory_gib}Gi",
        "requests.ephemeral-storage": f"{limits.ephemeral_gib}Gi",
        "pods": str(limits.pods),
        "services.nodeports": "0",
        "services.loadbalancers": str(limits.load_balancers),
        **_counts(plan, cluster, limits.pods),
        **_storage_limits(plan, cluster, tenant),
    }
    yield make("v1", "ResourceQuota", "tenant", tenant.name, spec={"hard": hard})
    # One pod that keeps others' apart keeps every node for itself; the policy for pods says so in words.
    apart: Manifest = {"hard": {"pods": "0"}, "scopes": ["CrossNamespacePodAffinity"]}
    yield make("v1", "ResourceQuota", "no-affinity-elsewhere", tenant.name, spec=apart)
    yield make("v1", "LimitRange", "tenant", tenant.name, spec={"limits": [_container_limits(cluster)]})


def _counts(plan: RegionPlan, cluster: ClusterPlan, pods: int) -> dict[str, str]:
    """As many of every kind that a tenant may make as pods, so that no one fills the cluster's store."""
    many = str(pods * (1 + OLD))
    counts = {"count/pods": many, "count/replicasets.apps": many, "count/controllerrevisions.apps": many}
    for group, names in _tenant_rights.work(plan, cluster):
        for name in names:
            if "/" in name or name == "pods":
                continue
            key = name if not group and name in _LEGACY else f"count/{name}.{group}".rstrip(".")
            counts.setdefault(key, str(pods))
    return counts


def _storage_limits(plan: RegionPlan, cluster: ClusterPlan, tenant: TenantPlan) -> dict[str, str]:
    """The tenant's limit over all classes, and its share of each class.

    The limit over all is left out where it is beyond what a quota can count: the classes' own hold then.
    """
    most = tenant.spec.quota.storage_tib
    limits = {"requests.storage": most} if most is not None and most <= MAX_QUOTA_TIB else {}
    for name, share in tenant_shares(plan, cluster, tenant).items():
        limits[f"{name}.storageclass.storage.k8s.io/requests.storage"] = min(share, MAX_QUOTA_TIB)
    return {name: f"{int(tib * 1024)}Gi" for name, tib in limits.items()}


def _container_limits(cluster: ClusterPlan) -> Manifest:
    """A container may be as large as a node; what says nothing is limited to a GPU's share of one.

    A smaller default limit would refuse containers that ask for more than it and name no limit of their own. GPUs
    are left out: a largest number of them would be the default of containers that want none.
    """
    system = cluster.system
    share = max(1, system.gpus_per_node)
    node = {
        "cpu": str(system.cpu), "memory": f"{system.memory_gib}Gi", "ephemeral-storage": f"{GPU_NODE_DISK_GIB}Gi",
    }  # fmt: skip
    default = {
        "cpu": str(max(1, system.cpu // share)),
        "memory": f"{max(1, system.memory_gib // share)}Gi",
        "ephemeral-storage": f"{GPU_NODE_DISK_GIB // share}Gi",
    }
    small = {"cpu": "100m", "memory": "128Mi", "ephemeral-storage": "1Gi"}
    return {"type": "Container", "max": node, "default": default, "defaultRequest": small}
