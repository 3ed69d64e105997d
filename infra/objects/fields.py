"""What differs between two states of an object, field by field: two plans, or a live object and its plan."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from .base import Manifest

_ITEM_KEYS = ("name", "key", "id")
"""Keys that tell the items of a list apart, the first that does for all of them."""
_PLAIN_KEY = re.compile(r"[\w-]+", re.ASCII)
_PLAIN_VALUE = re.compile(r"[\w./:@-]+", re.ASCII)


class FieldChange(msgspec.Struct, frozen=True, kw_only=True):
    """One field that differs; `old` or `new` is UNSET where the field is not there."""

    path: str
    """`spec.template.spec.version`, `spec.rules[0].verbs[2]`, `data["a.b"]`."""
    old: Any = msgspec.UNSET
    new: Any = msgspec.UNSET


def field_changes(old: Manifest, new: Manifest) -> tuple[FieldChange, ...]:
    """What differs between two objects, in the order of the new one; what only the old one has follows.

    What came or went is one change at its highest node, and so is a value of another type. List items are told
    apart by name where all of them have one, else by number.

    >>> [change.path for change in field_changes({"a": {"b.c": 1}, "d": [1, 2]}, {"a": {"b.c": 2}, "d": [1]})]
    ['a["b.c"]', 'd[1]']
    """
    return tuple(_dict_changes("", old, new))


def _changes(path: str, old: Any, new: Any) -> Iterator[FieldChange]:
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _dict_changes(path, old, new)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _list_changes(path, old, new)
    elif type(old) is not type(new) or old != new:
        yield FieldChange(path=path, old=old, new=new)


def _dict_changes(path: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[FieldChange]:
    for key in (*new, *(key for key in old if key not in new)):
        was, now = old.get(key, msgspec.UNSET), new.get(key, msgspec.UNSET)
        if not (type(was) is str is type(now) and was == now):  # most leaves: their paths need not be made
            yield from _changes(_step(path, key), was, now)


def _step(path: str, key: str) -> str:
    if not _PLAIN_KEY.fullmatch(key):
        return f"{path}[{json.dumps(key, ensure_ascii=False)}]"
    return f"{path}.{key}" if path else key


def _list_changes(path: str, old: list[Any], new: list[Any]) -> Iterator[FieldChange]:
    key = next((key for key in _ITEM_KEYS if _tells_apart(key, old, new)), None)
    before, after = (_by_number(old), _by_number(new)) if key is None else (_by_key(key, old), _by_key(key, new))
    for mark in (*after, *(mark for mark in before if mark not in after)):
        yield from _changes(path + mark, before.get(mark, msgspec.UNSET), after.get(mark, msgspec.UNSET))


def _tells_apart(key: str, old: list[Any], new: list[Any]) -> bool:
    """Whether a key names every item of both lists, and those that stay keep their order."""
    names = []
    for items in (old, new):
        values = [item.get(key) if isinstance(item, dict) else None for item in items]
        if not all(isinstance(value, str) for value in values) or len(set(values)) < len(values):
            return False
        names.append(values)
    before, after = (set(values) for values in names)
    return [name for name in names[0] if name in after] == [name for name in names[1] if name in before]


def _by_number(items: list[Any]) -> dict[str, Any]:
    return {f"[{number}]": item for number, item in enumerate(items)}


def _by_key(key: str, items: list[dict[str, Any]]) -> dict[str, Any]:
    return {f"[{key}={_name(item[key])}]": item for item in items}


def _name(text: str) -> str:
    return text if _PLAIN_VALUE.fullmatch(text) else json.dumps(text, ensure_ascii=False)
