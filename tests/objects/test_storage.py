"""Storage classes by driver, with their credentials from the secret store and nothing secret in them."""

from __future__ import annotations

import doctest
from typing import Any

import pytest

from ai_factory.infra.objects import _flux, _storage_classes, ids, rook, storage
from ai_factory.infra.objects.base import KubeObject
from ai_factory.infra.plan.model import RegionPlan
from tests import schema

from .conftest import make_plan, manifests, named

HPS = {"name": "hps", "tier": "parallel", "endpoint": "store.internal"}


def planned(*entries: dict[str, Any], core: int = 16) -> RegionPlan:
    return make_plan(storage=list(entries), core={"nodes": core})


def ceph(name: str, tier: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "tier": tier, "driver": "rook-ceph", "nodes": 3, "cluster": "train", **more}


def objects_of(plan: RegionPlan, cluster: str = "train") -> list[dict[str, Any]]:
    return manifests(storage.block(plan, plan.cluster(cluster), "s"))


def class_of(plan: RegionPlan, name: str = "hps") -> dict[str, Any]:
    return named(objects_of(plan), "StorageClass", name)


ALL = [
    {**HPS, "driver": "weka"},
    {**HPS, "driver": "vast"},
    {**HPS, "driver": "ddn"},
    ceph("blocks", "block"),
    ceph("files", "file"),
    ceph("buckets", "object"),
    {"name": "scratch", "tier": "local", "driver": "local-nvme"},
]


def test_examples_in_docstrings() -> None:
    done = doctest.testmod(_storage_classes)
    assert done.attempted and not done.failed


@pytest.mark.parametrize("entry", ALL, ids=lambda e: f"{e['driver']}-{e['tier']}")
def test_every_object_passes_its_schema(entry: dict[str, Any]) -> None:
    objects = objects_of(planned(entry))
    assert [o["metadata"]["name"] for o in objects if o["kind"] == "StorageClass"] == [entry["name"]]
    assert [fault for one in objects for fault in schema.validate(one)] == []


@pytest.mark.parametrize("entry", ALL, ids=lambda e: f"{e['driver']}-{e['tier']}")
def test_classes_say_where_data_is_and_go_with_their_claims(entry: dict[str, Any]) -> None:
    made = class_of(planned(entry), entry["name"])
    assert made["metadata"]["labels"]["ai-factory.dev/country"] == "KR"
    assert made["metadata"]["labels"]["ai-factory.dev/encrypted"] == "true"
    assert made["reclaimPolicy"] == "Delete"


# Vendors ----------------------------------------------------------------------------------------------------

SECRET = {"name": "storage-hps-${pvc.namespace}", "namespace": "ai-factory-storage"}
SNAPSHOT_SECRET = {**SECRET, "name": "storage-hps-${volumesnapshot.namespace}"}


def secrets_of(parameters: dict[str, str]) -> dict[str, dict[str, str]]:
    """CSI secret references by use."""
    found: dict[str, dict[str, str]] = {}
    for key, value in parameters.items():
        if key.startswith("csi.storage.k8s.io/") and "-secret-" in key:
            use, _, field = key.removeprefix("csi.storage.k8s.io/").partition("-secret-")
            found.setdefault(use, {})[field] = value
    return found


@pytest.mark.parametrize(
    ("driver", "provisioner", "parameters"),
    [
        (
            "weka",
            "csi.weka.io",
            {
                "volumeType": "weka/v2",
                "filesystemGroupName": "hps",
                "capacityEnforcement": "HARD",
                "encryptionEnabled": "true",
            },
        ),
        ("vast", "csi.vastdata.com", {"root_export": "/hps", "view_policy": "hps", "vip_pool_name": "hps"}),
        ("ddn", "exa.csi.ddn.com", {"configName": "hps", "encryption": "true"}),
    ],
)
def test_vendor_class(driver: str, provisioner: str, parameters: dict[str, str]) -> None:
    objects = objects_of(planned({**HPS, "driver": driver}))
    made = named(objects, "StorageClass", "hps")
    assert made["provisioner"] == provisioner
    assert parameters.items() <= made["parameters"].items()
    found = secrets_of(made["parameters"])
    assert {"provisioner", "controller-expand"} <= set(found)
    assert all(one == SECRET for one in found.values())
    snapshots = named(objects, "VolumeSnapshotClass", "hps")
    assert snapshots["driver"] == provisioner
    assert secrets_of(snapshots["parameters"]) == {"snapshotter": SNAPSHOT_SECRET}


@pytest.mark.parametrize("driver", ["weka", "ddn"])
def test_encryption_is_asked_for_only_where_it_is_wanted(driver: str) -> None:
    made = class_of(planned({**HPS, "driver": driver, "encrypted": False}))
    assert not {"encryption", "encryptionEnabled"} & set(made["parameters"])
    assert made["metadata"]["labels"]["ai-factory.dev/encrypted"] == "false"
    assert "ai-factory.dev/encrypted-by" not in made["metadata"]["labels"]


