"""The lock file: what is written reads back, and a lock that was edited or merged badly is refused."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from ai_factory.infra.plan.allocation import lock
from tests import regionfile

from .conftest import Folder


def test_what_is_written_reads_back(folder: Folder) -> None:
    folder.allocate()
    loaded = folder.open()

    assert lock.text(loaded.lock) == folder.lock.read_text(encoding="utf-8")
    assert loaded.missing == ()
    assert loaded.lock == loaded.full_lock
    assert {entry.kind for entry in loaded.lock.entries} == {
        "cluster",
        "core-nodes",
        "core-rack",
        "storage",
        "tenant",
        "tenant-racks",
    }


def test_a_line_is_short_yaml_that_a_reviewer_can_read(folder: Folder) -> None:
    lines = folder.allocate()

    assert "- {kind: tenant-racks, name: blue, cluster: train, racks: [[0, 0]]}" in lines
    assert "- {kind: core-rack, name: core-r0001, nodes: 16, bmc: 10.251.0.0/27}" in lines


@pytest.mark.parametrize("name", ["lab", "kr-haein", "kr-ulsan", "kr-dsx-1"])
def test_a_complete_lock_leaves_nothing_to_allocate(name: str, folder: Folder) -> None:
    folder.write(regionfile.patched(name, to={"region.name": "lab"}))

    assert folder.allocate()
    assert folder.allocate() == []


def damaged(folder: Folder, old: str, new: str) -> list[str]:
    """Faults after a text of the lock was replaced."""
    folder.allocate()
    text = folder.lock.read_text(encoding="utf-8")
    assert re.search(old, text), text
    folder.lock.write_text(re.sub(old, new, text, count=1), encoding="utf-8")
    return folder.faults()


RESTORE = "Restore the lock from version control, then run `aifactory allocate`."
WRITTEN = "The lock is written by `aifactory allocate` only: restore it from version control."


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (r"(name: scratch, network: )[^}]+", r"\g<1>10.250.1.0/24", "10.250.1.0/24 of storage/scratch overlaps"),
        (r"(name: scratch, network: )[^}]+", r"\g<1>10.250.0.0/21", "overlaps with storage/scratch"),
        (r"(name: scratch, network: )[^}]+", r"\g<1>10.9.0.0/24", "10.9.0.0/24 of storage/scratch lies outside the"),
        (r"vni: 16700001", "vni: 16700000", "VNI 16700000 of tenant/blue overlaps with tenant/acme"),
        (r"pkey: 2", "pkey: 1", "P_Key 0x0001 of tenant/green overlaps with tenant/blue"),
        (r"blue, number: 2", "blue, number: 1", "tenant number 1 of tenant/blue overlaps with tenant/acme"),
        (r"train, number: 2", "train, number: 1", "cluster number 1 of cluster/train overlaps with cluster/infer"),
        (r"switch_asns: \[\d+", "switch_asns: [64583", "AS numbers 64583-"),
        (r"slots: \[0\]", "slots: [0, 0]", "core node 0 of core-nodes/cluster/train overlaps"),
        (r"racks: \[\[0, 0\]\]", "racks: [[0, 1], [1, 1]]", "racks of train 1-1 of tenant-racks/blue overlaps with"),
    ],
)  # fmt: skip
def test_a_number_given_twice_is_found(old: str, new: str, fault: str, folder: Folder) -> None:
    found = damaged(folder, old, new)

    assert any(line.startswith("lab.lock.yaml: entries[") and fault in line for line in found), found


def test_everything_under_a_block_that_is_too_large_is_found(folder: Folder) -> None:
    found = damaged(folder, r"(name: scratch, network: )[^}]+", r"\g<1>10.250.0.0/21")

    items = [line.partition(" overlaps")[0].rpartition(" ")[2] for line in found]
    clusters, tenants = ["cluster/train"] * 3, ["tenant/acme", "tenant/blue", "tenant/green"]
    assert sorted(items) == [*clusters, "storage/hps", "storage/scratch", *tenants]


def test_an_item_given_out_twice_is_found(folder: Folder) -> None:
    """Two branches that allocate the same tenant merge into two lines."""
    line = "- {kind: tenant, name: blue, number: 9, cluster: train, vni: 16700009, network: 10.250.9.0/24}\n"

    assert damaged(folder, r"\Z", line) == [f"lab.lock.yaml: entries[10]: tenant/blue is given out twice. {RESTORE}"]


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (r"kind: storage", "kind: moon", "lab.lock.yaml:11: entries[4]: Input tag 'moon' found"),
        (r"vni: 16700001", "vnj: 16700001", "entries[7].vnj: Extra inputs are not permitted."),
        (r"vni: 16700001", "vni: 16777216", "entries[7].vni: Input should be less than or equal to 16777215"),
        (r"slots: \[0\]", "slots: [-1]", "Input should be greater than or equal to 0"),
        (r"racks: \[\[0, 0\]\]", "racks: [[3, 1]]", "Value error, 3 to 1 runs backwards"),
        (r"racks: \[\[0, 0\]\]", "racks: [[0, 99999999999]]", "Input should be less than or equal to 9999"),
        (r"version: 1", "version: 2", "version: Input should be 1"),
        (r"entries:(?s:.)*", "entries: 3\n", "entries: Input should be a valid tuple"),
    ],
)
def test_a_line_that_nothing_wrote_is_refused(old: str, new: str, fault: str, folder: Folder) -> None:
    found = damaged(folder, old, new)

    assert any(fault in line and WRITTEN in line for line in found), found


def test_a_lock_of_another_region_is_refused(folder: Folder) -> None:
    assert damaged(folder, "region: lab", "region: moon") == [
        "lab.lock.yaml:5: region: the lock is of region moon, the region file of lab. "
        "Restore lab.lock.yaml from version control, or name the region moon."
    ]


@pytest.mark.parametrize("text", ["", "- a\n", "entries: [\n", "\x00"])
def test_a_lock_that_is_no_yaml_mapping_is_refused(text: str, folder: Folder) -> None:
    folder.lock.write_text(text, encoding="utf-8")

    assert folder.faults()[0].startswith("lab.lock.yaml")


def test_a_lock_without_lines_is_as_good_as_none(folder: Folder) -> None:
    fresh = folder.open().full_lock
    folder.lock.write_text("version: 1\nregion: lab\nentries: []\n", encoding="utf-8")

    assert folder.open().full_lock == fresh


# The region file against its lock ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("to", "fault"),
    [
        ({"clusters[0].max_racks": 6}, "max_racks: 4 is allocated, 6 is given: racks are cabled and addressed for 4."),
        ({"clusters[0].fabric": "spectrum-x"}, "fabric: quantum-x800 is allocated, spectrum-x is given"),
        ({"clusters[1].nodes_per_rack": 2}, "nodes_per_rack: 4 is allocated, 2 is given"),
        ({"clusters[0].system": "gb200-nvl72", "clusters[0].fabric": None}, "system: gb300-nvl72 is allocated, gb200"),
        (
            {"clusters[0].hall": "h2", "site.halls[+]": {"name": "h2", "max_it_mw": 1}},
            "hall: h1 is allocated, h2 is given",
        ),
        (
            {"clusters[0].provider": "existing", "tenants[0].isolation": "shared", "tenants[0].racks": None,
             "tenants[0].gpus": 1},
            "provider: train was allocated as one to build. Set it back, or remove it,",
        ),
        (
            {"clusters[1]": {"name": "infer", "system": "dgx-b200", "nodes": 2, "purpose": "inference"}},
            "provider: infer was allocated as an adopted cluster.",
        ),
    ],
)  # fmt: skip
def test_what_racks_are_cabled_for_stays(to: dict[str, Any], fault: str, folder: Folder) -> None:
    folder.allocate()

    found = folder.set(to).faults()

    assert any(f": clusters[{next(iter(to))[9]}].{fault}" in line for line in found), found


def test_growth_beyond_max_racks_needs_another_cluster(folder: Folder) -> None:
    folder.allocate()
    power = {"site.halls[0].max_it_mw": 0.9, "site.power.utility_mw": 2}
    folder.set({"clusters[0].racks": 5, **power}, delete=["clusters[0].max_racks"])

    (found,) = folder.faults()

    assert "clusters[0].racks: 5 racks exceed the 4 that fabric and addresses were allocated for." in found


def test_a_tenant_does_not_move_with_its_numbers(folder: Folder) -> None:
    folder.allocate()
    moved = {"name": "blue", "isolation": "shared", "gpus": 8, "cluster": "infer", "services": []}

    (found,) = folder.set({"tenants[0]": moved}).faults()

    assert "tenants[0].cluster: the lock places blue on train, the file on infer." in found
    assert "release tenant/blue and tenant-racks/blue" in found


def test_racks_of_a_tenant_that_moved_are_released_too(folder: Folder) -> None:
    """Its racks are numbers of the old cluster: on the new one they would be somebody else's."""
    folder.allocate()
    folder.set({}, delete=["tenants[0]"]).allocate("tenant/blue")
    moved = {"name": "blue", "isolation": "dedicated-nodes", "racks": 1, "cluster": "other"}
    other = {"name": "other", "system": "gb300-nvl72", "racks": 1, "purpose": "training"}
    more = {"clusters[+]": other, "core.nodes": 8, "site.halls[0].max_it_mw": 2, "site.power.utility_mw": 2}
    folder.set({"tenants[0]": moved, **more})

    (found,) = folder.faults()

    assert "release tenant-racks/blue" in found


