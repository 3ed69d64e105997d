"""SARIF: rules, results, and fingerprints that outlive edits."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from ai_factory.infra.gate.judge.verdict import Verdict
from ai_factory.infra.show.gate import sarif

from . import made
from .test_show_terminal import verdicts

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def rules(monkeypatch: pytest.MonkeyPatch) -> None:
    made.rules(monkeypatch)


def run(verdict: Verdict) -> dict[str, Any]:
    log = json.loads(sarif.render(verdict))
    assert (log["version"], len(log["runs"])) == ("2.1.0", 1)
    found: dict[str, Any] = log["runs"][0]
    described = found["tool"]["driver"]["rules"]
    for result in found["results"]:
        assert described[result["ruleIndex"]]["id"] == result["ruleId"]
        assert isinstance(result["message"]["text"], str)
        assert result["level"] in ("error", "warning", "note")
    return found


def test_every_rule_is_described() -> None:
    described = {one["id"]: one for one in run(made.small())["tool"]["driver"]["rules"]}
    assert sorted(described) == ["hall-power", "image-digest", "no-loss", "unique-numbers"]
    assert described["image-digest"] == {
        "id": "image-digest",
        "name": "ImageDigest",
        "shortDescription": {"text": "Image digest."},
        "fullDescription": {"text": "Why there is image-digest."},
        "help": {
            "text": "How to mend image-digest.\n\nWhy: Why there is image-digest.\n\n"
            "Source: https://kubernetes.io/docs/concepts/containers/images/",
            "markdown": "How to mend image-digest.\n\n**Why:** Why there is image-digest.\n\n"
            "Source: https://kubernetes.io/docs/concepts/containers/images/",
        },
        "helpUri": "https://kubernetes.io/docs/concepts/containers/images/",
        "defaultConfiguration": {"level": "error"},
        "properties": {"area": "images", "scope": "object", "tags": ["images"], "waivable": True},
    }
    assert "helpUri" not in described["hall-power"], "a file of the repository is no address"


def test_a_result_has_level_place_and_message() -> None:
    first = run(made.rich())["results"][0]
    assert first["level"] == "error"
    assert first["message"]["text"].endswith("exceeds hall h1 (8,000 kW). Lower it to 56 or move racks to h2.")
    assert first["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": made.FILE, "uriBaseId": "SRCROOT"},
                "region": {"startLine": 41},
            },
            "logicalLocations": [{"fullyQualifiedName": "clusters.train-a.racks"}],
        }
    ]


def test_what_is_waived_is_suppressed_where_it_stands() -> None:
    found = [one for one in run(made.rich())["results"] if "suppressions" in one]
    assert [one["suppressions"] for one in found] == [
        [{"kind": "inSource", "status": "accepted", "justification": "vendor has no digests yet",
          "properties": {"until": "2026-12-31"}}]
    ]  # fmt: skip


def test_fingerprints_do_not_follow_lines_or_wording_but_tell_results_apart() -> None:
    one = made.finding()
    moved = msgspec.structs.replace(one, line=900, message="other numbers")
    other = msgspec.structs.replace(one, subject="cluster/infer-a")

    def prints(*findings: Any) -> list[str]:
        results = run(made.verdict(made.region(findings=findings)))["results"]
        return [result["partialFingerprints"]["primaryLocationLineHash"] for result in results]

    assert prints(one) == prints(moved)
    assert len(set(prints(one, one, other))) == 3


def test_a_fault_is_a_result_of_the_rule_input_and_the_run_a_failure() -> None:
    found = run(made.verdict(made.region(faults=(made.fault(),))))
    assert found["invocations"] == [{"executionSuccessful": False, "exitCode": 2}]
    assert [(one["ruleId"], one["level"]) for one in found["results"]] == [("input", "error")]
    assert run(made.rich())["invocations"][0]["executionSuccessful"] is True
    assert run(made.rich())["invocations"][0]["exitCode"] == 1


def test_a_run_holds_no_more_results_than_are_taken_and_errors_first() -> None:
    notes = tuple(made.finding(severity="note", line=n) for n in range(1, sarif.MOST + 1))
    found = run(made.verdict(made.region(findings=(*notes, made.finding()))))
    assert len(found["results"]) == sarif.MOST
    assert found["results"][0]["level"] == "error"
    assert found["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"].startswith("1 results are left")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(verdicts())
def test_any_text_gives_the_same_bytes_and_relative_addresses(verdict: Verdict) -> None:
    text = sarif.render(verdict)
    assert text == sarif.render(verdict)
    text.encode("ascii")
    for result in run(verdict)["results"]:
        for place in result.get("locations", ()):
            if "physicalLocation" in place:
                uri = place["physicalLocation"]["artifactLocation"]["uri"]
                assert re.fullmatch(r"[A-Za-z0-9%._~/:-]+", uri)
