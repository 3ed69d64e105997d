"""A verdict as JSON: the shape that others rely on."""

from __future__ import annotations

import json

from hypothesis import given

from ai_factory.infra.gate.judge.verdict import Verdict
from ai_factory.infra.show.gate import data

from . import made
from .test_show_terminal import verdicts


def test_the_shape() -> None:
    found = data.verdict_data(made.rich())
    assert list(found) == ["verdict", "exit_code", "base", "head", "untouched", "notes", "findings", "regions"]
    assert (found["verdict"], found["exit_code"]) == ("refused", 1)
    region = found["regions"][0]
    assert list(region) == [
        "region", "file", "state", "verdict", "exit_code", "stacks", "blast", "totals", "pools", "settings", "changes",
        "findings", "faults", "decisions", "notes",
    ]  # fmt: skip
    assert region["stacks"][1] == {
        "name": "kr-ulsan.train-a.0", "create": 0, "update": 32, "replace": 0, "delete": 0, "resources": 737,
    }  # fmt: skip
    assert region["totals"]["after"]["it_kw"] == 31_000.5
    assert region["pools"]["after"] == [{"name": "host links", "total": 4096, "used": 1280}]
    assert region["findings"][0]["path"] == ["clusters", "train-a", "racks"]
    assert region["blast"]["tenants_lost"] == ["gov-llm"]


def test_a_field_that_is_not_there_has_no_value() -> None:
    changes = data.verdict_data(made.rich())["regions"][0]["changes"]
    fields = next(one["fields"] for one in changes if one["kind"] == "ConfigMap")
    assert fields[1] == {"path": "spec.paused", "old": True}
    assert fields[2] == {"path": "spec.rules[2]", "new": {"verbs": ["get", "list"]}}


@given(verdicts())
def test_any_verdict_is_json(verdict: Verdict) -> None:
    found = data.verdict_data(verdict)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
