"""Lets go of a stack's objects on a cluster, so that the Pulumi engine can take them over without a conflict."""

from __future__ import annotations

from typing import Any

from ...kube.api import MANAGER, MERGE
from ...kube.errors import RejectedError
from .applyset import PART_OF
from .fields import PROTECT, RETAIN, managers, own_entry
from .live import Found, Reader
from .run import Run

_KEPT: dict[str, Any] = {"f:metadata": {"f:labels": {"f:app.kubernetes.io/managed-by": {}}}}
"""What of our fields stays: both engines set it alike. Without any owner at all, the API server would give all fields
to a manager `before-first-apply`, with which the next apply conflicts."""


def release(run: Run) -> int:
    """Give up the stack's members: label, marks of protection and retention, fields, and at last the ApplySet itself.

    Returns:
        How many objects were let go.
    """
    contents = run.applyset.read()
    if contents is None:
        return 0
    with run.lease() as lease, run.pool() as pool:
        reader = Reader(run.cluster.api, run.cluster.discovery, pool, run.applyset.id, run.items)
        members = reader.members(contents.group_kinds)
        list(pool.map(lambda found: _let_go(run, found), members.values()))
        run.applyset.remove()
        lease.delete()
    return len(members)


def _let_go(run: Run, found: Found) -> None:
    live: dict[str, Any] | None = found.manifest
    while live is not None and own_entry(live["metadata"]) is not None:
        meta = live["metadata"]
        change = {
            "labels": {PART_OF: None},
            "annotations": {PROTECT: None, RETAIN: None},
            "managedFields": [_reduced(entry) for entry in managers(meta)],
            "resourceVersion": meta["resourceVersion"],
        }
        try:
            run.cluster.api.request(
                "PATCH", found.path, params={"fieldManager": MANAGER}, body={"metadata": change}, content_type=MERGE
            )
            return
        except RejectedError as fault:
            if fault.code != 409:
                raise
        live = run.cluster.api.get(found.path)


def _reduced(entry: Any) -> Any:
    if entry.get("manager") == MANAGER and entry.get("operation") == "Apply":
        return {**entry, "fieldsV1": _KEPT}
    return entry
