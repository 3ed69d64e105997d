"""What `make lint` says of workflows: nothing of ours but what is accepted, and each fault that is put into them."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from .workflow_audit import OWN, audit, write_templates

REPORT, PIPELINE = "ai-factory-report.yml", "ai-factory.yml"
ACCEPTED = [("dangerous-triggers", REPORT)]
"""Findings that a comment in the workflow accepts, with its reason there."""
ENVIRONMENT = r"    environment:\n      name: \$\{\{ matrix.region \}\}\n"
FAULTS = {
    "a credential stays": (PIPELINE, "persist-credentials: false", "persist-credentials: true", "artipacked"),
    "an action by its tag": (PIPELINE, r"checkout@\w+", "checkout@v7", "unpinned-uses"),
    "an action of strangers": (PIPELINE, "actions/setup-python@", "stranger/setup-python@", "forbidden-uses"),
    "a stranger's text in a script": (
        PIPELINE,
        r"base=\"HEAD\^\"",
        "base=${{ github.head_ref }}",
        "template-injection",
    ),
    "every right for every job": (
        PIPELINE,
        r"permissions: \{\}\n",
        "permissions: write-all\n",
        "excessive-permissions",
    ),
    "a right without its reason": (PIPELINE, "id-token: write #.*", "id-token: write", "undocumented-permissions"),
    "a secret outside an environment": (PIPELINE, ENVIRONMENT, "", "secrets-outside-env"),
    "the rights of the base": (PIPELINE, "  pull_request:", "  pull_request_target:", "dangerous-triggers"),
    "no reason for what is accepted": (REPORT, r"# zizmor: ignore\S+", "#", "dangerous-triggers"),
}
"""What is put into a workflow: its name, what stands there (a pattern), what comes instead, the audit that sees it."""


@pytest.fixture(params=["own", "templates"])
def workflows(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Path]:
    """Copies of the workflows, by their names."""
    if request.param == "templates":
        return {path.name: path for path in write_templates(tmp_path)}
    folder = tmp_path / ".github" / "workflows"
    shutil.copytree(OWN, folder)
    return {path.name: path for path in folder.iterdir()}


def findings(workflows: dict[str, Path], *options: str) -> list[tuple[str, str]]:
    """Audit and file of each finding."""
    outcome = audit(workflows.values(), *options, "--format=json", "--no-exit-codes", capture=True)
    assert outcome.returncode == 0, outcome.stderr
    return [
        (finding["ident"], Path(finding["locations"][0]["symbolic"]["key"]["Local"]["verbatim_path"]).name)
        for finding in json.loads(outcome.stdout)
    ]


def test_nothing_is_wrong_and_nothing_more_is_accepted(workflows: dict[str, Path]) -> None:
    assert {PIPELINE, REPORT} <= set(workflows)
    assert findings(workflows) == []
    assert findings(workflows, "--no-ignores") == ACCEPTED


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_refused(fault: str, workflows: dict[str, Path]) -> None:
    name, good, wrong, ident = FAULTS[fault]
    text = workflows[name].read_text(encoding="utf-8")
    faulty, places = re.subn(good, wrong, text)
    assert places
    workflows[name].write_text(faulty, encoding="utf-8")

    assert (ident, name) in findings(workflows)
    assert audit(workflows.values(), capture=True).returncode != 0


def test_what_is_no_workflow_is_refused(workflows: dict[str, Path]) -> None:
    workflows[PIPELINE].write_text("jobs: [gate]\n", encoding="utf-8")

    outcome = audit(workflows.values(), capture=True)
    assert outcome.returncode != 0 and f"{PIPELINE} as workflow" in outcome.stderr
