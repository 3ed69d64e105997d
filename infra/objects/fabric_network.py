"""The compute fabric as a cluster sees it: NIC policy, a pool of rails, and the facts for the switch team.

Pods get virtual functions, one a rail: on InfiniBand each tenant's carry its P_Key, on Ethernet each has the /31 of
the host's link on its rail, so that tenants who share a node still don't share a network. RDMA devices are in the
network namespace of their pod only. The shared RDMA device plugin is left out on purpose: its pods would all be in
the fabric's default partition. Drivers use DMA-BUF, there is no peer-memory module (NVIDIA/aicr, bare-metal GB300).

A cluster without a compute fabric gets its facts only: its NICs are north-south, and to replace the driver of the
network that a node is reached by is its image's business.

Ports are named by the node image's link files, `ew<rail>` on InfiniBand and `ew<rail>p<plane>` on Ethernet.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from ..plan.links import HostLink, link_names
from ..plan.model import ClusterPlan, RegionPlan
from . import _flux, _hosts, _kubeadm, ids, labels
from .base import Block, KubeObject, Manifest, make

CHART = "network-operator"
NAMESPACE = "nvidia-network-operator"
"""Namespace of the network operator, where its namespaced kinds live; the platform declares it."""
RAILS_NAMESPACE = "default"
"""Namespace of the Ethernet rails' attachments, which pods of every tenant may name. Tenants are kept apart on the
switches, by the VRF of the port."""
IB_RAILS = "ib_rails"
IB_RESOURCE = f"nvidia.com/{IB_RAILS}"
"""Virtual functions of all InfiniBand rails. Device plugin resources have no hyphens (sriov-network-device-plugin)."""
SECRET_STORE = "fabric"  # noqa: S105 the name of a store, not a secret
"""ClusterSecretStore with the credentials of the fabric's UFM, at `fabric/<cluster>/ufm`."""

_SRIOV = "sriovnetwork.openshift.io/v1"
_UFM = "ufm"
_NVIDIA = "15b3"
_DOCA = "doca3.4.0-26.04-0.8.6.0-0"
_OPERATOR = "network-operator-v26.4.1"
"""Images of network operator v26.4.1 (its hack/release.yaml); driver as NVIDIA/aicr has it for bare-metal GB300."""
_READY_SECONDS = 3600
"""Time for the first driver of a node to be built and loaded."""


def block(plan: RegionPlan, cluster: ClusterPlan, stack: str) -> Block:
    """Objects of a cluster's compute fabric: NIC policy, rails, addresses; without one only the switch team's facts.

    Args:
        plan: the region.
        cluster: one of its clusters.
        stack: stack of the block.
    """
    items = [_facts(cluster)]
    if cluster.fabric is not None:
        items += _infiniband(cluster) if cluster.fabric.kind == "infiniband" else _ethernet(cluster)
    return Block(type="FabricNetwork", name=cluster.name, stack=stack, items=tuple(items))


def rail_resources(cluster: ClusterPlan) -> dict[str, int]:
    """Resources that a node offers for the rails of its fabric, with how many of each; empty without a fabric.

    Kueue admits a workload only if it covers every resource that the workload asks for.
    """
    if cluster.fabric is None:
        return {}
    option = cluster.system.fabric_option(cluster.fabric.id)
    if cluster.fabric.kind == "infiniband":
        return {IB_RESOURCE: option.rails}
    return {f"nvidia.com/{name}": 1 for name in _ethernet_rails(cluster)}


def _ethernet_rails(cluster: ClusterPlan) -> list[str]:
    return [name for name in link_names(cluster.system, cluster.fabric) if name.startswith("ew")]


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
    return KubeObject(
        target=cluster.management,
        owner=ids.cluster(cluster.name),
        manifest=manifest,
        after=(_hosts.namespace_id(cluster),),
    )


def _infiniband(cluster: ClusterPlan) -> Iterator[KubeObject]:
    """P_Keys of virtual functions are UFM's to enforce: ib-kubernetes tells it each pod's GUIDs."""
    secret = _on(cluster, _ufm_credentials(cluster), _flux.release_id(cluster, "external-secrets"), ready="Ready")
    yield secret
    yield _nic_policy(cluster, {"ibKubernetes": _ib_kubernetes(cluster)}, secret.id)
    yield _on(cluster, _pool_config(cluster))
    rails = cluster.system.fabric_option(_fabric_id(cluster)).rails
    yield _on(cluster, _policy(cluster, IB_RAILS, [f"ew{rail}" for rail in range(rails)], "IB"))


