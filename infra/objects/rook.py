"""Ceph by Rook on a cluster's storage nodes: one Ceph cluster, and a pool, filesystem or object store for each storage.

Rook runs one Ceph cluster in its namespace, so all Ceph storages of a cluster share it and its nodes. They are told
by a label, not by name: nodes that carry it join without a change here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ..plan.model import ClusterPlan, RegionPlan, StoragePlan
from . import _chart_placement, _flux, _storage_classes, ids
from .base import LABEL, KubeObject, Manifest, make

NAMESPACE = "rook-ceph"
"""Namespace of Rook and of Ceph; the platform declares it."""
CHART = "rook-ceph"
IMAGE = "quay.io/ceph/ceph:v20.2.4"
"""Ceph release of Rook v1.20.6's own example cluster."""
STORAGE_NODE = f"{LABEL}/storage"
"""Label of the nodes that Ceph may use, with any value."""
COPIES = 3
"""Copies of every object: Ceph's default, survives the loss of a node while another is serviced."""
SNAPSHOT_CHART = "snapshot-controller"
GATEWAY_APP = "rook-ceph-rgw"
"""Label `app` of an object gateway's pods."""
GATEWAY_PORT = 8080
"""Port of an object gateway's pod, which its service has at 80 (rook v1.20, pkg/operator/ceph/object)."""
_API = "ceph.rook.io/v1"
_NAME = "ceph"

Ceph = tuple[StoragePlan, Mapping[str, str]]
"""A storage, tier block, file or object, and the labels of its class."""


def items(plan: RegionPlan, cluster: ClusterPlan, storages: Sequence[Ceph]) -> Iterator[KubeObject]:
    """Objects of the Ceph storages of a cluster, by Rook; none without any.

    Args:
        plan: the region.
        cluster: cluster that Ceph runs on and serves.
        storages: its Ceph storages.

    Raises:
        ValueError: a storage is used by several clusters, while Ceph runs in one.
    """
    if not storages:
        return
    for storage, _ in storages:
        if len(storage.clusters) > 1:
            names = ", ".join(storage.clusters)
            raise ValueError(f"storage {storage.name}: Rook's Ceph serves the cluster that it runs in, not {names}")
    release = _flux.release_id(cluster, CHART)
    encrypted = any(storage.spec.encrypted for storage, _ in storages)
    ceph = KubeObject(
        target=cluster.name,
        owner=ids.cluster(cluster.name),
        manifest=make(_API, "CephCluster", _NAME, NAMESPACE, spec=_cluster(cluster, encrypted)),
        after=(release, _flux.namespace_id(cluster, NAMESPACE)),
        protect=plan.spec.protect,
    )
    yield ceph
    for storage, marks in storages:
        yield from _storage(plan, cluster, storage, marks, ceph.id)


def _storage(
    plan: RegionPlan, cluster: ClusterPlan, storage: StoragePlan, marks: Mapping[str, str], ceph: str
) -> Iterator[KubeObject]:
    tier, owner = storage.spec.tier, ids.storage(storage.name)
    pool = KubeObject(
        target=cluster.name,
        owner=owner,
        manifest=_POOLS[tier](storage),
        after=(ceph,),
        protect=plan.spec.protect,
    )
    yield pool
    if tier == "file":
        group = make(_API, "CephFilesystemSubVolumeGroup", f"{storage.name}-csi", NAMESPACE, spec=_csi_group(storage))
        yield KubeObject(target=cluster.name, owner=owner, manifest=group, after=(pool.id,))
    yield KubeObject(target=cluster.name, owner=owner, manifest=_class(storage, marks), after=(pool.id,))
    if tier in _CSI:
        driver, user = _CSI[tier]
        secret = _storage_classes.secret_pairs({"snapshotter": f"rook-csi-{user}-provisioner"}, NAMESPACE)
        snapshots = _storage_classes.snapshot_class(storage.name, driver, {"clusterID": NAMESPACE, **secret}, marks)
        yield KubeObject(
            target=cluster.name,
            owner=owner,
            manifest=snapshots,
            after=(_flux.release_id(cluster, SNAPSHOT_CHART), pool.id),
        )


