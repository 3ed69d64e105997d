"""A GPU cluster on its management cluster: what Cluster API and Metal3 need to know beside its racks.

A built cluster has a control plane on core hosts, one address pool for its nodes, and the templates that all its
racks share. An adopted cluster has a namespace (for the kubeconfig secret that its owner provides) and its facts.

The `Cluster` object comes last and waits for its control plane: it needs no network plug-in for that, so the
workload plane can follow.
"""

from __future__ import annotations

from ..plan.model import ClusterPlan, Host, RegionPlan
from . import _hosts, _kubeadm, _machines, ids, labels, management
from .base import Block, KubeObject, Manifest, make

FIRST_NODE = 16
"""Node addresses start here in the node network: the gateway is 1, the rest up to 15 is the network's own."""
API_PORT = 6443
CONTROL_PLANE_SECONDS = 7200
"""How long a first control plane may take: three servers one after another, each inspected, imaged and booted."""


def block(plan: RegionPlan, cluster: ClusterPlan, stack: str) -> Block:
    """Objects of a GPU cluster on its management cluster, beside its racks: Cluster API, Metal3, control plane.

    Args:
        plan: the region.
        cluster: one of its clusters.
        stack: stack of the block.

    Raises:
        ValueError: a cluster built from bare metal in a region without node images.
    """
    items = _built(plan, cluster) if cluster.built else _adopted(plan, cluster)
    return Block(type="GpuCluster", name=cluster.name, stack=stack, items=tuple(items))


def _namespace(plan: RegionPlan, cluster: ClusterPlan) -> KubeObject:
    marks = {labels.HOST_CLUSTER: cluster.name}
    return KubeObject(
        target=cluster.management,
        owner=ids.cluster(cluster.name),
        manifest=make("v1", "Namespace", cluster.name, labels=marks),
        after=(management.gate_id(cluster.management),),
        protect=plan.spec.protect,
    )


def _adopted(plan: RegionPlan, cluster: ClusterPlan) -> list[KubeObject]:
    facts = {
        "region": plan.name,
        "cluster": cluster.name,
        "hall": cluster.hall,
        "system": cluster.system.id,
        "purpose": cluster.spec.purpose,
        "nodes": str(cluster.nodes),
        "gpus": str(cluster.gpus),
        "power-profile": cluster.power_profile,
    }
    namespace = _namespace(plan, cluster)
    manifest = make("v1", "ConfigMap", "ai-factory-cluster", cluster.name, data=facts)
    return [
        namespace,
        KubeObject(
            target=cluster.management, owner=ids.cluster(cluster.name), manifest=manifest, after=(namespace.id,)
        ),
    ]


def _built(plan: RegionPlan, cluster: ClusterPlan) -> list[KubeObject]:
    namespace = _namespace(plan, cluster)
    after = (namespace.id,)
    shared = [_object(cluster, manifest, after, retain=True) for manifest in _shared(plan, cluster)]
    settings = [_object(cluster, manifest, after) for manifest in (_nodes_pool(cluster), _remediation(cluster))]
    hosts = _control_plane_hosts(plan, cluster)
    data = _machines.data_template(cluster, labels.ROLE_CONTROL_PLANE)
    machines = _control_plane_machines(plan, cluster, data)
    infrastructure = _object(cluster, _metal3_cluster(cluster), after)
    templates = [_object(cluster, data, after, retain=True), _object(cluster, machines, after)]
    control_plane = KubeObject(
        target=cluster.management,
        owner=ids.cluster(cluster.name),
        manifest=_control_plane(plan, cluster, machines),
        after=(templates[1].id,),
        protect=plan.spec.protect,
    )
    root = _root(plan, cluster, (infrastructure.id, control_plane.id, *(host.id for host in hosts)))
    health = _object(cluster, _control_plane_health(cluster), (control_plane.id,))
    return [namespace, *settings, *shared, *hosts, *templates, infrastructure, control_plane, health, root]


def _object(cluster: ClusterPlan, manifest: Manifest, after: tuple[str, ...], *, retain: bool = False) -> KubeObject:
    return KubeObject(
        target=cluster.management, owner=ids.cluster(cluster.name), manifest=manifest, after=after, retain=retain
    )


def _shared(plan: RegionPlan, cluster: ClusterPlan) -> list[Manifest]:
    """Templates that the racks of the cluster use together.

    They stay when new content gives them a new name: racks, in stacks of their own, still refer to the old ones then,
    and Metal3 keeps a data template as long as a host was made from it. They go with the cluster, which owns them.
    """
    return [
        _machines.data_template(cluster, labels.ROLE_GPU),
        *(
            _machines.bootstrap_template(plan, cluster, tenant)
            for tenant in (None, *_machines.dedicated_tenants(plan, cluster))
        ),
    ]


def _nodes_pool(cluster: ClusterPlan) -> Manifest:
    if cluster.networks is None:
        raise ValueError(f"cluster {cluster.name} is adopted: its addresses are not planned here")
    network = cluster.networks.nodes
    body = {
        "clusterName": cluster.name,
        "namePrefix": _machines.nodes_pool_name(cluster),
        "pools": [{"start": str(network[FIRST_NODE]), "end": str(network[-2])}],
        "prefix": network.prefixlen,
        "gateway": str(network[1]),
    }
    return make("ipam.metal3.io/v1alpha1", "IPPool", _machines.nodes_pool_name(cluster), cluster.name, spec=body)


