"""The order in which changes and names are listed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from ..records import Change

_ACTIONS = ("replace", "delete", "move", "update", "create")
"""In the order in which they are shown."""
_NUMBERS = re.compile(r"(\d+)", re.ASCII)


def ordered(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Changes in the order in which a reader needs them: what is lost first, and what is protected before the rest."""
    return tuple(sorted(changes, key=_place))


def _place(change: Change) -> tuple[Any, ...]:
    names = (change.stack, change.component, change.id)
    return (_ACTIONS.index(change.action), not change.protect, *map(natural, names))


def natural(text: str) -> tuple[str | int, ...]:
    """Sort key of names with numbers by value.

    >>> sorted(["r-10", "r-9"], key=natural)
    ['r-9', 'r-10']
    """
    return tuple(int(part) if number % 2 else part for number, part in enumerate(_NUMBERS.split(text)))
