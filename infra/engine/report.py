"""What engines report, object by object: what a run did, what differs from the plan, and how objects are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from ..objects.fields import FieldChange

Result = Literal["created", "changed", "unchanged", "repaired", "adopted"]


@dataclass(slots=True, kw_only=True)
class Report:
    """What a run did on one cluster of a stack."""

    stack: str
    target: str
    results: dict[str, Result] = field(default_factory=dict)
    """Result by object id."""
    deleted: list[str] = field(default_factory=list)
    """`<target>/<Kind>.<group>/<namespace>/<name>` of what was deleted."""
    planned: int = 0
    """Objects that are planned."""

    @property
    def nothing_changed(self) -> bool:
        """Whether everything was as planned already."""
        return not self.deleted and all(result == "unchanged" for result in self.results.values())

    @property
    def complete(self) -> bool:
        """Whether every planned object was applied."""
        return len(self.results) == self.planned

    def count(self, result: str) -> int:
        """How many objects had a result; `deleted` is one."""
        return len(self.deleted) if result == "deleted" else Counter(self.results.values())[result]  # type: ignore[index]

    def __str__(self) -> str:
        names = ("created", "changed", "repaired", "adopted", "deleted", "unchanged")
        counts = [f"{number} {name}" for name in names if (number := self.count(name))]
        if self.nothing_changed and self.complete and self.planned:
            return f"nothing changed ({self.planned} objects are as planned)"
        rest = self.planned - len(self.results)
        return ", ".join([*counts, *([f"{rest} not applied"] if rest else [])]) or "nothing done"


DifferenceKind = Literal["missing", "changed", "leaving", "refused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One object that is not as planned."""

    id: str
    kind: DifferenceKind
    """`leaving`: it is on the cluster but planned no more; `refused`: applying it would fail."""
    changes: tuple[FieldChange, ...] = ()
    """From the live object to the planned one."""
    note: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Plain data; a value that is not there is left out."""
        return {"id": self.id, "kind": self.kind, "changes": msgspec.to_builtins(list(self.changes)), "note": self.note}


State = Literal["ready", "not ready", "missing", "going"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How one object is."""

    id: str
    state: State
    why: str = ""
    conditions: Mapping[str, str] | None = None
    """Status of each condition by type; None where the object has none."""

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {"id": self.id, "state": self.state, "why": self.why, "conditions": dict(self.conditions or {})}
