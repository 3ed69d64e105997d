"""What each command says, writes, and ends with."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_mock import MockerFixture

from ai_factory.infra.plan import regions
from ai_factory.infra.spec import inventory
from ai_factory.infra.spec.schema import schema_text
from tests import regionfile
from tests.conftest import Outcome

pytestmark = pytest.mark.slow

Run = Callable[..., Outcome]
EXECUTABLE = Path(sys.executable).with_name("aifactory")
REGIONS = ["kr-dsx-1", "kr-haein", "kr-ulsan", "lab"]


def change(file: Path, **to: Any) -> None:
    """Write the region anew with values changed."""
    text = regionfile.dump(regionfile.patched("lab", to={"region.name": "mine", **to}))
    file.write_text(text, encoding="utf-8")


def data(outcome: Outcome) -> Any:
    """JSON of a command that ended well."""
    assert (outcome.code, outcome.err) == (0, "")
    return json.loads(outcome.out)


# check -------------------------------------------------------------------------------------------------------


def test_check_says_good_with_the_size(lab: Path, aifactory: Run) -> None:
    outcome = aifactory("check", lab)

    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith("good: mine (Laptop, KR): 176 GPUs on 40 nodes in 3 racks, ")
    assert "notice: mine: the inventory is a sample: nothing of it is applied outside a sandbox\n" in outcome.out


def test_check_refuses_what_the_lock_lacks(lab: Path, aifactory: Run) -> None:
    change(lab, **{"tenants[+]": {"name": "late", "isolation": "shared", "gpus": 1, "cluster": "infer"}})

    outcome = aifactory("check", lab)

    assert outcome.code == 1
    assert outcome.err.startswith("refused: mine: every number that is given out stands in the lock: it lacks ")
    assert f"run `aifactory allocate {lab}`, and commit the new lines of the lock (lock-complete)" in outcome.err
    assert outcome.out.startswith("refused: mine (Laptop, KR): ")


def test_check_counts_what_is_missing_beyond_five(lab: Path, aifactory: Run) -> None:
    lab.with_suffix(".lock.yaml").unlink()

    assert re.search(r"lacks core-rack/core-r0001, (\S+, ){3,}\S+ and \d more: run", aifactory("check", lab).err)


def test_check_refuses_a_stack_over_its_budget(lab: Path, aifactory: Run, mocker: MockerFixture) -> None:
    mocker.patch("ai_factory.infra.objects.budget.max_resources", return_value=50)

    outcome = aifactory("check", lab)

    assert outcome.code == 1
    assert re.search(r"refused: mine: .*: mine has \d+ resources, more than 50 a stack", outcome.err)


def test_check_refuses_a_state_over_its_budget(lab: Path, aifactory: Run, mocker: MockerFixture) -> None:
    mocker.patch("ai_factory.infra.objects.budget.MAX_STATE_BYTES", 100_000)

    assert re.search(r"mine has about [\d.]+ MB of state, more than 0 MB a stack", aifactory("check", lab).err)


def test_check_tells_what_is_held_by_nobody(lab: Path, aifactory: Run) -> None:
    text = regionfile.dump(regionfile.patched("lab", to={"region.name": "mine"}, delete=["tenants[2]"]))
    lab.write_text(text, encoding="utf-8")

    outcome = aifactory("check", lab)

    assert outcome.code == 0
    assert "notice: mine: tenant/acme is no longer in the file; its numbers are held until released" in outcome.out


def test_check_of_several_ends_with_the_worst(lab: Path, tmp_path: Path, aifactory: Run) -> None:
    (tmp_path / "bad.yaml").write_text("region: {}\n", encoding="utf-8")

    outcome = aifactory("check", lab, tmp_path / "bad.yaml", "atlantis", "--quiet")

    assert (outcome.code, outcome.out) == (2, "")
    assert "bad.yaml:1: clusters: is missing" in outcome.err
    assert "there is no region atlantis" in outcome.err


def test_check_without_names_judges_every_region(aifactory: Run) -> None:
    outcome = aifactory("check", "--json")

    assert [entry["region"] for entry in json.loads(outcome.out)] == REGIONS == regions.known_regions()
    assert outcome.code == max({"good": 0, "refused": 1, "bad input": 2}[v["verdict"]] for v in json.loads(outcome.out))


def test_check_as_json_has_every_part_of_a_fault(lab: Path, tmp_path: Path, aifactory: Run) -> None:
    change(lab, **{"site.power.utility_mw": "1 MW"})

    outcome = aifactory("check", lab, "--json")

    assert (outcome.code, outcome.err) == (2, "")
    (verdict,) = json.loads(outcome.out)
    assert verdict | {"problems": []} == {
        "region": str(lab),
        "verdict": "bad input",
        "totals": None,
        "resources": 0,
        "problems": [],
        "refused": [],
        "notices": [],
    }
    (problem,) = verdict["problems"]
    assert set(problem) == {"file", "line", "path", "message", "given", "remedy"}
    assert (problem["path"], problem["given"]) == ("site.power.utility_mw", "'1 MW'")
    assert "utility_mw" in lab.read_text(encoding="utf-8").splitlines()[problem["line"] - 1]


# plan --------------------------------------------------------------------------------------------------------


def test_plan_shows_all_that_the_region_takes(lab: Path, aifactory: Run) -> None:
    outcome = aifactory("plan", lab)

    assert (outcome.code, outcome.err) == (0, "")
    titles = ["Clusters", "Power by hall", "Networks", "Storage", "Tenants", "Pools"]
    assert [line for line in outcome.out.splitlines() if line in titles] == titles
    for word in ("max_racks of its clusters", "10.250.2.0/23", "train-r0001", "0x0001", "x PUE 1.2 ="):
        assert word in outcome.out


def test_plan_says_what_is_provisional(lab: Path, aifactory: Run) -> None:
    lab.with_suffix(".lock.yaml").unlink()

    outcome = aifactory("plan", lab)

    assert outcome.code == 0
    assert "notice: 10 allocations are not in the lock file: provisional until `aifactory allocate" in outcome.out


def test_plan_as_json_has_units_in_its_names(lab: Path, aifactory: Run) -> None:
    made = data(aifactory("plan", lab, "--json"))

    assert made["totals"] == {
        "clusters": 2,
        "racks": 3,
        "declared_racks": 2,
        "nodes": 40,
        "gpus": 176,
        "tenants": 3,
        "it_power_mw": pytest.approx(0.36, abs=0.01),
        "facility_power_mw": pytest.approx(made["totals"]["it_power_mw"] * 1.2, abs=0.002),
    }
    assert {"it_kw", "facility_kw", "utility_kw", "pue", "fabric_core_share"} <= set(made["power"])
    train = made["clusters"][0]
    assert {"name", "system", "hall", "racks", "max_racks", "nodes", "gpus", "rack_kw", "networks"} <= set(train)
    assert (train["racks"], train["rack_kw"], train["fabric_size"]["leaf"]) == (2, 150, 8)
    assert {"units", "spine", "core", "node_leaf_cables", "leaf_spine_cables"} <= set(train["fabric_size"])
    assert {"capacity_tib", "read_gbps", "write_gbps", "guideline"} <= set(made["storage"][1])
    assert [(t["name"], t["vni"], t["pkey"], t["racks"]) for t in made["tenants"]] == [
        ("blue", 16700001, 1, ["train-r0001"]),
        ("green", 16700002, 2, []),
        ("acme", 16700000, None, []),
    ]


def test_plan_as_json_lists_hosts_with_their_links(lab: Path, aifactory: Run) -> None:
    made = data(aifactory("plan", lab, "--json"))

    rack = made["clusters"][0]["rack_list"][0]
    assert (rack["name"], rack["tenant"], rack["nodes"], len(rack["hosts"])) == ("train-r0001", "blue", 18, 18)
    host = rack["hosts"][0]
    assert (host["name"], host["bmc"]) == ("train-r0001-u01", "10.251.2.1")
    assert host["links"] == [
        {"name": "ns0", "host": "10.250.2.1/31", "switch": "10.250.2.0/31"},
        {"name": "ns1", "host": "10.250.2.3/31", "switch": "10.250.2.2/31"},
    ]


def test_plan_as_json_leaves_hosts_out_on_request(lab: Path, aifactory: Run) -> None:
    made = data(aifactory("plan", lab, "--json", "--no-hosts"))

    assert all("hosts" not in rack for cluster in made["clusters"] for rack in cluster["rack_list"])


# preview -----------------------------------------------------------------------------------------------------


def test_preview_counts_by_stack_and_component(lab: Path, aifactory: Run) -> None:
    outcome = aifactory("preview", lab)

    assert (outcome.code, outcome.err) == (0, "")
    assert re.search(r"^Stack mine: \d+ resources$", outcome.out, re.MULTILINE)
    for word in ("ManagementCluster", "GpuCluster", "RackGroup", "36 BareMetalHost", "TenantEnclave"):
        assert word in outcome.out


def test_preview_as_json_adds_up(lab: Path, aifactory: Run) -> None:
    made = data(aifactory("preview", lab, "--json"))

    (stack,) = made["stacks"]
    components = stack["components"]
    assert made["resources"] == stack["resources"] == 2 + sum(c["resources"] for c in components)
    assert made["bytes"] == sum(c["bytes"] for c in components)
    for component in components:
        assert component["resources"] == 1 + len(component["objects"]) == 1 + sum(component["kinds"].values())
    ids = [one for component in components for one in component["objects"]]
    assert len(set(ids)) == len(ids) > 100


def test_preview_lists_objects_a_line_each(lab: Path, aifactory: Run) -> None:
    lines = aifactory("preview", lab, "--objects").out.splitlines()
    listed = data(aifactory("preview", lab, "--json"))["stacks"][0]["components"]

    shown = [line.split() for line in lines if re.match("  [A-Za-z]+/", line)]
    assert shown == [[f"{c['type']}/{c['name']}", one] for c in listed for one in c["objects"]]


def test_preview_of_one_stack(aifactory: Run) -> None:
    made = data(aifactory("preview", "kr-ulsan", "--stack", "kr-ulsan.train-a.1", "--json"))

    assert [stack["name"] for stack in made["stacks"]] == ["kr-ulsan.train-a.1"]
    assert {c["type"] for c in made["stacks"][0]["components"]} == {"RackGroup"}


def test_preview_of_a_stack_that_is_not_there(lab: Path, aifactory: Run) -> None:
    outcome = aifactory("preview", lab, "--stack", "mine.train")

    assert outcome.code == 2
    assert "has no stack mine.train; it has mine" in outcome.err


def test_preview_over_budget_is_a_no(lab: Path, aifactory: Run, mocker: MockerFixture) -> None:
    mocker.patch("ai_factory.infra.objects.budget.max_resources", return_value=50)

    assert aifactory("preview", lab).code == 1
    assert aifactory("preview", lab, "--quiet").out == ""


# schema, allocate, inventory, regions, size -----------------------------------------------------------------


def test_schema_prints_and_writes_the_same(tmp_path: Path, aifactory: Run) -> None:
    file = tmp_path / "new" / "schema.json"

    assert aifactory("schema").out == schema_text()
    assert aifactory("schema", "-o", file).out == f"wrote {file}\n"
    assert file.read_text(encoding="utf-8") == schema_text()


def test_allocate_shows_first_and_writes_then(lab: Path, aifactory: Run) -> None:
    lock = lab.with_suffix(".lock.yaml")
    before = lock.read_bytes()
    assert aifactory("allocate", lab).out == "nothing to allocate: the lock is complete\n"
    change(lab, **{"tenants[+]": {"name": "late", "isolation": "shared", "gpus": 1, "cluster": "infer"}})

    shown = aifactory("allocate", lab, "--dry-run").out.splitlines()
    assert lock.read_bytes() == before
    assert shown[-1] == "1 new allocations would be written"

    written = aifactory("allocate", lab).out.splitlines()
    assert written == [shown[0], "1 new allocations written"]
    assert lock.read_bytes() == before + shown[0].encode() + b"\n"


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ("tenant/blue", "mine.lock.yaml: tenant/blue is in use: the region file names it. Remove it there first."),
        ("tenant/x", "mine.lock.yaml: tenant/x holds no numbers. Items that may be released: none."),
    ],
)
def test_allocate_releases_only_what_nobody_uses(item: str, message: str, lab: Path, aifactory: Run) -> None:
    outcome = aifactory("allocate", lab, "--release", item)

    assert (outcome.code, outcome.out, outcome.err) == (2, "", f"error: {message}\n")


def test_a_sample_inventory_reads_back_and_completes_the_region(lab: Path, tmp_path: Path, aifactory: Run) -> None:
    file = tmp_path / "hosts" / "mine.csv"

    assert aifactory("inventory", "sample", lab, "-o", file).out == f"wrote {file}\n"
    read = inventory.load(file)
    assert read.is_sample
    assert len(read.rows) == 2 * 18 + 4
    assert aifactory("inventory", "sample", lab).out == file.read_text(encoding="utf-8")

    from_sample = aifactory("plan", lab, "--json").out
    change(lab, inventory="hosts/mine.csv")
    assert aifactory("plan", lab, "--json").out == from_sample


def test_regions_are_listed_with_their_size(aifactory: Run) -> None:
    outcome = aifactory("regions")

    assert (outcome.code, outcome.err) == (0, "")
    assert re.search(r"kr-dsx-1 +KR +70\.9/100 +352 +25,344 +5 +\d+% +116 +8,352 +good", outcome.out)
    assert [entry["region"] for entry in data(aifactory("regions", "--json"))] == REGIONS


FABRIC_KEYS = ["system", "units", "nodes", "gpus", "leaf", "spine", "core"]
CABLE_KEYS = ["node_leaf_cables", "leaf_spine_cables", "spine_core_cables"]
SITE_KEYS = ["racks", "nodes", "gpus", "it_power_mw", "facility_power_mw", "limited_by"]


def test_size_fabric_has_its_keys(aifactory: Run) -> None:
    made = data(aifactory("size", "fabric", "--system", "dgx-h100", "--units", 4, "--json"))

    assert set(FABRIC_KEYS + CABLE_KEYS) <= set(made)
    assert all(isinstance(made[key], int) for key in FABRIC_KEYS[1:] + CABLE_KEYS)
    assert [made[key] for key in ("system", "units", "leaf", "spine", "core")] == ["dgx-h100", 4, 32, 16, 0]
    with_ufm = data(aifactory("size", "fabric", "--system", "dgx-h100", "--units", 4, "--ufm", "--json"))
    assert with_ufm["nodes"] == made["nodes"] - 1


def test_size_site_has_its_keys(aifactory: Run) -> None:
    made = data(aifactory("size", "site", "--system", "gb300-nvl72", "--power-mw", 100, "--json"))

    assert set(SITE_KEYS) <= set(made)
    assert (made["nodes"], made["gpus"]) == (made["racks"] * 18, made["racks"] * 72)
    assert 0 < made["it_power_mw"] < made["facility_power_mw"] <= 100


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["fabric", "--system", "abacus", "--units", 1], "there is no system abacus; known: cpu-server,"),
        (["fabric", "--system", "dgx-h100", "--units", 0], "at least 1"),
        (["fabric", "--system", "dgx-h100", "--units", 1, "--fabric", "spectrum-x"], "has no spectrum-x fabric"),
        (["site", "--system", "gb300-nvl72", "--power-mw", "ten"], "--power-mw"),
        (["site", "--system", "gb300-nvl72", "--power-mw", "-1"], "--power-mw"),
        (["site", "--system", "gb300-nvl72", "--power-mw", "1e999999"], "--power-mw"),
        (["site", "--system", "gb300-nvl72", "--power-mw", 1, "--pue", "0.9"], "--pue"),
        (["site", "--system", "vr-nvl72", "--power-mw", 1], "--rack-kw"),
    ],
)
def test_size_refuses_what_makes_no_sense(arguments: list[object], message: str, aifactory: Run) -> None:
    outcome = aifactory("size", *arguments)

    assert (outcome.code, outcome.out) == (2, "")
    assert message in outcome.err


# How it looks, and what goes wrong around it ------------------------------------------------------------------

TABLES = [
    ["plan"],
    ["preview"],
    ["regions"],
    ["size", "fabric", "--system", "gb300-nvl72", "--units", "12"],
    ["size", "site", "--system", "gb300-nvl72", "--power-mw", "100"],
]


def arguments_for(command: list[str], region: str) -> list[str]:
    return [*command, region] if command[0] in ("plan", "preview") else command


@pytest.mark.parametrize("command", TABLES, ids=" ".join)
@pytest.mark.parametrize(("columns", "width"), [("80", 80), ("120", 120), (None, 120)])
def test_tables_fit_and_nothing_is_cut(
    command: list[str], columns: str | None, width: int, aifactory: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    if columns:
        monkeypatch.setenv("COLUMNS", columns)

    out = aifactory(*arguments_for(command, "kr-dsx-1")).out

    assert max(map(len, out.splitlines())) <= width
    if command == ["plan"]:
        for number in ("25,344", "13,824", "18,432", "4202009347", "61,440.0", "r0016"):
            assert number in re.sub(r"\s+", " ", out)


@pytest.mark.parametrize("command", [*TABLES, ["check"]], ids=" ".join)
def test_a_pipe_gets_no_colour_and_no_control_characters(command: list[str], aifactory: Run) -> None:
    outcome = aifactory(*(["check", "kr-haein"] if command == ["check"] else arguments_for(command, "kr-haein")))

    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", outcome.out + outcome.err)


def test_text_of_the_region_is_never_taken_for_markup(lab: Path, aifactory: Run) -> None:
    change(lab, **{"region.city": "[bold]Seoul[/] :100:"})

    for command in ("check", "plan"):
        assert "([bold]Seoul[/] :100:, KR)" in aifactory(command, lab).out


def test_a_terminal_that_lacks_a_letter_shows_the_rest(lab: Path) -> None:
    change(lab, **{"region.city": "서울"})

    done = subprocess.run(
        [EXECUTABLE, "plan", lab],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("mine (??, KR): 176 GPUs")


@pytest.mark.parametrize(
    "pipeline", [{}, {"CI": "true"}, {"PYTHONUNBUFFERED": "1"}], ids=["terminal", "pipeline", "unbuffered"]
)
@pytest.mark.parametrize(
    ("command", "code"),
    [(("plan", "kr-dsx-1", "--json"), 0), (("regions",), 0), (("size", "--power", "nothing"), 2)],
)
@pytest.mark.parametrize("lines", [0, 1])
def test_a_reader_that_stops_early_decides_nothing(
    pipeline: dict[str, str], command: tuple[str, ...], code: int, lines: int
) -> None:
    with subprocess.Popen(
        [EXECUTABLE, *command],
        env={**{key: value for key, value in os.environ.items() if key not in {"CI", "PYTHONUNBUFFERED"}}, **pipeline},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        for _ in range(lines):
            running.stdout.readline()
        running.stdout.close()
        said = running.stderr.read()

        assert running.wait(60) == code
        assert b"Traceback" not in said
        assert bool(said) == (code != 0)


def test_a_verdict_stands_though_nobody_reads_it(lab: Path) -> None:
    change(lab, **{"region.city": ""})
    with subprocess.Popen([EXECUTABLE, "check", lab], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        running.stderr.close()

        assert running.wait(60) == 2


def test_what_the_machine_refuses_is_its_fault(tmp_path: Path, aifactory: Run) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")

    outcome = aifactory("schema", "-o", tmp_path / "file" / "schema.json")

    assert outcome.code == 3
    assert outcome.err == f"error: {tmp_path / 'file'}: File exists\n"


def test_an_interrupt_is_no_traceback(aifactory: Run, mocker: MockerFixture) -> None:
    mocker.patch("ai_factory.infra.plan.regions.open_region", side_effect=KeyboardInterrupt)

    assert aifactory("plan", "lab") == Outcome(130, "", "\ninterrupted\n")
