"""Programs that a region file names: a branch's command is run for nobody who was not asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ai_factory.infra.engine import consent
from ai_factory.infra.errors import RefusedError
from ai_factory.infra.plan.model import RegionPlan
from tests.objects.conftest import make_plan


def plan_of(*words: str, server: str = "https://10.0.0.1") -> RegionPlan:
    access = {"exec": {"command": words[0], "args": list(words[1:]), "server": server}}
    return make_plan(management=[{"name": "mgmt", "provider": "install", "access": access}])


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv(consent.ALLOW, raising=False)


class Asked(list[str]):
    """Remembers questions, and gives one answer to all."""

    def __init__(self, answer: bool) -> None:
        self.answer = answer

    def __call__(self, question: str) -> bool:
        self.append(question)
        return self.answer


def test_a_program_is_named_and_asked_for_once(tmp_path: Path) -> None:
    asked = Asked(True)

    consent.require(plan_of("aws", "eks", "get token"), ["mgmt", "train", "mgmt"], tmp_path, asked)
    consent.require(plan_of("aws", "eks", "get token"), ["mgmt"], tmp_path, Asked(False))

    [question] = asked
    assert question.startswith("mgmt: ") and "aws eks 'get token'" in question


@pytest.mark.parametrize("ask", [None, Asked(False)], ids=["nobody to ask", "a no"])
def test_without_a_yes_it_is_refused(ask: Any, tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match=r"mgmt: access by a program .*: sh -c id.*AIFACTORY_ACCESS_COMMANDS=allow"):
        consent.require(plan_of("sh", "-c", "id"), ["mgmt"], tmp_path, ask)


@pytest.mark.parametrize(
    "other", [plan_of("aws", "other"), plan_of("aws", "token", server="https://evil.example"), plan_of("sh", "token")]
)
def test_a_yes_is_for_these_words_and_this_server(other: RegionPlan, tmp_path: Path) -> None:
    consent.require(plan_of("aws", "token"), ["mgmt"], tmp_path, Asked(True))

    with pytest.raises(RefusedError):
        consent.require(other, ["mgmt"], tmp_path, None)


def test_a_yes_ends_with_the_text_of_a_script(tmp_path: Path) -> None:
    """A branch may leave the command as it is, and change the script of the project that it runs."""
    script = tmp_path / "token.py"
    script.write_text("print(1)")
    plan = plan_of("python3", str(script))
    consent.require(plan, ["mgmt"], tmp_path, Asked(True))
    consent.require(plan, ["mgmt"], tmp_path, None)

    script.write_text("import os")

    with pytest.raises(RefusedError):
        consent.require(plan, ["mgmt"], tmp_path, None)


def test_a_pipeline_of_reviewed_commits_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(consent.ALLOW, "allow")

    asked = Asked(False)
    consent.require(plan_of("aws", "token"), ["mgmt"], tmp_path, asked)

    assert asked == []


def test_contexts_and_secrets_run_nothing(tmp_path: Path) -> None:
    asked = Asked(False)
    consent.require(make_plan(), ["mgmt", "train", "twin"], tmp_path, asked)

    assert asked == []
