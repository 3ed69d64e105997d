"""The policy pack says what the gate says, of the same objects, by the same rules."""

from __future__ import annotations

import datetime
import json
import runpy
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import yaml
from pytest_mock import MockerFixture

from ai_factory.components._manifest import type_token
from ai_factory.infra import plan_region
from ai_factory.infra.gate import opaque, rule
from ai_factory.infra.gate.impact import items
from ai_factory.infra.gate.rule import Breach, ObjectView
from ai_factory.infra.gate.rules import running
from ai_factory.infra.gate.rules.waivers import waive
from ai_factory.infra.objects.base import HelmRelease, Item, items_of
from ai_factory.infra.objects.region import blocks_of, region_blocks, stack_names
from ai_factory.infra.plan import regions
from tests.regionfile import REPOSITORY

from .conftest import PACK

pytestmark = pytest.mark.slow

CASES = Path(__file__).parent.parent / "cases" / "rules"
TODAY = datetime.date(2026, 6, 1)
URN = "urn:pulumi:{stack}::ai-factory::{type}::{id}"


def as_doubles(data: Any) -> Any:
    """What protobuf makes of JSON: every number a double."""
    return json.loads(json.dumps(data), parse_int=float)


def resource(adapter: ModuleType, item: Item, stack: str) -> Any:
    """An item as a policy gets it."""
    if isinstance(item, HelmRelease):
        type_, props = "kubernetes:helm.sh/v3:Release", release(item)
    else:
        type_, props = type_token(item.manifest), item.manifest
    protect = not isinstance(item, HelmRelease) and item.protect
    return made(adapter, type_, props, stack=stack, provider=item.target, protect=protect, urn_name=item.id)


def release(item: HelmRelease) -> dict[str, Any]:
    """A chart as `components` registers it."""
    options = {"repositoryOpts": {"repo": item.repo}}
    return {"name": item.name, "namespace": item.namespace, "chart": item.chart, "version": item.version,
            "values": item.values, **options}  # fmt: skip


def made(adapter: ModuleType, type_: str, props: Any, **given: Any) -> Any:
    stack = given.get("stack", "lab")
    return adapter.Resource(
        urn=URN.format(stack=stack, type=type_, id=given.get("urn_name", "x")),
        type=type_,
        name="x",
        props=as_doubles(props),
        protect=given.get("protect", False),
        provider=given.get("provider", "train"),
    )


def view(item: Item) -> ObjectView:
    protect = not isinstance(item, HelmRelease) and item.protect
    return ObjectView(id=item.id, manifest=items.manifest_of(item), protect=protect)


def told(found: Sequence[Any]) -> list[str]:
    return [one.message for one in found]


def expected(findings: Sequence[Any], waivers: Sequence[Mapping[str, str]]) -> list[str]:
    left = [one for one in waive(findings, waivers, TODAY, whole=False) if one.waived is None]
    return [f"{one.subject}: {one.message}. {one.remedy[:1].upper()}{one.remedy[1:]}." for one in left]


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> rule.Rule:
    """A rule that finds something on every region, so that a comparison can't be of nothing with nothing."""

    def check(one: ObjectView) -> Iterator[Breach]:
        replicas = one.spec.get("replicas")
        if replicas is not None or one.protect:
            yield Breach(message=f"{one.kind} {one.group} {one.namespace} {replicas!r} {json.dumps(one.manifest)}")

    found = rule.Rule(
        id="demo", scope="object", check=check, area="shape", severity="error", reason="r", remedy="mend", source="s"
    )
    monkeypatch.setitem(rule.RULES, "demo", found)
    return found


@pytest.mark.parametrize("name", regions.known_regions())
def test_the_pack_says_what_the_gate_says_of_the_objects_of_a_region(
    name: str, adapter: ModuleType, demo: rule.Rule
) -> None:
    items = list(items_of(region_blocks(plan_region(regions.region_file(name)))))
    resources = [resource(adapter, item, name) for item in items]

    assert [adapter.view_of(one) for one in resources] == [view(item) for item in items]
    for one in adapter.object_rules():
        found = adapter.check(one, resources, root=REPOSITORY, today=TODAY)
        assert told(found) == expected(
            running.by_rule(one, list(map(view, items)), name), adapter.waivers(name, REPOSITORY)
        )
        assert found or one.id != "demo"