def _cluster(cluster: ClusterPlan, encrypted: bool) -> Manifest:
    """Encryption is of the drives, so one storage that asks for it has it for all."""
    nodes = {"matchExpressions": [{"key": STORAGE_NODE, "operator": "Exists"}]}
    affinity = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [nodes]}}
    place: Manifest = {"nodeAffinity": affinity}
    if cluster.built:
        place["tolerations"] = _chart_placement.control_planes()
    return {
        "cephVersion": {"image": IMAGE},
        "dataDirHostPath": "/var/lib/rook",
        "mon": {"count": 3, "allowMultiplePerNode": False},
        "mgr": {"count": 2},
        "storage": {
            "useAllNodes": True,
            "useAllDevices": True,
            "config": {"encryptedDevice": "true" if encrypted else "false"},
        },
        "placement": {"all": place},
        "disruptionManagement": {"managePodBudgets": True},
    }


def _replicated() -> Manifest:
    return {"failureDomain": "host", "replicated": {"size": COPIES}}


def _block_pool(storage: StoragePlan) -> Manifest:
    return make(_API, "CephBlockPool", storage.name, NAMESPACE, spec=_replicated())


def _filesystem(storage: StoragePlan) -> Manifest:
    body = {
        "metadataPool": _replicated(),
        "dataPools": [{"name": "data", **_replicated()}],
        "metadataServer": {"activeCount": 1, "activeStandby": True},
        "preserveFilesystemOnDelete": True,
    }
    return make(_API, "CephFilesystem", storage.name, NAMESPACE, spec=body)


def _csi_group(storage: StoragePlan) -> Manifest:
    """The CSI driver keeps its volumes in the subvolume group `csi`."""
    return {"name": "csi", "filesystemName": storage.name, "pinning": {"distributed": 1}}


def _object_store(storage: StoragePlan) -> Manifest:
    body = {
        "metadataPool": _replicated(),
        "dataPool": _replicated(),
        "preservePoolsOnDelete": True,
        "gateway": {"port": 80, "instances": 2},
    }
    return make(_API, "CephObjectStore", storage.name, NAMESPACE, spec=body)


_POOLS = {"block": _block_pool, "file": _filesystem, "object": _object_store}
_CSI = {"block": (f"{NAMESPACE}.rbd.csi.ceph.com", "rbd"), "file": (f"{NAMESPACE}.cephfs.csi.ceph.com", "cephfs")}
"""CSI driver by tier, and the user in the names of the secrets that Rook makes for it."""


def _class(storage: StoragePlan, marks: Mapping[str, str]) -> Manifest:
    tier = storage.spec.tier
    if tier == "object":
        parameters = {"objectStoreName": storage.name, "objectStoreNamespace": NAMESPACE}
        return _storage_classes.storage_class(
            storage.name, f"{NAMESPACE}.ceph.rook.io/bucket", parameters, marks, grows=False
        )
    driver, user = _CSI[tier]
    parameters = {"clusterID": NAMESPACE, **_secrets(user)}
    if tier == "block":
        parameters |= {"pool": storage.name, "imageFormat": "2", "imageFeatures": "layering"}
    else:
        parameters |= {"fsName": storage.name, "pool": f"{storage.name}-data"}
    return _storage_classes.storage_class(storage.name, driver, parameters, marks)


def _secrets(user: str) -> dict[str, str]:
    provisioner = dict.fromkeys(
        ("provisioner", "controller-expand", "controller-publish"), f"rook-csi-{user}-provisioner"
    )
    return _storage_classes.secret_pairs({**provisioner, "node-stage": f"rook-csi-{user}-node"}, NAMESPACE)