@pytest.mark.parametrize(
    ("driver", "endpoint", "facts"),
    [
        ("weka", "weka.internal", {"endpoints": "weka.internal:14000", "scheme": "https"}),
        ("weka", "10.0.0.1:443", {"endpoints": "10.0.0.1:443", "scheme": "https"}),
        ("vast", "vast.internal", {"endpoint": "vast.internal"}),
        ("ddn", "exa.internal", None),
    ],
)
def test_credentials_come_from_the_store(driver: str, endpoint: str, facts: dict[str, str] | None) -> None:
    plan = planned({**HPS, "driver": driver, "endpoint": endpoint})
    assert not [o for o in objects_of(plan) if o["kind"] == "ExternalSecret"], "one for all would be everybody's"
    for tenant in plan.tenants_of("train"):
        [item] = storage.tenant_credentials(plan, plan.cluster("train"), tenant)
        meta, spec = item.manifest["metadata"], item.manifest["spec"]
        assert (meta["name"], meta["namespace"]) == (f"storage-hps-{tenant.name}", "ai-factory-storage")
        assert item.owner == ids.tenant(tenant.name) and item.wait_for == "condition=Ready"
        assert spec["secretStoreRef"] == {"kind": "ClusterSecretStore", "name": "storage"}
        assert spec["dataFrom"] == [{"extract": {"key": f"storage/hps/{tenant.name}"}}]
        assert spec["target"].get("template", {}).get("data") == facts
        assert schema.validate(item.manifest) == []


def test_class_and_credentials_come_after_what_they_need(plan: RegionPlan) -> None:
    train = plan.cluster("train")
    items = {i.manifest["kind"]: i for i in storage.block(plan, train, "s").items if isinstance(i, KubeObject)}
    home = items["Namespace"]
    for tenant in plan.tenants_of("train"):
        [secret] = storage.tenant_credentials(plan, train, tenant)
        assert {_flux.release_id(train, "external-secrets"), home.id} <= set(secret.after)
    [made] = [i for i in storage.block(plan, train, "s").items if i.id.endswith("StorageClass.storage.k8s.io//hps")]
    assert made.after == (home.id,)
    assert isinstance(made, KubeObject) and made.protect
    assert _flux.release_id(train, "snapshot-controller") in items["VolumeSnapshotClass"].after


# Local drives and context memory ----------------------------------------------------------------------------


def test_local_drives_are_taken_where_the_pod_runs(plan: RegionPlan) -> None:
    made = class_of(plan, "scratch")
    assert (made["provisioner"], made["volumeBindingMode"]) == ("topolvm.io", "WaitForFirstConsumer")
    assert made["parameters"]["topolvm.io/device-class"] == "nvme"


def test_context_memory_is_facts_or_nothing() -> None:
    memory = {"name": "kv", "tier": "context-memory", "cluster": "train"}
    assert [o["kind"] for o in objects_of(planned(memory))] == ["Namespace"]
    facts = named(objects_of(planned({**memory, "endpoint": "kv.internal"})), "ConfigMap")
    assert facts["data"]["endpoint"] == "kv.internal"


def test_a_cluster_gets_its_own_storage_only(plan: RegionPlan) -> None:
    assert {o["metadata"]["name"] for o in objects_of(plan, "twin") if o["kind"] == "StorageClass"} == {"hps"}
    only = planned({"name": "scratch", "tier": "local", "driver": "local-nvme", "cluster": "train"})
    assert objects_of(only, "twin") == []


# Ceph -------------------------------------------------------------------------------------------------------


def test_one_ceph_cluster_whatever_it_holds() -> None:
    plan = planned(ceph("blocks", "block"), ceph("files", "file"), ceph("buckets", "object"))
    objects = objects_of(plan)
    spec = named(objects, "CephCluster")["spec"]
    assert spec["storage"]["config"] == {"encryptedDevice": "true"}
    [term] = spec["placement"]["all"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"][
        "nodeSelectorTerms"
    ]
    assert term == {"matchExpressions": [{"key": rook.STORAGE_NODE, "operator": "Exists"}]}
    kinds = [o["kind"] for o in objects]
    assert [kinds.count(k) for k in ("CephBlockPool", "CephFilesystem", "CephObjectStore")] == [1, 1, 1]
    assert len({(o["kind"], o["metadata"]["name"]) for o in objects}) == len(objects)


@pytest.mark.parametrize(
    ("tier", "provisioner", "parameters"),
    [
        ("block", "rook-ceph.rbd.csi.ceph.com", {"clusterID": "rook-ceph", "pool": "data", "imageFormat": "2"}),
        ("file", "rook-ceph.cephfs.csi.ceph.com", {"clusterID": "rook-ceph", "fsName": "data", "pool": "data-data"}),
        ("object", "rook-ceph.ceph.rook.io/bucket", {"objectStoreName": "data", "objectStoreNamespace": "rook-ceph"}),
    ],
)
def test_ceph_class(tier: str, provisioner: str, parameters: dict[str, str]) -> None:
    made = class_of(planned(ceph("data", tier)), "data")
    assert made["provisioner"] == provisioner
    assert parameters.items() <= made["parameters"].items()


def test_ceph_keeps_its_data() -> None:
    plan = planned(ceph("blocks", "block"))
    kept = [i for i in storage.block(plan, plan.cluster("train"), "s").items if isinstance(i, KubeObject) and i.protect]
    assert {i.manifest["kind"] for i in kept} == {"CephCluster", "CephBlockPool"}


def test_ceph_for_two_clusters_is_refused() -> None:
    entry = ceph("blocks", "block", clusters=["train", "twin"])
    entry.pop("cluster")
    plan = planned(entry)
    with pytest.raises(ValueError, match="Rook's Ceph serves the cluster that it runs in, not train, twin"):
        storage.block(plan, plan.cluster("train"), "s")
