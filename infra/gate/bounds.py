"""How far approvals and waivers reach: in days, and in what they name."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

LONGEST = datetime.timedelta(days=366)
"""Furthest end of an approval or waiver: a year, and the day more of a leap year."""


def in_force(decision: Mapping[str, str], today: datetime.date) -> bool:
    """Whether an approval or waiver holds on a day: up to its last, and not if that is more than a year away."""
    return today <= datetime.date.fromisoformat(decision["until"]) <= today + LONGEST


def names_something(pattern: str) -> bool:
    """Whether a pattern of a waiver's subject names what it is for: its kind, and how its name begins.

    >>> names_something("tenant/acme"), names_something("tenant/*e*"), names_something("*")
    (True, False, False)
    """
    kind, _, name = pattern.partition("/")
    return "*" not in kind and bool(name) and not name.startswith(("*", "/"))
