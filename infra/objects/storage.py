"""Storage of a cluster: classes, credentials and snapshots of each storage system that it uses.

Credentials come from the region's secret store by External Secrets, never through this package, and are each tenant's
own (`storage/<name>/<tenant>`): on a WEKA system a user of the tenant's organization, on VAST one of its tenant. A
class names the secret of the claim's namespace, so one tenant's volumes are never made or mounted by another's
credentials; namespaces of the platform have none.

A driver whose chart the catalogue has is installed by the cluster's platform. DDN publishes no chart repository: its
driver and Lustre client must be there already, with a driver configuration entry of the storage's name.

What a class refers to on the storage system (filesystem group, view policy, VIP pool) is named like the storage in the
region file, and its storage team makes it. Classes say where data is and who encrypts it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..plan.model import ClusterPlan, RegionPlan, StoragePlan, TenantPlan
from . import _chart_values, _flux, _storage_classes, ids, labels, rook
from .base import LABEL, Block, KubeObject, Manifest, make
from .ids import Subject

NAMESPACE = "ai-factory-storage"
STORE = "storage"
"""ClusterSecretStore that holds the credentials."""
SNAPSHOT_CHART = "snapshot-controller"
WEKA_PORT = 14000
"""Port of WEKA's management API."""

_ENCRYPTED_BY = {"weka": "filesystem", "vast": "system", "ddn": "directory", "rook-ceph": "osd", "local-nvme": "drive"}
"""What encrypts: WEKA a volume's filesystem with its KMS, VAST the whole system, DDN a volume's directory (fscrypt),
Ceph its drives (dm-crypt). Local drives encrypt themselves: the node image must have locked them."""


def block(plan: RegionPlan, cluster: ClusterPlan, stack: str) -> Block:
    """Objects of a cluster's storage: classes, snapshot classes, credentials of each storage system that it uses.

    Args:
        plan: the region.
        cluster: one of its clusters.
        stack: stack of the block.

    Raises:
        ValueError: a Ceph storage that several clusters use.
    """
    used = [storage for storage in plan.storage if cluster.name in storage.clusters]
    items = [_home(cluster)] if used else []
    for storage in used:
        items += _items(plan, cluster, storage)
    ceph = [(storage, _marks(plan, storage)) for storage in used if storage.spec.driver == "rook-ceph"]
    return Block(type="Storage", name=cluster.name, stack=stack, items=(*items, *rook.items(plan, cluster, ceph)))


def _items(plan: RegionPlan, cluster: ClusterPlan, storage: StoragePlan) -> Iterator[KubeObject]:
    driver = storage.spec.driver
    if driver is None:
        yield from _context_memory(cluster, storage)
    elif driver == "local-nvme":
        yield _on(cluster, ids.storage(storage.name), _local_class(plan, storage), *_flux.ready_ids(cluster))
    elif driver in _VENDORS:
        yield from _vendor(plan, cluster, storage, driver)


def _vendor(plan: RegionPlan, cluster: ClusterPlan, storage: StoragePlan, driver: str) -> Iterator[KubeObject]:
    provisioner, parameters, snapshot = _VENDORS[driver](storage)
    marks = _marks(plan, storage)
    home = _home(cluster).id
    volumes = _storage_classes.storage_class(storage.name, provisioner, parameters, marks)
    yield _on(cluster, ids.storage(storage.name), volumes, home, protect=plan.spec.protect)
    snapshots = _storage_classes.snapshot_class(storage.name, provisioner, snapshot, marks)
    yield _on(cluster, ids.storage(storage.name), snapshots, _flux.release_id(cluster, SNAPSHOT_CHART), home)


def tenant_credentials(plan: RegionPlan, cluster: ClusterPlan, tenant: TenantPlan) -> Iterator[KubeObject]:
    """A tenant's credentials for each storage system of its cluster that has a vendor's driver, as external secrets.

    They live in a namespace of the platform: tenants read neither their own nor others'.

    Args:
        plan: the region.
        cluster: the tenant's cluster.
        tenant: the tenant.
    """
    needs = (_home(cluster).id, _flux.release_id(cluster, "external-secrets"))
    for storage in plan.storage:
        driver = storage.spec.driver
        if driver in _VENDORS and cluster.name in storage.clusters:
            manifest = _credentials(storage, driver, tenant)
            yield _on(cluster, ids.tenant(tenant.name), manifest, *needs, wait_for="condition=Ready")


def _local_class(plan: RegionPlan, storage: StoragePlan) -> Manifest:
    """TopoLVM's volumes stay on their node, so the scheduler chooses it first; it has no snapshots of thick volumes."""
    parameters = {"csi.storage.k8s.io/fstype": "xfs", "topolvm.io/device-class": _chart_values.NVME_CLASS}
    return _storage_classes.storage_class(storage.name, "topolvm.io", parameters, _marks(plan, storage), wait=True)


def _context_memory(cluster: ClusterPlan, storage: StoragePlan) -> Iterator[KubeObject]:
    """Context memory has no public CSI object yet: its endpoint is handed on as facts, where there is one."""
    if storage.spec.endpoint is not None:
        facts = {"endpoint": storage.spec.endpoint, "network": str(storage.network), "tier": storage.spec.tier}
        manifest = make("v1", "ConfigMap", f"context-memory-{storage.name}", NAMESPACE, data=facts)
        yield _on(cluster, ids.storage(storage.name), manifest, _home(cluster).id)


