"""`aifactory fleet` as users meet it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from ai_factory.infra import plan_region
from ai_factory.infra.fleet import members
from ai_factory.infra.gate.judge.standing import Verdict
from ai_factory.infra.objects.region import stack_names
from tests import regionfile
from tests.conftest import Outcome
from tests.fleet.conftest import COMMIT, write_settings

pytestmark = pytest.mark.slow

Run = Callable[..., Outcome]
SHA = ("--commit", COMMIT)


@pytest.fixture
def fleet(project: Path, aifactory: Run) -> Path:
    """A project with the allocated regions `north` and `south`, both samples, and settings."""
    for name in ("north", "south"):
        data = regionfile.patched("lab", to={"region.name": name, "layout": "split"})
        (project / "stacks" / "regions" / f"{name}.yaml").write_text(regionfile.dump(data), encoding="utf-8")
        assert aifactory("allocate", name).code == 0
    write_settings(project, waves=[{"name": "canary", "regions": ["south"]}, {"name": "rest"}])
    return project


@pytest.fixture
def real(fleet: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same with `south` as a region of real hosts, as far as it is judged."""
    judge = members.judge

    def judged(name: str) -> Verdict:
        import dataclasses

        found = judge(name)
        plan = dataclasses.replace(found.plan, sample_inventory=name != "south")  # type: ignore[type-var]
        return dataclasses.replace(found, plan=plan)

    monkeypatch.setattr(members, "judge", judged)
    return fleet


def digests(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_samples_are_left_out_with_a_notice(real: Path, aifactory: Run) -> None:
    outcome = aifactory("fleet")
    assert (outcome.code, "1 region;" in outcome.out, "north:" in outcome.out) == (0, True, False)
    assert "notice: north: left out: the inventory is a sample" in outcome.err


def test_nothing_but_samples(fleet: Path, aifactory: Run) -> None:
    outcome = aifactory("fleet", "-o", "out", *SHA)
    assert (outcome.code, "every region has a sample inventory (north, south)" in outcome.err) == (1, True)
    assert not (fleet / "out").exists()


def test_up_all_refuses_nothing_but_samples(fleet: Path, aifactory: Run) -> None:
    outcome = aifactory("up", "--all", "--engine", "direct", "--yes")
    assert (outcome.code, "every region has a sample inventory (north, south)" in outcome.err) == (1, True)


def test_order_in_words(fleet: Path, aifactory: Run) -> None:
    outcome = aifactory("fleet", "--include-samples")
    assert outcome.out.splitlines() == [
        "12 stacks of 2 regions; at once: 2 regions of a wave, 4 stacks of a region",
        "wave 1, canary: needs no approval",
        "  south: 6 stacks in 4 steps (1 + 1 + 2 + 2)",
        "wave 2, rest: needs no approval",
        "  north: 6 stacks in 4 steps (1 + 1 + 2 + 2), after south, which succeeded within 24 h",
    ]


def test_tree_is_the_same_from_run_to_run_and_replaced_whole(fleet: Path, aifactory: Run) -> None:
    assert aifactory("fleet", "--include-samples", "-o", "out", *SHA).code == 0
    first = digests(fleet / "out")
    assert sorted(first) == [".ai-factory-fleet", "00-fleet.yaml", "01-south.yaml", "02-north.yaml", "_order.txt"]
    (fleet / "out" / "99-old.yaml").write_text("left over", encoding="utf-8")
    outcome = aifactory("fleet", "--include-samples", "-o", "out", *SHA)
    assert (outcome.code, digests(fleet / "out") == first) == (0, True)
    assert outcome.out.splitlines()[-1] == "4 files in out"
    specs = [one["spec"] for one in yaml.safe_load_all(first["01-south.yaml"])]
    assert {one["commit"] for one in specs} == {COMMIT}


def test_a_folder_of_others_is_refused(fleet: Path, aifactory: Run) -> None:
    (fleet / "out").mkdir()
    (fleet / "out" / ".ai-factory-render").write_text("lab\n", encoding="utf-8")
    outcome = aifactory("fleet", "--include-samples", "-o", "out", *SHA)
    assert (outcome.code, "did not write" in outcome.err) == (2, True)


def test_some_regions_only(fleet: Path, aifactory: Run) -> None:
    outcome = aifactory("fleet", "north", "--include-samples", "-o", "out", *SHA)
    assert (outcome.code, "named regions only" in outcome.err) == (0, True)
    assert sorted(digests(fleet / "out")) == [".ai-factory-fleet", "00-fleet.yaml", "02-north.yaml", "_order.txt"]


def test_json_is_one_document(fleet: Path, aifactory: Run) -> None:
    data = json.loads(aifactory("fleet", "--include-samples", "--json").out)
    assert [(one["wave"], [r["region"] for r in one["regions"]]) for one in data["waves"]] == [
        ("canary", ["south"]), ("rest", ["north"]),
    ]  # fmt: skip
    assert data["waves"][0]["regions"][0]["steps"][0] == [{"stack": "south", "object": "south", "after": []}]
    assert (data["left_out"], data["files"]) == ([], [])


def test_commit_of_the_settings_a_branch_and_an_option(fleet: Path, aifactory: Run) -> None:
    repo = {"repo": "https://git.example/x.git"}
    waves = [{"name": "all", "approval": "required", "approved": COMMIT}]
    write_settings(fleet, source=repo, waves=waves)
    outcome = aifactory("fleet", "--include-samples", "-o", "out")
    assert (outcome.code, "which commit?" in outcome.err) == (2, True)
    assert "wave 1, all: approved" in aifactory("fleet", "--include-samples", *SHA).out
    other = aifactory("fleet", "--include-samples", "--commit", "f" * 40)
    assert "wave 1, all: previewed only, approval awaited" in other.out
    assert f"`approved: {'f' * 40}` in its settings approves it" in other.err
    write_settings(fleet, source=repo | {"branch": "main"}, waves=waves)
    outcome = aifactory("fleet", "--include-samples", "-o", "out")
    assert (outcome.code, "follows the branch main" in outcome.err) == (0, True)
    assert "preview: true" in (fleet / "out" / "01-north.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["east", "west"], "there is no region east, west in stacks/regions; known: north, south"),
        (["stacks/regions/north.yaml"], "there is no region stacks/regions/north.yaml"),
        (["--commit", "HEAD"], "not a commit: 'HEAD'. Give its whole hash"),
        (["north"], "north: the inventory is a sample; in a sandbox add --include-samples"),
    ],
)
def test_wrong_words(real: Path, aifactory: Run, arguments: list[str], message: str) -> None:
    outcome = aifactory("fleet", *arguments)
    assert (outcome.code, message in outcome.err) == (2, True), outcome.err


