"""Who owns which fields of an object: managedFields, and what writes of all sorts do to them.

After sigs.k8s.io/structured-merge-diff (merge/update.go) and apimachinery's managedfields: an apply conflicts where it
changes or adds what another manager owns, and removes what its manager applied before and applies no more; any other
write takes over what it changes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from .fields import Fields, Path, from_v1, leaves, merge, shown, to_v1, without
from .schema import Schema
from .values import Manifest, refuse


@dataclass(frozen=True, slots=True, kw_only=True)
class Manager:
    """An entry of managedFields, but for its fields."""

    name: str
    operation: str
    version: str
    subresource: str = ""

    def __str__(self) -> str:
        text = json.dumps(self.name)
        return f'{text} with subresource "{self.subresource}"' if self.subresource else text


@dataclass(frozen=True, slots=True, kw_only=True)
class Owned:
    """The fields of a manager, and when these were last changed."""

    fields: Fields
    time: str


Owners = dict[Manager, Owned]


def read(metadata: Mapping[str, Any]) -> Owners:
    """The managers of a live object."""
    return {
        Manager(
            name=entry["manager"],
            operation=entry["operation"],
            version=entry["apiVersion"],
            subresource=entry.get("subresource", ""),
        ): Owned(fields=from_v1(entry["fieldsV1"]), time=entry["time"])
        for entry in metadata.get("managedFields") or ()
    }


def written(owners: Owners) -> list[Manifest]:
    """managedFields; whoever owns nothing is left out."""
    return [_entry(manager, owned) for manager, owned in owners.items() if owned.fields]


def _entry(manager: Manager, owned: Owned) -> Manifest:
    entry = {
        "manager": manager.name,
        "operation": manager.operation,
        "apiVersion": manager.version,
        "time": owned.time,
        "fieldsType": "FieldsV1",
        "fieldsV1": to_v1(owned.fields),
    }
    return {**entry, **({"subresource": manager.subresource} if manager.subresource else {})}


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What a write does to the fields of an object."""

    changed: Fields
    """Other value, or new."""
    removed: Fields


def difference(old: Manifest, new: Manifest, schema: Schema) -> Difference:
    """Fields that differ."""
    before, after = leaves(old, schema), leaves(new, schema)
    changed = {path for path, value in after.items() if path not in before or not _same(before[path], value)}
    return Difference(changed=frozenset(changed), removed=frozenset(before.keys() - after.keys()))


def _same(first: Any, second: Any) -> bool:
    return json.dumps(first, sort_keys=True) == json.dumps(second, sort_keys=True)


def updated(owners: Owners, manager: Manager, change: Difference, now: str) -> Owners:
    """The managers after a write that is no apply: it takes over what it changes."""
    result = {
        other: replace(owned, fields=owned.fields - change.removed - (change.changed if other != manager else set()))
        for other, owned in owners.items()
    }
    if change.changed:
        before = result[manager].fields if manager in result else frozenset()
        result[manager] = Owned(fields=before | change.changed, time=now)
    return result


def applied(
    live: Manifest, config: Manifest, manager: Manager, schema: Schema, *, force: bool, now: str
) -> tuple[Manifest, Owners]:
    """An object and its managers after a server-side apply (RefusalError where others own what it changes)."""
    owners = read(live.get("metadata") or {})
    if live and not owners:
        before = Manager(name="before-first-apply", operation="Update", version=manager.version)
        owners = {before: Owned(fields=frozenset(leaves(live, schema)), time=now)}
    wanted = frozenset(leaves(config, schema))
    merged = _pruned(merge(live, config, schema), owners, manager, wanted)
    change = difference(live, merged, schema)
    taken = {other: owned.fields & change.changed for other, owned in owners.items() if other != manager}
    conflicts = {other: fields for other, fields in taken.items() if fields}
    if conflicts and not force:
        raise conflict(conflicts, owners)
    lost = {other: taken.get(other, frozenset()) | change.removed for other in owners}
    rest = {other: replace(owned, fields=owned.fields - lost[other]) for other, owned in owners.items()}
    is_as_before = manager in owners and owners[manager].fields == wanted
    rest[manager] = Owned(fields=wanted, time=owners[manager].time if is_as_before else now)
    return merged, rest


def _pruned(merged: Manifest, owners: Owners, manager: Manager, wanted: Fields) -> Manifest:
    """Without what the manager applied before and applies no more, unless others apply it or something in it."""
    if manager not in owners:
        return merged
    appliers = [owned for other, owned in owners.items() if other.operation == "Apply" and other != manager]
    theirs = {path for owned in appliers for path in _prefixes(owned)}
    # An entry of a list goes before its fields: these tell it apart.
    for path in sorted(owners[manager].fields - wanted, key=len):
        if path not in theirs and not any(kept[: len(path)] == path for kept in wanted):
            merged = without(merged, path)
    return merged


def _prefixes(owned: Owned) -> set[Path]:
    return {path[:length] for path in owned.fields for length in range(1, len(path) + 1)}


def conflict(conflicts: Mapping[Manager, Fields], owners: Owners) -> Exception:
    """The refusal of an apply, worded as the API server does."""
    causes = [
        {
            "reason": "FieldManagerConflict",
            "message": f"conflict with {_described(other, owners)}",
            "field": shown(path),
        }
        for other, fields in conflicts.items()
        for path in sorted(fields)
    ]
    if len(causes) == 1:
        return refuse(409, f"Apply failed with 1 conflict: {causes[0]['message']}: {causes[0]['field']}", causes=causes)
    lines = []
    for other, fields in conflicts.items():
        lines += [f"conflicts with {_described(other, owners)}:", *(f"- {shown(path)}" for path in sorted(fields))]
    return refuse(409, f"Apply failed with {len(causes)} conflicts: " + "\n".join(lines), causes=causes)


def _described(other: Manager, owners: Owners) -> str:
    if other.operation == "Apply":
        return str(other)
    return f"{other} using {other.version} at {owners[other].time}"
