"""What rules on all regions together look at: numbers of regions, clusters that a change drains, files of no region."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Drain:
    """A cluster of which a change drains every node."""

    region: str
    cluster: str
    approved: bool
    """Whether its region as a whole may be drained."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChange:
    """A file beside the region files that differs."""

    path: str
    """In the repository."""
    old: Mapping[str, Any] | None = None
    """Its data, every value as text, where it is YAML that is read; None else, and where the side has no such file."""
    new: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetView:
    """All regions of the merge result, in numbers only, and the files beside theirs."""

    numbers: tuple[Any, ...]
    """`plan.address_plan.RegionNumbers` of each region."""
    drains: tuple[Drain, ...] = ()
    """Of the regions that the change touches."""
    files: tuple[FileChange, ...] = ()
    """That the change touches, and no plan shows."""
    protected: frozenset[str] = frozenset()
    """Names of regions that are protected from deletion."""
