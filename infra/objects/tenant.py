"""A tenant enclave: namespace, quota, network isolation, rights and queues of one tenant.

Admission rules that hold for all tenants stand in `tenant_policy`. What is not granted is denied: traffic by network
policy, GPUs by queue and quota, other tenants' nodes by taint, selector and admission.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from ..plan.model import ClusterPlan, RegionPlan, TenantPlan
from . import _flux, fabric_network, ids, kueue, labels, rook, storage, tenant_policy
from .base import LABEL, Block, KubeObject, Manifest, make

MAX_QUOTA_TIB = 8191
"""Largest storage quota: the API server counts in thousandths of a byte in 64 bits, and refuses from 8 PiB on."""
NETWORKING = "networking.k8s.io/v1"
METADATA_ADDRESS = "169.254.169.254/32"
"""Link-local address where metadata services answer."""
_PSS_VERSION = "v1.34"
"""Version of the pod security standard: the oldest Kubernetes release in the catalogue."""
_WORK = (
    ("", ("pods", "pods/log", "pods/exec", "pods/portforward", "services", "configmaps", "secrets", "events")),
    ("", ("persistentvolumeclaims", "serviceaccounts")),
    ("apps", ("deployments", "statefulsets", "replicasets")),
    ("batch", ("jobs", "cronjobs")),
    ("autoscaling", ("horizontalpodautoscalers",)),
    ("policy", ("poddisruptionbudgets",)),
    ("jobset.x-k8s.io", ("jobsets",)),
    ("trainer.kubeflow.org", ("trainjobs",)),
    ("leaderworkerset.x-k8s.io", ("leaderworkersets",)),
    ("snapshot.storage.k8s.io", ("volumesnapshots",)),
)
_READ = (
    ("kueue.x-k8s.io", ("localqueues", "workloads")),
    ("", ("resourcequotas", "limitranges")),
    # Claims for compute domains are made by their controller; one made by hand could name another tenant's domain.
    ("resource.k8s.io", ("resourceclaims", "resourceclaimtemplates")),
    ("k8s.cni.cncf.io", ("network-attachment-definitions",)),
)
_COUNTED = (
    "configmaps", "secrets", "services", "persistentvolumeclaims", "count/jobs.batch", "count/cronjobs.batch",
    "count/deployments.apps", "count/statefulsets.apps",
)  # fmt: skip
"""Kinds of which a tenant may have as many as pods, so that no one fills the cluster's store."""
_ALL = ["get", "list", "watch", "create", "update", "patch", "delete"]


def block(plan: RegionPlan, tenant: TenantPlan, stack: str) -> Block:
    """Objects of a tenant's enclave: namespace, quota, network policies, rights, queues.

    Args:
        plan: the region.
        tenant: one of its tenants, isolation `shared` or `dedicated-nodes`.
        stack: stack of the block.
    """
    cluster = plan.cluster(tenant.cluster)
    home = _namespace(plan, cluster, tenant)
    inside = [*_limits(plan, cluster, tenant), *_networks(plan, cluster, tenant), *_rights(cluster, tenant)]
    items = [
        home,
        *(_in(cluster, tenant, manifest, home.id) for manifest in inside),
        *kueue.tenant_queues(plan, tenant, home.id),
    ]
    return Block(type="TenantEnclave", name=tenant.name, stack=stack, items=tuple(items))


def _in(cluster: ClusterPlan, tenant: TenantPlan, manifest: Manifest, home: str) -> KubeObject:
    after = (home, *_kind_bringer(cluster, manifest))
    return KubeObject(target=cluster.name, owner=ids.tenant(tenant.name), manifest=manifest, after=after)


def _kind_bringer(cluster: ClusterPlan, manifest: Manifest) -> tuple[str, ...]:
    """The release that brings an object's kind."""
    chart = {"cilium.io/v2": "cilium", "k8s.cni.cncf.io/v1": fabric_network.CHART}.get(manifest["apiVersion"])
    return () if chart is None else (_flux.release_id(cluster, chart),)