@pytest.mark.parametrize("name", regions.known_regions())
def test_the_pack_says_what_the_gate_says_of_the_stacks_of_a_region(name: str, adapter: ModuleType) -> None:
    plan = plan_region(regions.region_file(name))
    for stack in stack_names(plan):
        items = list(items_of(blocks_of(plan, stack)))
        resources = [resource(adapter, item, stack) for item in items]
        for one in adapter.set_rules():
            found = running.by_rule(one, list(map(view, items)), name)
            assert told(adapter.check(one, resources, root=REPOSITORY, today=TODAY)) == expected(
                found, adapter.waivers(name, REPOSITORY)
            )


def failing_objects() -> list[Any]:
    """Cases of the gate's rules that are one object."""
    found = []
    for path in sorted(CASES.glob("*/fail-*.yaml")):
        data = yaml.safe_load(path.read_text())
        if isinstance(data, dict) and "object" in data and "generate" not in data:
            found.append(pytest.param(path.parent.name, data["object"], id=f"{path.parent.name}/{path.stem}"))
    return found


@pytest.mark.parametrize(("name", "manifest"), failing_objects())
def test_the_pack_refuses_what_the_gate_refuses(name: str, manifest: dict[str, Any], adapter: ModuleType) -> None:
    given = made(adapter, type_token(manifest), manifest, stack="unknown")

    found = adapter.check(rule.RULES[name], [given], root=REPOSITORY, today=TODAY)

    judged = running.by_rule(rule.RULES[name], [adapter.view_of(given)], "unknown")
    assert found
    assert told(found) == expected(judged, [])


def test_a_violation_names_the_resource(adapter: ModuleType, demo: rule.Rule) -> None:
    given = made(adapter, "kubernetes:core/v1:Namespace", {"metadata": {"name": "acme"}}, protect=True)

    [found] = adapter.check(demo, [given], root=REPOSITORY, today=TODAY)

    assert found.urn == given.urn
    assert found.message.startswith("train/Namespace//acme: Namespace")


def test_what_is_no_kubernetes_object_is_left_out(adapter: ModuleType, demo: rule.Rule) -> None:
    given = [made(adapter, "pulumi:pulumi:Stack", {}), made(adapter, "ai-factory:index:Region", {}, protect=True)]

    assert adapter.check(demo, given, root=REPOSITORY, today=TODAY) == []


def test_waivers_of_the_region_hold(adapter: ModuleType, demo: rule.Rule, tmp_path: Path) -> None:
    folder = tmp_path / "stacks" / "regions"
    folder.mkdir(parents=True)
    text = regions.region_file("lab").read_text()
    waiver = "waivers: [{rule: demo, subject: 'train/Namespace/*', reason: agreed for the trial, until: 2026-06-01}]\n"
    (folder / "lab.yaml").write_text(text + waiver)
    given = [made(adapter, "kubernetes:core/v1:Namespace", {"metadata": {"name": "a"}}, protect=True)]

    assert adapter.check(demo, given, root=tmp_path, today=TODAY) == []
    [late] = adapter.check(demo, given, root=tmp_path, today=TODAY + datetime.timedelta(days=1))
    assert "its waiver expired on 2026-06-01" in late.message
    assert len(adapter.check(demo, given, root=tmp_path / "none", today=TODAY)) == 1


def test_a_value_that_is_not_known_yet_is_not_judged(adapter: ModuleType, demo: rule.Rule) -> None:
    unknown = sorted(opaque.UNKNOWN)[0]
    props = {"metadata": {"name": "a"}, "spec": {"replicas": unknown}}
    given = made(adapter, "kubernetes:apps/v1:Deployment", props)

    with pytest.raises(adapter.NotJudgedError, match=r"spec\.replicas"):
        adapter.check(demo, [given], root=REPOSITORY, today=TODAY)


