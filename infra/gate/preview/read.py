"""What `pulumi preview --json` means to do, judged by the same rules as a plan.

The engine shows unchanged resources only with `--show-sames`; without them, rules on sets of objects would judge a part
as if it were the whole, so they are left out and the gate refuses the file (rule `preview-partial`).
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from ...objects.base import Manifest
from ...objects.ids import ObjectId, object_id, owner_of
from .. import opaque
from ..impact import blast, diff
from ..records import Change, FieldChange, Finding
from ..rule import RULES, ChangeView, ObjectView
from ..rules import running
from ..rules.previews import FAILED, PARTIAL
from ..rules.waivers import waive
from . import steps as pulumi_steps
from .steps import HOW, Recording, Step

_KUBERNETES = "kubernetes:"
_RELEASE = "kubernetes:helm.sh/v3:Release"
_REPLACE = frozenset({"replace", "create-replacement", "delete-replaced", "import-replacement", "read-replacement"})
_DECLARED = frozenset({"create", "update", "same", "replace", "create-replacement", "import", "import-replacement"})
_REPLACES = ("add-replace", "update-replace", "delete-replace")
_ENGINE = "pulumi.com/"
"""Prefix of annotations that tell the provider what to wait for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewRead:
    """What a preview says."""

    stack: str | None
    """None where the preview has no step at all."""
    region: str
    """Region of the stack; empty without a stack."""
    objects: tuple[ObjectView, ...]
    """Kubernetes objects as they are to be, of the steps that the preview shows."""
    changes: tuple[Change, ...]
    diagnostics: tuple[str, ...]
    errors: tuple[str, ...] = ()
    """Why the preview itself failed."""
    hidden: int = 0
    """Unchanged resources that it counts and does not show."""


def read(path: Path) -> PreviewRead:
    """Read the file of `pulumi preview --json`, streamed or not.

    Raises:
        InputError: the file is no preview, or of several stacks.
    """
    recording = pulumi_steps.load(path)
    try:
        return _read(recording)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise pulumi_steps.fault(recording.file, f"not the form of a preview ({error})") from None


def _read(recording: Recording) -> PreviewRead:
    steps = recording.steps
    stacks = sorted({_Urn.parse(step.urn).stack for step in steps})
    if len(stacks) > 1:
        raise pulumi_steps.fault(recording.file, f"steps of several stacks: {', '.join(stacks)}")
    stack = stacks[0] if stacks else None
    region = str(recording.config.get("ai-factory:region") or (stack or "").partition(".")[0])
    return PreviewRead(
        stack=stack,
        region=region,
        objects=tuple(view for step in _last_steps(steps) if (view := _view(step)) is not None),
        changes=diff.ordered(_changes(steps, region)),
        diagnostics=recording.diagnostics,
        errors=recording.errors,
        hidden=recording.sames,
    )


def judge(
    preview: PreviewRead,
    approvals: Sequence[Mapping[str, str]],
    waivers: Sequence[Mapping[str, str]],
    today: datetime.date,
) -> list[Finding]:
    """What the rules for objects, sets of objects and changes say of a preview."""
    findings = _preview_findings(preview)
    findings += running.objects(preview.objects, preview.region, sets=not (preview.hidden or preview.errors))
    view = ChangeView(
        region=preview.region,
        base=None,
        head=None,
        changes=preview.changes,
        blast=blast.blast(None, None, preview.changes),
        today=today,
        approvals=tuple(approvals),
    )
    return waive([*findings, *running.change(view)], waivers, today, whole=False)


def _preview_findings(preview: PreviewRead) -> list[Finding]:
    subject = f"stack/{preview.stack}" if preview.stack else f"region/{preview.region}"
    breaches = [(FAILED, f"the preview failed: {error}") for error in preview.errors]
    if preview.hidden and not preview.errors:
        message = f"the preview leaves out {preview.hidden} unchanged resources, so sets of objects can't be judged"
        breaches.append((PARTIAL, message))
    return [
        Finding(
            rule=id,
            severity=RULES[id].severity,
            region=preview.region,
            subject=subject,
            message=message,
            remedy=HOW if id == PARTIAL else RULES[id].remedy,
        )
        for id, message in breaches
    ]


