"""A tenant enclave: namespace, quota, network isolation, rights and queues of one tenant.

Admission rules that hold for all tenants stand in `tenant_policy`. What is not granted is denied: traffic by network
policy, GPUs by queue and quota, other tenants' nodes by taint, selector and admission.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from ..plan.model import ClusterPlan, RegionPlan, TenantPlan
from . import (
    _flux,
    _queue_rules,
    _tenant_defaults,
    _tenant_limits,
    _tenant_rights,
    fabric_network,
    ids,
    kueue,
    labels,
    rook,
    storage,
)
from .base import LABEL, Block, KubeObject, Manifest, make

NETWORKING = "networking.k8s.io/v1"
METADATA_ADDRESS = "169.254.169.254/32"
"""Link-local address where metadata services answer."""
_PSS_VERSION = "v1.34"
"""Version of the pod security standard: the oldest Kubernetes release in the catalogue."""


def block(plan: RegionPlan, tenant: TenantPlan, stack: str) -> Block:
    """Objects of a tenant's enclave: namespace, quota, network policies, rights, queues.

    Args:
        plan: the region.
        tenant: one of its tenants, isolation `shared` or `dedicated-nodes`.
        stack: stack of the block.
    """
    cluster = plan.cluster(tenant.cluster)
    home = _namespace(plan, cluster, tenant)
    inside = [
        *_tenant_limits.manifests(plan, cluster, tenant),
        *_networks(plan, cluster, tenant),
        *_tenant_rights.manifests(plan, cluster, tenant),
    ]
    items = [
        home,
        *(_in(cluster, tenant, manifest, home.id) for manifest in inside),
        _tenant_rights.reading(cluster, tenant),
        *storage.tenant_credentials(plan, cluster, tenant),
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
    # Warnings look at templates as they are written: what is filled in is none to warn of.
    warned = "baseline" if _tenant_defaults.filled(cluster) else "restricted"
    for mode, level in {"enforce": "restricted", "audit": warned, "warn": warned}.items():
        marks[f"pod-security.kubernetes.io/{mode}"] = level
        marks[f"pod-security.kubernetes.io/{mode}-version"] = _PSS_VERSION
    residency = tenant.spec.residency or plan.spec.sovereignty.residency
    notes = {
        f"{LABEL}/residency": ",".join(residency),
        f"{LABEL}/vni": str(tenant.vni),
        f"{LABEL}/network": str(tenant.network),
        _queue_rules.QUEUES: ",".join(kueue.queue_names(tenant)),
        **_place(cluster, tenant),
    }
    manifest = make("v1", "Namespace", tenant.name, labels=marks, annotations=notes)
    after = _flux.ready_ids(cluster)
    return KubeObject(
        target=cluster.name,
        owner=ids.tenant(tenant.name),
        manifest=manifest,
        after=after,
        protect=plan.spec.protect,
    )


def _place(cluster: ClusterPlan, tenant: TenantPlan) -> dict[str, str]:
    """Where pods run that say nothing of it, so that manifests of any origin land on tenants' nodes.

    Admission plug-ins fill it in, on an adopted cluster if they are on there. Kueue does too, for what it starts.
    """
    owner = tenant.name if tenant.racks else None
    selector = labels.tenant_nodes(cluster.built, owner)
    return {
        labels.NODE_SELECTOR: ",".join(f"{key}={value}" for key, value in selector.items()),
        labels.DEFAULT_TOLERATIONS: json.dumps(labels.tenant_tolerations(owner)),
    }


def _networks(plan: RegionPlan, cluster: ClusterPlan, tenant: TenantPlan) -> Iterator[Manifest]:
    every: Manifest = {"podSelector": {}}
    closed = {**every, "policyTypes": ["Ingress", "Egress"]}
    yield make(NETWORKING, "NetworkPolicy", "default-deny", tenant.name, spec=closed)
    egress = [{"to": [every]}, _dns(), *_buckets(plan, cluster)]
    yield make(
        NETWORKING,
        "NetworkPolicy",
        "allow",
        tenant.name,
        spec={**closed, "ingress": [{"from": [every]}], "egress": egress},
    )
    if cluster.networks is not None:
        yield _never(plan, cluster, tenant)
    if tenant.pkey is not None:
        yield _partition(tenant)


def _buckets(plan: RegionPlan, cluster: ClusterPlan) -> Iterator[Manifest]:
    """Ceph's object gateways, the only storage that pods speak to: nodes mount volumes, and drivers manage systems."""
    used = (system for system in plan.storage if cluster.name in system.clusters)
    if any(system.spec.driver == "rook-ceph" and system.spec.tier == "object" for system in used):
        room = {"matchLabels": {"kubernetes.io/metadata.name": rook.NAMESPACE}}
        peer = {"namespaceSelector": room, "podSelector": {"matchLabels": {"app": rook.GATEWAY_APP}}}
        yield {"to": [peer], "ports": [{"protocol": "TCP", "port": rook.GATEWAY_PORT}]}


def _dns() -> Manifest:
    system = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}
    peer = {**system, "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}}}
    ports = [{"protocol": protocol, "port": 53} for protocol in ("UDP", "TCP")]
    return {"to": [peer], "ports": ports}


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
