"""Storage of a cluster: classes, credentials and snapshots of each storage system that it uses.

Credentials come from the region's secret store by External Secrets (`storage/<name>`), never through this package.
A driver whose chart the catalogue has is installed by the cluster's platform; the others (DDN publishes no chart
repository) must be on the node image.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..plan.model import ClusterPlan, RegionPlan, StoragePlan
from . import labels, rook
from .base import LABEL, Block, KubeObject, Manifest, make, object_id

NAMESPACE = "ai-factory-storage"
STORE = "storage"
"""ClusterSecretStore that holds the credentials."""
_SNAPSHOTS = "snapshot.storage.k8s.io/v1"


def block(plan: RegionPlan, cluster: ClusterPlan, stack: str) -> Block:
    """Storage classes of a cluster and what they need.

    Args:
        plan: the region.
        cluster: one of its clusters.
        stack: stack of the block.
    """
    used = [storage for storage in plan.storage if cluster.name in storage.clusters]
    items = [_home(cluster)] if used else []
    for storage in used:
        items += _items(plan, cluster, storage)
    return Block(type="Storage", name=cluster.name, stack=stack, items=tuple(items))


def classes(plan: RegionPlan, cluster: ClusterPlan) -> list[str]:
    """Names of the storage classes that a cluster's tenants can use."""
    return [s.name for s in plan.storage if cluster.name in s.clusters and s.spec.driver is not None]


def _items(plan: RegionPlan, cluster: ClusterPlan, storage: StoragePlan) -> Iterator[KubeObject]:
    driver = storage.spec.driver
    if driver is None:
        yield from _context_memory(cluster, storage)
    elif driver == "rook-ceph":
        yield from rook.items(plan, cluster, storage, _marks(plan, storage))
    elif driver == "local-nvme":
        yield _on(cluster, _local_class(plan, storage), ())
    else:
        yield from _vendor(plan, cluster, storage, driver)


def _vendor(plan: RegionPlan, cluster: ClusterPlan, storage: StoragePlan, driver: str) -> Iterator[KubeObject]:
    secret = _credentials(storage)
    yield _on(cluster, secret, (_home(cluster).id, _release(cluster, "external-secrets")), wait_for="condition=Ready")
    provisioner, parameters = _VENDORS[driver](storage)
    fields: Manifest = {
        "provisioner": provisioner,
        "parameters": parameters,
        "reclaimPolicy": "Delete",
        "volumeBindingMode": "Immediate",
        "allowVolumeExpansion": True,
    }
    manifest = make("storage.k8s.io/v1", "StorageClass", storage.name, labels=_marks(plan, storage), **fields)
    yield _on(cluster, manifest, (object_id(cluster.name, secret),), protect=plan.spec.protect)
    if driver in _SNAPSHOTTERS:
        yield _on(cluster, _snapshots(storage, provisioner), ())


def _snapshots(storage: StoragePlan, provisioner: str) -> Manifest:
    return make(
        _SNAPSHOTS,
        "VolumeSnapshotClass",
        storage.name,
        driver=provisioner,
        deletionPolicy="Delete",
        parameters=_secret_pairs(storage, ("snapshotter",)),
    )


def _local_class(plan: RegionPlan, storage: StoragePlan) -> Manifest:
    return make(
        "storage.k8s.io/v1",
        "StorageClass",
        storage.name,
        labels=_marks(plan, storage),
        provisioner="topolvm.io",
        parameters={"csi.storage.k8s.io/fstype": "xfs", "topolvm.io/device-class": "nvme"},
        reclaimPolicy="Delete",
        volumeBindingMode="WaitForFirstConsumer",
        allowVolumeExpansion=True,
    )


def _context_memory(cluster: ClusterPlan, storage: StoragePlan) -> Iterator[KubeObject]:
    """Context memory has no public CSI object yet: its endpoint is handed on as facts, where there is one."""
    if storage.spec.endpoint is not None:
        facts = {"endpoint": storage.spec.endpoint, "network": str(storage.network), "tier": storage.spec.tier}
        manifest = make("v1", "ConfigMap", f"context-memory-{storage.name}", NAMESPACE, data=facts)
        yield _on(cluster, manifest, (_home(cluster).id,))


