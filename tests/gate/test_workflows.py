"""The ready workflows: what their schemas say, what they may do, and that the commands in them exist."""

from __future__ import annotations

import json
import re
import shlex
from importlib import metadata
from pathlib import Path
from typing import Any

import click
import jsonschema
import pytest
import yaml

from ai_factory.infra.cli.main import cli
from tests.locks.asked import lock_files

ROOT = Path(__file__).resolve().parents[2]
GITHUB = ROOT / ".github" / "workflows"
GITLAB = ROOT / ".gitlab-ci.yml"
WORKFLOWS = ("ai-factory.yml", "ai-factory-report.yml", "dependency-audit.yml")


def read(path: Path) -> dict[str, Any]:
    """A workflow; YAML 1.1 takes the key `on` for true."""
    found: dict[str, Any] = yaml.safe_load(path.read_text())
    return {"on" if key is True else key: value for key, value in found.items()}


def schema(name: str) -> Any:
    """A validator from the schemas that check-jsonschema brings; the package itself is not imported."""
    path = metadata.distribution("check-jsonschema").locate_file(f"check_jsonschema/builtin_schemas/vendor/{name}")
    found = json.loads(Path(str(path)).read_text())
    return jsonschema.validators.validator_for(found)(found)


def jobs(name: str = "ai-factory.yml") -> dict[str, Any]:
    found: dict[str, Any] = read(GITHUB / name)["jobs"]
    return found


def steps() -> list[dict[str, Any]]:
    return [step for name in WORKFLOWS for job in jobs(name).values() for step in job["steps"]]


def scripts() -> list[str]:
    """What shells run, in both systems."""
    found = [step["run"] for step in steps() if "run" in step]
    for job in read(GITLAB).values():
        if isinstance(job, dict):
            found += [*job.get("before_script", ()), *job.get("script", ())]
    return found


@pytest.mark.parametrize("name", WORKFLOWS)
def test_github_takes_it(name: str) -> None:
    assert [error.message for error in schema("github-workflows.json").iter_errors(read(GITHUB / name))] == []


def test_gitlab_takes_it() -> None:
    assert [error.message for error in schema("gitlab-ci.json").iter_errors(read(GITLAB))] == []


def test_the_schemas_can_tell() -> None:
    wrong = read(GITHUB / WORKFLOWS[0]) | {"jobs": {"gate": {"runs-on": 3, "stepz": []}}}
    assert list(schema("github-workflows.json").iter_errors(wrong))
    assert list(schema("gitlab-ci.json").iter_errors(read(GITLAB) | {"gate": {"script": 3}}))