def test_proxies_and_doubles_become_plain_data(adapter: ModuleType) -> None:
    class _DictProxy:
        def __init__(self, target: Any) -> None:
            self._target = target

        def __getitem__(self, key: str) -> Any:
            assert key == "__target", "reading a value that is not known yet raises"
            return self._target

    class _ListProxy(_DictProxy):
        pass

    given = _DictProxy({"a": _ListProxy([1.0, 1.5, "x", _DictProxy({"b": True})]), "c": None})

    assert repr(adapter.plain(given)) == "{'a': [1, 1.5, 'x', {'b': True}], 'c': None}"


def test_the_pack_has_each_rule_once_at_its_level(
    adapter: ModuleType, mocker: MockerFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    levels = SimpleNamespace(MANDATORY="mandatory", ADVISORY="advisory")
    stub = mocker.MagicMock(name="pulumi_policy", EnforcementLevel=levels)
    stub.ResourceValidationPolicy.side_effect = lambda **given: SimpleNamespace(kind="object", **given)
    stub.StackValidationPolicy.side_effect = lambda **given: SimpleNamespace(kind="set", **given)
    monkeypatch.setitem(sys.modules, "pulumi_policy", stub)
    monkeypatch.delitem(sys.modules, "ai_factory.policypack.policies", raising=False)
    monkeypatch.setattr(sys, "path", [*sys.path])
    for id, scope, severity in (("one", "object", "error"), ("two", "object", "note"), ("three", "set", "error")):
        one = rule.Rule(
            id=id, scope=scope, severity=severity, check=lambda given: iter([Breach(message="bad")]),
            area="shape", reason=f"why {id}", remedy="mend", source="s",
        )  # fmt: skip
        monkeypatch.setitem(rule.RULES, id, one)

    runpy.run_path(str(PACK / "__main__.py"), run_name="__main__")

    [call] = stub.PolicyPack.call_args_list
    policies = {one.name: one for one in call.kwargs["policies"]}
    known = {one.id: one for one in (*rule.rules_of_scope("object"), *rule.rules_of_scope("set"))}
    assert len(call.kwargs["policies"]) == len(policies) and policies.keys() == known.keys()
    for id, one in policies.items():
        assert (one.kind, one.description) == (known[id].scope, known[id].reason)
        assert one.enforcement_level == ("mandatory" if known[id].severity == "error" else "advisory")
    report = mocker.Mock()
    seen = made(adapter, "kubernetes:core/v1:Namespace", {"metadata": {"name": "acme"}})
    args = SimpleNamespace(
        urn=seen.urn, resource_type=seen.type, name="acme", props=seen.props, opts=SimpleNamespace(protect=None),
        provider=SimpleNamespace(name="train"),
    )  # fmt: skip
    policies["one"].validate(args, report)
    report.assert_called_once_with("train/Namespace//acme: bad. Mend.", seen.urn)
    policies["three"].validate(SimpleNamespace(resources=[args]), report)
    assert report.call_args.args == ("region/lab: bad. Mend.", None)


def test_the_adapter_needs_no_more_than_the_pack_installs() -> None:
    """In the pack's own environment only what `requirements.in` names is there, and what that brings."""
    named = [line.split(">")[0] for line in (PACK / "requirements.in").read_text().splitlines() if ">" in line]
    locked = (PACK / "requirements.lock").read_text()
    absent = ["click", "cryptography", "httpx2", "lightkube", "psutil", "pulumi", "pulumi_kubernetes", "rich"]
    code = (
        f"import sys; sys.modules.update(dict.fromkeys({absent})); from ai_factory.policypack import adapter; "
        "print(len(adapter.object_rules()))"
    )

    ran = subprocess.run([sys.executable, "-c", code], cwd=PACK, capture_output=True, text=True, check=False)

    assert (ran.returncode, ran.stderr) == (0, "")
    assert [name for name in named if f"\n{name}==" not in locked] == []
