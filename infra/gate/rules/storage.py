"""Storage, in the region file and as objects: encryption, copies, quotas, and what training needs."""

from __future__ import annotations

from collections.abc import Iterator

from ...objects.base import LABEL, Manifest
from ...plan.model import RegionPlan, StoragePlan
from ...plan.storage import tenant_shares
from .. import rule
from ..rule import Breach, Objects, ObjectView, RegionView

_ENCRYPTED = f"{LABEL}/encrypted"
_PARAMETERS = {"csi.weka.io": "encryptionEnabled", "exa.csi.ddn.com": "encryption"}
"""Parameter of a class that has its driver encrypt, by provisioner."""
_CEPH = (".rbd.csi.ceph.com", ".cephfs.csi.ceph.com", ".ceph.rook.io/bucket")
_COPIES = 3
_KEPT = {"CephFilesystem": "preserveFilesystemOnDelete", "CephObjectStore": "preservePoolsOnDelete"}
_POOLS = ("metadataPool", "dataPool")
_ROOK = "https://rook.io/docs/rook/latest-release/CRDs"

_SHARED = ("parallel", "block", "file", "object")
"""Tiers whose data outlives a job and moves with no drive."""
_FAST = ("parallel", "file")


@rule.region(
    id="storage-encrypted", area="secrets", severity="error",
    reason="a drive that is replaced or a snapshot that is copied carries tenants' data out in the clear",
    remedy="leave out encrypted: false", source="Cloud Security Alliance, Cloud Controls Matrix v4, CEK-03",
)  # fmt: skip
def storage_encrypted(view: RegionView) -> Iterator[Breach]:
    """Shared storage that is not encrypted at rest."""
    for system in view.plan.storage:
        if system.spec.tier in _SHARED and not system.spec.encrypted:
            message = f"tenants' data is encrypted at rest: {system.name} ({system.spec.tier}) is not"
            yield Breach(message=message, subject=f"storage/{system.name}", path=("storage", system.name, "encrypted"))


@rule.region(
    id="storage-quota", area="storage", severity="error",
    reason="a quota is a promise: the last tenants to write find the storage full, and so do all others",
    remedy="lower the tenants' quota.storage_tib, or add capacity",
    source="https://kubernetes.io/docs/concepts/policy/resource-quotas/",
)  # fmt: skip
def storage_quota(view: RegionView) -> Iterator[Breach]:
    """Tenants' storage quotas beyond the capacity of all storages of their clusters, where all capacities are known."""
    names = [cluster.name for cluster in view.plan.clusters]
    alone = [breach for name in names for breach in _promised(view.plan, [name], f"cluster/{name}")]
    yield from alone or _promised(view.plan, names, f"region/{view.plan.name}")


def _promised(plan: RegionPlan, clusters: list[str], subject: str) -> Iterator[Breach]:
    storages = [
        system for system in plan.storage if system.spec.driver is not None and set(system.clusters) & set(clusters)
    ]
    inside = [tenant for tenant in plan.tenants if tenant.cluster in clusters]
    tenants = [tenant for tenant in inside if tenant.spec.quota.storage_tib]
    capacity, promised = _capacity_tib(storages), sum(tenant.spec.quota.storage_tib or 0 for tenant in tenants)
    if tenants and capacity is not None:
        others = [tenant for tenant in inside if not tenant.spec.quota.storage_tib]
        shared = sum(sum(tenant_shares(plan, plan.cluster(other.cluster), other).values()) for other in others)
        if promised + shared <= capacity:
            return
        where = ", ".join(system.name for system in storages) or "no storage"
        rest = f" and {', '.join(other.name for other in others)} by their GPUs {shared:,.4g}" if shared else ""
        message = (
            f"quotas stay within the capacity: {', '.join(tenant.name for tenant in tenants)} may fill "
            f"{promised:,g} TiB{rest}, {where} holds {capacity:,g} TiB"
        )
        yield Breach(message=message, subject=subject, path=("tenants", tenants[-1].name, "quota"))


def _capacity_tib(storages: list[StoragePlan]) -> float | None:
    sizes = [system.spec.size_tib for system in storages]
    return None if None in sizes else sum(size or 0 for size in sizes)


