"""Queues: topology, flavours and priorities of a cluster, and the queue of each tenant.

Whole GPUs are shared by Kueue with topology-aware scheduling. A node that lacks one label of the topology is unusable
by it, so its levels are labels that every machine deployment sets. A flavour with a topology must carry its
tolerations itself: Kueue ignores those that a webhook adds.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..plan.model import ClusterPlan, RegionPlan, ServiceUse, TenantPlan
from . import fabric_network, labels
from .base import KubeObject, Manifest, make, object_id

API = "kueue.x-k8s.io/v1beta2"
CHART = "kueue"
SHARED = "shared"
"""Flavour of the nodes that no tenant has for itself."""
LEVELS = (labels.SU, labels.RACK, "kubernetes.io/hostname")
"""Topology levels, widest first; the lowest is the host, where taints are respected."""
_CPU_KEPT = 0.1
"""Share of a node's CPU and memory that stays for the system and the platform's own pods (assumption)."""


def shared(plan: RegionPlan, cluster: ClusterPlan) -> Iterator[KubeObject]:
    """Topology, flavours, cohort and priorities of a cluster."""
    after = (_release(cluster),)
    yield _on(cluster, make(API, "Topology", _topology(cluster), spec=_levels()), after)
    topology = object_id(cluster.name, make(API, "Topology", _topology(cluster)))
    yield _on(cluster, make(API, "ResourceFlavor", SHARED, spec=_flavour(cluster, None)), (*after, topology))
    for tenant in plan.tenants_of(cluster.name):
        if tenant.racks:
            flavour = make(API, "ResourceFlavor", tenant.name, spec=_flavour(cluster, tenant.name))
            yield _on(cluster, flavour, (*after, topology))
    yield _on(cluster, make(API, "Cohort", cohort(cluster), spec={}), after)
    for use in _services(plan, cluster):
        manifest = make(API, "WorkloadPriorityClass", use.name, value=use.priority, description=_described(use))
        yield _on(cluster, manifest, after)


def tenant(plan: RegionPlan, one: TenantPlan, namespace: str) -> Iterator[KubeObject]:
    """Queues of a tenant: a cluster queue with its quota, and a local queue for each service."""
    cluster = plan.cluster(one.cluster)
    flavour = one.name if one.racks else SHARED
    after = (_release(cluster), object_id(cluster.name, make(API, "ResourceFlavor", flavour)))
    queue = make(API, "ClusterQueue", one.name, spec=_queue(cluster, one, flavour))
    yield _on(cluster, queue, after)
    queue_id = object_id(cluster.name, queue)
    for name in queue_names(one):
        local = make(API, "LocalQueue", name, one.name, spec={"clusterQueue": one.name})
        yield _on(cluster, local, (queue_id, namespace))


def queue_names(one: TenantPlan) -> list[str]:
    """Names of a tenant's local queues: `default`, and one for each service."""
    return ["default", *(use.name for use in one.services)]


def cohort(cluster: ClusterPlan) -> str:
    """Cohort in which the shared tenants of a cluster lend each other what they don't use."""
    return f"{cluster.name}-{SHARED}"


def quota(cluster: ClusterPlan, one: TenantPlan) -> dict[str, int]:
    """What a tenant may use: GPUs, CPU cores, memory in GiB and pods.

    CPU and memory follow the share of GPUs where the region file gives none, less what the system keeps.
    """
    share = one.gpus / cluster.system.gpus_per_node * (1 - _CPU_KEPT)
    given = one.spec.quota
    return {
        "gpus": one.gpus,
        "cpu": given.cpu or max(1, int(share * cluster.system.cpu)),
        "memory_gib": given.memory_gib or max(1, int(share * cluster.system.memory_gib)),
        "pods": given.pods,
    }


def _on(cluster: ClusterPlan, manifest: Manifest, after: tuple[str, ...]) -> KubeObject:
    return KubeObject(target=cluster.name, manifest=manifest, after=after)


def _release(cluster: ClusterPlan) -> str:
    release = make("helm.toolkit.fluxcd.io/v2", "HelmRelease", CHART, cluster.name)
    return object_id(cluster.management, release)


def _topology(cluster: ClusterPlan) -> str:
    return cluster.system.id


def _levels() -> Manifest:
    return {"levels": [{"nodeLabel": label} for label in LEVELS]}


def _flavour(cluster: ClusterPlan, tenant: str | None) -> Manifest:
    marks = {labels.ROLE: labels.ROLE_GPU, labels.SYSTEM: cluster.system.id}
    taints = [labels.GPU_TAINT]
    if tenant is not None:
        marks[labels.TENANT] = tenant
        taints.append(labels.tenant_taint(tenant))
    tolerations = [{"key": t["key"], "operator": "Equal", "value": t["value"], "effect": t["effect"]} for t in taints]
    return {"topologyName": _topology(cluster), "nodeLabels": marks, "tolerations": tolerations}


def _services(plan: RegionPlan, cluster: ClusterPlan) -> list[ServiceUse]:
    uses = {use.name: use for tenant in plan.tenants_of(cluster.name) for use in tenant.services}
    return [uses[name] for name in sorted(uses)]


def _described(use: ServiceUse) -> str:
    return use.profile.description or use.name


def _queue(cluster: ClusterPlan, one: TenantPlan, flavour: str) -> Manifest:
    limits = quota(cluster, one)
    nodes = -(-one.gpus // cluster.system.gpus_per_node)
    resources = {
        "cpu": str(limits["cpu"]),
        "memory": f"{limits['memory_gib']}Gi",
        "pods": str(limits["pods"]),
        "nvidia.com/gpu": str(limits["gpus"]),
    }
    resources |= {name: str(nodes * count) for name, count in fabric_network.rail_resources(cluster).items()}
    spec: Manifest = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": one.name}},
        "queueingStrategy": "BestEffortFIFO",
        "resourceGroups": [
            {
                "coveredResources": list(resources),
                "flavors": [
                    {
                        "name": flavour,
                        "resources": [{"name": name, "nominalQuota": value} for name, value in resources.items()],
                    }
                ],
            }
        ],
        "preemption": {"withinClusterQueue": "LowerPriority"},
    }
    if not one.racks:
        spec["cohortName"] = cohort(cluster)
        spec["preemption"]["reclaimWithinCohort"] = "Any"
    return spec
