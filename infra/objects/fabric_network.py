"""The compute fabric as a cluster sees it: NIC policy, a pool of rails, and the facts for the switch team.

Pods get virtual functions, one a rail: on InfiniBand each tenant's carry its P_Key, on Ethernet each has the /31 of
the host's link on its rail, so that tenants who share a node still don't share a network. The shared RDMA device
plugin is left out on purpose: its pods would all be in the fabric's default partition.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from ..plan.model import ClusterPlan, HostLink, RegionPlan
from . import labels
from .base import Block, KubeObject, Manifest, make, object_id

NAMESPACE = "nvidia-network-operator"
"""Namespace of the network operator, where its namespaced kinds live; declared, not left to the release, so that
nothing waits for a chart to make it."""
CHART = "network-operator"
IB_RESOURCE = "nvidia.com/ib-rails"
MAX_ALLOCATIONS = 5000
"""Nodes of the largest cluster: one address pool then holds 5,000 entries, about 0.5 MB."""
_NVIDIA = "15b3"
_DOCA = "doca3.4.0-26.04-0.8.6.0-0"
_OPERATOR = "network-operator-v26.4.1"
"""Images of network operator v26.4.1 (NVIDIA/aicr, bare-metal GB300 values)."""


def block(plan: RegionPlan, cluster: ClusterPlan, stack: str) -> Block:
    """Objects of a cluster's compute fabric; without one only the facts are declared.

    Args:
        plan: the region.
        cluster: one of its clusters.
        stack: stack of the block.
    """
    items = [_facts(cluster)]
    if cluster.fabric is not None:
        home = KubeObject(target=cluster.name, manifest=make("v1", "Namespace", NAMESPACE))
        items += [home, _nic_policy(cluster), *_rails(cluster)]
    return Block(type="FabricNetwork", name=cluster.name, stack=stack, items=tuple(items))


def rail_resources(cluster: ClusterPlan) -> dict[str, int]:
    """Resources that a node offers for its rails, with how many of each; empty without a fabric.

    Kueue admits a workload only if it covers every resource that the workload asks for.
    """
    if cluster.fabric is None:
        return {}
    option = cluster.system.fabric_option(cluster.fabric.id)
    if cluster.fabric.kind == "infiniband":
        return {IB_RESOURCE: option.rails}
    return {f"nvidia.com/{name}": 1 for name in _ethernet_rails(cluster)}


def _ethernet_rails(cluster: ClusterPlan) -> list[str]:
    if cluster.fabric is None:
        return []
    option = cluster.system.fabric_option(cluster.fabric.id)
    return [f"ew{rail}p{plane}" for rail in range(option.rails) for plane in range(option.planes)]


def _facts(cluster: ClusterPlan) -> KubeObject:
    """Counts, blocks and AS numbers as JSON, beside the cluster's hosts on its management cluster."""
    size, networks = cluster.fabric_size, cluster.networks
    facts: Manifest = {"cluster": cluster.name, "maxRacks": cluster.max_racks}
    if size is not None:
        facts["fabric"] = size.as_dict()
    if networks is not None:
        facts["networks"] = {
            "hosts": str(networks.hosts),
            "bmc": str(networks.bmc),
            "nodes": str(networks.nodes),
            "loopbacks": str(networks.loopbacks),
            "service": str(networks.service),
            "hostAsns": [networks.host_asns.start, networks.host_asns.stop - 1],
            "switchAsns": [networks.switch_asns.start, networks.switch_asns.stop - 1],
        }
    text = json.dumps(facts, indent=1) + "\n"
    manifest = make("v1", "ConfigMap", "fabric-plan", cluster.name, data={"fabric.json": text})
    home = object_id(cluster.management, make("v1", "Namespace", cluster.name))
    return KubeObject(target=cluster.management, manifest=manifest, after=(home,))


def _nic_policy(cluster: ClusterPlan) -> KubeObject:
    mellanox = {"repository": "nvcr.io/nvidia/mellanox", "version": _OPERATOR}
    spec: Manifest = {
        "nodeAffinity": _nic_nodes(),
        "tolerations": [{"operator": "Exists"}],
        "ofedDriver": {
            "image": "doca-driver",
            "repository": "nvcr.io/nvidia/mellanox",
            "version": _DOCA,
            "env": [{"name": "UNLOAD_STORAGE_MODULES", "value": "true"}],
            "upgradePolicy": {
                "autoUpgrade": True,
                "maxParallelUpgrades": 1,
                "drain": {"enable": True, "force": True, "deleteEmptyDir": True, "timeoutSeconds": 300},
            },
        },
        "secondaryNetwork": {
            "multus": {"image": "multus-cni", **mellanox},
            "cniPlugins": {"image": "plugins", **mellanox},
        },
        "nicConfigurationOperator": {
            "operator": _configuration("nic-configuration-operator"),
            "configurationDaemon": _configuration("nic-configuration-operator-daemon"),
        },
    }
    if cluster.fabric is not None and cluster.fabric.kind == "ethernet":
        spec["nvIpam"] = {"image": "nvidia-k8s-ipam", **mellanox, "enableWebhook": False}
    manifest = make("mellanox.com/v1alpha1", "NicClusterPolicy", "nic-cluster-policy", spec=spec)
    return _on(cluster, manifest, wait_for="jsonpath={.status.state}=ready")


