"""Applies one object: as a member of the stack's ApplySet, without taking over what others own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...errors import RefusedError
from ...kube.discovery import Resource
from ...kube.errors import RejectedError
from ...objects.base import KubeObject, Manifest
from ..origins import lacking_kind
from ..report import Result
from . import ownership
from .applyset import PART_OF
from .live_objects import PROTECT, RETAIN, LiveObject, Survey
from .managed_fields import entries, is_applied, own_entry, owns, rewrite
from .stack_run import StackRun, key_of

_RECENT_SECONDS = 5
_OWN_METADATA = ("generation", "labels", "annotations")
"""What of the metadata an apply can change, and the generation, which stands for the spec."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """An object after its apply."""

    item: KubeObject
    resource: Resource
    live: Manifest
    result: Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Applier:
    """Applies objects of one stack to one cluster; changes something only while the run is held."""

    run: StackRun
    seen: Survey
    adopt: bool = False
    dry_run: bool = False
    """Let the server say what would come of it, and change nothing."""
    as_is: bool = False
    """Leave this engine's labels off what the Pulumi engine has: for comparing only."""

    def apply(self, item: KubeObject) -> Applied:
        """Apply one object.

        Raises:
            RefusedError: others own it or some of its fields, or the API server rejects it.
            UnavailableError: its kind is not served.
        """
        resource = self.run.cluster.discovery.of(item.manifest)
        if resource is None:
            raise lacking_kind(self.run.cluster, item.manifest)
        before = self.seen.find(key_of(item))
        manifest = self._manifest(item, before)
        if before is not None and self._is_done(before, manifest):
            return Applied(item=item, resource=resource, live=before.manifest, result="unchanged")
        if not self.dry_run:
            self.run.lease.check()
        meta = item.manifest["metadata"]
        path = resource.path(meta.get("namespace") or "default", meta["name"])
        live, forced = self._send(item, path, manifest)
        return Applied(item=item, resource=resource, live=live, result=self._result(before, path, live, forced))

    def _manifest(self, item: KubeObject, before: LiveObject | None) -> Manifest:
        """What is sent, given what is there."""
        if before is None:
            return prepared(item, self.run.applyset.id)
        foreign = self.as_is and not self._is_in_charge(before)
        manifest = item.applied if foreign else prepared(item, self.run.applyset.id)
        if not item.ignore_changes:
            return manifest
        return without_ignored(manifest, item.ignore_changes, before.in_full(self.run.api))

    def _is_in_charge(self, before: LiveObject) -> bool:
        """Whether it is this engine that has the stack here, rather than Pulumi."""
        return bool(self.seen.contents.group_kinds) and not ownership.by_pulumi(before.metadata)

    def _is_done(self, before: LiveObject, manifest: Manifest) -> bool:
        """Whether the object is ours and as it is to be, so that no request is needed."""
        if self.dry_run or not before.full or not is_applied(manifest, before.manifest):
            return False
        return ownership.foreign_owner(before.metadata, self.run.applyset.id, {}) is None

    def _send(self, item: KubeObject, path: str, manifest: Manifest, *, force: bool = False) -> tuple[Manifest, bool]:
        """The object after the apply, and whether fields were taken back."""
        try:
            return self.run.api.apply(path, manifest, force=force, dry_run=self.dry_run), force
        except RejectedError as fault:
            if force or not fault.is_field_conflict:
                raise RefusedError(f"{item.id}: the API server rejects it: {fault.message}") from None
            conflicts = ownership.conflicts(fault)
        if {conflict.field for conflict in conflicts} & set(item.ignore_changes):
            # A controller took the field since it was read.
            rest = without_ignored(manifest, item.ignore_changes, {"metadata": {}})
            if rest != manifest:
                return self._send(item, path, rest)
        owned = [conflict for conflict in conflicts if not conflict.by_hand]
        if owned and not self.adopt:
            raise RefusedError(ownership.conflict_refusal(item.id, owned))
        return self._send(item, path, manifest, force=True)

    def _result(self, before: LiveObject | None, path: str, live: Manifest, forced: bool) -> Result:
        if before is not None and ownership.foreign_owner(before.metadata, self.run.applyset.id, {}) is not None:
            if not self.dry_run:
                # What the Pulumi provider declared and we don't would stay for ever.
                rewrite(self.run.api, path, live, _without_pulumi)
            return "adopted"
        if forced:
            return "repaired"
        return result_of(before.metadata if before else None, live["metadata"], dt.datetime.now(dt.UTC))


def _without_pulumi(metadata: Mapping[str, Any]) -> dict[str, Any] | None:
    kept = [entry for entry in entries(metadata) if not ownership.is_pulumi(entry)]
    return None if len(kept) == len(entries(metadata)) else {"managedFields": kept}


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
    for path in paths:
        keys = path.split(".")
        kept = _value_at(live, keys) if owns(live["metadata"], path) else None
        manifest = _with(manifest, keys, kept)
    return manifest


def _value_at(tree: Any, keys: Sequence[str]) -> Any:
    """The value at a path; None if there is none."""
    for key in keys:
        tree = tree.get(key) if isinstance(tree, dict) else None
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


def result_of(before: Mapping[str, Any] | None, after: Mapping[str, Any], now: dt.datetime) -> Result:
    """What an apply did, from the object's metadata before and after it.

    Others may have changed the object between, so another resourceVersion alone says little. What has a generation
    (custom kinds, and most that have a spec) is as it was if that, labels, annotations and the fields that we own are;
    the API server sometimes stamps our entry in managedFields anew although nothing changed. What has none is judged
    by that stamp, which is to the second: within one, it can't be told apart.

    Args:
        before: metadata before; None if it was not there.
        after: metadata after.
        now: the time.
    """
    if before is None:
        return "created"
    if before.get("resourceVersion") == after.get("resourceVersion"):
        return "unchanged"
    old, new = own_entry(before), own_entry(after)
    if old is None or new is None or old.get("fieldsV1") != new.get("fieldsV1"):
        return "changed"
    if before.get("generation") and all(before.get(key) == after.get(key) for key in _OWN_METADATA):
        return "unchanged"
    if old.get("time") != new.get("time"):
        return "changed"
    age = now - dt.datetime.fromisoformat(str(new.get("time")))
    return "changed" if abs(age.total_seconds()) < _RECENT_SECONDS else "unchanged"
