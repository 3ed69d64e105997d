"""Tells from a live object that applying a manifest would change nothing, so that the request can be spared.

Our entry in managedFields says which fields we own: whoever changes or removes one takes it out of there. So an apply
changes nothing if we own exactly the fields that the manifest has, and each is as the manifest has it. Where this
can't be told for sure (values that the server writes in another form, keys that it fills in), the answer is no.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ...objects.base import Manifest
from .fields import own_entry

_NOT_OWNED = ("apiVersion", "kind")
_IDENTITY = ("name", "namespace")


def is_applied(manifest: Manifest, live: Manifest) -> bool:
    """Whether applying a manifest would leave the live object as it is.

    >>> ours = {"manager": "ai-factory", "operation": "Apply", "apiVersion": "v1", "fieldsV1": {"f:data": {"f:a": {}}}}
    >>> live = {"metadata": {"name": "x", "managedFields": [ours]}, "data": {"a": "1", "theirs": "2"}}
    >>> manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": {"a": "1"}}
    >>> is_applied(manifest, live), is_applied({**manifest, "data": {"a": "2"}}, live)
    (True, False)
    """
    entry = own_entry(live["metadata"])
    if entry is None or entry.get("apiVersion") != manifest["apiVersion"] or live["metadata"].get("deletionTimestamp"):
        return False
    planned = {key: value for key, value in manifest.items() if key not in _NOT_OWNED}
    planned["metadata"] = {key: value for key, value in manifest["metadata"].items() if key not in _IDENTITY}
    if not planned["metadata"]:
        del planned["metadata"]
    return _matches(entry.get("fieldsV1") or {}, planned, live)


def _matches(fields: Mapping[str, Any], planned: Any, live: Any) -> bool:
    """Whether `fields` are those of `planned`, and `live` has them all with the same values."""
    inner = {key: below for key, below in fields.items() if key != "."}
    if not inner:
        return _equal(planned, live)
    forms = {key[:2] for key in inner}
    if forms == {"f:"}:
        return _matches_map(inner, planned, live)
    if forms == {"k:"} and isinstance(planned, list) and isinstance(live, list):
        return len(planned) == len(inner) and all(_matches_entry(key, inner[key], planned, live) for key in inner)
    if forms == {"v:"} and isinstance(planned, list) and isinstance(live, list):
        values = [json.loads(key[2:]) for key in inner]
        return len(planned) == len(values) and all(value in planned and value in live for value in values)
    return False


def _matches_map(fields: Mapping[str, Any], planned: Any, live: Any) -> bool:
    if not isinstance(planned, dict) or not isinstance(live, dict):
        return False
    return {f"f:{key}" for key in planned} == fields.keys() and all(
        key in live and _matches(fields[f"f:{key}"], value, live[key]) for key, value in planned.items()
    )


def _matches_entry(key: str, fields: Mapping[str, Any], planned: Sequence[Any], live: Sequence[Any]) -> bool:
    """Compare the entry of a list that these fields tell apart, such as `k:{"name":"http"}`."""
    identity = json.loads(key[2:])
    one, other = _entry(identity, planned), _entry(identity, live)
    return one is not None and other is not None and _matches(fields, one, other)


def _entry(identity: Mapping[str, Any], entries: Sequence[Any]) -> Any:
    for entry in entries:
        if isinstance(entry, dict) and all(key in entry and entry[key] == value for key, value in identity.items()):
            return entry
    return None


def _equal(one: Any, other: Any) -> bool:
    """Equality of JSON data, where true is not 1."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_equal(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_equal, one, other))
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)
