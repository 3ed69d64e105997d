"""Which fields of an object can't change once it exists: a change of them replaces it.

The table is `immutable.yaml`. What is allowed only in some state that no plan knows (a host that is still registering)
counts as refused: a plan can't count on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import yaml

from ..records import FieldChange

_TABLE = Path(__file__).with_name("immutable.yaml")
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Immutable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Fields of a kind that can't change."""

    kind: str
    """`<Kind>.<group>`, the kind alone for the core group."""
    fields: tuple[str, ...]
    """Paths, each with all below it."""
    source: str
    """Where it is enforced."""
    excepted: tuple[str, ...] = msgspec.field(default=(), name="except")
    """Paths below them that may change."""
    when: str | None = None
    """Holds only where the old object has this value."""
    on_both_sides: bool = False
    """Holds only where old and new have the field."""

    def covers(self, path: str) -> bool:
        """Whether a change at that path is one of these fields."""
        return _below(path, self.fields) and not _below(path, self.excepted)


@cache
def table() -> tuple[Immutable, ...]:
    """All entries of `immutable.yaml`: which fields can't change, by kind of object."""
    data = yaml.load(_TABLE.read_text("utf-8"), Loader=_LOADER)  # noqa: S506 the C loader is safe too
    return msgspec.convert(data, tuple[Immutable, ...])


@cache
def fields(kind: str) -> tuple[Immutable, ...]:
    """Immutable fields of a kind, `<Kind>.<group>`; none for a kind of which all may change."""
    return tuple(entry for entry in table() if entry.kind == kind)


def kind_of(manifest: dict[str, Any]) -> str:
    """Kind of an object as the table of immutable fields names it.

    >>> kind_of({"apiVersion": "apps/v1", "kind": "Deployment"}), kind_of({"apiVersion": "v1", "kind": "Secret"})
    ('Deployment.apps', 'Secret')
    """
    group, slash, _ = str(manifest["apiVersion"]).rpartition("/")
    return f"{manifest['kind']}.{group}" if slash else str(manifest["kind"])


def broken(kind: str, changes: Sequence[FieldChange], old: dict[str, Any], new: dict[str, Any]) -> tuple[str, ...]:
    """Paths of fields that differ and can't change; empty where the object can be updated.

    Args:
        kind: kind of the object, `<Kind>.<group>`.
        changes: what differs.
        old: the object as it is.
        new: the object as it is to be.
    """
    refused = [path for entry in fields(kind) for path in _broken(entry, changes, old, new)]
    return tuple(dict.fromkeys(refused))


def _broken(entry: Immutable, changes: Sequence[FieldChange], old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    if entry.when is not None and not _at(old, entry.when):
        return []
    refused: list[str] = []
    for field in entry.fields:
        before, after = (_bare(_at(manifest, field), field, entry.excepted) for manifest in (old, new))
        if before == after or (entry.on_both_sides and msgspec.UNSET in (before, after)):
            continue
        # A change is reported at the highest node that came or went, which may be above the field.
        paths = [change.path for change in changes if entry.covers(change.path) and _below(change.path, (field,))]
        refused += paths or [field]
    return refused


def _below(path: str, above: Iterable[str]) -> bool:
    return any(path == higher or path.startswith((f"{higher}.", f"{higher}[")) for higher in above)


def _at(value: Any, path: str) -> Any:
    for key in path.split("."):
        if not isinstance(value, dict) or key not in value:
            return msgspec.UNSET
        value = value[key]
    return value


def _bare(value: Any, path: str, excepted: tuple[str, ...]) -> Any:
    """A value without the excepted parts; nothing where only such parts were there."""
    if path in excepted:
        return msgspec.UNSET
    if not isinstance(value, dict) or not value or not any(part.startswith(f"{path}.") for part in excepted):
        return value
    left = {key: _bare(inner, f"{path}.{key}", excepted) for key, inner in value.items()}
    return {key: inner for key, inner in left.items() if inner is not msgspec.UNSET} or msgspec.UNSET
