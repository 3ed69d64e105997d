"""Queues: topology, flavours and priorities of a cluster, and the queue of each tenant.

Whole GPUs are shared by Kueue with topology-aware scheduling. A node that lacks one label of the topology is unusable
by it, so its levels are labels that every machine deployment sets; nodes of an adopted cluster have the host's only.
A flavour with a topology must carry its tolerations itself: Kueue ignores those that a webhook adds.

A tenant's quota is a promise that its ResourceQuota enforces, so queues do not borrow: Kueue would start what the
ResourceQuota then refuses. Shared tenants stand in one cohort all the same, because preemption works within one: when
quotas are lowered to shed load, whoever is above its own gives way first.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..plan.model import ClusterPlan, RegionPlan, ServiceUse, TenantPlan
from . import _device_classes, _flux, fabric_network, ids, labels
from .base import LABEL, KubeObject, Manifest, make
from .ids import Subject, object_id

API = "kueue.x-k8s.io/v1beta2"
CHART = "kueue"
SHARED = "shared"
"""Flavour of the nodes that no tenant has for itself; tenants' names can't be it, see `flavour_name`."""
HOST = "kubernetes.io/hostname"
LEVELS = (labels.SU, labels.RACK, HOST)
"""Topology levels, widest first; the lowest is the host, where taints are respected."""
SHED_ORDER = f"{LABEL}/shed-order"
"""Annotation of a priority class: its place, from 1, among what is shed first when power is short."""


def shared(plan: RegionPlan, cluster: ClusterPlan) -> Iterator[KubeObject]:
    """Kueue's objects that all tenants of a cluster share: topology, flavours, cohort and priorities."""
    after = (_flux.release_id(cluster, CHART),)
    topology = _on(
        cluster, ids.cluster(cluster.name), make(API, "Topology", _topology(cluster), spec=_levels(cluster)), after
    )
    yield topology
    owners = [None, *(tenant for tenant in plan.tenants_of(cluster.name) if tenant.racks)]
    for owner in owners:
        manifest = make(API, "ResourceFlavor", flavour_name(owner), spec=_flavour(cluster, owner))
        whose = ids.cluster(cluster.name) if owner is None else ids.tenant(owner.name)
        yield _on(cluster, whose, manifest, (*after, topology.id))
    yield _on(cluster, ids.cluster(cluster.name), make(API, "Cohort", cohort(cluster), spec={}), after)
    for use in _services(plan, cluster):
        yield _on(cluster, ids.cluster(cluster.name), _priority(plan, use), after)


def tenant_queues(plan: RegionPlan, tenant: TenantPlan, namespace: str) -> Iterator[KubeObject]:
    """Kueue's queues of a tenant: a cluster queue with its quota, and a local queue for each service.

    Args:
        plan: the region.
        tenant: the tenant.
        namespace: id of its namespace.
    """
    cluster = plan.cluster(tenant.cluster)
    flavour = make(API, "ResourceFlavor", flavour_name(tenant if tenant.racks else None))
    after = (_flux.release_id(cluster, CHART), object_id(cluster.name, flavour))
    queue = _on(
        cluster, ids.tenant(tenant.name), make(API, "ClusterQueue", tenant.name, spec=_queue(cluster, tenant)), after
    )
    yield queue
    for name in queue_names(tenant):
        local = make(API, "LocalQueue", name, tenant.name, spec={"clusterQueue": tenant.name})
        yield _on(cluster, ids.tenant(tenant.name), local, (queue.id, namespace))


def queue_names(tenant: TenantPlan) -> list[str]:
    """Names of a tenant's Kueue queues: `default` for what names none, and one for each service."""
    return list(dict.fromkeys(["default", *(use.name for use in tenant.services)]))


def flavour_name(owner: TenantPlan | None) -> str:
    """Kueue flavour of a tenant's own nodes, or of shared ones; a tenant called `shared` doesn't meet the latter.

    A flavour's node labels can't change (its CEL rules), and it can't go while a queue uses it (its finalizer): with
    other labels it gets another name, which its queue then takes. `tenant-<name>` had `node.cluster.x-k8s.io/tenant`.
    """
    return SHARED if owner is None else f"dedicated-{owner.name}"


def cohort(cluster: ClusterPlan) -> str:
    """Name of the Kueue cohort of the shared tenants of a cluster."""
    return f"{cluster.name}-{SHARED}"


def _on(cluster: ClusterPlan, owner: Subject, manifest: Manifest, after: tuple[str, ...]) -> KubeObject:
    return KubeObject(target=cluster.name, owner=owner, manifest=manifest, after=after)


def _topology(cluster: ClusterPlan) -> str:
    return cluster.system.id


def _levels(cluster: ClusterPlan) -> Manifest:
    return {"levels": [{"nodeLabel": label} for label in (LEVELS if cluster.built else (HOST,))]}


def _flavour(cluster: ClusterPlan, owner: TenantPlan | None) -> Manifest:
    name = owner.name if owner is not None else None
    marks, tolerations = labels.tenant_nodes(cluster.built, name), labels.tenant_tolerations(name)
    return {"topologyName": _topology(cluster), "nodeLabels": marks, "tolerations": tolerations}


def _services(plan: RegionPlan, cluster: ClusterPlan) -> list[ServiceUse]:
    uses = {use.name: use for tenant in plan.tenants_of(cluster.name) for use in tenant.services}
    return [uses[name] for name in sorted(uses)]


def _priority(plan: RegionPlan, use: ServiceUse) -> Manifest:
    first = plan.spec.energy.shed_first
    notes = {SHED_ORDER: str(first.index(use.name) + 1)} if use.name in first else None
    words = use.profile.description or use.name
    return make(API, "WorkloadPriorityClass", use.name, annotations=notes, value=use.priority, description=words)


def _queue(cluster: ClusterPlan, tenant: TenantPlan) -> Manifest:
    resources = [{"name": name, "nominalQuota": value} for name, value in _covered(cluster, tenant).items()]
    body: Manifest = {
        # The API server sets this label to the namespace's name: no other namespace can have it.
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": tenant.name}},
        "queueingStrategy": "BestEffortFIFO",
        "preemption": {"withinClusterQueue": "LowerPriority"},
    }
    if not tenant.racks:
        body["cohortName"] = cohort(cluster)
        body["preemption"]["reclaimWithinCohort"] = "Any"
        resources = [{**resource, "borrowingLimit": "0"} for resource in resources]
    flavour = {"name": flavour_name(tenant if tenant.racks else None), "resources": resources}
    body["resourceGroups"] = [{"coveredResources": [resource["name"] for resource in resources], "flavors": [flavour]}]
    return body


def _covered(cluster: ClusterPlan, tenant: TenantPlan) -> dict[str, str]:
    """Quota by resource. Kueue admits only what asks for covered resources: rails and devices are among them.

    There are as many channels of compute domains as nodes, of which each has one.
    """
    limits = tenant.quota
    nodes = -(-tenant.gpus // cluster.system.gpus_per_node)
    return {
        "cpu": str(limits.cpu),
        "memory": f"{limits.memory_gib}Gi",
        "pods": str(limits.pods),
        "nvidia.com/gpu": str(limits.gpus),
        **{name: str(nodes * count) for name, count in fabric_network.rail_resources(cluster).items()},
        **dict.fromkeys(_device_classes.by_resource(cluster), str(nodes)),
    }
