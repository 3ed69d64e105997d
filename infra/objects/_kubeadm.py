"""What kubeadm and cloud-init do on a node: its name, labels, taints, kubelet settings, and files.

`{{ ds.meta_data.x }}` is filled on the host by cloud-init from the metadata that Metal3 hands over.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from .. import apiserver
from ..plan.model import ClusterPlan, RegionPlan
from ..text.templates import render
from . import labels
from .base import Manifest

KUBE_VIP = "ghcr.io/kube-vip/kube-vip:v1.2.3"
"""Image that announces the control-plane endpoint (kube-vip release v1.2.3, 2026-08)."""
LINK_MTU = 9000
"""MTU of north-south links (assumption: jumbo frames, with room for VXLAN below the switches' usual 9,216)."""

_PATCHES = "/etc/kubernetes/patches"
_AUDIT = "/etc/kubernetes/audit"
_LOGS = "/var/log/kubernetes"
_VIP = "/etc/ai-factory/kube-vip.yaml"
_MANIFESTS = "/etc/kubernetes/manifests"
_LINKS = "/usr/local/sbin/ai-factory-links"
_CONTAINERD = "/etc/systemd/system/containerd.service.d/10-ai-factory.conf"


def _file(path: str, content: str, permissions: str = "0600") -> Manifest:
    return {"path": path, "owner": "root:root", "permissions": permissions, "content": content}


def _argument(name: str, value: str) -> Manifest:
    return {"name": name, "value": value}


def _node(taints: list[dict[str, str]] | None = None) -> Manifest:
    """How a node registers: with its host's name, its in-band address and the ids that Metal3 finds it by.

    Without a list of taints kubeadm gives control-plane nodes its own (`labels.CONTROL_PLANE`); an empty one would
    take it off.
    """
    registration: Manifest = {
        "name": "{{ ds.meta_data.local_hostname }}",
        "kubeletExtraArgs": [
            _argument("node-ip", "{{ ds.meta_data.ip }}"),
            _argument("node-labels", "metal3.io/uuid={{ ds.meta_data.uuid }}"),
            _argument("provider-id", "metal3://{{ ds.meta_data.providerid }}"),
        ],
    }
    if taints is not None:
        registration["taints"] = taints
    return {"nodeRegistration": registration, "patches": {"directory": _PATCHES}}


def _kubelet(*, reserved_cpu: int, reserved_gib: int, pinned: bool, aligned: bool) -> Manifest:
    text = render(
        "kubeadm/kubelet.yaml.j2", reserved_cpu=reserved_cpu, reserved_gib=reserved_gib, pinned=pinned, aligned=aligned
    )
    return _file(f"{_PATCHES}/kubeletconfiguration+strategic.yaml", text)


@lru_cache(maxsize=64)
def _links(networks: tuple[str, ...]) -> str:
    return render("cloud-init/netplan-links.py.j2", networks=json.dumps(networks), mtu=LINK_MTU)


def gpu_config(plan: RegionPlan, cluster: ClusterPlan, tenant: str | None) -> Manifest:
    """How kubeadm and cloud-init set up GPU nodes: `spec.template.spec` of their KubeadmConfigTemplate.

    Args:
        plan: the region.
        cluster: the cluster.
        tenant: tenant that the nodes are dedicated to, which taints them; None for shared nodes.
    """
    taints = [dict(labels.GPU_TAINT), *([labels.tenant_taint(tenant)] if tenant else [])]
    files = [
        _kubelet(reserved_cpu=4, reserved_gib=16, pinned=True, aligned=not cluster.system.rack_scale),
        # Containers inherit containerd's limits: with systemd's 8 MiB no memory can be registered for RDMA
        # (NVIDIA/nvidia-container-toolkit#2037).
        _file(_CONTAINERD, "[Service]\nLimitMEMLOCK=infinity\n", "0644"),
    ]
    commands = ["systemctl daemon-reload", "systemctl restart containerd"]
    if cluster.system.north_south_links:
        pools = plan.spec.addressing
        networks = tuple(str(pool) for pool in (pools.underlay_v4, pools.ula_v6) if pool is not None)
        files.append(_file(_LINKS, _links(networks), "0700"))
        commands += [f"{_LINKS} '{{{{ ds.meta_data.links }}}}'", "netplan apply"]
    return {"joinConfiguration": _node(taints), "files": files, "preKubeadmCommands": commands}


def control_plane_config(cluster: ClusterPlan) -> Manifest:
    """How kubeadm and cloud-init set up control planes: `spec.kubeadmConfigSpec` of the KubeadmControlPlane."""
    return {
        "clusterConfiguration": _cluster_configuration(),
        # Cilium takes its place; Cluster API must not bring it back, see the control plane's annotation.
        "initConfiguration": {**_node(), "skipPhases": ["addon/kube-proxy"]},
        "joinConfiguration": _node(),
        "files": [
            _kubelet(reserved_cpu=2, reserved_gib=8, pinned=False, aligned=False),
            *(_file(f"{_AUDIT}/{name}", content) for name, content in apiserver.files().items()),
            _file(_VIP, _kube_vip(cluster)),
        ],
        # The endpoint is bound on every node that runs kube-vip. A joining node must still reach the others through
        # it while it joins, so only the first node, which is alone, gets kube-vip before kubeadm runs.
        "preKubeadmCommands": [
            f"if [ -f /run/kubeadm/kubeadm.yaml ]; then mkdir -p {_MANIFESTS} && cp {_VIP} {_MANIFESTS}/; fi"
        ],
        "postKubeadmCommands": [f"cp {_VIP} {_MANIFESTS}/"],
    }


def _cluster_configuration() -> dict[str, Any]:
    arguments = [_argument(name, value) for name, value in apiserver.flags(_AUDIT, _LOGS).items()]
    volumes = [
        {"name": "audit-policy", "hostPath": _AUDIT, "mountPath": _AUDIT, "readOnly": True, "pathType": "Directory"},
        {
            "name": "audit-log",
            "hostPath": _LOGS,
            "mountPath": _LOGS,
            "readOnly": False,
            "pathType": "DirectoryOrCreate",
        },
    ]
    # 8 GiB is the largest database that etcd's documentation advises; a full cluster of 5,000 nodes needs it.
    etcd = [_argument("quota-backend-bytes", str(8 * 2**30))]
    return {"apiServer": {"extraArgs": arguments, "extraVolumes": volumes}, "etcd": {"local": {"extraArgs": etcd}}}


def _kube_vip(cluster: ClusterPlan) -> str:
    if cluster.networks is None:
        raise ValueError(f"cluster {cluster.name} is adopted: its control plane is its owner's")
    # The gateway of the node network speaks BGP with the cluster's first switch AS number, and so do the nodes.
    return render(
        "kubeadm/kube-vip.yaml.j2",
        endpoint=cluster.endpoint,
        image=KUBE_VIP,
        asn=cluster.networks.switch_asns[0],
        gateway=str(cluster.networks.nodes[1]),
    )