def test_no_settings(fleet: Path, aifactory: Run) -> None:
    (fleet / "stacks" / "fleet.yaml").unlink()
    outcome = aifactory("fleet")
    assert (outcome.code, "stacks/fleet.yaml: there is no such file" in outcome.err) == (2, True)


def test_bad_regions_are_refused_all_at_once(fleet: Path, aifactory: Run) -> None:
    for name in ("north", "south"):
        file = fleet / "stacks" / "regions" / f"{name}.yaml"
        file.write_text(file.read_text(encoding="utf-8") + "nonsense: 1\n", encoding="utf-8")
    outcome = aifactory("fleet", "--include-samples")
    assert (outcome.code, len(outcome.err.splitlines())) == (2, 2)


def test_regions_that_are_not_to_be_applied_are_refused_all_at_once(fleet: Path, aifactory: Run) -> None:
    for name in ("north", "south"):
        (fleet / "stacks" / "regions" / f"{name}.lock.yaml").unlink()
    outcome = aifactory("fleet", "--include-samples")
    assert (outcome.code, len(outcome.err.splitlines())) == (1, 2)
    assert "error: south: every number that is given out stands in the lock: it lacks " in outcome.err


def test_a_region_in_a_file_of_another_name_is_refused(fleet: Path, aifactory: Run) -> None:
    folder = fleet / "stacks" / "regions"
    (folder / "north.yaml").rename(folder / "east.yaml")
    (folder / "north.lock.yaml").rename(folder / "east.lock.yaml")
    outcome = aifactory("fleet", "--include-samples")
    assert (outcome.code, "the region north has to be in a file of that name" in outcome.err) == (2, True)


def test_stacks_of_the_tree_are_those_of_the_plan(fleet: Path, aifactory: Run) -> None:
    from ai_factory.infra.plan import regions

    data = json.loads(aifactory("fleet", "--include-samples", "--json").out)
    for wave in data["waves"]:
        for region in wave["regions"]:
            names = [one["stack"] for step in region["steps"] for one in step]
            assert names == stack_names(plan_region(regions.region_file(region["region"])))