@dataclass(frozen=True, slots=True)
class _Urn:
    """`urn:pulumi:<stack>::<project>::<types from the top, with $ between>::<name>`."""

    stack: str
    type: str
    name: str

    @staticmethod
    def parse(text: str) -> _Urn:
        parts = text.split("::", 3)
        if len(parts) != 4 or not parts[0].startswith("urn:pulumi:"):
            raise ValueError(f"not a URN: {text[:80]}")
        return _Urn(parts[0].removeprefix("urn:pulumi:"), parts[2].rpartition("$")[2], parts[3])


def _last_steps(steps: Iterable[Step]) -> list[Step]:
    """The last step of each resource that says what is to be."""
    return list({step.urn: step for step in steps if step.op in _DECLARED and step.new is not None}.values())


def _view(step: Step) -> ObjectView | None:
    state = step.new or {}
    manifest = _manifest(step, state)
    if manifest is None:
        return None
    return ObjectView(id=_id(step, manifest), manifest=opaque.guarded(manifest), protect=bool(state.get("protect")))


def _manifest(step: Step, state: Mapping[str, Any]) -> Manifest | None:
    """The Kubernetes object of a resource; None for any other resource."""
    type_ = str(state.get("type") or "")
    if not type_.startswith(_KUBERNETES) or not state.get("custom") or state.get("external"):
        return None
    return manifest_of(type_, _Urn.parse(step.urn).name, state.get("inputs") or {})


def manifest_of(type_: str, name: str, inputs: Mapping[str, Any]) -> Manifest:
    """A Kubernetes resource's inputs as the object that a plan has, without what the engine adds.

    >>> manifest_of("kubernetes:core/v1:Namespace", "n", {"metadata": {"name": "acme"}})
    {'apiVersion': 'v1', 'kind': 'Namespace', 'metadata': {'name': 'acme'}}
    """
    if type_ == _RELEASE:
        return _release(name, inputs)
    _, version, kind = type_.split(":", 2)
    manifest: Manifest = {"apiVersion": version.removeprefix("core/"), "kind": kind, **_without_internal(inputs)}
    metadata = manifest.get("metadata")
    if not isinstance(metadata, dict) or opaque.is_opaque(metadata):
        return {**manifest, "metadata": {"name": name}}
    annotations = metadata.get("annotations")
    if isinstance(annotations, dict):
        own = {key: value for key, value in annotations.items() if not key.startswith(_ENGINE)}
        metadata = {key: value for key, value in metadata.items() if key != "annotations"}
        metadata.update({"annotations": own} if own else {})
    return {**manifest, "metadata": {**metadata, "name": _plain(metadata.get("name"), name)}}


def _release(name: str, inputs: Mapping[str, Any]) -> Manifest:
    options = inputs.get("repositoryOpts")
    repo = options.get("repo", "") if isinstance(options, dict) else ""
    return {
        "apiVersion": diff.RELEASE_API,
        "kind": diff.RELEASE_KIND,
        "metadata": {"name": _plain(inputs.get("name"), name), "namespace": _plain(inputs.get("namespace"), "")},
        "spec": {
            "repo": repo,
            **{key: inputs[key] for key in ("chart", "version", "values") if key in inputs},
        },
    }


def _plain(value: Any, otherwise: str) -> str:
    return value if isinstance(value, str) and value and not opaque.is_opaque(value) else otherwise


def _without_internal(value: Any) -> Any:
    """Data without the keys that the provider keeps for itself (`__initialApiVersion` and the like)."""
    if isinstance(value, dict):
        return {key: _without_internal(inner) for key, inner in value.items() if not key.startswith("__")}
    return [_without_internal(inner) for inner in value] if isinstance(value, list) else value


def _id(step: Step, manifest: Manifest) -> str:
    """`<target>/<Kind>.<group>/<namespace>/<name>`: the target is the provider's name."""
    return item_id(_target(step), manifest)


def item_id(target: str, manifest: Manifest) -> str:
    """Id of a previewed object on a cluster, the same that a plan gives it."""
    if manifest["apiVersion"] == diff.RELEASE_API and manifest["kind"] == diff.RELEASE_KIND:
        return str(ObjectId.chart(target, manifest["metadata"]["namespace"], manifest["metadata"]["name"]))
    meta = manifest["metadata"]
    named = {**manifest, "metadata": {"name": meta["name"], "namespace": _plain(meta.get("namespace"), "")}}
    return object_id(target, named)


def _target(step: Step) -> str:
    state = step.new or step.old or {}
    provider = step.provider or str(state.get("provider") or "")
    return _Urn.parse(provider.rpartition("::")[0]).name if provider else ""