def _remediation(cluster: ClusterPlan) -> Manifest:
    strategy = {"type": "Reboot", "retryLimit": 1, "timeoutSeconds": 1800}
    return make(
        _machines.INFRASTRUCTURE,
        "Metal3RemediationTemplate",
        _machines.REBOOT,
        cluster.name,
        spec={"template": {"spec": {"strategy": strategy}}},
    )


def _control_plane_hosts(plan: RegionPlan, cluster: ClusterPlan) -> list[KubeObject]:
    secrets = {
        rack: _hosts.credentials(plan, cluster, rack, ids.cluster(cluster.name))
        for rack in dict.fromkeys(h.rack for h in cluster.core_hosts)
    }
    hosts = [_control_plane_host(plan, cluster, host, secrets[host.rack].id) for host in cluster.core_hosts]
    return [*secrets.values(), *hosts]


def _control_plane_host(plan: RegionPlan, cluster: ClusterPlan, host: Host, secret: str) -> KubeObject:
    system = plan.spec.core.system
    owner = ids.cluster(cluster.name)
    return _hosts.bare_metal_host(
        plan, cluster, host, system=system, role=labels.ROLE_CONTROL_PLANE, owner=owner, after=(secret,)
    )


def _control_plane_machines(plan: RegionPlan, cluster: ClusterPlan, data: Manifest) -> Manifest:
    image = _machines.images(plan).core
    match = {labels.HOST_ROLE: labels.ROLE_CONTROL_PLANE}
    return _machines.machine_template(cluster, f"{cluster.name}-{labels.ROLE_CONTROL_PLANE}", image, data, match)


def _metal3_cluster(cluster: ClusterPlan) -> Manifest:
    body = {"controlPlaneEndpoint": {"host": cluster.endpoint, "port": API_PORT}, "cloudProviderEnabled": False}
    return make(_machines.INFRASTRUCTURE, "Metal3Cluster", cluster.name, cluster.name, spec=body)


def _control_plane(plan: RegionPlan, cluster: ClusterPlan, machines: Manifest) -> Manifest:
    replicas = cluster.spec.control_plane.replicas
    marks = {labels.ROLE: labels.ROLE_CONTROL_PLANE, labels.SYSTEM: plan.spec.core.system}
    body = {
        "replicas": replicas,
        "version": cluster.kubernetes,
        "rollout": {
            "before": {"certificatesExpiryDays": 30},
            # No spare host is held, so a node goes before its successor comes. Cluster API allows that from three
            # replicas on; a single one needs a spare core host while it is replaced.
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0 if replicas >= 3 else 1}},
        },
        "machineTemplate": {
            "metadata": {"labels": marks},
            "spec": {
                "infrastructureRef": _machines.ref(machines),
                "deletion": {"nodeDrainTimeoutSeconds": 1800},
            },
        },
        "kubeadmConfigSpec": _kubeadm.control_plane_config(cluster),
    }
    group = "controlplane.cluster.x-k8s.io"
    # Cilium replaces kube-proxy (`kubeProxyReplacement`): both at once write rules for the same services.
    notes = {f"{group}/skip-kube-proxy": ""}
    return make(f"{group}/v1beta2", "KubeadmControlPlane", cluster.name, cluster.name, annotations=notes, spec=body)


def _control_plane_health(cluster: ClusterPlan) -> Manifest:
    # More than one control-plane node down is a matter for people: rebooting a second one costs etcd its quorum.
    match = {"cluster.x-k8s.io/cluster-name": cluster.name, labels.ROLE: labels.ROLE_CONTROL_PLANE}
    return _machines.health_check(cluster, f"{cluster.name}-{labels.ROLE_CONTROL_PLANE}", match, most_unhealthy=1)


def _root(plan: RegionPlan, cluster: ClusterPlan, after: tuple[str, ...]) -> KubeObject:
    body = {
        "clusterNetwork": {
            "pods": {"cidrBlocks": [str(cluster.pods)]},
            "services": {"cidrBlocks": [str(cluster.services)]},
            "serviceDomain": "cluster.local",
        },
        "controlPlaneRef": {
            "apiGroup": "controlplane.cluster.x-k8s.io", "kind": "KubeadmControlPlane", "name": cluster.name,
        },
        "infrastructureRef": {
            "apiGroup": "infrastructure.cluster.x-k8s.io", "kind": "Metal3Cluster", "name": cluster.name,
        },
    }  # fmt: skip
    complete = len(cluster.core_hosts) >= cluster.spec.control_plane.replicas
    return KubeObject(
        target=cluster.management,
        owner=ids.cluster(cluster.name),
        manifest=make("cluster.x-k8s.io/v1beta2", "Cluster", cluster.name, cluster.name, spec=body),
        after=after,
        protect=plan.spec.protect,
        # Without all its hosts the control plane can't come up, and waiting would only end in a timeout.
        wait_for="condition=ControlPlaneAvailable" if complete else None,
        timeout_seconds=CONTROL_PLANE_SECONDS,
    )
