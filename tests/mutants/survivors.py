"""Mutants that may stay green, each with its reason: `survivors.yaml`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import yaml

from .children import Outcome

FILE = Path(__file__).with_name("survivors.yaml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Survivors:
    """Allowed survivors: reason by `Site.key`, which names no line, since lines move."""

    reasons: dict[str, str]

    def unlisted(self, outcomes: Iterable[Outcome]) -> list[Outcome]:
        """Survivors without a reason."""
        return [outcome for outcome in outcomes if not outcome.killer and outcome.site.key not in self.reasons]

    def needless(self, outcomes: Iterable[Outcome]) -> list[str]:
        """Reasons that no survivor needs, out of a run of all mutants."""
        needed = {outcome.site.key for outcome in outcomes if not outcome.killer}
        return [key for key in self.reasons if key not in needed]


def read(file: Path = FILE) -> Survivors:
    """The list of a file.

    Raises:
        ValueError: an entry without a reason, or one that stands twice.
    """
    reasons: dict[str, str] = {}
    for entry in yaml.safe_load(file.read_text(encoding="utf-8")) or []:
        for text in entry["literals"]:
            key = f"{entry['file']}:{entry['scope']}:{text}"
            if key in reasons or not entry["reason"]:
                raise ValueError(f"{file.name}: {key} stands twice, or has no reason")
            reasons[key] = entry["reason"]
    return Survivors(reasons=reasons)
