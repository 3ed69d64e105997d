"""Sets of fields, as managedFields keep them (FieldsV1), and what trees do with them.

A field is a path of FieldsV1 keys: `("f:spec", 'k:{"name":"http"}', "f:port")`. A path of a list's entry stands for
the entry itself, `.` in FieldsV1.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .schema import KEY_DEFAULTS, Schema
from .values import Manifest

Path = tuple[str, ...]
Fields = frozenset[Path]

_IDENTITY = frozenset({"apiVersion", "kind"})
SERVERS_OWN = frozenset(
    {
        "name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp", "selfLink", "managedFields",
        "deletionTimestamp", "deletionGracePeriodSeconds",
    }
)  # fmt: skip
"""Metadata that nobody owns."""


def leaves(manifest: Manifest, schema: Schema) -> dict[Path, Any]:
    """Every field of an object that has an owner, with its value."""
    meta = {key: value for key, value in (manifest.get("metadata") or {}).items() if key not in SERVERS_OWN}
    tree = {key: value for key, value in manifest.items() if key not in _IDENTITY and key != "metadata"}
    return dict(_leaves({**tree, **({"metadata": meta} if meta else {})}, schema, (), ""))


def _leaves(value: Any, schema: Schema, path: Path, at: str) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, dict) and value and not schema.is_atomic(at):
        for key, below in value.items():
            yield from _leaves(below, schema, (*path, f"f:{key}"), f"{at}.{key}" if at else key)
        return
    keys = schema.keys(at) if isinstance(value, list) and value else None
    if keys is None:
        yield path, value
        return
    for entry in value:
        place = (*path, entry_key(entry, keys))
        yield place, None if keys else entry
        if keys:
            yield from _leaves(entry, schema, place, at)


def entry_key(entry: Any, keys: tuple[str, ...]) -> str:
    """Key of a list's entry in FieldsV1."""
    if not keys:
        return f"v:{json.dumps(entry)}"
    named = {key: entry.get(key, KEY_DEFAULTS.get(key)) for key in sorted(keys)}
    return f"k:{json.dumps(named, separators=(',', ':'))}"


def to_v1(fields: Iterable[Path]) -> Manifest:
    """FieldsV1 of a set of fields.

    >>> to_v1([("f:data", "f:a"), ("f:data", "f:b")])
    {'f:data': {'f:a': {}, 'f:b': {}}}
    """
    tree: Manifest = {}
    every = set(fields)
    for path in sorted(every):
        here = tree
        for number, key in enumerate(path, start=1):
            here = here.setdefault(key, {})
            if path[:number] in every and number < len(path):
                here.setdefault(".", {})
    return tree


def from_v1(tree: Mapping[str, Any]) -> Fields:
    """The fields of a FieldsV1."""
    return frozenset(_members(tree, ()))


def _members(tree: Mapping[str, Any], path: Path) -> Iterator[Path]:
    if path and (not tree or "." in tree or path[-1].startswith("k:")):
        yield path
    for key, below in tree.items():
        if key != ".":
            yield from _members(below, (*path, key))


def shown(path: Path) -> str:
    """A field as the API server writes it in conflicts: `.spec.ports[port=80,protocol="TCP"].name`."""
    return "".join(f".{key[2:]}" if key[:2] == "f:" else _shown_entry(key) for key in path)


def _shown_entry(key: str) -> str:
    value = json.loads(key[2:])
    if key.startswith("v:"):
        return f"[={json.dumps(value)}]"
    return "[" + ",".join(f"{name}={json.dumps(text)}" for name, text in value.items()) + "]"


def merge(live: Any, config: Any, schema: Schema, at: str = "") -> Any:
    """A tree with another one laid over it."""
    if isinstance(live, dict) and isinstance(config, dict) and not schema.is_atomic(at):
        below = {
            key: merge(live.get(key), value, schema, f"{at}.{key}" if at else key) for key, value in config.items()
        }
        return {**live, **below}
    keys = schema.keys(at) if isinstance(live, list) and isinstance(config, list) else None
    return config if keys is None else _merge_lists(live, config, keys, schema, at)


def _merge_lists(live: list[Any], config: list[Any], keys: tuple[str, ...], schema: Schema, at: str) -> list[Any]:
    entries = {entry_key(entry, keys): entry for entry in live}
    for entry in config:
        key = entry_key(entry, keys)
        entries[key] = merge(entries[key], entry, schema, at) if keys and key in entries else entry
    return list(entries.values())


def without(tree: Any, path: Path) -> Any:
    """A tree without a field; what holds nothing after that goes too."""
    key, *rest = path
    if isinstance(tree, list):
        entries = (_entry_without(entry, key, tuple(rest)) for entry in tree)
        return [entry for entry in entries if entry is not None]
    if not isinstance(tree, dict) or key[2:] not in tree:
        return tree
    name = key[2:]
    below = without(tree[name], tuple(rest)) if rest else None
    if below in (None, {}, []):
        return {other: value for other, value in tree.items() if other != name}
    return {**tree, name: below}


def _entry_without(entry: Any, key: str, rest: Path) -> Any:
    if not _is_entry(entry, key):
        return entry
    return without(entry, rest) if rest else None


def _is_entry(entry: Any, key: str) -> bool:
    value = json.loads(key[2:])
    if key.startswith("v:"):
        return bool(entry == value)
    return isinstance(entry, dict) and all(
        entry.get(name, KEY_DEFAULTS.get(name)) == text for name, text in value.items()
    )
