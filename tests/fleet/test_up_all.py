"""`aifactory up --all`: the order of the fleet, the first failure, an interrupt, and what is said at the end."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pytest_mock import MockerFixture

from ai_factory.infra.engine.declared import Parts
from ai_factory.infra.engine.protocol import Preview
from ai_factory.infra.engine.report import Difference, Report
from ai_factory.infra.errors import InterruptedRunError, RefusedError, UnavailableError
from ai_factory.infra.fleet import members
from tests.conftest import Outcome
from tests.fleet.conftest import write_settings

Run = Callable[..., Outcome]
NAMES = ("a", "b", "c")


class Clusters:
    """In place of the clusters: what was brought up, with faults by region."""

    def __init__(self) -> None:
        self.up: list[str] = []
        self.faults: dict[str, BaseException] = {}
        self.kind = "changed"

    @contextmanager
    def run_on(self, name: str, *_: Any, **__: Any) -> Iterator[Any]:
        plan = SimpleNamespace(name=name, sample_inventory=False)
        lifecycle = SimpleNamespace(
            up=lambda _: self.bring(name),
            reports=[Report(stack=name, target="m")],
            preview=lambda _: Preview(differences={name: [Difference(id="m/X//a", kind=self.kind, note="why")]}),  # type: ignore[arg-type]
        )
        yield SimpleNamespace(plan=plan, names=[name], parts=Parts(), engine=lambda _: lifecycle)

    def bring(self, name: str) -> None:
        self.up.append(name)
        if name in self.faults:
            raise self.faults[name]


@pytest.fixture
def clusters(project: Path, mocker: MockerFixture) -> Clusters:
    for name in NAMES:
        (project / "stacks" / "regions" / f"{name}.yaml").touch()
    write_settings(project, waves=[{"name": "canary", "regions": ["b"]}, {"name": "rest"}])
    plans = tuple(SimpleNamespace(name=name, sample_inventory=False) for name in NAMES)
    mocker.patch("ai_factory.infra.cli.up_all.members", return_value=members.Members(plans=plans, samples=("lab",)))  # type: ignore[arg-type]
    found = Clusters()
    mocker.patch("ai_factory.infra.cli.region_run.run_on", found.run_on)
    return found


def up(aifactory: Run, *options: str) -> Outcome:
    return aifactory("up", "--all", "--engine", "direct", *options)


def test_every_region_in_the_fleets_order(clusters: Clusters, aifactory: Run) -> None:
    outcome = up(aifactory, "--yes")
    assert (outcome.code, clusters.up) == (0, ["b", "a", "c"])
    assert outcome.out.splitlines()[-4:] == [
        "== 3 regions: 3 done", "done        b", "done        a", "done        c",
    ]  # fmt: skip
    assert "notice: lab: left out" in outcome.err
    assert outcome.err.count("engine: direct") == 1


def test_by_name_without_settings(clusters: Clusters, project: Path, aifactory: Run) -> None:
    (project / "stacks" / "fleet.yaml").unlink()
    assert (up(aifactory, "--yes").code, clusters.up) == (0, ["a", "b", "c"])


def test_wrong_settings_stop_it_before_it_begins(clusters: Clusters, project: Path, aifactory: Run) -> None:
    write_settings(project, waves=[])
    assert (up(aifactory, "--yes").code, clusters.up) == (2, [])


def test_it_ends_at_the_first_failure_and_says_what_was_not_begun(clusters: Clusters, aifactory: Run) -> None:
    clusters.faults["a"] = UnavailableError("a is gone", "mend it")
    outcome = up(aifactory, "--yes")
    assert (outcome.code, clusters.up) == (3, ["b", "a"])
    assert outcome.out.splitlines()[-4:] == [
        "== 3 regions: 1 done, 1 failed, 1 not begun",
        "done        b",
        "failed      a: a is gone. Mend it.",
        "not begun   c",
    ]
    assert "run the same again" in outcome.err


def test_keep_going_ends_with_the_code_of_the_worst(clusters: Clusters, aifactory: Run) -> None:
    clusters.faults |= {"b": UnavailableError("b is gone"), "a": RefusedError("no")}
    outcome = up(aifactory, "--yes", "--keep-going")
    assert (outcome.code, clusters.up) == (3, ["b", "a", "c"])
    assert "== 3 regions: 1 done, 2 failed" in outcome.out


@pytest.mark.parametrize("fault", [InterruptedRunError("stopped"), KeyboardInterrupt()])
def test_an_interrupt_ends_all_also_with_keep_going(clusters: Clusters, aifactory: Run, fault: BaseException) -> None:
    clusters.faults["a"] = fault
    outcome = up(aifactory, "--yes", "--keep-going")
    assert (outcome.code, clusters.up) == (130, ["b", "a"])
    assert "== 3 regions: 1 done, 1 interrupted, 1 not begun" in outcome.out


def test_what_was_done_is_said_also_when_the_program_is_at_fault(clusters: Clusters, aifactory: Run) -> None:
    clusters.faults["a"] = LookupError("a fault of the program")
    with pytest.raises(LookupError):
        up(aifactory, "--yes")


def test_json_is_one_document(clusters: Clusters, aifactory: Run) -> None:
    clusters.faults["a"] = RefusedError("no")
    outcome = up(aifactory, "--yes", "--json")
    data = json.loads(outcome.out)
    assert outcome.code == 1
    assert [(one["region"], one["state"], one["error"]) for one in data["regions"]] == [
        ("b", "done", None), ("a", "failed", "no"), ("c", "not begun", None),
    ]  # fmt: skip
    assert data["regions"][0]["stacks"][0]["stack"] == "b"
    assert data["left_out"] == ["lab"]
    assert "error: no" in outcome.err


@pytest.mark.parametrize(("kind", "code"), [("changed", 0), ("refused", 1)])
def test_dry_run_changes_nothing(clusters: Clusters, aifactory: Run, kind: str, code: int) -> None:
    clusters.kind = kind
    outcome = up(aifactory, "--dry-run", "--json", "--keep-going")
    data = json.loads(outcome.out)
    assert (outcome.code, clusters.up) == (code, [])
    assert [one["stacks"][0]["differences"][0]["kind"] for one in data["regions"]] == [kind] * 3


def test_unattended_it_has_to_be_confirmed_once(clusters: Clusters, aifactory: Run) -> None:
    outcome = up(aifactory)
    assert (outcome.code, clusters.up) == (2, [])
    assert "this would apply b, a, c: say so with --yes" in outcome.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["up"], "give either a region or --all"),
        (["up", "lab", "--all"], "give either a region or --all"),
        (["up", "--all", "--stack", "x"], "--stack is a part of one region"),
        (["up", "lab", "--keep-going"], "go with --all only"),
        (["up", "lab", "--include-samples"], "go with --all only"),
        (["down", "--all"], "No such option"),
    ],
)
def test_what_does_not_go_together(aifactory: Run, arguments: list[str], message: str) -> None:
    outcome = aifactory(*arguments)
    assert (outcome.code, message in outcome.err) == (2, True), outcome.err
