"""What an engine does for the command line: both meet it, and refuse by name what they can't do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from .report import Difference, Health, Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a run would do."""

    differences: Mapping[str, Sequence[Difference]] | None = None
    """Where clusters differ from the plan, by stack; None from an engine that counts only."""
    reports: Sequence[Report] = ()
    """Counts of what would be done, from an engine that tells no fields."""

    @property
    def refused(self) -> bool:
        """Whether some of it would be refused."""
        return any(
            difference.kind == "refused"
            for differences in (self.differences or {}).values()
            for difference in differences
        )


class Engine(Protocol):
    """Takes stacks of a region through their life; `names` are stacks of the region, in any order."""

    @property
    def reports(self) -> list[Report]:
        """Of every run that was begun, also of those that failed."""

    def up(self, names: Sequence[str]) -> list[Report]:
        """Bring the stacks to their plan, in order (FactoryError if one fails)."""

    def down(self, names: Sequence[str]) -> list[Report]:
        """Delete what the stacks have, in reverse order (FactoryError if something is refused or does not go)."""

    def preview(self, names: Sequence[str]) -> Preview:
        """Say what `up` would do; changes nothing."""

    def status(self, names: Sequence[str]) -> dict[str, list[Health]]:
        """How the objects are, by component (`<Component> <name>`), in plan order."""

    def drift(self, names: Sequence[str]) -> dict[str, list[Difference]]:
        """Where the clusters differ from the plan, by stack; changes nothing."""

    def release(self, names: Sequence[str]) -> int:
        """Let go of all that the stacks have, for another engine to take over; how many objects that were."""