def _namespace(plan: RegionPlan, cluster: ClusterPlan, tenant: TenantPlan) -> KubeObject:
    marks = {labels.TENANT_NAMESPACE: tenant.name, labels.ISOLATION: tenant.spec.isolation}
    for mode in ("enforce", "audit", "warn"):
        marks[f"pod-security.kubernetes.io/{mode}"] = "restricted"
        marks[f"pod-security.kubernetes.io/{mode}-version"] = _PSS_VERSION
    residency = tenant.spec.residency or plan.spec.sovereignty.residency
    notes = {
        f"{LABEL}/residency": ",".join(residency),
        f"{LABEL}/vni": str(tenant.vni),
        f"{LABEL}/network": str(tenant.network),
        tenant_policy.QUEUES: ",".join(kueue.queue_names(tenant)),
    }
    if cluster.built:
        own = f",{labels.TENANT}={tenant.name}" if tenant.racks else ""
        notes[labels.NODE_SELECTOR] = labels.GPU_NODES + own
    manifest = make("v1", "Namespace", tenant.name, labels=marks, annotations=notes)
    after = _flux.ready_ids(cluster)
    return KubeObject(
        target=cluster.name,
        owner=ids.tenant(tenant.name),
        manifest=manifest,
        after=after,
        protect=plan.spec.protect,
    )


def _limits(plan: RegionPlan, cluster: ClusterPlan, tenant: TenantPlan) -> Iterator[Manifest]:
    limits = tenant.quota
    hard = {
        "requests.nvidia.com/gpu": str(limits.gpus),
        "requests.cpu": str(limits.cpu),
        "requests.memory": f"{limits.memory_gib}Gi",
        "pods": str(limits.pods),
        "services.nodeports": "0",
        **dict.fromkeys(_COUNTED, str(limits.pods)),
        **_storage_limits(plan, cluster, tenant),
    }
    yield make("v1", "ResourceQuota", "tenant", tenant.name, spec={"hard": hard})
    yield make("v1", "LimitRange", "tenant", tenant.name, spec={"limits": [_container_limits(cluster)]})


def _storage_limits(plan: RegionPlan, cluster: ClusterPlan, tenant: TenantPlan) -> dict[str, str]:
    """The tenant's limit over all classes, and for each class no more than that and than its capacity.

    Left out where it is beyond what a quota can count: the storage system itself is the limit then.
    """
    most = tenant.spec.quota.storage_tib
    limits = {"requests.storage": most}
    for name, capacity in storage.classes(plan, cluster).items():
        sizes = [size for size in (most, capacity) if size is not None]
        limits[f"{name}.storageclass.storage.k8s.io/requests.storage"] = min(sizes, default=None)
    return {name: f"{int(tib * 1024)}Gi" for name, tib in limits.items() if tib is not None and tib <= MAX_QUOTA_TIB}


def _container_limits(cluster: ClusterPlan) -> Manifest:
    """A container may be as large as a node, and is so limited if it says nothing.

    A smaller default limit would refuse every container that asks for more than it and names no limit of its own. GPUs
    are left out: a largest number of them would be the default of containers that want none.
    """
    node = {"cpu": str(cluster.system.cpu), "memory": f"{cluster.system.memory_gib}Gi"}
    small = {"cpu": "100m", "memory": "128Mi"}
    return {"type": "Container", "max": node, "default": node, "defaultRequest": small}


def _networks(plan: RegionPlan, cluster: ClusterPlan, tenant: TenantPlan) -> Iterator[Manifest]:
    every: Manifest = {"podSelector": {}}
    closed = {**every, "policyTypes": ["Ingress", "Egress"]}
    yield make(NETWORKING, "NetworkPolicy", "default-deny", tenant.name, spec=closed)
    inside = {**closed, "ingress": [{"from": [every]}], "egress": [{"to": [every]}]}
    yield make(NETWORKING, "NetworkPolicy", "allow-inside", tenant.name, spec=inside)
    yield make(NETWORKING, "NetworkPolicy", "allow-dns", tenant.name, spec={**every, **_dns()})
    if to := _storage_peers(plan, cluster):
        spec = {**every, "policyTypes": ["Egress"], "egress": [{"to": to}]}
        yield make(NETWORKING, "NetworkPolicy", "allow-storage", tenant.name, spec=spec)
    if cluster.networks is not None:
        yield _never(plan, cluster, tenant)
    if tenant.pkey is not None:
        yield _partition(tenant)