def _credentials(storage: StoragePlan) -> Manifest:
    return make(
        "external-secrets.io/v1",
        "ExternalSecret",
        _secret_name(storage),
        NAMESPACE,
        spec={
            "refreshInterval": "1h",
            "secretStoreRef": {"kind": "ClusterSecretStore", "name": STORE},
            "target": {"name": _secret_name(storage), "creationPolicy": "Owner"},
            "dataFrom": [{"extract": {"key": f"storage/{storage.name}"}}],
        },
    )


def _secret_name(storage: StoragePlan) -> str:
    return f"storage-{storage.name}"


def _secret_pairs(storage: StoragePlan, uses: tuple[str, ...]) -> dict[str, str]:
    """The `csi.storage.k8s.io/<use>-secret-{name,namespace}` parameters."""
    pairs: dict[str, str] = {}
    for use in uses:
        pairs[f"csi.storage.k8s.io/{use}-secret-name"] = _secret_name(storage)
        pairs[f"csi.storage.k8s.io/{use}-secret-namespace"] = NAMESPACE
    return pairs


def _weka(storage: StoragePlan) -> tuple[str, dict[str, str]]:
    """WEKA: a filesystem for each volume, capacity enforced (csi-wekafs, volumeType weka/v2)."""
    uses = ("provisioner", "controller-publish", "controller-expand", "node-stage", "node-publish", "snapshotter")
    parameters = {
        "volumeType": "weka/v2",
        "filesystemGroupName": storage.name,
        "initialFilesystemSizeGB": "100",
        "capacityEnforcement": "HARD",
    }
    if storage.spec.encrypted:
        parameters["encryptionEnabled"] = "true"
    return "csi.weka.io", parameters | _secret_pairs(storage, uses)


def _vast(storage: StoragePlan) -> tuple[str, dict[str, str]]:
    """VAST: a view for each volume, NFS over RDMA."""
    parameters = {
        "secretName": _secret_name(storage),
        "secretNamespace": NAMESPACE,
        "storagePath": f"/{storage.name}",
        "viewPolicy": storage.name,
        "vipPoolFQDN": storage.spec.endpoint or "",
        "volumeNameFormat": "csi:{namespace}:{name}:{id}",
    }
    return "csi.vastdata.com", parameters


def _ddn(storage: StoragePlan) -> tuple[str, dict[str, str]]:
    """DDN EXAScaler: a directory for each volume, with a project quota."""
    return "exa.csi.ddn.com", {"exaFS": storage.name, "bindMount": "true"}


_VENDORS: dict[str, Callable[[StoragePlan], tuple[str, dict[str, str]]]] = {"weka": _weka, "vast": _vast, "ddn": _ddn}
_SNAPSHOTTERS = frozenset({"weka", "vast"})


def _marks(plan: RegionPlan, storage: StoragePlan) -> dict[str, str]:
    return {
        f"{LABEL}/tier": storage.spec.tier,
        f"{LABEL}/encrypted": "true" if storage.spec.encrypted else "false",
        f"{LABEL}/country": plan.spec.region.country,
    }


def _home(cluster: ClusterPlan) -> KubeObject:
    return _on(cluster, make("v1", "Namespace", NAMESPACE, labels={labels.PLATFORM: "true"}), ())


def _release(cluster: ClusterPlan, chart: str) -> str:
    return object_id(cluster.management, make("helm.toolkit.fluxcd.io/v2", "HelmRelease", chart, cluster.name))


def _on(
    cluster: ClusterPlan,
    manifest: Manifest,
    after: tuple[str, ...],
    *,
    protect: bool = False,
    wait_for: str | None = None,
) -> KubeObject:
    return KubeObject(target=cluster.name, manifest=manifest, after=after, protect=protect, wait_for=wait_for)
