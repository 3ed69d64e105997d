"""How rules are run: each breach becomes a finding, nothing that goes wrong passes, waivers cover what they name."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

import pytest

from ai_factory.infra.gate import opaque, rule
from ai_factory.infra.gate.beside import FleetView
from ai_factory.infra.gate.records import Blast, Finding
from ai_factory.infra.gate.rule import Breach, ChangeView, ObjectView
from ai_factory.infra.gate.rules import running
from ai_factory.infra.gate.rules.waivers import waive

TODAY = datetime.date(2026, 6, 1)


@pytest.fixture(autouse=True)
def only_meta_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rule, "RULES", {id: one for id, one in rule.RULES.items() if one.scope == "input"})


def add(scope: Any, check: Any, **given: Any) -> None:
    values = {"id": "demo", "severity": "error", "area": "shape", "reason": "r", "remedy": "mend it", "source": "s"}
    one = rule.Rule(scope=scope, check=check, **(values | given))
    rule.RULES[one.id] = one


def view(name: str, **fields: Any) -> ObjectView:
    manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}, **fields}
    return ObjectView(id=f"train/Namespace//{name}", manifest=opaque.guarded(manifest), protect=False)


def finding(**given: Any) -> Finding:
    values = {"rule": "demo", "severity": "error", "region": "lab", "subject": "tenant/acme", "message": "m"}
    return Finding(**(values | {"remedy": "mend it"} | given))


def waiver(**given: str) -> dict[str, str]:
    return {"rule": "demo", "subject": "tenant/*", "reason": "agreed", "until": "2026-06-01"} | given


def test_a_breach_becomes_a_finding_with_the_defaults_of_its_rule() -> None:
    add("object", lambda one: iter([Breach(message="m")] if one.name == "b" else []))

    assert running.objects([view("a"), view("b")], "lab") == [finding(subject="train/Namespace//b")]


def test_a_breach_may_say_more_than_its_rule() -> None:
    add("set", lambda views: iter([Breach(message=str(len(views)), subject="tenant/x", remedy="do", path=("a", 1))]))

    expected = finding(subject="tenant/x", remedy="do", path=("a", 1), message="2")
    assert running.objects([view("a"), view("b")], "lab") == [expected]


def test_rules_on_sets_are_left_out_for_a_part_of_a_set() -> None:
    add("set", lambda views: iter([Breach(message="m")]))

    assert running.objects([view("a")], "lab", sets=False) == []
    assert len(running.objects([view("a")], "lab")) == 1


def test_rules_on_changes_and_fleets_say_whom_they_mean() -> None:
    change = ChangeView(region="lab", base=None, head=None, changes=(), blast=Blast(), today=TODAY)
    add("change", lambda one: iter([Breach(message="m")]))
    add("fleet", lambda one: iter([Breach(message="m")]), id="all")

    assert running.change(change) == [finding(subject="region/lab")]
    assert running.fleet(FleetView(numbers=())) == [finding(rule="all", region="", subject="fleet")]


def test_a_rule_that_raises_is_an_error_and_keeps_what_it_found() -> None:
    def check(one: ObjectView) -> Iterator[Breach]:
        if one.name == "good":
            yield Breach(message="m")
        else:
            raise KeyError("spec")

    add("object", check, severity="note")
    add("object", lambda one: iter([Breach(message="m")]), id="other")

    found = running.objects([view("bad"), view("good"), view("worse")], "lab")

    failures = [one for one in found if one.message.startswith(running.FAILED)]
    assert [(one.rule, one.severity, one.subject) for one in failures] == [("demo", "error", "train/Namespace//bad")]
    assert failures[0].message == "the rule failed: KeyError: 'spec' (on 2 objects)"
    assert len(found) == 1 + 1 + 3


def test_a_rule_on_a_set_that_raises_is_an_error() -> None:
    add("set", lambda views: 1 / 0, severity="warning")

    assert [(one.severity, one.message) for one in running.objects([view("a")], "lab")] == [
        ("error", "the rule failed: ZeroDivisionError: division by zero")
    ]


def test_no_waiver_covers_a_rule_that_raised() -> None:
    add("set", lambda views: 1 / 0)

    found = waive(running.objects([view("a")], "lab"), [waiver(subject="*")], TODAY)

    assert found[0].waived is None
    assert "no waiver covers" in found[0].message


def test_a_rule_that_reads_a_hidden_value_says_that_it_did_not_judge() -> None:
    add("object", lambda one: iter([Breach(message="m")] if one.manifest.get("data") else []))

    found = running.objects([view("plain", data={"a": "b"}), view("hidden", data="[secret]")], "lab")

    assert [(one.subject[-6:], one.severity) for one in found] == [("/plain", "error"), ("hidden", "warning")]
    assert "reads data" in found[1].message


def test_a_rule_that_does_not_read_the_hidden_value_judges() -> None:
    add("object", lambda one: iter([Breach(message="m")] if not one.labels else []))

    found = running.objects(
        [view("hidden", data={"a": {opaque.SIGNATURE: "x"}, "b": next(iter(opaque.UNKNOWN))})], "lab"
    )

    assert [one.message for one in found] == ["m"]


def test_hidden_values_in_lists_and_by_any_way_of_reading() -> None:
    data = opaque.guarded({"a": [{"b": "[secret]", "c": 1}], "d": [1, "[secret]"], "e": [1]})

    assert data["a"][0]["c"] == 1 and data["e"] == [1] and len(data["d"]) == 2 and "b" in data["a"][0]
    for read in (lambda: data["a"][0]["b"], lambda: list(data["d"]), lambda: 1 in data["d"], lambda: data["d"][0]):
        with pytest.raises(opaque.OpaqueError):
            read()
    item = data["a"][0]
    for read in (item.items, item.values, lambda: item == {}, lambda: {**item}, lambda: dict(item)):
        with pytest.raises(opaque.OpaqueError, match=r"a\[0\]\.b"):
            read()


def test_a_waiver_covers_up_to_its_last_day() -> None:
    covered = waive([finding()], [waiver()], TODAY)
    late = waive([finding()], [waiver()], TODAY + datetime.timedelta(days=1))

    assert [(one.waived, one.until) for one in covered] == [("agreed", "2026-06-01")]
    assert [(one.waived, one.message) for one in late] == [(None, "m; its waiver expired on 2026-06-01")]


def test_of_two_waivers_the_longer_one_counts() -> None:
    both = [waiver(until="2026-05-01"), waiver(subject="*", until="2026-07-01", reason="longer")]

    assert [one.waived for one in waive([finding()], both, TODAY)] == ["longer"]


def test_a_waiver_names_its_rule_and_subject() -> None:
    others = [waiver(rule="other"), waiver(subject="tenant/b*"), waiver(subject="cluster/acme")]

    assert waive([finding()], others, TODAY, whole=False) == [finding()]


def test_a_rule_that_none_may_waive() -> None:
    add("change", None, waivable=False)

    assert [(one.waived, one.message) for one in waive([finding()], [waiver()], TODAY)] == [
        (None, "m; no waiver covers this")
    ]


def test_waivers_that_cover_nothing_are_noted_where_all_was_judged() -> None:
    add("change", None)
    idle = [waiver(subject="x"), waiver(subject="y", until="2026-05-01"), waiver(rule="gone")]

    notes = waive([], idle, TODAY, region="lab")

    assert [(one.rule, one.severity, one.path, one.subject) for one in notes] == [
        ("waiver-unused", "note", ("waivers", 0), "region/lab"),
        ("waiver-expired", "note", ("waivers", 1), "region/lab"),
        ("waiver-unused", "note", ("waivers", 2), "region/lab"),
    ]
    assert notes[1].message == "the waiver of demo for y covers nothing and expired on 2026-05-01"
    assert "names no rule" in notes[2].message
    assert waive([], idle, TODAY, whole=False) == []
