"""Lets go of a stack's objects on a cluster, so that the Pulumi engine can take them over without a conflict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...kube.api import MANAGER
from .applyset import PART_OF
from .live_objects import PROTECT, RETAIN, read_members
from .managed_fields import Entry, entries, is_ours, own_entry, rewrite
from .stack_run import StackRun

_KEPT: dict[str, Any] = {"f:metadata": {"f:labels": {"f:app.kubernetes.io/managed-by": {}}}}
"""What of our fields stays: both engines set it alike. Without any owner at all, the API server would give all fields
to a manager `before-first-apply`, with which the next apply conflicts."""


def release(run: StackRun) -> int:
    """Give up the stack's members: label, marks of protection and retention, fields, and at last the ApplySet itself.

    Returns:
        How many objects were let go.
    """
    contents = run.applyset.read()
    if contents is None:
        return 0
    with run.held():
        members = read_members(run, contents)
        list(run.pool.map(lambda live: rewrite(run.api, live.path, live.manifest, _let_go, MANAGER), members.values()))
        run.applyset.remove()
        run.lease.delete()
    return len(members)


def _let_go(metadata: Mapping[str, Any]) -> dict[str, Any] | None:
    """Metadata without what is this engine's; None if there is nothing of it."""
    if own_entry(metadata) is None:
        return None
    return {
        "labels": {PART_OF: None},
        "annotations": {PROTECT: None, RETAIN: None},
        "managedFields": [_reduced(entry) for entry in entries(metadata)],
    }


def _reduced(entry: Entry) -> Entry:
    return {**entry, "fieldsV1": _KEPT} if is_ours(entry) else entry
