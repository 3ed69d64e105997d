"""Which fields of a live object who has applied (managedFields), and whether an apply would change any.

Our entry in managedFields says which fields we own: whoever changes or removes one takes it out of there. So an apply
changes nothing if we own exactly the fields that the manifest has, and each is as the manifest has it. Where this
can't be told for sure (values that the server writes in another form, keys that it fills in), the answer is no.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...kube.api import MANAGER, MERGE, Api
from ...kube.errors import RejectedError
from ...objects.base import Manifest

Entry = Mapping[str, Any]
"""What one manager has in managedFields."""
_NOT_OWNED = ("apiVersion", "kind")
_IDENTITY = ("name", "namespace")


def entries(metadata: Mapping[str, Any]) -> Sequence[Entry]:
    """The entries of managedFields."""
    return metadata.get("managedFields") or ()


def is_ours(entry: Entry) -> bool:
    """Whether an entry is what this engine applied."""
    return entry.get("manager") == MANAGER and entry.get("operation") == "Apply" and not entry.get("subresource")


def own_entry(metadata: Mapping[str, Any]) -> Entry | None:
    """What this engine applied; None if it never did."""
    return next((entry for entry in entries(metadata) if is_ours(entry)), None)


def owns(metadata: Mapping[str, Any], path: str) -> bool:
    """Whether this engine owns the field at a path such as `spec.online`.

    >>> entry = {"manager": "ai-factory", "operation": "Apply", "fieldsV1": {"f:spec": {"f:online": {}}}}
    >>> owns({"managedFields": [entry]}, "spec.online"), owns({"managedFields": [entry]}, "spec.image")
    (True, False)
    """
    tree: Any = (own_entry(metadata) or {}).get("fieldsV1")
    for key in path.split("."):
        if not isinstance(tree, dict) or f"f:{key}" not in tree:
            return False
        tree = tree[f"f:{key}"]
    return True


def rewrite(
    api: Api,
    path: str,
    live: Manifest | None,
    change: Callable[[Mapping[str, Any]], Mapping[str, Any] | None],
    manager: str | None = None,
) -> None:
    """Change metadata of an object as it was read, managedFields among it; anew if others were faster.

    Args:
        api: the cluster.
        path: the object's path.
        live: the object; None if it is gone.
        change: gives the metadata to merge; None if there is nothing to change.
        manager: field manager of the change; the client's own if None.
    """
    while live is not None and (metadata := change(live["metadata"])) is not None:
        body = {"metadata": {**metadata, "resourceVersion": live["metadata"]["resourceVersion"]}}
        params = {"fieldManager": manager} if manager else None
        try:
            api.request("PATCH", path, params=params, body=body, content_type=MERGE)
            return
        except RejectedError as fault:
            if fault.code != 409:
                raise
        live = api.get(path)


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
    if not isinstance(planned, list) or not isinstance(live, list) or len(planned) != len(inner):
        return False
    if forms == {"k:"}:
        return all(_matches_item(json.loads(key[2:]), below, planned, live) for key, below in inner.items())
    return forms == {"v:"} and all(json.loads(key[2:]) in items for key in inner for items in (planned, live))


def _matches_map(fields: Mapping[str, Any], planned: Any, live: Any) -> bool:
    if not isinstance(planned, dict) or not isinstance(live, dict):
        return False
    return {f"f:{key}" for key in planned} == fields.keys() and all(
        key in live and _matches(fields[f"f:{key}"], value, live[key]) for key, value in planned.items()
    )


def _matches_item(
    identity: Mapping[str, Any], fields: Mapping[str, Any], planned: Sequence[Any], live: Sequence[Any]
) -> bool:
    """Compare the item of a list that these values tell apart, such as `{"name": "http"}`."""
    ours, theirs = (
        next((item for item in items if isinstance(item, dict) and item.items() >= identity.items()), None)
        for items in (planned, live)
    )
    return ours is not None and theirs is not None and _matches(fields, ours, theirs)


def _equal(planned: Any, live: Any) -> bool:
    """Equality of JSON data, where true is not 1."""
    if isinstance(planned, dict) and isinstance(live, dict):
        return planned.keys() == live.keys() and all(_equal(value, live[key]) for key, value in planned.items())
    if isinstance(planned, list) and isinstance(live, list):
        return len(planned) == len(live) and all(map(_equal, planned, live))
    return bool(planned == live) and isinstance(planned, bool) == isinstance(live, bool)
