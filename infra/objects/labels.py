"""Labels, annotations and taints that tie hosts, machines, nodes, queues and policies together.

Cluster API copies a label from a Machine to its Node only below `node.cluster.x-k8s.io`,
`node-restriction.kubernetes.io` and `node-role.kubernetes.io` (v1.14, util/labels), so what schedulers and policies
read on a node stands there. A kubelet may set labels of the first on its own node, and so draw another tenant's pods to
it; of the second the admission plug-in NodeRestriction lets it set none, so whose a node is stands there. What else
stands below the first tells nodes apart that the same tenants use. Labels of this package's own (`ai-factory.dev/..`)
mark hosts and objects on the management cluster.
"""

from __future__ import annotations

from typing import Final

from .base import LABEL

NODE: Final = "node.cluster.x-k8s.io"
"""Prefix that Cluster API syncs from a Machine to its Node, and that a kubelet may set."""
RESTRICTED: Final = "node-restriction.kubernetes.io"
"""Prefix that Cluster API syncs too, and that no kubelet may set."""

HALL: Final = f"{NODE}/hall"
"""Hall of the node's rack."""
SU: Final = f"{NODE}/scalable-unit"
"""Scalable unit of the node's rack, `su-<number>` from 0: the widest level of the Kueue topology."""
RACK: Final = f"{NODE}/rack"
"""Rack of the node; for rack-scale systems also its NVLink domain."""
SYSTEM: Final = f"{NODE}/system"
"""Catalogue id of the node's system, such as `gb300-nvl72`."""
TENANT: Final = f"{RESTRICTED}/tenant"
"""Tenant that the node is dedicated to; absent on shared nodes."""
POWER_PROFILE: Final = f"{NODE}/power-profile"
"""GPU power profile of the node, `max-p` or `max-q`."""
ROLE: Final = f"{NODE}/role"
"""`gpu` or `control-plane`. A kubelet gains nothing by it: GPU nodes have it, and who has a control plane has all."""

HOST_CLUSTER: Final = f"{LABEL}/cluster"
"""On a namespace of the management cluster: GPU cluster whose hosts and machines live there."""
HOST_RACK: Final = f"{LABEL}/rack"
"""On a BareMetalHost: rack that it stands in; host selectors match on it."""
HOST_ROLE: Final = f"{LABEL}/role"
"""On a BareMetalHost: `gpu` or `control-plane`; host selectors match on it."""
HOST_SLOT: Final = f"{LABEL}/slot"
"""On a BareMetalHost: its number in the rack from 0."""
HOST_LINKS: Final = f"{LABEL}/links"
"""Annotation of a BareMetalHost: its north-south links, `ns0=10.64.0.1/31,..`; cloud-init writes them to netplan."""

TENANT_NAMESPACE: Final = f"{LABEL}/tenant"
"""On a namespace: tenant that it belongs to; policies for tenants match on it."""
ISOLATION: Final = f"{LABEL}/isolation"
"""On a tenant's namespace: its isolation tier."""
PLATFORM: Final = f"{LABEL}/platform"
"""On a namespace of the platform that no chart makes."""

ROLE_GPU: Final = "gpu"
ROLE_CONTROL_PLANE: Final = "control-plane"

CONTROL_PLANE: Final = "node-role.kubernetes.io/control-plane"
"""Label and taint (NoSchedule) that kubeadm gives control-plane nodes. The platform's controllers select and tolerate
it; a tenant's pod may not tolerate it."""
GPU_TAINT: Final = {"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}
"""Keeps what needs no GPU off GPU nodes."""
TENANT_TAINT_KEY: Final = f"{LABEL}/tenant"
"""Key of the taint on nodes that are dedicated to a tenant."""
NODE_SELECTOR: Final = "scheduler.alpha.kubernetes.io/node-selector"
"""Annotation of a namespace: its pods run on such nodes only, `key=value,..` (admission plug-in PodNodeSelector)."""
DEFAULT_TOLERATIONS: Final = "scheduler.alpha.kubernetes.io/defaultTolerations"
"""Annotation of a namespace: JSON of tolerations that its pods get (admission plug-in PodTolerationRestriction)."""


def scalable_unit(number: int) -> str:
    """Value of a node's label for its scalable unit (SU).

    >>> scalable_unit(3)
    'su-3'
    """
    return f"su-{number}"


def gpu_nodes(built: bool) -> dict[str, str]:
    """Labels of GPU nodes: this package's own where the cluster is built here, else the GPU operator's.

    >>> gpu_nodes(False)
    {'nvidia.com/gpu.present': 'true'}
    """
    return {ROLE: ROLE_GPU} if built else {"nvidia.com/gpu.present": "true"}


def tenant_nodes(built: bool, tenant: str | None) -> dict[str, str]:
    """Labels of the nodes that a tenant's pods run on: its own, or with None those that tenants share.

    >>> tenant_nodes(True, "acme")
    {'node.cluster.x-k8s.io/role': 'gpu', 'node-restriction.kubernetes.io/tenant': 'acme'}
    """
    return gpu_nodes(built) | ({TENANT: tenant} if tenant else {})


def tenant_tolerations(tenant: str | None) -> list[dict[str, str]]:
    """Tolerations of the taints of those nodes.

    >>> tenant_tolerations(None)
    [{'key': 'nvidia.com/gpu', 'operator': 'Equal', 'value': 'present', 'effect': 'NoSchedule'}]
    """
    taints = [GPU_TAINT, *([tenant_taint(tenant)] if tenant else [])]
    return [{"key": t["key"], "operator": "Equal", "value": t["value"], "effect": t["effect"]} for t in taints]


def tenant_taint(tenant: str) -> dict[str, str]:
    """Taint of nodes that are dedicated to a tenant.

    >>> tenant_taint("acme")
    {'key': 'ai-factory.dev/tenant', 'value': 'acme', 'effect': 'NoSchedule'}
    """
    return {"key": TENANT_TAINT_KEY, "value": tenant, "effect": "NoSchedule"}