def _credentials(storage: StoragePlan, driver: str, tenant: TenantPlan) -> Manifest:
    """All of `storage/<name>/<tenant>`, with the endpoint of the region file, which is no secret."""
    name = f"{_secret_name(storage)}-{tenant.name}"
    target: Manifest = {"name": name, "creationPolicy": "Owner"}
    if facts := _endpoint_facts(storage, driver):
        target["template"] = {"mergePolicy": "Merge", "data": facts}
    body = {
        "refreshInterval": "1h",
        "secretStoreRef": {"kind": "ClusterSecretStore", "name": STORE},
        "target": target,
        "dataFrom": [{"extract": {"key": f"storage/{storage.name}/{tenant.name}"}}],
    }
    return make("external-secrets.io/v1", "ExternalSecret", name, NAMESPACE, spec=body)


def _endpoint_facts(storage: StoragePlan, driver: str) -> dict[str, str]:
    endpoint = storage.spec.endpoint
    if endpoint is None or driver == "ddn":
        return {}
    if driver == "vast":
        return {"endpoint": endpoint}
    return {"endpoints": endpoint if ":" in endpoint else f"{endpoint}:{WEKA_PORT}", "scheme": "https"}


def _secret_name(storage: StoragePlan) -> str:
    return f"storage-{storage.name}"


def _secret_pairs(storage: StoragePlan, *uses: str) -> dict[str, str]:
    """Secrets by the claim's namespace, which its author doesn't choose (external-provisioner, getSecretReference)."""
    name = f"{_secret_name(storage)}-${{pvc.namespace}}"
    return _storage_classes.secret_pairs(dict.fromkeys(uses, name), NAMESPACE)


def _snapshot_secret(storage: StoragePlan) -> dict[str, str]:
    name = f"{_secret_name(storage)}-${{volumesnapshot.namespace}}"
    return _storage_classes.secret_pairs({"snapshotter": name}, NAMESPACE)


_CSI_USES = ("provisioner", "controller-publish", "controller-expand", "node-stage", "node-publish")
Parameters = tuple[str, dict[str, str], dict[str, str]]
"""Provisioner, parameters of the class, parameters of the snapshot class."""


def _weka(storage: StoragePlan) -> Parameters:
    """A filesystem for each volume, capacity enforced (csi-wekafs v2.8.8, examples/dynamic_filesystem)."""
    parameters = {
        "volumeType": "weka/v2",
        "filesystemGroupName": storage.name,
        "initialFilesystemSizeGB": "100",
        "capacityEnforcement": "HARD",
    }
    if storage.spec.encrypted:
        parameters["encryptionEnabled"] = "true"
    return "csi.weka.io", parameters | _secret_pairs(storage, *_CSI_USES), _snapshot_secret(storage)


def _vast(storage: StoragePlan) -> Parameters:
    """A view for each volume, over NFS (parameters as the chart's own classes have them, vast-csi 2.5)."""
    uses = ("provisioner", "controller-publish", "controller-expand", "node-publish")
    parameters = {
        "root_export": f"/{storage.name}",
        "view_policy": storage.name,
        "vip_pool_name": storage.name,
        "volume_name_fmt": "csi:{namespace}:{name}:{id}",
    }
    snapshot = {"snapshot_name_fmt": "csi:{namespace}:{name}:{id}"} | _snapshot_secret(storage)
    return "csi.vastdata.com", parameters | _secret_pairs(storage, *uses), snapshot


def _ddn(storage: StoragePlan) -> Parameters:
    """A directory for each volume, encrypted with the passphrase of its secret (exa-csi-driver 2.9)."""
    parameters = {"configName": storage.name}
    snapshot = {"snapshotUtility": "dtar", "snapshotFolder": "csi-snapshots", "snapshotMd5Verify": "false"}
    if storage.spec.encrypted:
        parameters |= {"encryption": "true"} | _secret_pairs(storage, "provisioner", "node-stage", "controller-expand")
        snapshot |= {"encryption": "true"} | _snapshot_secret(storage)
    return "exa.csi.ddn.com", parameters, snapshot


_VENDORS: dict[str, Callable[[StoragePlan], Parameters]] = {"weka": _weka, "vast": _vast, "ddn": _ddn}


def _marks(plan: RegionPlan, storage: StoragePlan) -> dict[str, str]:
    marks = {
        f"{LABEL}/tier": storage.spec.tier,
        f"{LABEL}/encrypted": "true" if storage.spec.encrypted else "false",
        f"{LABEL}/country": plan.spec.region.country,
    }
    if storage.spec.encrypted and storage.spec.driver is not None:
        marks[f"{LABEL}/encrypted-by"] = _ENCRYPTED_BY[storage.spec.driver]
    return marks


def _home(cluster: ClusterPlan) -> KubeObject:
    manifest = make("v1", "Namespace", NAMESPACE, labels={labels.PLATFORM: "true"})
    return _on(cluster, ids.cluster(cluster.name), manifest, *_flux.ready_ids(cluster))


def _on(
    cluster: ClusterPlan,
    owner: Subject,
    manifest: Manifest,
    *after: str,
    wait_for: str | None = None,
    protect: bool = False,
) -> KubeObject:
    return KubeObject(
        target=cluster.name, owner=owner, manifest=manifest, after=after, wait_for=wait_for, protect=protect
    )
