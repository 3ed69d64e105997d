"""Ceph by Rook on a cluster's storage nodes: cluster, pool or filesystem, and the class over it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..plan.model import ClusterPlan, RegionPlan, StoragePlan
from .base import LABEL, KubeObject, Manifest, make, object_id

NAMESPACE = "rook-ceph"
CHART = "rook-ceph"
IMAGE = "quay.io/ceph/ceph:v20.2.1"
"""Ceph release (assumption: the newest that Rook v1.20 supports)."""
STORAGE_NODE = f"{LABEL}/storage"
"""Label of the nodes that Ceph may use, value: name of the storage."""
COPIES = 3
"""Copies of every object: Ceph's default, survives the loss of a node while another is serviced."""
_API = "ceph.rook.io/v1"


def items(
    plan: RegionPlan, cluster: ClusterPlan, storage: StoragePlan, marks: Mapping[str, str]
) -> Iterator[KubeObject]:
    """Objects of one Ceph system on a cluster.

    Args:
        plan: the region.
        cluster: cluster that it runs on and serves.
        storage: the storage, tier block, file or object.
        marks: labels of its class.
    """
    release = object_id(cluster.management, make("helm.toolkit.fluxcd.io/v2", "HelmRelease", CHART, cluster.name))
    home = KubeObject(target=cluster.name, manifest=make("v1", "Namespace", NAMESPACE))
    yield home
    ceph = make(_API, "CephCluster", storage.name, NAMESPACE, spec=_cluster(storage))
    keep = plan.spec.protect
    yield KubeObject(target=cluster.name, manifest=ceph, after=(release, home.id), protect=keep, timeout_seconds=3600)
    ceph_id = object_id(cluster.name, ceph)
    pool = _POOLS[storage.spec.tier](storage)
    yield KubeObject(target=cluster.name, manifest=pool, after=(ceph_id,), protect=keep)
    manifest = _class(storage, dict(marks))
    yield KubeObject(target=cluster.name, manifest=manifest, after=(object_id(cluster.name, pool),))


def _cluster(storage: StoragePlan) -> Manifest:
    nodes = {"matchExpressions": [{"key": STORAGE_NODE, "operator": "In", "values": [storage.name]}]}
    affinity = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [nodes]}}
    return {
        "cephVersion": {"image": IMAGE},
        "dataDirHostPath": "/var/lib/rook",
        "mon": {"count": 3, "allowMultiplePerNode": False},
        "mgr": {"count": 2},
        "storage": {
            "useAllNodes": True,
            "useAllDevices": True,
            "config": {"encryptedDevice": "true" if storage.spec.encrypted else "false"},
        },
        "placement": {"all": {"nodeAffinity": affinity}},
        "disruptionManagement": {"managePodBudgets": True},
    }


def _replicated() -> Manifest:
    return {"failureDomain": "host", "replicated": {"size": COPIES}}


def _block_pool(storage: StoragePlan) -> Manifest:
    return make(_API, "CephBlockPool", storage.name, NAMESPACE, spec=_replicated())


def _filesystem(storage: StoragePlan) -> Manifest:
    spec = {
        "metadataPool": _replicated(),
        "dataPools": [{"name": "data", **_replicated()}],
        "metadataServer": {"activeCount": 1, "activeStandby": True},
        "preserveFilesystemOnDelete": True,
    }
    return make(_API, "CephFilesystem", storage.name, NAMESPACE, spec=spec)


def _object_store(storage: StoragePlan) -> Manifest:
    spec = {
        "metadataPool": _replicated(),
        "dataPool": _replicated(),
        "preservePoolsOnDelete": True,
        "gateway": {"port": 80, "instances": 2},
    }
    return make(_API, "CephObjectStore", storage.name, NAMESPACE, spec=spec)


_POOLS = {"block": _block_pool, "file": _filesystem, "object": _object_store}


def _class(storage: StoragePlan, marks: dict[str, str]) -> Manifest:
    tier = storage.spec.tier
    if tier == "object":
        provisioner = f"{NAMESPACE}.ceph.rook.io/bucket"
        parameters = {"objectStoreName": storage.name, "objectStoreNamespace": NAMESPACE}
    else:
        kind, user = ("rbd", "rbd") if tier == "block" else ("cephfs", "cephfs")
        provisioner = f"{NAMESPACE}.{kind}.csi.ceph.com"
        parameters = {"clusterID": NAMESPACE, **_secrets(user)}
        if tier == "block":
            parameters |= {"pool": storage.name, "imageFormat": "2", "imageFeatures": "layering"}
        else:
            parameters |= {"fsName": storage.name, "pool": f"{storage.name}-data"}
    return make(
        "storage.k8s.io/v1",
        "StorageClass",
        storage.name,
        labels=marks,
        provisioner=provisioner,
        parameters=parameters,
        reclaimPolicy="Delete",
        allowVolumeExpansion=None if tier == "object" else True,
    )


def _secrets(user: str) -> dict[str, str]:
    """Secrets that Rook makes for its CSI drivers."""
    names = {
        "provisioner": f"rook-csi-{user}-provisioner",
        "controller-expand": f"rook-csi-{user}-provisioner",
        "node-stage": f"rook-csi-{user}-node",
    }
    pairs = {}
    for use, name in names.items():
        pairs[f"csi.storage.k8s.io/{use}-secret-name"] = name
        pairs[f"csi.storage.k8s.io/{use}-secret-namespace"] = NAMESPACE
    return pairs
