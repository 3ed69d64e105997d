"""Files beside the region files: named where no rule judges them, refused where they can't be read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from ai_factory.infra.gate import run
from ai_factory.infra.gate.judge.verdict import Verdict
from ai_factory.infra.spec.problems import InputError

from .project import Project

pytestmark = pytest.mark.slow


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path / "repository", ("lab",), inside="factory")
    project.branch("change")
    return project


def judged(project: Project, files: Mapping[str, str]) -> Verdict:
    for name, text in files.items():
        path = project.repository / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    project.commit("files")
    return run.gate(run.Request(root=project.folder, base="main"))


STEERING = [
    "factory/.github/workflows/ai-factory.yml", ".github/workflows/ai-factory.yml", "factory/.gitlab-ci.yml",
    "factory/CODEOWNERS", "docs/CODEOWNERS", "factory/Makefile", "factory/requirements.txt",
    "factory/requirements/dev.lock",
    "factory/stacks/addressing.yaml", "factory/stacks/fleet.yaml", "factory/stacks/region.schema.json",
    "factory/policypack/__main__.py", "factory/infra/catalog/charts.yaml", "factory/templates/x.j2",
]  # fmt: skip


@pytest.mark.parametrize("name", STEERING)
def test_what_steers_the_job_is_named(project: Project, name: str) -> None:
    verdict = judged(project, {name: "# nothing\n"})

    assert [finding.message for finding in verdict.findings] == [f"changed, not judged: {name}"]
    assert (verdict.exit_code, verdict.regions) == (0, ())


@pytest.mark.parametrize("name", ["factory/README.md", "factory/docs/x.yaml", "factory/stacks/regions/hosts.csv"])
def test_what_is_for_readers_or_of_regions_is_not(project: Project, name: str) -> None:
    assert judged(project, {name: "# nothing\n"}).findings == ()


def test_the_base_that_went_on_is_no_change(project: Project) -> None:
    project.checkout("main")
    (project.repository / "Makefile").write_text("all:\n", encoding="utf-8")
    project.commit("main goes on")
    project.checkout("change")

    verdict = judged(project, {"factory/stacks/fleet.yaml": "source: {repo: https://b}\n"})

    assert {finding.rule for finding in verdict.findings} == {"files-unjudged", "fleet-source"}
    assert "Makefile" not in "".join(finding.message for finding in verdict.findings)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("config: [a", "not valid YAML: "),
        ("- a\n- b\n", "a mapping is expected"),
        ("a: \x01\n", "U\\+0001"),
        ("[" * 5000, "nested too deeply"),
        ("[" * 1_000_000, "nested too deeply"),  # LibYAML recurses for each and takes the process with it
        ("a: " + "b" * 1_100_000, "more than 1,048,576 bytes"),
    ],
)
@pytest.mark.parametrize("name", ["stacks/Pulumi.lab.yaml", "stacks/fleet.yaml", "stacks/addressing.yaml"])
def test_what_can_not_be_read_is_refused(project: Project, name: str, text: str, why: str) -> None:
    with pytest.raises(InputError, match=why) as error:
        judged(project, {f"factory/{name}": text})

    assert error.value.problems[0].file == f"factory/{name}"


def test_a_finding_names_its_file(project: Project) -> None:
    project.checkout("main")
    project.replace("lab", "protect: false", "protect: true")
    project.commit("protected")
    project.branch("again")
    verdict = judged(project, {"factory/stacks/Pulumi.lab.yaml": "config: {ai-factory:sandbox: true}\n"})

    assert [(finding.rule, finding.file) for finding in verdict.findings if finding.severity == "error"] == [
        ("stack-sandbox", "factory/stacks/Pulumi.lab.yaml")
    ]
