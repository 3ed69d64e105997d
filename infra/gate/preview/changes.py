"""Steps of a preview as changes of objects: what happens to each, which fields differ, why one is replaced."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from ...objects.base import Manifest
from ...objects.ids import owner_of
from ..impact import diff
from ..records import Change, FieldChange
from .objects import id_of, resource_object
from .recording import Step, Urn

_REPLACE = frozenset({"replace", "create-replacement", "delete-replaced", "import-replacement", "read-replacement"})
_REPLACES = ("add-replace", "update-replace", "delete-replace")
_PART = re.compile(r'\["((?:[^"\\]|\\.)*)"\]|\[([^\]]+)\]|([^.\[\]]+)')


def changes_of(steps: Iterable[Step], region: str) -> list[Change]:
    """What a preview's steps do to each object, in no order: the steps of one resource are one change."""
    by_urn: dict[str, list[Step]] = {}
    for step in steps:
        by_urn.setdefault(step.urn, []).append(step)
    return [change for resource_steps in by_urn.values() if (change := _change(resource_steps, region)) is not None]


def _change(steps: list[Step], region: str) -> Change | None:
    """The steps of one resource as one change; None where nothing happens, and for components, which are no objects."""
    old = next((step.old for step in steps if step.old is not None), None)
    new = next((step.new for step in reversed(steps) if step.new is not None and step.declares), None)
    action = _action([step.op for step in steps], old, new)
    state = new or old or {}
    if action is None or not state.get("custom"):
        return None
    before, after = (resource_object(steps[0], side) if side is not None else None for side in (old, new))
    urn, manifest = Urn.parse(steps[0].urn), after or before
    return Change(
        action=action,
        id=steps[0].urn if manifest is None else id_of(steps[0], before or manifest),
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
    urn = Urn.parse(str(parent))
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
