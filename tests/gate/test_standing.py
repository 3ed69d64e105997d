"""A region as it stands: the same verdict with the gate's cache, without it, and with a spoilt one."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ai_factory.infra.gate.cache import shards
from ai_factory.infra.gate.cache.store import user_folder
from ai_factory.infra.gate.judge import standing
from ai_factory.infra.plan.regions import region_file
from tests import regionfile
from tests.conftest import Outcome
from tests.gate.project import Project

REGION = "lab"


def never(*_arguments: object) -> None:
    raise AssertionError("a shard was planned again")


def test_what_was_planned_once_is_not_planned_again(monkeypatch: pytest.MonkeyPatch) -> None:
    cold = standing.judge(REGION)
    monkeypatch.setattr(shards, "compute", never)

    assert standing.judge(REGION) == cold
    assert cold.resources > 100


def test_the_gate_plans_no_shard_that_check_planned(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, aifactory: Callable[..., Outcome]
) -> None:
    monkeypatch.chdir(Project(tmp_path / "project").folder)
    assert aifactory("check", REGION).code == 0
    monkeypatch.setattr(shards, "compute", never)

    assert aifactory("gate", "--no-base").code == 0


def test_a_changed_region_is_judged_anew(tmp_path: Path) -> None:
    file = tmp_path / "lab.yaml"
    for path in (region_file(REGION), region_file(REGION).with_suffix(".lock.yaml")):
        shutil.copy(path, tmp_path)
    good = standing.judge(str(file))
    file.write_text(regionfile.dump(regionfile.patched(REGION, to={"protect": True})), encoding="utf-8")

    assert (good.exit_code, good.plan and good.plan.spec.protect) == (0, False)
    changed = standing.judge(str(file))
    assert changed.plan is not None and changed.plan.spec.protect


def test_spoilt_entries_are_named_and_change_nothing() -> None:
    cold = standing.judge(REGION)
    entries = list(user_folder().rglob("*.shard"))
    for entry in entries:
        entry.write_bytes(entry.read_bytes()[:-1])

    spoilt = standing.judge(REGION)

    assert [line for line in spoilt.notices if line not in cold.notices] != []
    assert len(spoilt.notices) == len(cold.notices) + len(entries)
    assert (spoilt.plan, spoilt.refused, spoilt.resources) == (cold.plan, cold.refused, cold.resources)


def test_a_cache_that_can_not_be_written_stops_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    cold = standing.judge(REGION)
    blocked = tmp_path / "a-file"
    blocked.write_text("", encoding="utf-8")
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))

    assert standing.judge(REGION) == cold


def test_no_home_folder_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("no home")

    cold = standing.judge(REGION)
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    monkeypatch.setattr(Path, "home", homeless)

    assert standing.judge(REGION) == cold


def test_a_cache_that_a_change_can_write_is_not_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    monkeypatch.setenv("XDG_CACHE_HOME", str(project.folder / ".cache"))

    assert standing.judge(str(project.regions / "lab.yaml")).exit_code == 0
    assert not (project.folder / ".cache").exists()


def test_a_waiver_without_a_near_end_is_refused(tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    data = project.data(REGION)
    data["waivers"] = [{"rule": "image-pinned", "reason": "agreed with the site", "until": "2999-12-31"}]
    project.write(REGION, data)

    (refusal,) = standing.judge(str(project.regions / "lab.yaml")).refused
    assert "waiver of image-pinned for * would on 2999-12-31" in refusal and "(decision-end)" in refusal
