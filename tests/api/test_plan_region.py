"""A region from a file, from data and from a model gives one plan, with numbers from files or from memory."""

from __future__ import annotations

import ipaddress
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from ai_factory.infra import InputError, Lock, Region, allocate, plan_region
from ai_factory.infra.plan import regions
from ai_factory.infra.plan.allocation import ledger, lock
from tests import regionfile

LAB = regionfile.REGIONS / "lab.yaml"
NAMES = regions.known_regions(regionfile.REPOSITORY)
HOST = {"rack": "core-r0001", "u": 1, "serial": "S1", "bmc": "10.251.0.1", "mac": "02:00:00:00:00:01", "slot": 0}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The example region `lab` without a lock."""
    path = tmp_path / "lab.yaml"
    path.write_text(regionfile.base_text("lab"), encoding="utf-8")
    return path


def sheet(path: Path) -> Path:
    """An inventory file of one host."""
    path.write_text(f"{','.join(HOST)}\n{','.join(map(str, HOST.values()))}\n", encoding="utf-8")
    return path


def inputs(name: str) -> dict[str, Any]:
    """What stands beside a region file, for the region in memory."""
    hosts = regionfile.base(name).get("inventory", "sample")
    named = {} if hosts == "sample" else {"inventory": regionfile.REGIONS / hosts}
    return {"lock": regionfile.REGIONS / f"{name}.lock.yaml", **named}


@pytest.mark.parametrize("name", NAMES)
def test_file_data_and_model_give_one_plan(name: str) -> None:
    data, path = regionfile.base(name), regionfile.REGIONS / f"{name}.yaml"

    planned = plan_region(path)

    assert planned == regions.open_region(path).plan()
    assert plan_region(str(path)) == planned
    in_memory = [plan_region(data, **inputs(name)), plan_region(Region.model_validate(data), **inputs(name))]
    assert in_memory[0] == in_memory[1]
    assert in_memory[0].clusters == planned.clusters and in_memory[0].tenants == planned.tenants
    assert in_memory[0].pools == planned.pools and in_memory[0].management == planned.management


def test_python_s_own_values_are_taken() -> None:
    data = regionfile.base("lab")
    data["addressing"]["underlay_v4"] = ipaddress.ip_network(data["addressing"]["underlay_v4"])
    data["clusters"] = tuple(data["clusters"])

    assert plan_region(data) == plan_region(regionfile.base("lab"))


def test_data_is_left_as_it_is() -> None:
    data = regionfile.base("lab")
    plan_region(data)
    assert data == regionfile.base("lab")


# Faults --------------------------------------------------------------------------------------------------------

WRONG = {
    "clusters[0].racks": "two",
    "clusters[1].purpose": "gaming",
    "tenants[0].cluster": "nowhere",
    "core.nodes": float("inf"),
    "site.halls[0].name": "a\nb",
    "region.city": object(),
}


@pytest.mark.parametrize("path", WRONG)
def test_a_fault_names_the_region_and_the_path(path: str) -> None:
    data = regionfile.patched("lab", to={path: WRONG[path]})

    with pytest.raises(InputError) as caught:
        plan_region(data)

    assert {(one.file, one.path, one.line) for one in caught.value.problems} == {("<region lab>", path, None)}


def test_a_model_that_was_changed_without_a_check_is_checked() -> None:
    whole = regionfile.model(regionfile.base("lab"))
    cluster = whole.clusters[0].model_copy(update={"racks": -1})
    changed = whole.model_copy(update={"clusters": (cluster, *whole.clusters[1:])})

    with pytest.raises(InputError, match=r"^<region lab>: clusters\[0\]\.racks: must be at least 1"):
        plan_region(changed)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({}, r"<region>: clusters: is missing"),
        ({1: 2}, r"<region>: the key 1 is no text"),
        ({"region": {"na\u202eme": 1}}, r"the character U\+202E"),
        ({"region": {"name": "x" * 3000}}, "3,000 characters"),
    ],
)
def test_what_no_file_could_hold_is_refused(data: dict[Any, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        plan_region(data)


def test_data_that_holds_itself_ends() -> None:
    data = regionfile.base("lab")
    data["site"]["power"] = data

    with pytest.raises(InputError, match="nested too deeply"):
        plan_region(data)


def test_what_is_no_region_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="not list"):
        plan_region(["lab.yaml"])  # type: ignore[arg-type]


# Allocations ---------------------------------------------------------------------------------------------------


def test_a_file_without_its_lock_is_refused_with_the_way_out(file: Path) -> None:
    with pytest.raises(InputError) as caught:
        plan_region(file)

    [problem] = caught.value.problems
    assert problem.file.endswith("lab.lock.yaml")
    assert "the lock lacks core-rack/core-r0001, " in problem.message and " more" in problem.message
    assert f"run `aifactory allocate {file}`" in problem.remedy and 'allocations="provisional"' in problem.remedy
    assert not lock.lock_path(file).exists()


def test_provisional_numbers_are_written_nowhere(file: Path) -> None:
    planned = plan_region(file, allocations="provisional")

    assert planned == plan_region(regionfile.base("lab"))
    assert list(file.parent.iterdir()) == [file]


def test_append_writes_what_allocate_writes(file: Path, tmp_path: Path) -> None:
    planned = plan_region(file, allocations="append")

    assert lock.lock_path(file).read_text(encoding="utf-8") == lock.text(allocate(regionfile.base("lab")))
    assert plan_region(file) == planned
    other = tmp_path / "elsewhere.yaml"
    assert plan_region(regionfile.base("lab"), lock=other, allocations="append") == planned
    assert other.read_bytes() == lock.lock_path(file).read_bytes()


def test_append_leaves_what_stands_there_byte_for_byte(file: Path) -> None:
    path = lock.lock_path(file)
    plan_region(file, allocations="append")
    before = path.read_bytes() + b"# a note\n"
    path.write_bytes(before)
    late = {"name": "late", "isolation": "shared", "gpus": 1, "cluster": "infer"}
    grown = regionfile.patched("lab", to={"tenants[+]": late})

    planned = plan_region(grown, lock=path, allocations="append")

    assert path.read_bytes().startswith(before)
    [line] = path.read_bytes()[len(before) :].decode().splitlines()
    assert "name: late" in line
    assert plan_region(grown, lock=path) == planned


def test_nothing_is_written_where_the_region_can_t_be_planned(file: Path) -> None:
    with pytest.raises(InputError, match="no rack"):
        plan_region(file, allocations="append", inventory=[{**HOST, "rack": "nowhere"}])

    assert not lock.lock_path(file).exists()


def test_a_lock_that_changed_meanwhile_is_not_written_over(file: Path) -> None:
    path = lock.lock_path(file)
    whole = allocate(file)
    before = Lock(region="lab")
    ledger.append(path, before, whole.entries)

    with pytest.raises(InputError, match="changed while numbers were given out"):
        ledger.append(path, before, whole.entries[:1])

    assert path.read_text(encoding="utf-8") == lock.text(whole)


def test_numbers_stay_where_a_region_grows_in_memory() -> None:
    first = allocate(regionfile.base("lab"))
    early = {"name": "aaa", "isolation": "shared", "gpus": 1, "cluster": "infer"}
    grown = regionfile.patched("lab", to={"tenants[+]": early})

    second = allocate(grown, lock=first)

    assert second.entries[: len(first.entries)] == first.entries
    with pytest.raises(InputError, match=r"<lock of lab>: the lock lacks tenant/aaa\. Complete it by allocate"):
        plan_region(grown, lock=first)
    planned = plan_region(grown, lock=second)
    assert {t.name: t.vni for t in planned.tenants}.items() >= {
        (t.name, t.vni) for t in plan_region(regionfile.base("lab"), lock=first).tenants
    }
    assert plan_region(grown, lock=first, allocations="provisional") == planned
    assert plan_region(grown) != planned, "made anew in memory, by name"


@pytest.mark.parametrize("as_file", [True, False])
def test_the_lock_of_another_region_is_refused(as_file: bool, tmp_path: Path) -> None:
    other = Lock(region="elsewhere")
    path = tmp_path / "other.lock.yaml"
    path.write_text(lock.text(other), encoding="utf-8")

    with pytest.raises(InputError, match="the lock is of region elsewhere"):
        plan_region(regionfile.base("lab"), lock=path if as_file else other)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"allocations": "maybe"}, "'maybe'"),
        ({"allocations": "append"}, "give its path as lock="),
        ({"allocations": "append", "lock": Lock(region="lab")}, "give its path as lock="),
    ],
)
def test_a_wrong_use_is_a_value_error(more: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        plan_region(regionfile.base("lab"), **more)


# Hosts ---------------------------------------------------------------------------------------------------------


def test_hosts_come_from_rows_a_file_a_sample_or_nowhere(tmp_path: Path) -> None:
    data = regionfile.base("lab")
    path = sheet(tmp_path / "hosts.csv")

    rows, from_file = plan_region(data, inventory=[HOST]), plan_region(data, inventory=path)
    none, sample = plan_region(data, inventory=()), plan_region({**data, "inventory": None}, inventory="sample")

    assert [host.serial for host in rows.cluster("train").core_hosts] == ["S1"]
    assert rows.clusters == from_file.clusters and not rows.sample_inventory
    assert (none.cluster("train").core_hosts, none.sample_inventory) == ((), False)
    assert sample.clusters == plan_region(data).clusters and sample.sample_inventory


def test_an_inventory_that_the_region_names_is_beside_its_file(file: Path, tmp_path: Path) -> None:
    data = regionfile.patched("lab", to={"inventory": "hosts.csv"})
    file.write_text(json.dumps(data), encoding="utf-8")
    sheet(tmp_path / "hosts.csv")

    planned = plan_region(file, allocations="provisional")

    assert [host.serial for host in planned.cluster("train").core_hosts] == ["S1"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"u": 0}, r"<inventory of lab>:2: u: a rack unit from 1 to 60"),
        ({"serial": None}, r"<inventory of lab>:2: serial: is empty"),
        ({"mac": HOST["mac"]}, r"<inventory of lab>:2: mac: 02:00:00:00:00:01 stands in line 1 already"),
        ({"unit": 3}, r"<inventory of lab>:2: .* unknown: unit"),
    ],
)
def test_a_fault_of_a_row_names_it(changes: dict[str, object], message: str) -> None:
    second = {**HOST, "u": 2, "serial": "S2", "bmc": "10.251.0.2", "mac": "02:00:00:00:00:02", "slot": 1, **changes}

    with pytest.raises(InputError, match=message):
        plan_region(regionfile.base("lab"), inventory=[HOST, second])


def test_a_region_file_of_the_repository_is_the_data_that_it_holds() -> None:
    assert yaml.safe_load(LAB.read_text(encoding="utf-8")) == regionfile.base("lab")
