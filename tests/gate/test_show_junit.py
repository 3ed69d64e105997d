"""JUnit XML: suites, cases and what readers require of them."""

from __future__ import annotations

from xml.etree import ElementTree as Xml

import pytest
from hypothesis import HealthCheck, given, settings

from ai_factory.infra.gate.judge.verdict import Verdict
from ai_factory.infra.show.gate import junit

from . import made
from .test_show_terminal import verdicts

REJECTED = made.verdict(
    made.region(
        findings=(
            made.finding(),
            made.finding(line=50, subject="cluster/infer-a"),
            made.finding("no-loss", "warning", message="racks drain: 64"),
            made.waived(),
        )
    )
)


@pytest.fixture(autouse=True)
def rules(monkeypatch: pytest.MonkeyPatch) -> None:
    made.rules(monkeypatch)


def cases(verdict: Verdict) -> dict[str, dict[str, Xml.Element]]:
    """Cases by suite and name; attributes and elements are checked against what Jenkins' schema has."""
    root = Xml.fromstring(junit.render(verdict))
    assert root.tag == "testsuites"
    for suite in root:
        assert set(suite.attrib) <= {"name", "time", "file", "tests", "failures", "errors", "skipped"}
        assert int(suite.attrib["tests"]) == len(suite)
        for case in suite:
            assert case.tag == "testcase"
            assert set(case.attrib) <= {"name", "classname", "time", "file", "line"}
            assert {part.tag for part in case} <= {"failure", "error", "skipped", "system-out"}
    return {suite.attrib["name"]: {case.attrib["name"]: case for case in suite} for suite in root}


def test_a_rule_that_was_run_is_a_case_in_the_suite_of_its_region() -> None:
    found = cases(made.small())
    assert {suite: sorted(names) for suite, names in found.items()} == {
        "fleet": ["unique-numbers"],
        "kr-ulsan": ["hall-power", "image-digest", "no-loss"],
    }
    assert not any(list(case) for names in found.values() for case in names.values())


def test_errors_fail_warnings_are_told_and_what_is_waived_is_skipped() -> None:
    found = cases(REJECTED)["kr-ulsan"]
    failure = found["hall-power"].find("failure")
    assert failure is not None and failure.attrib["message"].endswith("exceeds hall h1 (8,000 kW) (and 1 more)")
    assert "stacks/regions/kr-ulsan.yaml:50: cluster/infer-a" in (failure.text or "")
    assert (found["hall-power"].attrib["file"], found["hall-power"].attrib["line"]) == (made.FILE, "41")
    assert [part.tag for part in found["no-loss"]] == ["system-out"]
    skipped = found["image-digest"].find("skipped")
    assert skipped is not None and skipped.attrib["message"] == "waived until 2026-12-31: vendor has no digests yet"
    root = Xml.fromstring(junit.render(REJECTED))
    assert (root.attrib["tests"], root.attrib["failures"], root.attrib["errors"]) == ("4", "1", "0")


def test_rules_that_could_not_be_run_are_no_passed_cases() -> None:
    found = cases(made.verdict(made.region(faults=(made.fault(),), changes=())))["kr-ulsan"]
    assert list(found) == ["input"]
    error = found["input"].find("error")
    assert error is not None and error.attrib["message"] == "must be a whole number"
    assert "no-loss" not in cases(made.verdict(made.region(state="judged")))["kr-ulsan"]
    assert list(cases(made.verdict(made.region(state="removed")))["kr-ulsan"]) == ["no-loss"]


def test_letters_that_xml_has_not_are_written_out() -> None:
    text = junit.render(made.verdict(made.region(findings=(made.finding(message="a\x00b\ud800\ufffe"),))))
    assert "a\\x00b\\ud800\\ufffe" in text


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(verdicts())
def test_any_text_gives_legal_xml(verdict: Verdict) -> None:
    junit.render(verdict).encode()
    cases(verdict)
