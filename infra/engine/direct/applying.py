"""Applies one object: as a member of the stack's ApplySet, without taking over what others own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from ...errors import RefusedError
from ...kube.api import MERGE, Api
from ...kube.cluster import Cluster
from ...kube.discovery import Resource, missing
from ...kube.errors import RejectedError
from ...objects.base import KubeObject, Manifest
from ..report import Result
from . import ownership
from .applyset import ApplySet
from .fields import managers, prepared, without_ignored
from .live import Found, in_full, key_of
from .results import result_of
from .same import is_applied
from .survey import Survey


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """An object after its apply."""

    item: KubeObject
    resource: Resource
    live: Manifest
    result: Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Applier:
    """Applies objects of one stack to one cluster."""

    cluster: Cluster
    applyset: ApplySet
    seen: Survey
    check: Callable[[], None]
    """Called before each change; raises when the run is to end."""
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
        resource = self._resource(item)
        found = self.seen.find(key_of(item.manifest))
        manifest = self._manifest(item, found)
        path = resource.path(item.manifest["metadata"].get("namespace") or "default", item.manifest["metadata"]["name"])
        if found is not None and item.ignore_changes:
            manifest = without_ignored(manifest, item.ignore_changes, in_full(self.cluster.api, found))
        if found is not None and self._is_done(found, manifest):
            return Applied(item=item, resource=resource, live=found.manifest, result="unchanged")
        self.check()
        live, forced = self._send(item, path, manifest)
        return Applied(item=item, resource=resource, live=live, result=self._result(found, path, live, forced))

    def _resource(self, item: KubeObject) -> Resource:
        found = self.cluster.discovery.find(item.manifest["apiVersion"], item.manifest["kind"])
        if found is None:
            raise missing(self.cluster.discovery, self.cluster.target, item.manifest)
        return found

    def _is_done(self, found: Found, manifest: Manifest) -> bool:
        """Whether the object is ours and as it is to be, so that no request is needed."""
        if self.dry_run or not found.full or not is_applied(manifest, found.manifest):
            return False
        return ownership.foreign_owner(found.manifest["metadata"], self.applyset.id, {}) is None

    def _manifest(self, item: KubeObject, found: Found | None) -> Manifest:
        if self.as_is and found is not None and not self._in_charge(found):
            return item.applied
        return prepared(item, self.applyset.id)

    def _in_charge(self, found: Found) -> bool:
        """Whether it is this engine that has the stack here, rather than Pulumi."""
        return bool(self.seen.contents.group_kinds) and not ownership.by_pulumi(found.manifest["metadata"])

    def _send(self, item: KubeObject, path: str, manifest: Manifest) -> tuple[Manifest, bool]:
        """The object after the apply, and whether fields were taken back."""
        try:
            return self.cluster.api.apply(path, manifest, dry_run=self.dry_run), False
        except RejectedError as fault:
            if not fault.is_field_conflict:
                raise _rejected(item, fault) from None
            found = ownership.conflicts(fault)
        fields = {one.field for one in found}
        if fields & set(item.ignore_changes):
            # A controller took the field since it was read.
            left = without_ignored(manifest, item.ignore_changes, {"metadata": {}})
            if left != manifest:
                return self._send(item, path, left)
        if not self.adopt and not all(one.by_hand for one in found):
            raise RefusedError(ownership.conflict_refusal(item.id, [one for one in found if not one.by_hand]))
        try:
            return self.cluster.api.apply(path, manifest, force=True, dry_run=self.dry_run), True
        except RejectedError as fault:
            raise _rejected(item, fault) from None

    def _result(self, found: Found | None, path: str, live: Manifest, forced: bool) -> Result:
        before = found.manifest["metadata"] if found else None
        if before is not None and ownership.foreign_owner(before, self.applyset.id, {}) is not None:
            if not self.dry_run:
                hand_over(self.cluster.api, path, live)
            return "adopted"
        if forced:
            return "repaired"
        return result_of(before, live["metadata"], dt.datetime.now(dt.UTC))


def hand_over(api: Api, path: str, live: Manifest | None) -> None:
    """Take the Pulumi provider off an object's field managers: what it declared and we don't would stay for ever."""
    while live is not None:
        meta = live["metadata"]
        kept = [entry for entry in managers(meta) if not ownership.is_pulumi(str(entry.get("manager")))]
        if len(kept) == len(list(managers(meta))):
            return
        change = {"metadata": {"managedFields": kept, "resourceVersion": meta["resourceVersion"]}}
        try:
            api.request("PATCH", path, body=change, content_type=MERGE)
            return
        except RejectedError as fault:
            if fault.code != 409:
                raise
        live = api.get(path)


def _rejected(item: KubeObject, fault: RejectedError) -> RefusedError:
    return RefusedError(f"{item.id}: the API server rejects it: {fault.message}")