def _changes(steps: Iterable[Step], region: str) -> list[Change]:
    by_urn: dict[str, list[Step]] = {}
    for step in steps:
        by_urn.setdefault(step.urn, []).append(step)
    return [change for resource_steps in by_urn.values() if (change := _change(resource_steps, region)) is not None]


def _change(steps: list[Step], region: str) -> Change | None:
    """The steps of one resource as one change; None where nothing happens, and for components, which are no objects."""
    old = next((step.old for step in steps if step.old is not None), None)
    new = next((step.new for step in reversed(steps) if step.new is not None and step.op in _DECLARED), None)
    action = _action([step.op for step in steps], old, new)
    state = new or old or {}
    if action is None or not state.get("custom"):
        return None
    before, after = (_manifest(steps[0], side) if side is not None else None for side in (old, new))
    urn, manifest = _Urn.parse(steps[0].urn), after or before
    return Change(
        action=action,
        id=steps[0].urn if manifest is None else _id(steps[0], before or manifest),
        kind=urn.type if manifest is None else str(manifest["kind"]),
        region=region,
        stack=urn.stack,
        component=_component(state),
        owner=owner_of(manifest or {}).path,
        protect=bool(old is not None and old.get("protect")),
        fields=_fields(steps, old, new, before, after) if action in ("update", "replace") else (),
        because=_because(steps),
    )


def _action(ops: Sequence[str], old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> str | None:
    if _REPLACE.intersection(ops):
        # What was only read is not deleted when the stack takes it over.
        return "create" if old is not None and old.get("external") else "replace"
    for op, action in (("create", "create"), ("import", "create"), ("update", "update")):
        if op in ops:
            return action
    if "delete" in ops:
        # Beside "same", a leftover of an earlier replacement goes.
        return "delete" if "same" not in ops else None
    unprotected = old is not None and new is not None and old.get("protect", False) != new.get("protect", False)
    return "update" if "same" in ops and unprotected else None


def _component(state: Mapping[str, Any]) -> str:
    """`<Type> <name>` of the parent; empty without one."""
    parent = state.get("parent")
    if not parent:
        return ""
    urn = _Urn.parse(str(parent))
    return f"{urn.type.rpartition(':')[2]} {urn.name}"


def _fields(
    steps: Sequence[Step],
    old: Mapping[str, Any] | None,
    new: Mapping[str, Any] | None,
    before: Manifest | None,
    after: Manifest | None,
) -> tuple[FieldChange, ...]:
    """What differs between the inputs, then what only the engine tells: changed secrets, drift of the live object."""
    was, now = dict(old or {}), dict(new or {})
    protected, protects = bool(was.get("protect")), bool(now.get("protect"))
    changes = [FieldChange(path="protect", old=protected, new=protects)] if protected != protects else []
    if before is not None and after is not None:
        changes += diff.field_changes(before, after)
    changed_paths = {_steps_of(change.path) for change in changes}
    for path in sorted({path for step in steps for path in step.detailed_diff if not path.startswith("__")}):
        parts = _steps_of(path)
        if not any(parts[: len(changed)] == changed or changed[: len(parts)] == parts for changed in changed_paths):
            was_there = _at(parts, was.get("outputs") or was.get("inputs"))
            changes.append(FieldChange(path=path, old=was_there, new=_at(parts, now.get("inputs"))))
    return tuple(changes)


_PART = re.compile(r'\["((?:[^"\\]|\\.)*)"\]|\[([^\]]+)\]|([^.\[\]]+)')


def _steps_of(path: str) -> tuple[str, ...]:
    """A property path in its parts; list items are told by number or by name, so only what leads to lists compares.

    >>> _steps_of('data["a.b"].c'), _steps_of("spec.rules[0].verbs")
    (('data', 'a.b', 'c'), ('spec', 'rules'))
    """
    parts: list[str] = []
    for quoted, item, plain in _PART.findall(path):
        if item:
            break
        parts.append(quoted or plain)
    return tuple(parts)


def _at(parts: Sequence[str], value: Any) -> Any:
    for part in parts:
        if not isinstance(value, dict) or part not in value:
            return msgspec.UNSET
        value = value[part]
    return value


def _because(steps: Sequence[Step]) -> tuple[str, ...]:
    """Paths that the provider can't change in place; the engine gives them in no order."""
    precise = {path for step in steps for path, kind in step.detailed_diff.items() if kind in _REPLACES}
    return tuple(sorted(precise or {path for step in steps for path in step.replace_reasons}))
