"""Each rule on regions, clusters and the fleet, and each fault of planning, fires where it should and only there."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from ai_factory.infra.gate import limits, rule, rules
from ai_factory.infra.gate.rule import AREAS, Rule
from ai_factory.infra.gate.rules import running
from tests import regionfile
from tests.gate import rule_cases

pytestmark = pytest.mark.slow

FILES = rule_cases.files()
ELSEWHERE = {
    "base-unplanned",
    "code-unjudged",
    "decision-end",
    "preview-failed",
    "preview-partial",
    "project-lost",
    "waiver-expired",
    "waiver-unused",
}
"""Rules of scope input that planning does not find; they are tested with what finds them."""
IMPERATIVE = re.compile(r"(?!(the|a|an|it|this|that|there|you|please|no|not|should|must|\w+ing|\w+ed)\b)[a-z]+ ")
"""Starts with a verb, as far as that can be told."""
OURS = [one for one in rule.RULES.values() if one.scope in rule_cases.SCOPES and one.id not in ELSEWHERE]


def named(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


@pytest.mark.parametrize("path", [path for path in FILES if path.name.startswith("fail-")], ids=named)
def test_a_breach_is_found_and_nothing_else(path: Path, tmp_path: Path) -> None:
    case, own, scope = rule_cases.load(path), path.parent.name, rule_cases.scope_of(path) or ""
    found = rule_cases.judge(case, scope, tmp_path, stacks=own == "stack-budget")
    usual = rule_cases.usual(case["base"]) if scope in ("region", "cluster") else frozenset()
    new = [one for one in found if rule_cases.key(one) not in usual]

    assert {one.rule for one in new} == {own, *case.get("also", ())}, new
    assert all(one.path == () or rule_cases.stands_in(case, one.path) for one in new), [one.path for one in new]
    texts = [f"{one.message} {one.remedy}" for one in new if one.rule == own]
    assert any(all(part in text for part in case["expect"]) for text in texts), texts


@pytest.mark.parametrize("path", [path for path in FILES if path.name.startswith("pass-")], ids=named)
def test_what_is_sound_is_let_pass(path: Path, tmp_path: Path) -> None:
    case, own, scope = rule_cases.load(path), path.parent.name, rule_cases.scope_of(path) or ""
    found = rule_cases.judge(case, scope, tmp_path, stacks=own == "stack-budget")
    usual = rule_cases.usual(case["base"]) if scope in ("region", "cluster") else frozenset()

    assert own not in {one.rule for one in found}, found
    assert {one.rule for one in found if rule_cases.key(one) not in usual} == set(case.get("also", ())), found


@pytest.mark.parametrize("one", OURS, ids=lambda one: one.id)
def test_every_rule_has_a_case_of_each_kind(one: Rule) -> None:
    names = [path.name for path in (rule_cases.FOLDER / one.id).glob("*.yaml")]

    assert any(name.startswith("fail-") for name in names)
    assert any(name.startswith("pass-") for name in names)


def test_every_case_is_of_a_rule() -> None:
    folders = [path for path in rule_cases.FOLDER.iterdir() if path.is_dir()]

    assert [path.name for path in folders if path.name not in rule.RULES] == []
    assert [named(path) for path in FILES if not path.name.startswith(("fail-", "pass-"))] == []


def test_every_rule_that_planning_names_is_registered_and_the_other_way_round() -> None:
    folder = regionfile.REPOSITORY / "infra"
    text = "".join(path.read_text(encoding="utf-8") for path in folder.glob("plan/**/*.py"))
    named_once = re.findall(r"^_[A-Z_, ]+ = (\"[a-z-]+\"(?:, \"[a-z-]+\")*)$", text, re.MULTILINE)
    given = re.findall(r'rule="([^"]+)"', text) + re.findall(r'"([^"]+)"', " ".join(named_once))

    assert set(given) == {one.id for one in OURS if one.scope == "input"}


@pytest.mark.parametrize("name", ["lab", "kr-haein", "kr-ulsan", "kr-dsx-1"])
def test_the_example_regions_have_no_error(name: str) -> None:
    found = rule_cases.of_region(regionfile.REGIONS / f"{name}.yaml", stacks=True)

    assert [one for one in found if one.severity == "error"] == []


@pytest.mark.parametrize("one", rule.RULES.values(), ids=lambda one: one.id)
def test_a_rule_says_why_and_what_to_do(one: Rule) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", one.id)
    assert one.area in AREAS
    assert one.severity in ("error", "warning", "note")
    assert len(one.reason) > 30 and one.source
    assert IMPERATIVE.match(one.remedy), one.remedy
    assert not one.reason.endswith(".") and not one.remedy.endswith(".")


def test_every_rule_says_what_it_can_not_see() -> None:
    texts = limits.of_rules()

    assert texts.keys() == rule.RULES.keys()
    assert [name for name, text in texts.items() if len(text) < 20 or text.endswith(".")] == []
    assert all(one.cannot_see == texts[one.id] for one in rule.RULES.values())


@pytest.mark.parametrize("one", OURS, ids=lambda one: one.id)
def test_what_must_not_happen_is_not_waived(one: Rule) -> None:
    never = one.scope in ("input", "fleet") or (one.severity == "error" and one.area in ("isolation", "residency"))

    assert one.waivable != (never or one.id in {"lock-complete", "name-matches-file", "waiver-rule"})


@pytest.mark.parametrize(("shares", "breaks"), [((500, 498), False), ((500, 499), True)])
def test_a_stack_counts_what_all_shards_add_and_itself(shares: tuple[int, ...], breaks: bool) -> None:
    heads = {str(n): rule_cases.shard("lab", {"lab": (count, 10)}) for n, count in enumerate(shares)}
    view = dataclasses.replace(rule_cases.view_of(regionfile.REGIONS / "lab.yaml"), shards=heads)

    assert [one.subject for one in running.region(view) if one.rule == "stack-budget"] == ["stack/lab"] * breaks


def test_every_module_of_rules_is_listed() -> None:
    folder = Path(str(rules.__file__)).parent
    modules = {path.stem for path in folder.glob("*.py")} - {
        "__init__",
        "_manifests",
        "_pod_standard",
        "_principals",
        "_secrets",
        "running",
    }

    assert modules == set(rules.__all__)
