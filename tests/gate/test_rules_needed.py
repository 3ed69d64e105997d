"""Every rule is needed: with it switched off, a case that it is for is judged another way.

One case is taken for each rule: of `tests/cases/rules`, or of `tests/gate/hostile` for those that neither planning nor
a view finds. It must find the rule with it on, and must not with it off. A rule is switched off by its name: its check
says nothing; what planning finds by it is dropped; what others find by it is not told.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ai_factory.infra.gate import rule
from ai_factory.infra.spec.problems import InputError

from . import change_cases, object_cases, rule_cases, test_hostile

pytestmark = pytest.mark.slow

PREVIEWS = {"preview-failed", "preview-partial"}
"""Found in an engine's preview alone; `test_pulumi_preview` has both."""


class SwitchedOffError(Exception):
    """All that planning had to say was by the rule that is off."""


@contextmanager
def without(name: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The gate without one rule."""
    switched = rule.RULES[name]
    usual = InputError.__init__

    def silent(self: InputError, problems: Any) -> None:
        given = [problems] if not isinstance(problems, list | tuple) and hasattr(problems, "rule") else list(problems)
        left = [problem for problem in given if problem.rule != name]
        if given and not left:
            raise SwitchedOffError
        usual(self, left)

    with monkeypatch.context() as patch:
        if switched.check is not None:
            patch.setitem(rule.RULES, name, dataclasses.replace(switched, check=lambda _view: iter(())))
        else:
            patch.setattr(InputError, "__init__", silent)
        yield


def failing(name: str) -> Path:
    """A case that the rule is for."""
    return sorted((rule_cases.FOLDER / name).glob("fail-*.yaml"))[0]


def found(name: str, path: Path, folder: Path) -> set[str]:
    """Rules that say something of a case."""
    scope = rule.RULES[name].scope
    if scope == "change":
        findings = change_cases.judge(path)
    elif scope in ("object", "set"):
        findings = object_cases.judge(object_cases.load(path))
    else:
        try:
            findings = rule_cases.judge(rule_cases.load(path), scope, folder, stacks=name == "stack-budget")
        except SwitchedOffError:
            return set()
    return {finding.rule for finding in findings}


def of_cases() -> list[str]:
    return sorted(name for name in rule.RULES if (rule_cases.FOLDER / name).is_dir())


@pytest.mark.parametrize("name", of_cases())
def test_a_case_needs_its_rule(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = failing(name)

    assert name in found(name, path, tmp_path / "on")
    with without(name, monkeypatch):
        assert name not in found(name, path, tmp_path / "off")


def test_every_rule_has_a_case() -> None:
    hostile = {
        name
        for path in test_hostile.FOLDER.glob("*.yaml")
        for case in test_hostile.cases(path.stem)
        for name in case["expect"].get("rules", ())
    }

    assert rule.RULES.keys() - set(of_cases()) - hostile == PREVIEWS