def test_a_cluster_keeps_the_racks_that_are_dedicated(folder: Folder) -> None:
    two = {"clusters[0].racks": 3, "tenants[0].racks": 2, "tenants[1].gpus": 8}
    folder.set(two).allocate()
    folder.set({}, delete=["tenants[1]"])
    freed = {"name": "red", "isolation": "dedicated-nodes", "racks": 1, "cluster": "train"}
    folder.set({**two, "tenants[+]": freed}, delete=["tenants[1]"]).allocate()

    found = folder.set({"clusters[0].racks": 2, "tenants[0]": freed}, delete=["tenants[1]"]).faults()

    assert [line.partition(": clusters")[2] for line in found] == [
        "[0].racks: 2 racks leave out rack 3, which is dedicated to tenant red. "
        "Keep 3 racks, or remove the tenant and release its racks."
    ]


def test_core_nodes_that_are_given_out_stay(folder: Folder) -> None:
    ceph = {"name": "ceph", "tier": "block", "driver": "rook-ceph", "nodes": 3, "cluster": "train"}
    extra = {"storage[+]": ceph, "core.nodes": 8}
    folder.set(extra).allocate()

    found = folder.set({"core.nodes_per_rack": 8}).faults()
    assert "core.nodes_per_rack: 16 is allocated, 8 is given: core racks are addressed for 16." in found[0]

    text = folder.lock.read_text(encoding="utf-8").replace("slots: [1, 2, 3]", "slots: [5, 6, 7]")
    folder.lock.write_text(text, encoding="utf-8")
    found = folder.set({**extra, "core.nodes": 7}).faults()
    assert "core.nodes: 7 core nodes leave out node 8, which is given out. Keep 8." in found[0]