def test_actions_are_pinned_by_commit_with_their_version_beside() -> None:
    lines = [line for name in WORKFLOWS for line in (GITHUB / name).read_text().splitlines() if "uses:" in line]
    assert len(lines) >= 10
    for line in lines:
        assert re.search(r"uses: [\w.-]+(/[\w.-]+)+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line), line
    pins = {re.findall(r"uses: (\S+)@(\S+) # (\S+)", line)[0] for line in lines}
    assert len({action.split("/restore")[0].split("/save")[0] for action, _, _ in pins}) == len(
        {(action.split("/restore")[0].split("/save")[0], pin) for action, pin, _ in pins}
    ), "one action, two versions"


def test_a_pull_request_runs_without_rights_or_secrets() -> None:
    whole = read(GITHUB / "ai-factory.yml")
    assert set(whole["on"]) == {"pull_request", "push"}
    assert whole["permissions"] == {}
    for name, job in whole["jobs"].items():
        if name == "gate":
            assert job["permissions"] == {"contents": "read"}
            assert "environment" not in job
            assert "secrets." not in json.dumps(job)
        else:
            assert "github.event_name == 'push'" in job["if"]
            assert job["environment"]["name"].startswith("${{ matrix.region }}")
            assert job["permissions"] == {"contents": "read", "id-token": "write"}
            assert job["concurrency"] == {"group": "region-${{ matrix.region }}", "cancel-in-progress": False}
    for step in steps():
        if "actions/checkout@" in step.get("uses", ""):
            assert step["with"]["persist-credentials"] is False


@pytest.mark.parametrize("name", ["ai-factory.yml", ".gitlab-ci.yml"])
@pytest.mark.parametrize("folder", [None, ROOT / "templates" / "project"], ids=["own", "template"])
def test_the_gate_keeps_its_cache_within_the_job_and_outside_of_the_checkout(name: str, folder: Path | None) -> None:
    own = GITLAB if name.startswith(".") else GITHUB / name
    text = (folder / f"{name.lstrip('.')}.j2" if folder else own).read_text(encoding="utf-8")

    assert set(re.findall(r"--cache (\S+)", text)) <= {'"$RUNNER_TEMP/gate-cache"', '"$cache"'}
    assert text.count("aifactory gate ") == text.count("--cache ") == 2
    assert "actions/cache" not in text
    assert not re.search(r"^ *(cache:|key: aifactory-gate)", text, re.MULTILINE)


def test_no_job_takes_packages_from_a_cache() -> None:
    assert not [step for step in steps() if "cache" in step.get("with", {})]
    assert all(read(GITHUB / name)["env"]["PIP_NO_CACHE_DIR"] == "1" for name in WORKFLOWS if "report" not in name)
    whole = read(GITLAB)
    assert whole["variables"]["PIP_NO_CACHE_DIR"] == "1"
    assert not [key for key in whole["variables"] if "CACHE" in key and key != "PIP_NO_CACHE_DIR"]


def test_every_workflow_is_read_here() -> None:
    assert {path.name for path in GITHUB.iterdir()} == set(WORKFLOWS)


def test_known_vulnerabilities_are_asked_for_when_a_lock_changes_and_every_week() -> None:
    whole = read(GITHUB / "dependency-audit.yml")
    assert set(whole["on"]) == {"pull_request", "push", "schedule", "workflow_dispatch"}
    for event in ("pull_request", "push"):
        assert {"branches": ["main"], "paths": whole["on"]["push"]["paths"]} == whole["on"][event]
        assert "**/*.lock" in whole["on"][event]["paths"]
    assert re.fullmatch(r"\d+ \d+ \* \* \d", whole["on"]["schedule"][0]["cron"])
    (job,) = whole["jobs"].values()
    assert (whole["permissions"], job["permissions"]) == ({}, {"contents": "read"})
    assert "secrets." not in json.dumps(whole) and "environment" not in job
    assert [step["run"] for step in job["steps"] if "run" in step] == ["make audit"]


def test_the_audit_asks_for_every_lock() -> None:
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8").partition("\naudit:")[2].partition("\n\n")[0]
    (globs,) = re.findall(r"for lock in ([^;]+);", recipe)
    audited = {path for pattern in globs.split() for path in ROOT.glob(pattern)}
    assert {path.relative_to(ROOT).as_posix() for path in audited} == lock_files()
    assert {"--require-hashes", "--disable-pip", "--strict"} <= set(recipe.split())


def test_the_report_runs_no_code_of_the_pull_request() -> None:
    whole = read(GITHUB / "ai-factory-report.yml")
    assert (set(whole["on"]), whole["permissions"]) == ({"workflow_run"}, {})
    assert whole["on"]["workflow_run"]["workflows"] == [read(GITHUB / "ai-factory.yml")["name"]]
    job = whole["jobs"]["report"]
    assert job["permissions"] == {"actions": "read", "pull-requests": "write", "security-events": "write"}
    used = {step["uses"].partition("@")[0] for step in job["steps"] if "uses" in step}
    assert used == {"actions/download-artifact", "github/codeql-action/upload-sarif"}
    for script in (step["run"] for step in job["steps"] if "run" in step):
        assert not re.search(r"\b(make|pip|python|aifactory|npm|source|eval|git)\b", script)


def test_nothing_is_put_into_a_script_but_by_the_environment() -> None:
    assert not [script for script in scripts() if "${{" in script]
    whole = read(GITLAB)
    assert all(
        read(GITHUB / name)["defaults"]["run"]["shell"] == "bash --noprofile --norc -euo pipefail {0}"
        for name in WORKFLOWS
    )
    assert whole["default"]["before_script"][0] == whole[".deploy"]["before_script"][0] == "set -euo pipefail"


def test_every_job_ends_in_time_and_none_that_applies_is_interrupted() -> None:
    assert all(job["timeout-minutes"] <= 350 for name in WORKFLOWS for job in jobs(name).values())
    whole = read(GITLAB)
    assert all("timeout" in whole[name] for name in ("gate", "preview", "up"))
    assert (whole["gate"]["interruptible"], whole[".deploy"]["interruptible"]) == (True, False)


def test_gitlab_applies_from_the_protected_default_branch_after_somebody_says_so() -> None:
    whole = read(GITLAB)
    for name in ("preview", "up"):
        (rule,) = whole[name]["rules"]
        assert '$CI_COMMIT_REF_PROTECTED == "true"' in rule["if"]
        assert "$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH" in rule["if"]
    assert whole["up"]["rules"][0]["when"] == "manual"
    assert whole["up"]["environment"]["name"] == "production"
    assert re.fullmatch(r"python:\d+\.\d+\.\d+-[a-z]+(@sha256:[0-9a-f]{64})?", whole["default"]["image"])


def commands() -> list[list[str]]:
    """Calls of aifactory in the workflows, as words."""
    whole = "\n".join(scripts()).replace("\\\n", " ")
    calls = re.findall(r"\.venv/bin/aifactory ([^|;)<>\n]*)", whole)
    return [shlex.split(call) for call in calls]


def test_the_commands_exist() -> None:
    assert {words[0] for words in commands()} == {"gate", "up"}
    for words in commands():
        command = cli.commands[words[0]]
        command.make_context(words[0], words[1:], parent=click.Context(cli))


def test_the_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    called = {name for script in scripts() for name in re.findall(r"^\s*make ([a-z-]+)", script, re.MULTILINE)}
    assert called and called <= targets
