"""Every rule on objects fires on its failing cases and is silent on its passing ones, whatever else stands there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ai_factory.infra.gate import opaque, rule
from ai_factory.infra.gate.rule import ObjectView
from ai_factory.infra.gate.rules import running

from . import object_cases

FILES = object_cases.files()
FAILING = [path for path in FILES if path.name.startswith("fail-")]
PASSING = [path for path in FILES if path.name.startswith("pass-")]
ENCLAVE = {"tenant-cross-traffic", "tenant-default-deny", "tenant-pod-security", "tenant-quota", "tenant-rights"}
"""What every tenant's namespace must have: cases show one of them, and lack the others."""


def named(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


@pytest.mark.parametrize("one", object_cases.RULES, ids=lambda one: one.id)
def test_a_rule_has_cases_of_both_kinds(one: rule.Rule) -> None:
    assert {path.name.partition("-")[0] for path in FILES if path.parent.name == one.id} == {"fail", "pass"}


@pytest.mark.parametrize("path", FAILING, ids=named)
def test_a_breach_is_found_and_nothing_else(path: Path) -> None:
    case, own = object_cases.load(path), path.parent.name
    found = object_cases.judge(case)
    said = [f"{one.message} {one.remedy}" for one in found if one.rule == own]

    assert any(all(part in text for part in case["expect"]) for text in said), found
    assert not [one for one in found if one.message.startswith((running.FAILED, running.UNJUDGED))]
    others = {one.rule for one in found} - {own}
    assert others - (ENCLAVE if own in ENCLAVE else set()) == set(case.get("also", ()))


@pytest.mark.parametrize("path", PASSING, ids=named)
def test_what_is_sound_is_let_pass(path: Path) -> None:
    found = object_cases.judge(object_cases.load(path))

    assert [one for one in found if one.rule == path.parent.name or one.message.startswith(running.FAILED)] == []


def test_what_keeps_tenants_apart_is_not_waived() -> None:
    never = {one.id for one in object_cases.RULES if not one.waivable}

    assert never == ENCLAVE


def secret_values(values: object) -> Iterator[ObjectView]:
    manifest = {"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease", "metadata": {"name": "a"}}
    made = opaque.guarded({**manifest, "spec": {"values": values}})
    yield ObjectView(id="train/HelmRelease.helm.toolkit.fluxcd.io//a", manifest=made, protect=False)


def test_a_hidden_value_hides_no_other() -> None:
    found = running.objects(list(secret_values({"a": {"token": opaque.SECRET}, "b": {"password": "made-up"}})), "lab")

    said = [one.message for one in found if one.rule == "secret-in-values"]
    assert any("password in values.b.password" in text for text in said), said
    assert any(text.startswith(running.UNJUDGED) and "values.a.token" in text for text in said), said


@pytest.mark.parametrize("one", object_cases.RULES, ids=lambda one: one.id)
def test_a_rule_says_nothing_of_other_kinds(one: rule.Rule) -> None:
    manifest = {"apiVersion": "example.com/v1", "kind": "Other", "metadata": {"name": "a"}, "spec": {"replicas": 2}}
    view = ObjectView(id="train/Other.example.com//a", manifest=manifest, protect=False)

    assert running.by_rule(one, [view], "lab") == []


REQUIRED = {"apiVersion", "kind", "metadata", "name", "operator", "cidr", "key", "ai-factory.dev/tenant"}
"""What an object can't be without: the API server refuses it before any rule matters."""


def nulls(value: Any) -> Iterator[Any]:
    """The value with each optional field below it null, in turn; dicts only."""
    for key, inner in value.items():
        if key not in REQUIRED:
            yield {**value, key: None}
        if isinstance(inner, dict):
            yield from ({**value, key: changed} for changed in nulls(inner))
        elif isinstance(inner, list):
            for place, one in enumerate(inner):
                if isinstance(one, dict):
                    yield from (
                        {**value, key: [*inner[:place], changed, *inner[place + 1 :]]} for changed in nulls(one)
                    )


@pytest.mark.parametrize("one", object_cases.RULES, ids=lambda one: one.id)
def test_no_null_takes_a_rule_down(one: rule.Rule) -> None:
    """Engines and people write null for a field that is not set."""
    judged = 0
    for path in (path for path in FILES if path.parent.name == one.id):
        case = object_cases.load(path)
        views = list(object_cases.views({key: value for key, value in case.items() if key != "repeat"}))
        for place, view in enumerate(views):
            for changed in nulls(view.manifest):
                given = ObjectView(id=view.id, manifest=changed, protect=False)
                found = running.by_rule(one, [*views[:place], given, *views[place + 1 :]], "lab")
                assert not [each for each in found if each.message.startswith(running.FAILED)], changed
                judged += 1
    assert judged