def _configuration(image: str) -> Manifest:
    return {"image": image, "repository": "ghcr.io/mellanox", "version": "v1.3.1"}


def _nic_nodes() -> Manifest:
    match = {"key": "feature.node.kubernetes.io/pci-15b3.present", "operator": "In", "values": ["true"]}
    return {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchExpressions": [match]}]}}


def _rails(cluster: ClusterPlan) -> Iterator[KubeObject]:
    if cluster.fabric is None:
        return
    if cluster.fabric.kind == "infiniband":
        names = [f"ew{rail}" for rail in range(cluster.system.fabric_option(cluster.fabric.id).rails)]
        yield _on(cluster, _policy("ib-rails", names, "IB"))
        return
    links = _links_by_rail(cluster)
    for name in _ethernet_rails(cluster):
        yield _on(cluster, _policy(name, [name], "ETH"))
        if cluster.networks is not None:
            yield _on(cluster, _pool(cluster, name, links.get(name, [])))
            yield _on(cluster, _network(name))


def _policy(resource: str, ports: list[str], link: str) -> Manifest:
    """One virtual function a port: a rail belongs to one GPU, and whole GPUs are what is shared."""
    spec = {
        "resourceName": resource,
        "nodeSelector": {labels.ROLE: labels.ROLE_GPU},
        "nicSelector": {"vendor": _NVIDIA, "pfNames": ports},
        "numVfs": 1,
        "deviceType": "netdevice",
        "isRdma": True,
        "linkType": link,
    }
    if link == "ETH":
        spec["mtu"] = 9000
    return make("sriovnetwork.openshift.io/v1", "SriovNetworkNodePolicy", resource, NAMESPACE, spec=spec)


def _links_by_rail(cluster: ClusterPlan) -> dict[str, list[tuple[str, HostLink]]]:
    found: dict[str, list[tuple[str, HostLink]]] = {}
    if cluster.networks is not None:
        for rack in cluster.declared_racks:
            for host in rack.hosts:
                for link in cluster.host_links(rack, host.slot):
                    if link.name.startswith("ew"):
                        found.setdefault(link.name, []).append((host.name, link))
    return found


def _pool(cluster: ClusterPlan, rail: str, links: list[tuple[str, HostLink]]) -> Manifest:
    """Addresses of a rail: each node's own /31, with the switch as its gateway."""
    if cluster.networks is None:
        raise ValueError(f"cluster {cluster.name} is adopted: its addresses are not planned here")
    block = cluster.networks.hosts
    spec = {
        "cidr": str(block),
        "perNodeNetworkPrefix": block.max_prefixlen - 1,
        "gatewayIndex": 0,
        "routes": [{"dst": str(block)}],
        "nodeSelector": _rail_nodes(),
        "staticAllocations": [
            {"nodeName": host, "prefix": f"{link.switch}/{link.prefix}", "gateway": str(link.switch)}
            for host, link in links
        ],
    }
    return make("nv-ipam.nvidia.com/v1alpha1", "CIDRPool", rail, NAMESPACE, spec=spec)


def _rail_nodes() -> Manifest:
    match = {"key": labels.ROLE, "operator": "In", "values": [labels.ROLE_GPU]}
    return {"nodeSelectorTerms": [{"matchExpressions": [match]}]}


def _network(rail: str) -> Manifest:
    ipam = {"type": "nv-ipam", "poolName": rail, "poolType": "cidrpool"}
    spec = {"resourceName": rail, "networkNamespace": "default", "ipam": json.dumps(ipam)}
    return make("sriovnetwork.openshift.io/v1", "SriovNetwork", rail, NAMESPACE, spec=spec)


def _on(cluster: ClusterPlan, manifest: Manifest, *, wait_for: str | None = None) -> KubeObject:
    release = make("helm.toolkit.fluxcd.io/v2", "HelmRelease", CHART, cluster.name)
    home = object_id(cluster.name, make("v1", "Namespace", NAMESPACE))
    return KubeObject(
        target=cluster.name,
        manifest=manifest,
        after=(object_id(cluster.management, release), home),
        wait_for=wait_for,
        timeout_seconds=3600,
    )
