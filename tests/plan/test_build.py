"""The plan as a whole: racks, hosts, tenants, services, pools, and what a reader is told."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from ai_factory.infra.plan import build
from ai_factory.infra.plan.model import RegionPlan
from ai_factory.infra.spec import inventory
from ai_factory.infra.spec.problems import InputError
from tests import regionfile

from .conftest import Folder


def with_inventory(folder: Folder, keep: Any, **changes: Any) -> RegionPlan:
    """Plan of the lab with those lines of its sample inventory that `keep` accepts, as real hosts."""
    loaded = folder.set(changes).open()
    rows = build.sample_rows(loaded.region, loaded.catalog, loaded.full_lock)
    real = [dataclasses.replace(row, serial=row.serial.removeprefix("SAMPLE-")) for row in rows if keep(row)]
    (folder.file.parent / "lab.csv").write_text(inventory.write(real, "delivered"), encoding="utf-8")
    return folder.set({**changes, "inventory": "lab.csv"}).open().plan()


def test_a_plan_is_the_same_from_run_to_run(folder: Folder) -> None:
    assert folder.open().plan() == folder.open().plan()


def test_a_sample_fills_every_planned_rack_and_is_marked(folder: Folder) -> None:
    made = folder.open().plan()
    train = made.cluster("train")

    assert made.sample_inventory
    assert [len(rack.hosts) for rack in train.racks] == [18, 18]
    assert train.racks[0].hosts[1].name == "train-r0001-u04"
    assert all(host.serial.startswith("SAMPLE-") for rack in train.racks for host in rack.hosts)
    assert made.notices == ("the inventory is a sample: nothing of it is applied outside a sandbox",)
    hosts = [host for rack in train.racks for host in rack.hosts]
    for values in ([h.mac for h in hosts], [h.serial for h in hosts], [h.name for h in hosts], [h.bmc for h in hosts]):
        assert len(set(values)) == 36
    assert all(host.bmc == train.bmc_address(rack, host.slot) for rack in train.racks for host in rack.hosts)


def test_samples_of_two_regions_differ(folder: Folder) -> None:
    macs = []
    for name in ("lab", "lob"):
        loaded = folder.set({"region.name": name}).open()
        rows = build.sample_rows(loaded.region, loaded.catalog, loaded.full_lock)
        macs.append({row.mac for row in rows})

    assert macs[0].isdisjoint(macs[1])


def test_racks_without_inventory_are_planned_and_not_declared(folder: Folder) -> None:
    made = with_inventory(folder, lambda row: row.rack == "train-r0002")
    train = made.cluster("train")

    assert not made.sample_inventory
    assert [rack.name for rack in train.racks] == ["train-r0001", "train-r0002"]
    assert [rack.name for rack in train.declared_racks] == ["train-r0002"]
    assert train.nodes == 36
    assert made.notices == (
        "1 of 2 racks of train have no inventory: planned, not declared",
        "0 of 1 control-plane hosts of train are in the inventory",
    )


def test_no_inventory_declares_nothing(folder: Folder) -> None:
    loaded = folder.set({}, delete=["inventory"]).open()

    assert loaded.plan().cluster("train").declared_racks == ()


def test_hosts_outside_the_plan_are_told_by_line(folder: Folder) -> None:
    text = "rack,u,serial,bmc,mac\ntrain-r0003,1,S1,10.251.2.1,02:00:00:00:00:01\n"
    (folder.file.parent / "lab.csv").write_text(text, encoding="utf-8")
    loaded = folder.set({"inventory": "lab.csv"}).open()

    with pytest.raises(InputError, match=r"lab\.csv:2: rack: there is no rack train-r0003 in the plan"):
        loaded.plan()


def test_control_planes_stand_on_the_core_nodes_that_they_were_given(folder: Folder) -> None:
    replicas = {"clusters[0].control_plane.replicas": 3}
    folder.set(replicas).allocate()
    three = folder.open().plan().cluster("train").core_hosts
    fewer = folder.set({}).open().plan().cluster("train").core_hosts

    assert [host.name for host in three] == ["core-r0001-u01", "core-r0001-u05", "core-r0001-u09"]
    assert fewer == three[:1]


def test_a_rack_that_is_filled_in_part_ends_the_cluster(folder: Folder) -> None:
    made = folder.set({"clusters[1].nodes": 6}).open().plan()
    infer = made.cluster("infer")

    assert [rack.nodes for rack in infer.racks] == [4, 2]
    assert (infer.nodes, infer.gpus) == (6, 48)


def test_scalable_units_follow_rack_numbers(folder: Folder) -> None:
    data = regionfile.patched("kr-haein", to={"region.name": "lab"})
    racks = folder.write(data).open().plan().clusters[0].racks

    assert [rack.scalable_unit for rack in racks] == [index // 16 for index in range(64)]


def test_an_adopted_cluster_has_no_addresses_of_ours(folder: Folder) -> None:
    infer = folder.open().plan().cluster("infer")

    assert (infer.built, infer.networks, infer.endpoint, infer.fabric) == (False, None, "", None)
    with pytest.raises(ValueError, match="cluster infer is adopted"):
        infer.bmc_address(infer.racks[0], 0)


def test_a_built_cluster_is_reached_by_its_secret_unless_told(folder: Folder) -> None:
    assert folder.open().plan().cluster("train").access.context == "lab-train"
    made = folder.set({}, delete=["clusters[0].access"]).open().plan().cluster("train")

    assert made.access.capi_secret == "train-kubeconfig"
    assert made.networks is not None
    assert made.endpoint == str(made.networks.service[1])


def test_services_keep_the_profile_and_change_what_the_region_says(folder: Folder) -> None:
    services = [{"name": "chat", "profile": "agentic-inference", "priority": -5}]
    made = folder.set({"services": services, "tenants[2].services": ["chat", "inference"]}).open().plan()

    used = made.tenants[2].services
    assert [(s.name, s.profile.id, s.priority) for s in used] == [
        ("chat", "agentic-inference", -5),
        ("inference", "inference", 800),
    ]
    assert made.tenants[2].groups == ("tenant:acme",)


def test_partition_keys_are_for_infiniband_only(folder: Folder) -> None:
    assert [t.pkey for t in folder.open().plan().tenants] == [1, 2, None]


def test_storage_serves_all_clusters_unless_limited(folder: Folder) -> None:
    scratch, hps = folder.open().plan().storage

    assert scratch.clusters == ("train", "infer")
    assert hps.clusters == ("train",)
    assert hps.read_gbps is not None
    assert hps.spec.size_tib == 100


def test_a_management_cluster_counts_its_hosts_at_full_growth(folder: Folder) -> None:
    (management,) = folder.open().plan().management

    assert (management.clusters, management.hosts) == (("train", "infer"), 4 * 18 + 1)


def test_pools_say_how_full_they_are(folder: Folder) -> None:
    pools = {pool.name: (pool.used, pool.total) for pool in folder.open().plan().pools}

    assert pools["VNIs"] == (3, 1_000)
    assert pools["core nodes"] == (1, 4)
    assert pools["oob_v4"] == (32 + 4 * 128, 4096)


def test_a_lock_that_lacks_an_item_is_no_plan(folder: Folder) -> None:
    loaded = folder.open()

    with pytest.raises(KeyError, match="cluster/train"):
        build.plan(loaded.region, loaded.catalog, loaded.lock, None)
