"""What an apply did to an object, and what a run did in all."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from .direct.fields import own_entry

Result = Literal["created", "changed", "unchanged", "repaired", "adopted"]

_RECENT_SECONDS = 5
_OWN_METADATA = ("generation", "labels", "annotations")
"""What of the metadata an apply can change, and the generation, which stands for the spec."""


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
