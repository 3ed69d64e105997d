"""Nodes that kwok plays in the sandbox: what the hardware of a plan would register as, one a tray.

Labels and capacity are those that Cluster API, the GPU operator and the network operator would set.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from typing import Final

from .. import catalog
from ..objects import labels
from ..objects.base import LABEL, Manifest
from ..objects.fabric_network import rail_resources
from ..objects.racks import node_labels
from ..plan.model import ClusterPlan, Rack, RegionPlan
from ..plan.quantities import GPU_NODE_DISK_GIB

SIMULATED: Final = f"{LABEL}/simulated"
"""Label of every node that is made here, so that those which left the plan are found again."""
IB_DEVICE: Final = "rdma/ib"
"""InfiniBand devices of a node, as an RDMA device plug-in counts them."""
_PODS: Final = "110"
_FAKE: Final = {"kwok.x-k8s.io/node": "fake"}


def nodes(plan: RegionPlan, cluster: ClusterPlan) -> Iterator[Manifest]:
    """Nodes that kwok plays for a cluster of a region: its GPU trays, then its control plane.

    An adopted cluster has no inventory here, so its trays are named by number.

    Args:
        plan: the region.
        cluster: one of its clusters.
    """
    for rack in cluster.racks:
        for name in _tray_names(cluster, rack):
            yield _gpu_node(cluster, rack, name)
    core = catalog.load().system(plan.spec.core.system)
    for host in cluster.core_hosts:
        marks = {labels.ROLE: labels.ROLE_CONTROL_PLANE, labels.CONTROL_PLANE: ""}
        taints = [{"key": labels.CONTROL_PLANE, "effect": "NoSchedule"}]
        yield _node(
            host.name,
            core.arch,
            marks,
            taints,
            {
                "cpu": str(core.cpu or 64),
                "memory": f"{core.memory_gib or 256}Gi",
                "ephemeral-storage": f"{GPU_NODE_DISK_GIB}Gi",
            },
        )


def _tray_names(cluster: ClusterPlan, rack: Rack) -> list[str]:
    if cluster.built:
        return [host.name for host in rack.hosts]
    return [f"{rack.name}-n{number:02d}" for number in range(1, rack.nodes + 1)]


def _gpu_node(cluster: ClusterPlan, rack: Rack, name: str) -> Manifest:
    system = cluster.system
    marks = node_labels(cluster, rack) | {
        "nvidia.com/gpu.present": "true",
        "nvidia.com/gpu.count": str(system.gpus_per_node),
        "nvidia.com/gpu.memory": str(system.gpu_memory_gb * 1000**3 // 1024**2),
    }
    if system.gpu_product:
        marks["nvidia.com/gpu.product"] = system.gpu_product
    if system.rack_scale:
        # The GPU operator's label of an NVLink domain: `<UUID of the domain>.<clique>`.
        marks["nvidia.com/gpu.clique"] = f"{uuid.uuid5(uuid.NAMESPACE_DNS, rack.name)}.1"
    taints = [dict(labels.GPU_TAINT), *([labels.tenant_taint(rack.tenant)] if rack.tenant else [])]
    return _node(name, system.arch, marks, taints, _capacity(cluster))


def _capacity(cluster: ClusterPlan) -> dict[str, str]:
    system = cluster.system
    rails = rail_resources(cluster)
    infiniband = cluster.fabric is not None and cluster.fabric.kind == "infiniband"
    return {
        "cpu": str(system.cpu or 64),
        "memory": f"{system.memory_gib or 512}Gi",
        "ephemeral-storage": f"{GPU_NODE_DISK_GIB}Gi",
        "nvidia.com/gpu": str(system.gpus_per_node),
        **{name: str(count) for name, count in rails.items()},
        **({IB_DEVICE: str(sum(rails.values()))} if infiniband else {}),
    }


def _node(
    name: str, arch: str, marks: Mapping[str, str], taints: list[dict[str, str]], capacity: Mapping[str, str]
) -> Manifest:
    own = {"kubernetes.io/hostname": name, "kubernetes.io/arch": arch, "kubernetes.io/os": "linux", SIMULATED: "true"}
    amounts = {**capacity, "pods": _PODS}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {**own, **marks}, "annotations": dict(_FAKE)},
        "spec": {"taints": taints},
        "status": {"capacity": amounts, "allocatable": dict(amounts)},
    }
