"""The gate on git projects: what it takes for the change, what it compares, and what it says when it can't."""

from __future__ import annotations

import datetime
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ai_factory.infra.gate import run
from ai_factory.infra.gate.judge.verdict import Verdict
from ai_factory.infra.plan import regions
from ai_factory.infra.plan.allocation import ledger
from ai_factory.infra.spec.problems import InputError
from tests import regionfile
from tests.conftest import Outcome

from .project import Project

pytestmark = pytest.mark.slow


def judged(project: Project, *stacks: str, **more: object) -> Verdict:
    return run.gate(run.Request(root=project.folder, base="main", stacks=stacks, **more))  # type: ignore[arg-type]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path, ("lab", "kr-haein"))
    made.branch("change")
    return made


def test_nothing_changed(project: Project) -> None:
    verdict = judged(project)

    assert (verdict.exit_code, verdict.regions, verdict.untouched) == (0, (), ("kr-haein", "lab"))


def test_a_comment_changes_no_object(project: Project) -> None:
    project.replace("lab", "layout: single", "layout: single   # for a laptop")

    (one,) = judged(project).regions

    assert (one.region, one.state, one.changes) == ("lab", "changed", ())


def test_only_the_touched_region_is_compared(project: Project) -> None:
    project.replace("lab", "gpus: 16", "gpus: 12")

    verdict = judged(project)
    (one,) = verdict.regions

    assert verdict.untouched == ("kr-haein",)
    assert {change.action for change in one.changes} == {"update"}
    assert {change.owner for change in one.changes} == {"tenant/acme"}
    assert any(field.old == "16" and field.new == "12" for change in one.changes for field in change.fields)
    assert [(stack.name, stack.update) for stack in one.stacks] == [("lab", len(one.changes))]


def test_only_the_named_stack_is_shown(project: Project) -> None:
    shutil.copy(regionfile.REGIONS / "kr-ulsan.yaml", project.regions)
    shutil.copy(regionfile.REGIONS / "kr-ulsan.lock.yaml", project.regions)

    (one,) = judged(project, "kr-ulsan.infer-a").regions

    assert {change.stack for change in one.changes} == {"kr-ulsan.infer-a"}
    assert one.state == "new"


def test_a_stack_of_no_region_is_refused(project: Project) -> None:
    with pytest.raises(InputError, match="no region has the stack nowhere"):
        judged(project, "nowhere.train")


@pytest.mark.parametrize(("region", "code"), [("lab", 0), ("kr-haein", 1)])
def test_a_region_that_goes_loses_everything(project: Project, region: str, code: int) -> None:
    """What a region for trying things has may go; elsewhere its file on the base must approve it."""
    names = {one["name"] for one in project.data(region)["clusters"]}
    for suffix in (".yaml", ".lock.yaml"):
        (project.regions / f"{region}{suffix}").unlink()

    (one,) = judged(project).regions

    assert (one.state, one.exit_code) == ("removed", code)
    assert {change.action for change in one.changes} == {"delete"}
    assert set(one.blast.clusters_lost) == names
    assert [finding.rule for finding in one.findings] == ["region-lost"] * code


def test_bad_input_names_file_and_line(project: Project) -> None:
    project.replace("lab", "layout: single", "layuot: single")

    (one,) = judged(project).regions

    assert one.exit_code == 2
    (fault,) = one.faults
    assert (fault.file, fault.path) == ("stacks/regions/lab.yaml", "layuot")
    assert fault.line is not None


def test_more_racks_than_power_is_a_refusal_by_a_rule(project: Project) -> None:
    project.replace("lab", "max_it_mw: 0.8", "max_it_mw: 0.1")

    (one,) = judged(project).regions

    assert (one.exit_code, one.faults) == (1, ())
    assert any(finding.line and finding.file == "stacks/regions/lab.yaml" for finding in one.findings)


APPROVAL = """
approvals:
  - {action: unjudged, subject: region/lab, by: me, reason: the base is broken, until: 2027-06-30}
"""


