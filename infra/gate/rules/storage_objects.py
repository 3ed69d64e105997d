"""Storage objects: what is said to be encrypted is, copies are enough, and data outlive the object."""

from __future__ import annotations

from collections.abc import Iterator

from ...objects.base import LABEL, Manifest
from .. import rule
from ..rule import Breach, Objects, ObjectView
from . import _manifests

_ENCRYPTED = f"{LABEL}/encrypted"
_PARAMETERS = {"csi.weka.io": "encryptionEnabled", "exa.csi.ddn.com": "encryption"}
"""Parameter of a class that has its driver encrypt, by provisioner."""
_CEPH = (".rbd.csi.ceph.com", ".cephfs.csi.ceph.com", ".ceph.rook.io/bucket")
_COPIES = 3
_KEPT = {"CephFilesystem": "preserveFilesystemOnDelete", "CephObjectStore": "preservePoolsOnDelete"}
_POOLS = ("metadataPool", "dataPool")
_ROOK = "https://rook.io/docs/rook/latest-release/CRDs"


@rule.object_set(
    id="class-encrypted", area="secrets", severity="error",
    reason="tenants choose a class by its label: data that it promises to encrypt leave with the drive in the clear",
    remedy="turn encryption on in the class's parameters, or for Ceph in the cluster (encryptedDevice), or drop the "
    "label",
    source=f"{_ROOK}/Cluster/ceph-cluster-crd/ (encryptedDevice), and the drivers' own example classes",
)  # fmt: skip
def class_encrypted(views: Objects) -> Iterator[Breach]:
    """Storage classes that say they are encrypted, while nothing has them be."""
    ceph = {view.id.partition("/")[0]: view for view in _manifests.of_kind(views, "CephCluster")}
    for view in _manifests.of_kind(views, "StorageClass"):
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
    id="storage-copies", area="storage", severity="error",
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
    id="storage-preserved", area="storage", severity="error",
    reason="the pools go with the object: a wrong prune or a renamed object takes all files with it",
    remedy="keep the data when the object goes: preserveFilesystemOnDelete or preservePoolsOnDelete: true",
    source=f"{_ROOK}/Shared-Filesystem/ceph-filesystem-crd/ and {_ROOK}/Object-Storage/ceph-object-store-crd/",
)  # fmt: skip
def storage_preserved(view: ObjectView) -> Iterator[Breach]:
    """Ceph filesystems and object stores whose data go with their object."""
    key = _KEPT.get(view.kind)
    if key is not None and view.spec.get(key) is not True:
        yield Breach(
            message=f"data outlive the object: {view.kind} {view.name} has {key} {view.spec.get(key) or False}"
        )
