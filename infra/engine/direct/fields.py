"""Who owns which fields of a live object (managedFields), and what of a manifest is applied because of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...kube.api import MANAGER
from ...objects.base import LABEL, KubeObject, Manifest
from .applyset import PART_OF

PROTECT = f"{LABEL}/protect"
"""Annotation of live objects that are not to be deleted: still known when the object has left the plan."""
RETAIN = f"{LABEL}/retain"
"""Annotation of live objects that stay when they leave the plan: their owner on the cluster removes them."""


def managers(metadata: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The entries of managedFields."""
    yield from metadata.get("managedFields") or ()


def own_entry(metadata: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What this engine applied; None if it never did."""
    for entry in managers(metadata):
        if entry.get("manager") == MANAGER and entry.get("operation") == "Apply" and not entry.get("subresource"):
            return entry
    return None


def owns(metadata: Mapping[str, Any], path: str) -> bool:
    """Whether this engine owns the field at a path such as `spec.online`.

    >>> entry = {"manager": "ai-factory", "operation": "Apply", "fieldsV1": {"f:spec": {"f:online": {}}}}
    >>> owns({"managedFields": [entry]}, "spec.online"), owns({"managedFields": [entry]}, "spec.image")
    (True, False)
    """
    entry = own_entry(metadata)
    here: Any = entry.get("fieldsV1") if entry else None
    for key in path.split("."):
        if not isinstance(here, dict) or f"f:{key}" not in here:
            return False
        here = here[f"f:{key}"]
    return True


def prepared(item: KubeObject, applyset_id: str) -> Manifest:
    """The manifest as it is applied: a member of the ApplySet, marked if it is protected or retained."""
    manifest = item.applied
    meta = manifest["metadata"]
    metadata = {**meta, "labels": {**(meta.get("labels") or {}), PART_OF: applyset_id}}
    marks = {mark: "true" for mark, is_set in ((PROTECT, item.protect), (RETAIN, item.retain)) if is_set}
    if marks:
        metadata["annotations"] = {**(meta.get("annotations") or {}), **marks}
    return {**manifest, "metadata": metadata}


def without_ignored(manifest: Manifest, paths: Sequence[str], live: Manifest) -> Manifest:
    """The manifest with the fields that belong to a controller since the object exists.

    A field that this engine still owns is sent as it is live: left out, it would be removed. One that a controller
    has changed is the controller's and is left out.

    >>> without_ignored({"spec": {"online": False, "a": 1}}, ["spec.online"], {"metadata": {}})
    {'spec': {'a': 1}}
    """
    result = manifest
    for path in paths:
        kept = get(live, path) if owns(live["metadata"], path) else None
        result = _with(result, path.split("."), kept)
    return result


def get(tree: Any, path: str) -> Any:
    """The value at a dotted path; None if there is none."""
    for key in path.split("."):
        if not isinstance(tree, dict) or key not in tree:
            return None
        tree = tree[key]
    return tree


def _with(tree: Manifest, keys: Sequence[str], value: Any) -> Manifest:
    """A copy of a tree with another value, or without it if None, at a path that the tree has."""
    first, *rest = keys
    if first not in tree:
        return tree
    if rest:
        below = tree[first]
        return {**tree, first: _with(below, rest, value)} if isinstance(below, dict) else tree
    if value is None:
        return {key: old for key, old in tree.items() if key != first}
    return {**tree, first: value}
