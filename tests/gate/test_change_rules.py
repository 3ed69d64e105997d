"""Every rule on changes fires on its failing cases and is silent on its passing ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from ai_factory.infra.gate import rule

from . import change_cases

pytestmark = pytest.mark.slow

FILES = change_cases.files()
RULES = rule.rules_of_scope("change")


@pytest.mark.parametrize("one", RULES, ids=lambda one: one.id)
def test_a_rule_has_cases_of_both_kinds(one: rule.Rule) -> None:
    kinds = {path.name.partition("-")[0] for path in FILES if path.parent.name == one.id}

    assert kinds == {"fail", "pass"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_case_is_judged_as_it_says(path: Path) -> None:
    found = [finding for finding in change_cases.judge(path) if finding.rule == path.parent.name]

    if path.stem.startswith("pass"):
        assert found == []
        return
    import yaml

    expected = yaml.safe_load(path.read_text(encoding="utf-8"))["expect"]
    said = [f"{finding.message} {finding.remedy}" for finding in found]
    assert any(all(part in text for part in expected) for text in said), said