def _ethernet(cluster: ClusterPlan) -> Iterator[KubeObject]:
    """Rails with their addresses. Those of an adopted cluster are its owner's, and so are its networks."""
    nic_policy = _nic_policy(cluster, {"nvIpam": {**_image("nvidia-k8s-ipam"), "enableWebhook": False}})
    yield nic_policy
    yield _on(cluster, _pool_config(cluster))
    links = _links_by_rail(cluster)
    for name in _ethernet_rails(cluster):
        yield _on(cluster, _policy(cluster, name, [name], "ETH"))
        if name in links:
            # The kind of the pool comes with the NIC policy's address manager, not with the chart.
            yield _on(cluster, _addresses(cluster, name, links[name]), nic_policy.id)
            yield _on(cluster, _network(name))


def _fabric_id(cluster: ClusterPlan) -> str:
    if cluster.fabric is None:
        raise ValueError(f"cluster {cluster.name} has no compute fabric")
    return cluster.fabric.id


def _nic_policy(cluster: ClusterPlan, parts: Manifest, *after: str) -> KubeObject:
    body: Manifest = {
        "nodeAffinity": _nic_nodes(),
        "tolerations": [{"operator": "Exists"}],
        "ofedDriver": {
            **_image("doca-driver", version=_DOCA),
            "env": [{"name": "UNLOAD_STORAGE_MODULES", "value": "true"}],
            "upgradePolicy": {
                "autoUpgrade": True,
                "maxParallelUpgrades": 1,
                "drain": {"enable": True, "force": True, "deleteEmptyDir": True, "timeoutSeconds": 300},
            },
        },
        "secondaryNetwork": {"multus": _image("multus-cni"), "cniPlugins": _image("plugins")},
        "nicConfigurationOperator": {
            "operator": _configuration("nic-configuration-operator"),
            "configurationDaemon": _configuration("nic-configuration-operator-daemon"),
        },
        **parts,
    }
    manifest = make("mellanox.com/v1alpha1", "NicClusterPolicy", "nic-cluster-policy", spec=body)
    # The operator calls a daemon set that no node wants not ready: without nodes there is nothing to wait for.
    nodes = bool(cluster.declared_racks) or not cluster.built
    return _on(cluster, manifest, *after, state="ready" if nodes else None)


def _image(name: str, version: str = _OPERATOR) -> Manifest:
    return {"image": name, "repository": "nvcr.io/nvidia/mellanox", "version": version}


def _configuration(image: str) -> Manifest:
    return {"image": image, "repository": "ghcr.io/mellanox", "version": "v1.3.1"}