@pytest.mark.parametrize(("more", "code"), [("", 1), (APPROVAL, 0)])
def test_a_broken_base_hides_what_is_lost_and_needs_a_word(tmp_path: Path, more: str, code: int) -> None:
    project = Project(tmp_path)
    text = (project.regions / "lab.yaml").read_text(encoding="utf-8")
    project.replace("lab", "layout: single", "layuot: single")
    project.commit("broken")
    project.branch("mend")
    (project.regions / "lab.yaml").write_text(text + more, encoding="utf-8")

    (one,) = judged(project, today=datetime.date(2027, 3, 1)).regions

    assert (one.exit_code, one.changes) == (code, ())
    assert "can't be planned" in one.notes[0]
    assert ["base-unplanned"] * code == [finding.rule for finding in one.findings if finding.severity == "error"]


def test_two_expansions_that_each_pass_collide_in_the_merge(tmp_path: Path) -> None:
    project = Project(tmp_path)
    for branch in ("first", "second"):
        project.checkout("main")
        project.branch(branch)
        data = regionfile.patched(
            "lab",
            to={"region.name": branch, "addressing.underlay_v4": "10.9.0.0/20", "addressing.oob_v4": "10.8.0.0/20"},
        )
        project.write(branch, data)
        ledger.update(regions.open_region(project.regions / f"{branch}.yaml"), (), write=True)
        project.commit(branch)
    alone = run.gate(run.Request(root=project.folder, base="main"))
    project.checkout("main")
    project.git("merge", "--quiet", "first")
    project.checkout("second")

    verdict = judged(project)

    assert not [finding for finding in alone.findings if "first" in finding.message]
    assert verdict.exit_code == 1
    assert any(finding.rule == "fleet-overlap" and "10.9.0.0/20" in finding.message for finding in verdict.findings)


def test_without_a_base_every_region_is_judged_as_it_stands(project: Project) -> None:
    verdict = run.gate(run.Request(root=project.folder, compare=False))

    assert [one.state for one in verdict.regions] == ["judged", "judged"]
    assert not any(one.changes for one in verdict.regions)
    assert verdict.base is None


def test_without_a_base_no_decision_has_to_stand_on_it(project: Project) -> None:
    file = project.regions / "lab.yaml"
    waiver = "waivers: [{rule: cooling-supply, reason: the plant is rebuilt, until: 2027-04-01}]\n"
    text = file.read_text(encoding="utf-8").replace("  halls:", "  cooling: {supply_c: 50}\n  halls:")
    file.write_text(text + waiver, encoding="utf-8")
    (project.folder / "stacks" / "gate.yaml").write_text("decisions_on_base: true\n", encoding="utf-8")
    request = run.Request(root=project.folder, compare=False, today=datetime.date(2027, 3, 1))

    assert run.gate(request).exit_code == 0


def test_the_cache_is_used_and_kept(
    project: Project, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ai_factory.infra.gate.cache import shards

    cache = tmp_path_factory.mktemp("cache")
    project.replace("lab", "gpus: 16", "gpus: 12")
    first = judged(project, cache=cache)
    monkeypatch.setattr(shards, "compute", lambda *_: pytest.fail("planned again"))

    assert judged(project, cache=cache) == first


DECIDED = """
waivers:
  - {rule: node-image, reason: it is only for a while, until: 2027-04-01}
approvals:
  - {action: delete, subject: tenant/blue, by: CHG-1, reason: contract ended, until: 2027-04-01}
"""


@pytest.mark.parametrize("before", [True, False])
def test_terminal_and_comment_say_what_comes_with_the_change(
    project: Project, before: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, aifactory: Callable[..., Outcome]
) -> None:
    file = project.regions / "lab.yaml"
    for text, commit in ((DECIDED, before), ("\n# a change of nothing\n", False)):
        file.write_text(file.read_text(encoding="utf-8") + text, encoding="utf-8")
        if commit:
            project.commit("decided")
    monkeypatch.chdir(project.folder)
    monkeypatch.setenv("COLUMNS", "400")

    outcome = aifactory("gate", "--base", "HEAD", "--date", "2027-03-01", "--no-cache", "--markdown", tmp_path / "x.md")

    comment = (tmp_path / "x.md").read_text(encoding="utf-8").replace("\\", "")
    terminal = " ".join(outcome.out.split())
    for shown in (terminal, comment):
        assert ("comes with this change: a waiver of node-image" in shown) != before
        assert ("comes with this change: an approval, delete of tenant/blue by CHG-1" in shown) != before
