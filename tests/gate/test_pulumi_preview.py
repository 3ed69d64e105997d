"""What the gate reads from `pulumi preview --json`.

The files in `cases/pulumi` were written by the Pulumi CLI 3.260.0 and provider 4.32.0 for the region `lab` on the
sandbox (`hidden-values`: a program of one namespace), then cut down to some of their resources.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ai_factory.infra.gate import opaque, rule
from ai_factory.infra.gate.preview import objects, recording
from ai_factory.infra.gate.preview.read import PreviewRead, read
from ai_factory.infra.gate.preview.verdict import findings_of
from ai_factory.infra.gate.records import Change, Finding
from ai_factory.infra.gate.rule import Breach
from ai_factory.infra.spec.problems import InputError

CASES = Path(__file__).parent.parent / "cases" / "pulumi"
TODAY = datetime.date(2026, 6, 1)
URN = "urn:pulumi:lab::ai-factory::ai-factory:index:TenantEnclave$kubernetes:core/v1:ConfigMap::acme-x"
HPS = "train/StorageClass.storage.k8s.io//hps"


def by_id(found: PreviewRead) -> dict[str, Change]:
    return {one.id: one for one in found.changes}


def state(data: Any = None, **more: Any) -> dict[str, Any]:
    inputs = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "namespace": "acme"}, "data": data}
    parent = "urn:pulumi:lab::ai-factory::ai-factory:index:TenantEnclave::acme"
    return {"type": "kubernetes:core/v1:ConfigMap", "custom": True, "parent": parent, "inputs": inputs, **more}


def step(op: str, old: Any = None, new: Any = None, **more: Any) -> dict[str, Any]:
    provider = "urn:pulumi:lab::ai-factory::pulumi:providers:kubernetes::train::1"
    states = {key: one for key, one in (("oldState", old), ("newState", new)) if one is not None}
    return {"op": op, "urn": URN, "provider": provider, "detailedDiff": None, **states, **more}


@pytest.fixture
def preview(tmp_path: Path) -> Callable[..., PreviewRead]:
    def write(*steps: dict[str, Any]) -> PreviewRead:
        path = tmp_path / "preview.json"
        path.write_text(json.dumps({"steps": steps, "changeSummary": {"create": 1}}))
        return read(path)

    return write


@pytest.fixture
def rules(monkeypatch: pytest.MonkeyPatch) -> dict[str, rule.Rule]:
    kept = {id: one for id, one in rule.RULES.items() if one.scope == "input"}
    monkeypatch.setattr(rule, "RULES", kept)
    return kept


def add(rules: dict[str, rule.Rule], scope: Any, check: Any) -> None:
    rules[f"demo-{scope}"] = rule.Rule(
        id=f"demo-{scope}", scope=scope, check=check, area="shape", severity="error", reason="r", remedy="m", source="s"
    )


def rules_of(found: list[Finding]) -> list[str]:
    return [one.rule for one in found]


def test_a_first_preview_creates_the_objects_of_the_plan() -> None:
    found = read(CASES / "create.json")

    assert (found.stack, found.region, found.hidden, found.errors) == ("lab", "lab", 0, ())
    assert {one.action for one in found.changes} == {"create"}
    view = {one.id: one for one in found.objects}[HPS]
    assert (view.kind, view.group, view.manifest["provisioner"]) == ("StorageClass", "storage.k8s.io", "csi.weka.io")


@pytest.mark.parametrize("name", ["edit.json", "edit-without-sames.json", "edit-events.json"])
def test_an_edit_in_each_form(name: str) -> None:
    found = by_id(read(CASES / name))

    deleted = [(one.component, one.owner) for one in found.values() if one.action == "delete"]
    assert deleted == [("TenantEnclave acme", "tenant/acme")] * 3
    quota = found["train/ResourceQuota/green/tenant"]
    assert (quota.action, quota.owner, quota.because) == ("update", "tenant/green", ())
    assert [(one.path, one.old, one.new) for one in quota.fields][-1] == (
        'spec.hard["requests.nvidia.com/gpu"]', "36", "40",
    )  # fmt: skip


@pytest.mark.parametrize("name", ["edit.json", "edit-all-steps.json", "edit-events.json"])
def test_the_steps_of_a_replacement_are_one_change(name: str) -> None:
    found = [one for one in read(CASES / name).changes if one.id == HPS]

    assert [(one.action, one.owner, one.kind) for one in found] == [("replace", "storage/hps", "StorageClass")]
    assert "provisioner" in found[0].because
    assert found[0].because == tuple(sorted(found[0].because))
    assert 'metadata.labels["ai-factory.dev/encrypted-by"]' in {one.path for one in found[0].fields}
    assert 'metadata.labels["ai-factory.dev/encrypted-by"]' not in found[0].because


def test_the_digest_and_the_events_say_the_same() -> None:
    digest, events = read(CASES / "edit.json"), read(CASES / "edit-events.json")

    assert digest.changes == events.changes
    assert sorted(digest.objects, key=lambda one: one.id) == sorted(events.objects, key=lambda one: one.id)


def test_without_unchanged_resources_sets_are_not_judged(rules: dict[str, rule.Rule]) -> None:
    add(rules, "set", lambda views: iter([Breach(message=str(len(views)))]))

    whole, part = read(CASES / "edit.json"), read(CASES / "edit-without-sames.json")

    assert rules_of(findings_of(whole, [], [], TODAY)) == ["demo-set"]
    refused = findings_of(part, [], [], TODAY)
    assert [(one.rule, one.severity, one.subject) for one in refused] == [("preview-partial", "error", "stack/lab")]
    assert "--show-sames" in refused[0].remedy and "5 unchanged" in refused[0].message


def test_rules_on_changes_see_approvals_and_what_is_lost(rules: dict[str, rule.Rule]) -> None:
    seen = []

    def check(view: rule.ChangeView) -> Any:
        seen.append((view.blast.tenants_lost, view.approved("delete", "tenant/acme"), view.base, view.head))
        return iter(())

    add(rules, "change", check)
    approval = {"action": "delete", "subject": "tenant/acme", "by": "x", "reason": "left", "until": "2026-12-31"}

    findings_of(read(CASES / "edit.json"), [approval], [], TODAY)

    assert seen == [(("acme",), True, None, None)]


def test_waivers_cover_what_a_preview_breaks(rules: dict[str, rule.Rule]) -> None:
    add(rules, "object", lambda view: iter([Breach(message="m")] if view.id == HPS else []))
    waiver = {"rule": "demo-object", "subject": HPS, "reason": "agreed", "until": "2026-12-31"}
    idle = waiver | {"subject": "none"}

    found = findings_of(read(CASES / "edit.json"), [], [waiver, idle], TODAY)

    assert [(one.rule, one.waived) for one in found] == [("demo-object", "agreed")]


@pytest.mark.parametrize(
    ("name", "said"), [("protected.json", "it is protected"), ("failed.json", "4,000 shared GPUs")]
)
def test_a_preview_that_failed_is_refused(name: str, said: str, rules: dict[str, rule.Rule]) -> None:
    found = findings_of(read(CASES / name), [], [], TODAY)

    assert {one.rule for one in found} == {"preview-failed"}
    assert said in found[0].message
    assert found[0].severity == "error" and not rule.RULES["preview-failed"].waivable


def test_a_protected_object_that_is_to_go() -> None:
    [change] = read(CASES / "protected.json").changes

    assert (change.id, change.action, change.protect) == ("infer/Namespace//acme", "delete", True)


@pytest.mark.parametrize("name", ["hidden-values.json", "hidden-values-events.json"])
def test_secrets_are_neither_shown_nor_judged(name: str) -> None:
    views = {one.name: one for one in read(CASES / name).objects}

    with pytest.raises(opaque.OpaqueError, match="data"):
        views["token"].manifest.get("data")
    assert views["part"].manifest["data"]["plain"] == "yes"
    with pytest.raises(opaque.OpaqueError, match=r"data\.s"):
        views["part"].manifest["data"]["s"]


def test_what_the_engine_adds_is_no_part_of_an_object(preview: Callable[..., PreviewRead]) -> None:
    given = state({"a": "b"})
    given["inputs"] |= {"__initialApiVersion": "v1"}
    given["inputs"]["metadata"] |= {"annotations": {"pulumi.com/waitFor": "x", "own": "y"}}

    [view] = preview(step("create", new=given)).objects

    assert view.manifest == {
        "apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "b"},
        "metadata": {"name": "x", "namespace": "acme", "annotations": {"own": "y"}},
    }  # fmt: skip
    assert view.id == "train/ConfigMap/acme/x"


def test_a_helm_release_has_the_form_that_a_plan_gives_it() -> None:
    inputs = {"name": "cilium", "namespace": "kube-system", "chart": "cilium", "version": "1.19", "values": {"a": 1},
              "repositoryOpts": {"repo": "https://charts.example"}}  # fmt: skip

    manifest = objects.manifest_of("kubernetes:helm.sh/v3:Release", "x", inputs)

    assert manifest["spec"] == {
        "repo": "https://charts.example",
        "chart": "cilium",
        "version": "1.19",
        "values": {"a": 1},
    }
    assert objects.item_id("m", manifest) == "m/Chart/kube-system/cilium"


OLD, NEW = state({"a": "1"}), state({"a": "2"})


@pytest.mark.parametrize(
    ("steps", "action"),
    [
        ([step("create", new=NEW)], "create"),
        ([step("import", new=NEW)], "create"),
        ([step("update", OLD, NEW)], "update"),
        ([step("delete", OLD)], "delete"),
        ([step("replace", OLD, NEW)], "replace"),
        ([step("create-replacement", OLD, NEW), step("replace", OLD, NEW), step("delete-replaced", OLD)], "replace"),
        ([step("replace", OLD | {"external": True}, NEW)], "create"),
        ([step("same", OLD, OLD)], None),
        ([step("refresh", OLD, OLD)], None),
        ([step("read", new=NEW | {"external": True})], None),
        ([step("discard", OLD | {"external": True})], None),
        # A refresh saw that the object is gone; it is made again.
        ([step("delete", OLD), step("create", new=NEW)], "create"),
        # A leftover of an earlier replacement goes, the object stays.
        ([step("same", OLD, OLD), step("delete", OLD | {"delete": True})], None),
        ([step("same", OLD | {"protect": True}, OLD)], "update"),
        ([step("create", new={**NEW, "custom": False, "type": "ai-factory:index:TenantEnclave"})], None),
    ],
)
def test_steps_as_a_change(preview: Callable[..., PreviewRead], steps: list[Any], action: str | None) -> None:
    assert [one.action for one in preview(*steps).changes] == ([] if action is None else [action])


def test_read_and_deleted_objects_are_not_judged(preview: Callable[..., PreviewRead]) -> None:
    assert preview(step("read", new=NEW | {"external": True})).objects == ()
    assert preview(step("delete", OLD)).objects == ()


def test_fields_of_a_changed_secret_and_of_drift(preview: Callable[..., PreviewRead]) -> None:
    old = state("[secret]", outputs={"metadata": {"labels": {"a": "drifted"}}})
    diff = {"data": {"kind": "update", "inputDiff": True}, "metadata.labels.a": {"kind": "delete", "inputDiff": False}}

    [change] = preview(step("update", old, state("[secret]"), detailedDiff=diff)).changes

    assert [(one.path, one.old) for one in change.fields][1] == ("metadata.labels.a", "drifted")
    assert [one.path for one in change.fields] == ["data", "metadata.labels.a"]


def test_protection_that_is_taken_away_is_a_field(preview: Callable[..., PreviewRead]) -> None:
    [change] = preview(step("same", OLD | {"protect": True}, OLD)).changes

    assert [(one.path, one.old, one.new) for one in change.fields] == [("protect", True, False)]
    assert change.protect


def test_replacements_without_a_detailed_difference(preview: Callable[..., PreviewRead]) -> None:
    [change] = preview(step("replace", OLD, NEW, replaceReasons=["z", "b"])).changes

    assert change.because == ("b", "z")


def test_resources_of_other_programs_are_of_unknown_owner(preview: Callable[..., PreviewRead]) -> None:
    [change] = preview(step("delete", OLD | {"parent": None})).changes

    assert (change.owner, change.component) == ("unknown", "")


EVENT = '{"sequence":1,"timestamp":1,"preludeEvent":{"config":{}}}\n'
SUMMARY = '{"sequence":2,"timestamp":1,"summaryEvent":{"isPreview":%s,"result":"%s","resourceChanges":{}}}\n'


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "empty"),
        (" \n", "empty"),
        (b"\xff\xfe{\x00", "not a text file"),
        ("Previewing update (lab):\n + create\n", "the text that `pulumi preview` prints"),
        ("<html>", "not JSON"),
        ('{\n "steps": [\n  {"op": "create"', "cut short"),
        ('{"steps": [{"op": ]}', "not JSON"),
        ("[1]", "an object with `steps` is expected"),
        ('{\n"version": 3,\n"deployment": {}}', "the state of a stack"),
        ('{"other": 1}', "not a preview"),
        ("{\n}", "not a preview"),
        ('{"steps": [],\n "steps": []}', "the key steps stands twice"),
        ('{"steps": [{"urn": "x"}],\n "changeSummary": {}}', "not the form of a preview"),
        ('{"steps": [{"op": "same", "urn": "x"}],\n "changeSummary": {}}', "not a URN"),
        ('{"steps": [1],\n "changeSummary": {}}', "not the form of a preview"),
        ('{"steps": [NaN],\n "changeSummary": {}}', "NaN is no number"),
        ('{"steps":\n' + "[" * 100_000 + "]" * 100_000 + "}", "nested too deeply"),
        (EVENT, "cut short: the events end before the summary"),
        (EVENT + SUMMARY[:30], "cut short"),
        (EVENT + SUMMARY % ("false", "succeeded"), "of an update"),
    ],
)
def test_files_that_are_no_preview(tmp_path: Path, content: str | bytes, said: str) -> None:
    path = tmp_path / "preview.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())

    with pytest.raises(InputError) as caught:
        read(path)

    [problem] = caught.value.problems
    assert said in problem.message
    assert problem.remedy


def test_no_file_a_folder_and_a_large_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "MAX_BYTES", 2**20)
    (tmp_path / "large").write_bytes(b" " * (2**20 + 1))
    for name, said in (("none", "no such file"), (".", "can't be read"), ("large", "more than the 1 MiB")):
        with pytest.raises(InputError, match=said):
            read(tmp_path / name)


def test_steps_of_two_stacks(preview: Callable[..., PreviewRead]) -> None:
    other = step("delete", OLD, urn=URN.replace(":lab:", ":kr-ulsan:"))

    with pytest.raises(InputError, match="several stacks: kr-ulsan, lab"):
        preview(step("delete", OLD), other)


def test_events_of_a_preview_that_was_cancelled(tmp_path: Path) -> None:
    path = tmp_path / "preview.json"
    path.write_text(EVENT + SUMMARY % ("true", "canceled"))

    assert rules_of(findings_of(read(path), [], [], TODAY)) == ["preview-failed"]


def test_a_preview_that_a_policy_pack_stopped(tmp_path: Path) -> None:
    path = tmp_path / "preview.json"
    told = [{"message": "error: preview failed\n", "severity": "error"}]
    path.write_text(json.dumps({"diagnostics": told, "changeSummary": {"same": 1}}))
    [digest] = findings_of(read(path), [], [], TODAY)
    policy = {"policyName": "quota", "message": "no quota", "enforcementLevel": "mandatory"}
    path.write_text(EVENT + json.dumps({"sequence": 2, "policyEvent": policy}) + "\n" + SUMMARY % ("true", "failed"))
    [events] = findings_of(read(path), [], [], TODAY)

    assert digest.message == f"the preview failed: {recording.UNTOLD}"
    assert events.message == "the preview failed: quota: no quota"


def test_a_preview_without_summary_failed(tmp_path: Path) -> None:
    path = tmp_path / "preview.json"
    path.write_text(json.dumps({"steps": [step("create", new=NEW)]}))

    assert read(path).errors == ("the preview has no summary: it was stopped before its end",)