def _nic_nodes() -> Manifest:
    match = {"key": "feature.node.kubernetes.io/pci-15b3.present", "operator": "In", "values": ["true"]}
    return {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchExpressions": [match]}]}}


def _ib_kubernetes(cluster: ClusterPlan) -> Manifest:
    """Each cluster has GUIDs of its own, told apart by its number: several may share one UFM."""
    prefix = f"02:00:{cluster.number >> 8 & 0xFF:02X}:{cluster.number & 0xFF:02X}"
    return {
        **_image("ib-kubernetes"),
        "pKeyGUIDPoolRangeStart": f"{prefix}:00:00:00:00",
        "pKeyGUIDPoolRangeEnd": f"{prefix}:FF:FF:FF:FF",
        "ufmSecret": _UFM,
    }


def _ufm_credentials(cluster: ClusterPlan) -> Manifest:
    """`UFM_USERNAME`, `UFM_PASSWORD`, `UFM_ADDRESS` and `UFM_CERTIFICATE`, as ib-kubernetes reads them."""
    body = {
        "refreshInterval": "1h",
        "secretStoreRef": {"kind": "ClusterSecretStore", "name": SECRET_STORE},
        "target": {"name": _UFM, "creationPolicy": "Owner"},
        "dataFrom": [{"extract": {"key": f"fabric/{cluster.name}/ufm"}}],
    }
    return make("external-secrets.io/v1", "ExternalSecret", _UFM, NAMESPACE, spec=body)


def _pool_config(cluster: ClusterPlan) -> Manifest:
    """Nodes of one rack at a time may be drained for new settings: one by one a large cluster would take weeks."""
    body = {
        "nodeSelector": {"matchLabels": labels.gpu_nodes(cluster.built)},
        "maxUnavailable": cluster.nodes_per_rack,
        "rdmaMode": "exclusive",
    }
    return make(_SRIOV, "SriovNetworkPoolConfig", labels.ROLE_GPU, NAMESPACE, spec=body)


def _policy(cluster: ClusterPlan, resource: str, ports: list[str], link: str) -> Manifest:
    """One virtual function a port: a rail belongs to one GPU, and whole GPUs are what is shared."""
    device = cluster.system.nic_device_id
    body: Manifest = {
        "resourceName": resource,
        "nodeSelector": labels.gpu_nodes(cluster.built),
        "nicSelector": {"vendor": _NVIDIA, **({"deviceID": device} if device else {}), "pfNames": ports},
        "numVfs": 1,
        "deviceType": "netdevice",
        "isRdma": True,
        "linkType": link,
    }
    if link == "ETH":
        body["mtu"] = _kubeadm.LINK_MTU
    return make(_SRIOV, "SriovNetworkNodePolicy", resource.replace("_", "-"), NAMESPACE, spec=body)


def _links_by_rail(cluster: ClusterPlan) -> dict[str, list[tuple[str, HostLink]]]:
    """Links of the declared hosts by rail and plane; empty while no rack is declared."""
    links: dict[str, list[tuple[str, HostLink]]] = {}
    for rack in cluster.declared_racks:
        for host in rack.hosts:
            for link in cluster.host_links(rack, host.slot):
                if link.name.startswith("ew"):
                    links.setdefault(link.name, []).append((host.name, link))
    return links


def _addresses(cluster: ClusterPlan, rail: str, links: list[tuple[str, HostLink]]) -> Manifest:
    """Addresses of a rail: each node's own /31, with the switch (its even address) as gateway.

    Only nodes of declared racks are served. A node without an entry would be given any free /31 of the block, which
    may be another rail's.
    """
    if cluster.networks is None:
        raise ValueError(f"cluster {cluster.name} is adopted: its addresses are not planned here")
    network = cluster.networks.hosts
    racks = [rack.name for rack in cluster.declared_racks]
    body = {
        "cidr": str(network),
        "perNodeNetworkPrefix": network.max_prefixlen - 1,
        "gatewayIndex": 0,
        "routes": [{"dst": str(network)}],
        "nodeSelector": {
            "nodeSelectorTerms": [{"matchExpressions": [{"key": labels.RACK, "operator": "In", "values": racks}]}]
        },
        "staticAllocations": [{"nodeName": host, "prefix": f"{link.switch}/{link.prefix}"} for host, link in links],
    }
    return make("nv-ipam.nvidia.com/v1alpha1", "CIDRPool", rail, NAMESPACE, spec=body)


def _network(rail: str) -> Manifest:
    ipam = {"type": "nv-ipam", "poolName": rail, "poolType": "cidrpool"}
    body = {
        "resourceName": rail,
        "networkNamespace": RAILS_NAMESPACE,
        "ipam": json.dumps(ipam),
        # In exclusive mode the RDMA device has to be moved into the pod with its network device.
        "metaPlugins": json.dumps({"type": "rdma"}),
    }
    return make(_SRIOV, "SriovNetwork", rail, NAMESPACE, spec=body)


def _on(
    cluster: ClusterPlan, manifest: Manifest, *after: str, ready: str | None = None, state: str | None = None
) -> KubeObject:
    wait = f"condition={ready}" if ready else f"jsonpath={{.status.state}}={state}" if state else None
    return KubeObject(
        target=cluster.name,
        owner=ids.cluster(cluster.name),
        manifest=manifest,
        after=(_flux.release_id(cluster, CHART), _flux.namespace_id(cluster, NAMESPACE), *after),
        wait_for=wait,
        timeout_seconds=_READY_SECONDS,
    )
