"""A tenant enclave: namespace, quota, network isolation, rights and queues of one tenant.

Admission rules that hold for all tenants stand in `tenant_policy`. What is not granted is denied: traffic by network
policy, GPUs by queue and quota, other tenants' nodes by taint, selector and admission.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from ..plan.model import ClusterPlan, RegionPlan, TenantPlan
from . import fabric_network, kueue, labels, storage
from .base import LABEL, Block, KubeObject, Manifest, make, object_id

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
    ("resource.k8s.io", ("resourceclaims", "resourceclaimtemplates")),
    ("snapshot.storage.k8s.io", ("volumesnapshots",)),
)
_READ = (("kueue.x-k8s.io", ("localqueues", "workloads")), ("", ("resourcequotas", "limitranges")))
_ALL = ["get", "list", "watch", "create", "update", "patch", "delete"]


def block(plan: RegionPlan, tenant: TenantPlan, stack: str) -> Block:
    """Objects of a tenant's enclave.

    Args:
        plan: the region.
        tenant: one of its tenants, isolation `shared` or `dedicated-nodes`.
        stack: stack of the block.
    """
    cluster = plan.cluster(tenant.cluster)
    home = _namespace(plan, cluster, tenant)
    inside = [*_limits(plan, cluster, tenant), *_networks(plan, cluster, tenant), *_rights(cluster, tenant)]
    items = [home, *(_in(cluster, manifest, home.id) for manifest in inside), *kueue.tenant(plan, tenant, home.id)]
    return Block(type="TenantEnclave", name=tenant.name, stack=stack, items=tuple(items))


def _in(cluster: ClusterPlan, manifest: Manifest, home: str) -> KubeObject:
    return KubeObject(target=cluster.name, manifest=manifest, after=(home, *_kind_bringer(cluster, manifest)))


def _kind_bringer(cluster: ClusterPlan, manifest: Manifest) -> tuple[str, ...]:
    """The release that brings an object's kind."""
    chart = {"cilium.io/v2": "cilium", "k8s.cni.cncf.io/v1": fabric_network.CHART}.get(manifest["apiVersion"])
    if chart is None:
        return ()
    return (object_id(cluster.management, make("helm.toolkit.fluxcd.io/v2", "HelmRelease", chart, cluster.name)),)


def _namespace(plan: RegionPlan, cluster: ClusterPlan, tenant: TenantPlan) -> KubeObject:
    marks = {labels.TENANT_NAMESPACE: tenant.name, labels.ISOLATION: tenant.spec.isolation}
    for mode in ("enforce", "audit", "warn"):
        marks[f"pod-security.kubernetes.io/{mode}"] = "restricted"
        marks[f"pod-security.kubernetes.io/{mode}-version"] = _PSS_VERSION
    selector = labels.GPU_NODES + (f",{labels.TENANT}={tenant.name}" if tenant.racks else "")
    residency = tenant.spec.residency or plan.spec.sovereignty.residency
    notes = {
        labels.NODE_SELECTOR: selector,
        f"{LABEL}/residency": ",".join(residency),
        f"{LABEL}/vni": str(tenant.vni),
        f"{LABEL}/network": str(tenant.network),
    }
    manifest = make("v1", "Namespace", tenant.name, labels=marks, annotations=notes)
    return KubeObject(target=cluster.name, manifest=manifest, protect=plan.spec.protect)


def _limits(plan: RegionPlan, cluster: ClusterPlan, tenant: TenantPlan) -> Iterator[Manifest]:
    limits = kueue.quota(cluster, tenant)
    hard = {
        "requests.nvidia.com/gpu": str(limits["gpus"]),
        "requests.cpu": str(limits["cpu"]),
        "requests.memory": f"{limits['memory_gib']}Gi",
        "pods": str(limits["pods"]),
        "services.nodeports": "0",
    }
    if tenant.spec.quota.storage_tib is not None:
        gib = int(tenant.spec.quota.storage_tib * 1024)
        hard["requests.storage"] = f"{gib}Gi"
        for name in storage.classes(plan, cluster):
            hard[f"{name}.storageclass.storage.k8s.io/requests.storage"] = f"{gib}Gi"
    yield make("v1", "ResourceQuota", "tenant", tenant.name, spec={"hard": hard})
    small = {"cpu": "100m", "memory": "128Mi"}
    container = {"type": "Container", "default": {"cpu": "1", "memory": "1Gi"}, "defaultRequest": small}
    yield make("v1", "LimitRange", "tenant", tenant.name, spec={"limits": [container]})


def _networks(plan: RegionPlan, cluster: ClusterPlan, tenant: TenantPlan) -> Iterator[Manifest]:
    every: Manifest = {"podSelector": {}}
    closed = {**every, "policyTypes": ["Ingress", "Egress"]}
    yield make(NETWORKING, "NetworkPolicy", "default-deny", tenant.name, spec=closed)
    inside = {**closed, "ingress": [{"from": [every]}], "egress": [{"to": [every]}]}
    yield make(NETWORKING, "NetworkPolicy", "allow-inside", tenant.name, spec=inside)
    yield make(NETWORKING, "NetworkPolicy", "allow-dns", tenant.name, spec={**every, **_dns()})
    if stores := [s for s in plan.storage if cluster.name in s.clusters and s.spec.endpoint is not None]:
        to = [{"ipBlock": {"cidr": str(s.network)}} for s in stores]
        spec = {**every, "policyTypes": ["Egress"], "egress": [{"to": to}]}
        yield make(NETWORKING, "NetworkPolicy", "allow-storage", tenant.name, spec=spec)
    if cluster.networks is not None:
        yield _never(plan, cluster, tenant)
    if tenant.pkey is not None:
        yield _partition(tenant)


def _dns() -> Manifest:
    system = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}
    peer = {**system, "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}}}
    ports = [{"protocol": protocol, "port": 53} for protocol in ("UDP", "TCP")]
    return {"policyTypes": ["Egress"], "egress": [{"to": [peer], "ports": ports}]}


def _never(plan: RegionPlan, cluster: ClusterPlan, tenant: TenantPlan) -> Manifest:
    """Denials that no later allowance lifts: out-of-band network, nodes, control plane, metadata services."""
    networks = [str(plan.spec.addressing.oob_v4), METADATA_ADDRESS]
    if cluster.networks is not None:
        networks += [str(cluster.networks.nodes), str(cluster.networks.bmc)]
    spec = {
        "endpointSelector": {},
        "egressDeny": [
            {"toCIDR": list(dict.fromkeys(networks))},
            {"toEntities": ["host", "remote-node", "kube-apiserver"]},
        ],
        "ingressDeny": [{"fromEntities": ["world"]}],
    }
    return make("cilium.io/v2", "CiliumNetworkPolicy", "never", tenant.name, spec=spec)


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
    yield make("v1", "ServiceAccount", "workload", tenant.name, automountServiceAccountToken=False)
