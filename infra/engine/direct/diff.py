"""Compares two states of an object, field by field."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...objects.base import Manifest

_SERVERS_OWN = frozenset({"managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink"})
_LIST_KEYS = ("name", "key", "type", "containerPort", "ip", "uid")
"""Fields that tell the entries of a list apart, as the API's own lists use them."""
MOST_CHARACTERS = 120


class _Absent:
    def __repr__(self) -> str:
        return "(none)"


ABSENT = _Absent()
"""Stands for a field that is not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One field with its old and new value."""

    path: str
    old: Any
    new: Any

    def __str__(self) -> str:
        return f"{self.path}: {shown(self.old)} -> {shown(self.new)}"

    def as_dict(self) -> dict[str, Any]:
        """Plain data; a value that is not there is left out."""
        values = {"old": self.old, "new": self.new}
        return {"path": self.path, **{key: value for key, value in values.items() if value is not ABSENT}}


def shown(value: Any) -> str:
    """A value in a line: JSON, cut to fit."""
    text = repr(value) if value is ABSENT else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MOST_CHARACTERS else text[: MOST_CHARACTERS - 3] + "..."


def changes(old: Manifest, new: Manifest) -> list[Change]:
    """Fields that differ, beside status and what the server keeps about the object.

    >>> [str(c) for c in changes({"spec": {"a": 1, "b": [1]}}, {"spec": {"a": 2, "b": [1], "c": True}})]
    ['spec.a: 1 -> 2', 'spec.c: (none) -> true']
    """
    return list(_walk("", _own(old), _own(new)))


def _own(manifest: Manifest) -> Manifest:
    kept = {key: value for key, value in manifest.items() if key != "status"}
    meta = manifest.get("metadata") or {}
    return {**kept, "metadata": {key: value for key, value in meta.items() if key not in _SERVERS_OWN}}


def _walk(path: str, old: Any, new: Any) -> Iterator[Change]:
    if old == new and type(old) is type(new):
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for key in dict.fromkeys((*old, *new)):
            yield from _walk(_joined(path, key), old.get(key, ABSENT), new.get(key, ABSENT))
    elif isinstance(old, list) and isinstance(new, list):
        yield from _lists(path, old, new)
    elif old != new:
        yield Change(path=path, old=old, new=new)


def _lists(path: str, old: Sequence[Any], new: Sequence[Any]) -> Iterator[Change]:
    key = next((one for one in _LIST_KEYS if _tells_apart(one, old) and _tells_apart(one, new)), None)
    if key is not None:
        before, after = ({str(entry[key]): entry for entry in some} for some in (old, new))
        for name in dict.fromkeys((*before, *after)):
            yield from _walk(f"{path}[{key}={name}]", before.get(name, ABSENT), after.get(name, ABSENT))
    elif len(old) == len(new):
        for number, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from _walk(f"{path}[{number}]", one, other)
    else:
        yield Change(path=path, old=old, new=new)


def _tells_apart(key: str, entries: Sequence[Mapping[str, Any]]) -> bool:
    if not entries or not all(isinstance(entry, dict) and key in entry for entry in entries):
        return False
    return len({str(entry[key]) for entry in entries}) == len(entries)


def _joined(path: str, key: str) -> str:
    """Path of a field; names with dots or slashes in brackets.

    >>> _joined("metadata.labels", "example.org/a"), _joined("", "spec")
    ("metadata.labels['example.org/a']", 'spec')
    """
    if "." in key or "/" in key:
        return f"{path}['{key}']"
    return f"{path}.{key}" if path else key
