"""Whose an object is: only members of the stack's own ApplySet are changed, unless the user says `adopt`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...kube.errors import RejectedError
from .applyset import PART_OF
from .managed_fields import Entry, entries, own_entry

_ADOPT = "take it over with --adopt, or remove it"
_BY = re.compile(r'conflicts? with "(?P<manager>[^"]*)"(?P<update>.* using )?')


def foreign_owner(metadata: Mapping[str, Any], applyset_id: str, owners: Mapping[str, str]) -> str | None:
    """Whose a live object is, in words; None if it is this stack's.

    Args:
        metadata: metadata of the live object.
        applyset_id: id of the stack's ApplySet on the cluster.
        owners: words for the owner of each ApplySet of the cluster, by id.
    """
    if by_pulumi(metadata):
        return "the Pulumi engine"
    part_of = (metadata.get("labels") or {}).get(PART_OF)
    if part_of == applyset_id:
        return None
    if part_of is not None:
        return owners.get(part_of, f"the ApplySet {part_of}")
    by = ", ".join(dict.fromkeys(str(entry.get("manager", "")) for entry in entries(metadata)))
    # Ours without our label is still ours. Kubernetes makes a namespace's account `default`, and says nothing in it.
    if own_entry(metadata) is not None or (metadata.get("name"), by) == ("default", ""):
        return None
    return f"somebody else ({by})" if by else "somebody else"


def by_pulumi(metadata: Mapping[str, Any]) -> bool:
    """Whether the Pulumi engine applies an object."""
    return any(is_pulumi(entry) for entry in entries(metadata))


def is_pulumi(entry: Entry) -> bool:
    """Whether a field manager is the Pulumi Kubernetes provider, which calls itself `pulumi-kubernetes-<hash>`.

    >>> is_pulumi({"manager": "pulumi-kubernetes-1a2b3c4d"}), is_pulumi({"manager": "kubectl"})
    (True, False)
    """
    return str(entry.get("manager", "")).startswith("pulumi")


def refusal(object_id: str, owner: str) -> str:
    """What to say about an object that is somebody else's."""
    return f"{object_id}: exists and belongs to {owner}; {_ADOPT}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """A field that another manager owns with another value."""

    field: str
    manager: str
    applied: bool
    """Whether the other one declares it by server-side apply, rather than having changed it once."""

    @property
    def by_hand(self) -> bool:
        """Whether somebody changed it with kubectl: that is drift, not ownership, and put right.

        `kubectl edit`, `patch`, `label`, `scale` and so on call themselves `kubectl-<verb>` and only update;
        `kubectl apply`, with or without --server-side, declares that a file somewhere owns the field.
        """
        return not self.applied and self.manager.startswith("kubectl-") and self.manager != "kubectl-client-side-apply"


def conflicts(fault: RejectedError) -> list[Conflict]:
    """The conflicts that a server-side apply was refused for.

    >>> cause = {"reason": "FieldManagerConflict", "field": ".data.a"}
    >>> hand = cause | {"message": 'conflict with "kubectl-edit" using v1 at 2026-01-01T00:00:00Z'}
    >>> [(c.field, c.manager, c.by_hand) for c in conflicts(RejectedError(409, causes=[hand]))]
    [('data.a', 'kubectl-edit', True)]
    """
    return [_conflict(cause) for cause in fault.causes if cause.get("reason") == "FieldManagerConflict"]


def _conflict(cause: Mapping[str, str]) -> Conflict:
    words = _BY.search(cause.get("message", ""))
    manager, update = (words["manager"], words["update"]) if words else ("an unknown manager", None)
    return Conflict(field=cause.get("field", "").removeprefix("."), manager=manager, applied=update is None)


def conflict_refusal(object_id: str, conflicts: Sequence[Conflict]) -> str:
    """What to say about fields that others own."""
    by_manager: dict[str, list[str]] = {}
    for conflict in conflicts:
        by_manager.setdefault(conflict.manager, []).append(conflict.field)
    owned = "; ".join(f"{manager} owns {', '.join(names)}" for manager, names in by_manager.items())
    return f"{object_id}: {owned}; take these fields over with --adopt, or leave them out of the plan"
