"""Where a change touches the package, the base is planned by its own copy; what can't be compared so needs a word."""

from __future__ import annotations

import datetime
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from ai_factory.infra.gate import records, run
from ai_factory.infra.gate.cache import fingerprint, shards
from ai_factory.infra.gate.judge.verdict import Verdict
from ai_factory.infra.gate.sides import own_code, trees
from tests import regionfile

from .project import Project

pytestmark = pytest.mark.slow

TODAY = datetime.date(2027, 3, 1)
APPROVAL = """
approvals:
  - {action: unjudged, subject: region/lab, by: me, reason: the old code is gone, until: 2027-06-30}
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of this package, as a base has it."""
    folder = tmp_path_factory.mktemp("code")
    for name in ("infra", "templates", "components"):
        shutil.copytree(regionfile.REPOSITORY / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(regionfile.REPOSITORY / "src", folder / "src", symlinks=True)
    return folder


@pytest.fixture
def code(copy: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The copy, as it was before each test, as the base's own."""
    monkeypatch.setattr(trees._Opener, "_base_code", lambda self, *_: (copy, ""))
    before = {path: path.read_bytes() for path in (copy / "infra").rglob("*.py")}
    yield copy
    for path, data in before.items():
        path.write_bytes(data)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    branched = Project(tmp_path / "project")
    branched.branch("change")
    return branched


def judged(project: Project, cache: Path | None = None) -> Verdict:
    return run.gate(run.Request(root=project.folder, base="main", cache=cache, today=TODAY))


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text, old
    file.write_text(text.replace(old, new), encoding="utf-8")


def changes(verdict: Verdict) -> set[tuple[str, str]]:
    (lab,) = verdict.regions
    return {(change.action, change.id.rpartition("/")[2]) for change in lab.changes}


def errors(verdict: Verdict) -> list[tuple[str, str]]:
    return [(f.rule, f.subject) for f in verdict.all_findings() if f.severity == "error"]


def test_what_code_changes_is_shown(
    project: Project, code: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Own code that calls every cluster's config map otherwise: the difference is shown though no file changed."""
    edit(code / "infra" / "objects" / "fabric_network.py", '"fabric-plan"', '"fabric-map"')
    for folder in (tmp_path, project.folder):
        (folder / "msgspec.py").write_text("raise SystemExit('code of the change ran')\n", encoding="utf-8")
    monkeypatch.chdir(project.folder)

    verdict = judged(project)

    assert verdict.notes == ()
    assert changes(verdict) == {("delete", "fabric-map"), ("create", "fabric-plan")}


def test_records_of_the_format_before_are_compared(project: Project, code: Path) -> None:
    edit(code / "infra" / "gate" / "cache" / "fingerprint.py", f"FORMAT = {fingerprint.FORMAT}\n", "FORMAT = 1\n")
    edit(code / "infra" / "objects" / "fabric_network.py", '"fabric-plan"', '"fabric-map"')

    verdict = judged(project)

    assert {("delete", "fabric-map"), ("create", "fabric-plan")} <= changes(verdict)
    assert "code-unjudged" not in dict(errors(verdict))


def test_a_base_that_was_cut_otherwise_is_compared(project: Project, code: Path) -> None:
    """Code of before had one shard for all of a cluster: its objects are found in both shards of now."""
    cut = code / "infra" / "gate" / "cache" / "shards.py"
    edit(cut, "cut += [_platform_part(", "cut += [_whole(cutter, cluster, entries) or _platform_part(")
    with cut.open("a", encoding="utf-8") as file:
        file.write(_WHOLE)
    edit(code / "infra" / "objects" / "fabric_network.py", '"fabric-plan"', '"fabric-map"')
    edit(cut, "or _platform_part(cutter, cluster, entries), _machines_part(cutter, cluster, entries)]", "]")

    verdict = judged(project)

    assert verdict.notes == ()
    assert changes(verdict) == {("delete", "fabric-map"), ("create", "fabric-plan")}


_WHOLE = """

def _whole(cutter, cluster, entries):
    from dataclasses import replace

    from ...objects.region import clusters_blocks

    platform, machines = _platform_part(cutter, cluster, entries), _machines_part(cutter, cluster, entries)
    region = platform.region.model_copy(update={"inventory": cutter.region.inventory})
    return replace(machines, name=platform.name, region=region, lock=platform.lock, blocks=clusters_blocks)
"""


def test_the_format_before_is_always_that_before() -> None:
    """Who raises the format can't forget it: a base that can't be read would leave every change of code unjudged."""
    assert fingerprint.FORMER == fingerprint.FORMAT - 1


def test_an_answer_is_asked_for_once(
    project: Project, code: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(code / "infra" / "objects" / "fabric_network.py", '"fabric-plan"', '"fabric-map"')
    first = judged(project, tmp_path / "cache")
    monkeypatch.setattr(own_code, "_asked", lambda *_: pytest.fail("asked again"))
    monkeypatch.setattr(shards, "compute", lambda *_: pytest.fail("planned again"))

    assert judged(project, tmp_path / "cache") == first


UNFIT = {
    "older than the question": ("gate/elsewhere.py", "from .sides.own_code import main", "raise ImportError"),
    "of a format that nobody knows": ("gate/cache/fingerprint.py", f"FORMAT = {fingerprint.FORMAT}\n", "FORMAT = 9\n"),
    "of records of another form": ("gate/records.py", "    layout: str\n", "    plan_layout: str = 'x'\n"),
    "of objects that are not what it names": (
        "gate/cache/store.py",
        "    return data, _sum(data)\n",
        "    return data, _sum(b'x')\n",
    ),
    "ends in a fault": ("plan/build.py", "def plan(", "raise SystemExit(3)\n\n\ndef plan("),
    "answers with words": ("gate/elsewhere.py", "    main(*", "    print('good')\n    main(*"),
    "answers for another": ("gate/sides/own_code.py", "package=str(PACKAGE)", "package='/elsewhere'"),
}  # fmt: skip
"""A copy that can't be asked: file, text, what stands in its place."""


@pytest.mark.parametrize("unfit", UNFIT)
def test_a_base_that_its_own_code_can_not_plan_is_no_good(project: Project, code: Path, unfit: str) -> None:
    """And neither half of an answer is taken."""
    file, old, new = UNFIT[unfit]
    edit(code / "infra" / file, old, new)

    verdict = judged(project)

    assert verdict.exit_code == 1
    assert errors(verdict) == [("code-unjudged", "region/lab")]


def test_what_can_not_be_compared_passes_by_an_approval_of_its_own(project: Project, code: Path) -> None:
    (code / "infra" / "gate" / "elsewhere.py").write_text("raise SystemExit(1)\n", encoding="utf-8")
    file = project.regions / "lab.yaml"
    text = file.read_text(encoding="utf-8")
    wrong = APPROVAL.replace("action: unjudged", "action: delete")
    codes = []
    for more in (wrong, APPROVAL):
        file.write_text(text + more, encoding="utf-8")
        verdict = judged(project)
        codes.append(verdict.exit_code)

    assert codes == [1, 0]
    (lab,) = verdict.regions
    assert any("differences that come from code are not shown" in note for note in lab.notes)
    assert any(note.startswith("approved: unjudged of region/lab by me") for note in lab.notes)
    assert "approval-unused" not in {finding.rule for finding in lab.findings}


# Which code plans a base -----------------------------------------------------------------------------------------

PINS = {
    "a raised version": ("requirements.txt", "ai-factory==0.2.0\n", "ai-factory==0.3.0\n", True),
    "another wheel": ("requirements.txt", "ai-factory @ https://a/x.whl\n", "ai-factory @ https://b/x.whl\n", True),
    "a locked version": ("uv.lock", 'name="ai-factory"\nversion="1"\n', 'name="ai-factory"\nversion="2"\n', True),
    "a pin that goes": ("requirements.txt", "ai-factory==0.2.0\n", "", True),
    "a library of others": ("requirements.txt", "ai-factory==1\nx==1\n", "ai-factory==1\nx==2\n", False),
    "a comment": ("requirements.txt", "ai-factory==1\n", "# ai-factory\nai-factory==1\n", False),
    "another's lock": ("uv.lock", 'name = "x"\nversion = "1"\n', 'name = "x"\nversion = "2"\n', False),
}  # fmt: skip
"""How a project apart asks for its version: file, text before, text after, whether that is another version."""


@pytest.mark.parametrize("pin", PINS)
def test_a_project_apart_that_raises_its_version_needs_a_word(tmp_path: Path, pin: str) -> None:
    """The version before is not there to plan the base."""
    file, old, new, other = PINS[pin]
    project = Project(tmp_path)
    (project.folder / file).write_text(old, encoding="utf-8")
    project.commit("pin")
    (project.folder / file).write_text(new, encoding="utf-8")

    verdict = run.gate(run.Request(root=project.folder, base="HEAD"))

    assert errors(verdict) == ([("code-unjudged", "region/lab")] if other else [])
    assert verdict.exit_code == int(other)


def test_a_branch_behind_the_version_of_its_base_needs_it_merged_first(tmp_path: Path) -> None:
    """What runs is the version of the branch, and what would stand after the merge is planned by that of the base."""
    project = Project(tmp_path)
    project.branch("change")
    project.commit("mine")
    project.checkout("main")
    (project.folder / "requirements.txt").write_text("ai-factory==0.3.0\n", encoding="utf-8")
    project.commit("raised")
    project.checkout("change")

    verdict = judged(project)

    assert errors(verdict) == [("code-unjudged", "region/lab")]
    assert "merge it into your branch first" in verdict.all_findings()[0].message


REQUIRED = {
    records.Finding: "rule severity region subject message remedy",
    records.ObjectRecord: "id stack component digest protect manifest",
    records.StackCount: "name resources size_bytes",
    records.ShardHead: "region name key stacks declared_racks findings objects payload",
    records.ClusterFacts: "name system purpose hall provider management fabric kubernetes rack_names nodes gpus "
    "gpus_per_node nodes_per_rack rack_scale max_racks it_kw control_plane",
    records.TenantFacts: "name cluster isolation gpus racks",
    records.StorageFacts: "name tier driver capacity_tib clusters",
    records.PoolFacts: "name total used",
    records.Totals: "",
    records.Outline: "region country file layout protect sample residency totals clusters tenants storage pools charts "
    "lock shards stacks",
}
"""Fields that records of the format before have. One is never added here: give a new field a default."""


@pytest.mark.parametrize("record", REQUIRED, ids=lambda record: record.__name__)
def test_a_record_of_older_code_stays_readable(record: type[msgspec.Struct]) -> None:
    required = {field.name for field in msgspec.structs.fields(record) if field.required}

    assert required <= set(REQUIRED[record].split())