def test_a_hall_is_checked_for_clusters_that_the_lock_places(folder: Folder) -> None:
    """Such a cluster names no hall, so the region file alone can't tell that it outgrows one."""
    automatic = ["clusters[0].hall", "clusters[1].hall"]
    folder.set({"site.power.fabric_core_share": 0.0}, delete=automatic).allocate()

    grown = {"site.power.fabric_core_share": 0.0, "clusters[0].racks": 4, "site.halls[0].max_it_mw": 0.5}
    found = folder.set(grown, delete=automatic).faults()

    assert "clusters[0].racks: 4 racks x 150 kW + 0.0% fabric and core = 600 kW exceeds hall h1 (500 kW)." in found[0]


def test_a_hall_in_use_is_not_removed(folder: Folder) -> None:
    automatic = ["clusters[0].hall", "clusters[1].hall"]
    folder.set({}, delete=automatic).allocate()

    found = folder.set({"site.halls[0].name": "h7"}, delete=automatic).faults()

    assert "clusters[0].hall: train stands in hall h1, which the file names no more." in found[0]


def test_pools_keep_what_was_given_out(folder: Folder) -> None:
    folder.allocate()

    found = folder.set({"addressing.oob_v4": "10.252.0.0/20"}).faults()

    assert found
    assert all("lies outside the region's address pools. Widen addressing" in line for line in found)


@pytest.mark.parametrize("name", ["on", "no", "null", "kr-ulsan"])
def test_a_lock_of_any_name_reads_back(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.lock.yaml"
    path.write_text(lock.text(lock.Lock(region=name)), encoding="utf-8")

    assert lock.read(path, name).region == name
