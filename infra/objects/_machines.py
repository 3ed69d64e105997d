"""Machine, data and bootstrap templates of a cluster.

Cluster API replaces machines when a template's name changes, not when its content does, and Metal3 refuses changes
to a data template. So a template's name ends with a digest of its content: new content makes a new template and a
rollout, and Cluster API tolerates that the old one goes while machines made from it still run.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from .. import spec
from ..plan.model import ClusterPlan, RegionPlan
from . import _kubeadm, labels
from ._hosts import BOOT_MAC
from .base import Manifest, make

INFRASTRUCTURE = "infrastructure.cluster.x-k8s.io/v1beta2"
BOOTSTRAP = "bootstrap.cluster.x-k8s.io/v1beta2"
REBOOT = "reboot"
"""Name of the remediation template of every cluster."""


def digest(content: Any) -> str:
    """First 8 hex digits of the SHA-256 of plain data: the end of a template's name.

    >>> digest({"a": 1})
    'f9d86028'
    """
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:8]


def ref(manifest: Manifest) -> dict[str, str]:
    """Reference of a Cluster API object to another of its namespace, such as a template, as v1beta2 writes it."""
    group = manifest["apiVersion"].partition("/")[0]
    return {"apiGroup": group, "kind": manifest["kind"], "name": manifest["metadata"]["name"]}


def nodes_pool_name(cluster: ClusterPlan) -> str:
    """Name of the IPPool of in-band node addresses that machines take theirs from."""
    return f"{cluster.name}-nodes"


def data_template(cluster: ClusterPlan, role: str) -> Manifest:
    """Metal3DataTemplate: what a host of a role is told, its in-band address and for GPU hosts north-south links."""
    pool = nodes_pool_name(cluster)
    metadata: dict[str, Any] = {"ipAddressesFromPool": [{"key": "ip", "name": pool}]}
    if role == labels.ROLE_GPU and cluster.system.north_south_links:
        links = {"key": "links", "object": "baremetalhost", "annotation": labels.HOST_LINKS}
        metadata["fromAnnotations"] = [links]
    mac = {"fromAnnotation": {"object": "baremetalhost", "annotation": BOOT_MAC}}
    gateway = {"fromPoolRef": {"name": pool}}
    network = {
        "id": "nodes",
        "link": "boot",
        "fromPoolRef": {"name": pool},
        "routes": [{"network": "0.0.0.0", "prefix": 0, "gateway": gateway}],  # noqa: S104 the default route
    }
    body = {
        "clusterName": cluster.name,
        "metaData": metadata,
        "networkData": {
            "links": {"ethernets": [{"id": "boot", "type": "phy", "macAddress": mac}]},
            "networks": {"ipv4": [network]},
        },
    }
    name = f"{cluster.name}-{role}-{digest(body)}"
    return make(INFRASTRUCTURE, "Metal3DataTemplate", name, cluster.name, spec=body)


def machine_template(
    cluster: ClusterPlan, prefix: str, image: spec.Image, data: Manifest, match: dict[str, str]
) -> Manifest:
    """Metal3MachineTemplate: machines of one image on the hosts that match.

    Hosts keep their place: a machine that is replaced comes back on the same host (`nodeReuse`).

    Args:
        cluster: the cluster.
        prefix: name without the digest.
        image: node image.
        data: the data template.
        match: labels of the hosts.
    """
    machine = {
        "automatedCleaningMode": "metadata",
        "image": _image_source(image),
        "hostSelector": {"matchLabels": match},
        "dataTemplate": {"name": data["metadata"]["name"]},
    }
    name = f"{prefix}-{digest(machine)}"
    body = {"nodeReuse": True, "template": {"spec": machine}}
    return make(INFRASTRUCTURE, "Metal3MachineTemplate", name, cluster.name, spec=body)


def _image_source(image: spec.Image) -> dict[str, str]:
    """An operating-system image as Metal3's machine templates write it."""
    return {
        "url": image.url,
        "checksum": image.checksum,
        "checksumType": image.checksum_type,
        "diskFormat": image.disk_format,
    }


def bootstrap_template(plan: RegionPlan, cluster: ClusterPlan, tenant: str | None) -> Manifest:
    """KubeadmConfigTemplate: how GPU nodes join, shared ones or those of a tenant with racks of its own."""
    body = {"template": {"spec": _kubeadm.gpu_config(plan, cluster, tenant)}}
    name = "-".join((cluster.name, "gpu", *([tenant] if tenant else []), digest(body)))
    return make(BOOTSTRAP, "KubeadmConfigTemplate", name, cluster.name, spec=body)


def dedicated_tenants(plan: RegionPlan, cluster: ClusterPlan) -> list[str]:
    """Tenants with racks of their own in the cluster, each with a bootstrap template, in plan order."""
    return [tenant.name for tenant in plan.tenants_of(cluster.name) if tenant.racks]


def images(plan: RegionPlan) -> spec.Images:
    """Node images of the region, which machine templates need.

    Raises:
        ValueError: the region names none, though it builds clusters from bare metal.
    """
    if plan.spec.images is None:
        raise ValueError("images: a region with clusters built from bare metal names its node images")
    return plan.spec.images


def health_check(cluster: ClusterPlan, name: str, match: dict[str, str], most_unhealthy: int) -> Manifest:
    """MachineHealthCheck: reboots machines whose node is not ready, as long as few are.

    Args:
        cluster: the cluster.
        name: name of the health check.
        match: labels of the machines.
        most_unhealthy: above this many unhealthy machines nothing is done: then the fault is not the machines'
            (power, cooling, switch, API server), and rebooting makes it worse.
    """
    body = {
        "clusterName": cluster.name,
        "selector": {"matchLabels": match},
        "checks": {
            # Inspection, imaging and first boot of a large server take most of an hour.
            "nodeStartupTimeoutSeconds": 5400,
            "unhealthyNodeConditions": [
                {"type": "Ready", "status": "Unknown", "timeoutSeconds": 900},
                {"type": "Ready", "status": "False", "timeoutSeconds": 900},
            ],
        },
        "remediation": {
            "triggerIf": {"unhealthyLessThanOrEqualTo": most_unhealthy},
            "templateRef": {"apiVersion": INFRASTRUCTURE, "kind": "Metal3RemediationTemplate", "name": REBOOT},
        },
    }
    return make("cluster.x-k8s.io/v1beta2", "MachineHealthCheck", name, cluster.name, spec=body)