@rule.region(
    id="storage-training", area="storage", severity="warning",
    reason="training without shared fast storage waits for data, and a checkpoint on a local drive dies with its node",
    remedy="add a storage of tier parallel or file for the cluster",
    source="DGX SuperPOD with DGX H100, RA-11333-001 V11, table 6 and storage architecture",
)  # fmt: skip
def storage_training(view: RegionView) -> Iterator[Breach]:
    """Built training clusters that have tenants and no shared fast storage. An adopted cluster may have its own."""
    for cluster in view.plan.clusters:
        fast = any(system.spec.tier in _FAST and cluster.name in system.clusters for system in view.plan.storage)
        if cluster.built and cluster.spec.purpose == "training" and view.plan.tenants_of(cluster.name) and not fast:
            message = f"training has shared fast storage: {cluster.name} has none of tier {' or '.join(_FAST)}"
            yield Breach(message=message, subject=f"cluster/{cluster.name}", path=("clusters", cluster.name))


@rule.object_set(
    id="class-encrypted", area="secrets", severity="error",
    reason="tenants choose a class by its label: data that it promises to encrypt leave with the drive in the clear",
    remedy="turn encryption on in the class's parameters, or for Ceph in the cluster (encryptedDevice), or drop the "
    "label",
    source=f"{_ROOK}/Cluster/ceph-cluster-crd/ (encryptedDevice), and the drivers' own example classes",
)  # fmt: skip
def class_encrypted(views: Objects) -> Iterator[Breach]:
    """Storage classes that say they are encrypted, while nothing has them be."""
    ceph = {view.id.partition("/")[0]: view for view in views.of_kind("CephCluster")}
    for view in views.of_kind("StorageClass"):
        if view.labels.get(_ENCRYPTED) != "true":
            continue
        provisioner = str(view.manifest.get("provisioner", ""))
        wanted, given = _PARAMETERS.get(provisioner), view.manifest.get("parameters") or {}
        if wanted and given.get(wanted) != "true":
            message = f"a class that says it is encrypted is: {view.name} has no {wanted}"
            yield Breach(message=message, subject=view.id)
        cluster = ceph.get(view.id.partition("/")[0]) if provisioner.endswith(_CEPH) else None
        if cluster is not None and not _drives_encrypted(cluster.spec):
            message = f"a class that says it is encrypted is: drives of {cluster.name}, below {view.name}, are not"
            yield Breach(message=message, subject=view.id)


def _drives_encrypted(spec: Manifest) -> bool:
    storage = spec.get("storage") or {}
    sets = storage.get("storageClassDeviceSets") or ()
    plain = (storage.get("config") or {}).get("encryptedDevice") == "true"
    return plain or (bool(sets) and all(device_set.get("encrypted") for device_set in sets))


@rule.each_object(
    id="storage-copies", area="storage", severity="error", kinds={"CephBlockPool", *_KEPT},
    reason="with two copies a drive that fails while a node is serviced loses data; with one, any drive does",
    remedy=f"set replicated.size: {_COPIES} or more",
    source=f"{_ROOK}/Block-Storage/ceph-block-pool-crd/",
)  # fmt: skip
def storage_copies(view: ObjectView) -> Iterator[Breach]:
    """Ceph pools with fewer than three copies."""
    for name, pool in _pools(view):
        replicated = pool.get("replicated") or {}
        size = replicated.get("size")
        if size is not None and size < _COPIES:
            yield Breach(message=f"data have {_COPIES} copies: {name} of {view.kind} {view.name} has {size}")


def _pools(view: ObjectView) -> Iterator[tuple[str, Manifest]]:
    kind = view.kind
    if kind == "CephBlockPool":
        yield "the pool", view.spec
    elif kind in _KEPT:
        spec = view.spec
        yield from ((key, spec[key]) for key in _POOLS if spec.get(key))
        yield from (
            (f"data pool {pool.get('name', number)}", pool) for number, pool in enumerate(spec.get("dataPools") or ())
        )


@rule.each_object(
    id="storage-preserved", area="storage", severity="error", kinds=_KEPT,
    reason="the pools go with the object: a wrong prune or a renamed object takes all files with it",
    remedy="keep the data when the object goes: preserveFilesystemOnDelete or preservePoolsOnDelete: true",
    source=f"{_ROOK}/Shared-Filesystem/ceph-filesystem-crd/ and {_ROOK}/Object-Storage/ceph-object-store-crd/",
)  # fmt: skip
def storage_preserved(view: ObjectView) -> Iterator[Breach]:
    """Ceph filesystems and object stores whose data go with their object."""
    key = _KEPT[view.kind]
    if view.spec.get(key) is not True:
        yield Breach(
            message=f"data outlive the object: {view.kind} {view.name} has {key} {view.spec.get(key) or False}"
        )
