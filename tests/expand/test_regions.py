"""`aifactory regions`: all regions on one screen, quickly, and none hides the others."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_mock import MockerFixture

from ai_factory.infra.fleet import overview
from tests.conftest import Outcome

pytestmark = pytest.mark.slow

Run = Callable[..., Outcome]
KEYS = {"region", "verdict", "totals", "resources", "problems", "refused", "notices"}


def break_haein(project: Path) -> None:
    path = project / "stacks/regions/kr-haein.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("nodes: 128 ", "nodes: 1280 "), encoding="utf-8")


@pytest.mark.parametrize("columns", ["100", "120", None])
def test_the_table_says_what_each_region_has_and_what_limits_it(
    columns: str | None, project: Path, aifactory: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    if columns:
        monkeypatch.setenv("COLUMNS", columns)

    outcome = aifactory("regions")

    assert (outcome.code, outcome.err) == (0, "")
    assert max(map(len, outcome.out.splitlines())) <= int(columns or 120)
    assert re.search(r"kr-ulsan +KR +20\.5/41 +159 +8,912 +4 +56% +96 +6,912 +good +max_racks", outcome.out)
    assert re.search(r"kr-dsx-1 +KR +70\.9/100 +352 +25,344 +5 ", outcome.out)
    assert "4 regions in 1 country: 35,456 GPUs in 578 racks, 94.6 of 146.0 MW" in outcome.out
    assert "100 or more further regions as large as kr-dsx-1 fit" in outcome.out


def test_a_narrow_terminal_gets_paragraphs(project: Path, aifactory: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "70")

    text = " ".join(aifactory("regions").out.split())

    assert (
        "kr-ulsan: good, KR, 20.5/41 MW, 159 racks, 8,912 GPUs, 4 tenants, 56% of addresses left, room for 96" in text
    )


def test_a_bad_region_shows_as_such_and_hides_no_other(project: Path, aifactory: Run) -> None:
    break_haein(project)

    outcome = aifactory("regions")
    found = json.loads(aifactory("regions", "--json").out)

    assert re.search(r"kr-haein +- .* bad input +\d faults?: `aifactory check", outcome.out)
    assert re.search(r"kr-ulsan +KR", outcome.out)
    assert {one["region"]: one["verdict"] for one in found} == {
        "kr-dsx-1": "good", "kr-haein": "bad input", "kr-ulsan": "good", "lab": "good",
    }  # fmt: skip
    (haein,) = (one for one in found if one["region"] == "kr-haein")
    assert haein["totals"] is haein["capacity"] is None
    assert haein["problems"]


def test_an_incomplete_lock_is_refused(project: Path, aifactory: Run) -> None:
    (project / "stacks/regions/lab.lock.yaml").unlink()

    assert re.search(r"lab +KR .* refused +the lock file lacks", aifactory("regions").out)


def test_json_keeps_its_keys_and_has_more(project: Path, aifactory: Run) -> None:
    found = json.loads(aifactory("regions", "--json").out)

    assert [one["region"] for one in found] == ["kr-dsx-1", "kr-haein", "kr-ulsan", "lab"]
    for one in found:
        assert set(one) >= KEYS
        assert 0 < one["address_space_left"] < 1
    assert found[2]["totals"]["gpus"] == 8912
    assert found[2]["capacity"] == {"more_racks": 96, "more_gpus": 6912, "limits": ["max_racks of its clusters"]}
    assert [one["overlaps"] for one in found] == [[], [], [], []]


def test_no_objects_are_built(project: Path, aifactory: Run, mocker: MockerFixture) -> None:
    built = mocker.patch("ai_factory.infra.objects.region.region_blocks", side_effect=AssertionError)

    assert aifactory("regions").code == 0
    built.assert_not_called()


def test_overlaps_between_regions_are_told(project: Path, aifactory: Run) -> None:
    path = project / "stacks/regions/lab.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("10.250.0.0/20", "10.64.16.0/20"), encoding="utf-8")

    text = " ".join(aifactory("regions").out.split())

    assert (
        "kr-ulsan addressing.underlay_v4: 10.64.0.0/15 overlaps 10.64.16.0/20 (addressing.underlay_v4 of lab)" in text
    )


def test_halls_share_what_the_utility_has_left(project: Path) -> None:
    path = project / "stacks/regions/kr-dsx-1.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("utility_mw: 100", "utility_mw: 76"), encoding="utf-8")

    (row,) = (row for row in overview.survey(project).rows if row.name == "kr-dsx-1")

    assert row.plan is not None
    room = overview.capacity(row.plan)
    spare_kw = 76_000 / 1.12 - row.plan.power.it_kw
    assert room.more_racks == int(spare_kw / (150 * 1.0937))
    assert "utility power" in room.limits