def _storage_peers(plan: RegionPlan, cluster: ClusterPlan) -> list[Manifest]:
    """Networks of storage systems with an endpoint, and Ceph's object gateways. Volumes need none: nodes mount them."""
    used = [system for system in plan.storage if cluster.name in system.clusters]
    peers: list[Manifest] = [
        {"ipBlock": {"cidr": str(system.network)}} for system in used if system.spec.endpoint is not None
    ]
    if any(system.spec.driver == "rook-ceph" and system.spec.tier == "object" for system in used):
        room = {"matchLabels": {"kubernetes.io/metadata.name": rook.NAMESPACE}}
        peers.append({"namespaceSelector": room, "podSelector": {"matchLabels": {"app": "rook-ceph-rgw"}}})
    return peers


def _dns() -> Manifest:
    system = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}
    peer = {**system, "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}}}
    ports = [{"protocol": protocol, "port": 53} for protocol in ("UDP", "TCP")]
    return {"policyTypes": ["Egress"], "egress": [{"to": [peer], "ports": ports}]}


def _never(plan: RegionPlan, cluster: ClusterPlan, tenant: TenantPlan) -> Manifest:
    """Denials that no later allowance lifts: other tenants, out-of-band network, nodes, control plane, metadata."""
    networks = [str(plan.spec.addressing.oob_v4), METADATA_ADDRESS]
    if cluster.networks is not None:
        networks += [str(cluster.networks.nodes), str(cluster.networks.bmc)]
    spec = {
        "endpointSelector": {},
        "egressDeny": [
            {"toCIDR": list(dict.fromkeys(networks))},
            {"toEntities": ["host", "remote-node", "kube-apiserver"]},
            {"toEndpoints": [_other_tenants(tenant)]},
        ],
        "ingressDeny": [{"fromEntities": ["world"]}, {"fromEndpoints": [_other_tenants(tenant)]}],
    }
    return make("cilium.io/v2", "CiliumNetworkPolicy", "never", tenant.name, spec=spec)


def _other_tenants(tenant: TenantPlan) -> Manifest:
    """Pods in namespaces of other tenants; Cilium gives pods the labels of their namespace."""
    key = f"k8s:io.cilium.k8s.namespace.labels.{labels.TENANT_NAMESPACE}"
    return {
        "matchExpressions": [
            {"key": key, "operator": "Exists"},
            {"key": key, "operator": "NotIn", "values": [tenant.name]},
        ]
    }


def _partition(tenant: TenantPlan) -> Manifest:
    """The tenant's InfiniBand partition as a network of its namespace; no other namespace can name it.

    SriovIBNetwork has no field for a P_Key, so the attachment is declared itself. UFM enforces the membership.
    """
    config = {
        "cniVersion": "0.3.1",
        "name": "partition",
        "type": "ib-sriov",
        "pkey": f"{tenant.pkey:#06x}",
        "link_state": "enable",
        "rdmaIsolation": True,
        "ibKubernetesEnabled": True,
        "ipam": {},
    }
    notes = {"k8s.v1.cni.cncf.io/resourceName": fabric_network.IB_RESOURCE}
    return make(
        "k8s.cni.cncf.io/v1",
        "NetworkAttachmentDefinition",
        "partition",
        tenant.name,
        annotations=notes,
        spec={"config": json.dumps(config)},
    )


def _rights(cluster: ClusterPlan, tenant: TenantPlan) -> Iterator[Manifest]:
    """Work inside the namespace; neither quota nor policy nor rights can be changed."""
    api = "rbac.authorization.k8s.io"
    rules = [{"apiGroups": [group], "resources": list(names), "verbs": _ALL} for group, names in _WORK]
    rules += [{"apiGroups": [group], "resources": list(names), "verbs": _ALL[:3]} for group, names in _READ]
    if cluster.system.rack_scale:
        rules.append({"apiGroups": ["resource.nvidia.com"], "resources": ["computedomains"], "verbs": _ALL})
    yield make(f"{api}/v1", "Role", "tenant", tenant.name, rules=rules)
    subjects = [{"kind": "Group", "apiGroup": api, "name": group} for group in tenant.groups]
    role = {"apiGroup": api, "kind": "Role", "name": "tenant"}
    yield make(f"{api}/v1", "RoleBinding", "tenant", tenant.name, roleRef=role, subjects=subjects)
    account = tenant_policy.WORKLOAD_ACCOUNT
    yield make("v1", "ServiceAccount", account, tenant.name, automountServiceAccountToken=False)
