"""Lines of a field that differs: `  path: old -> new`, or the lines of a longer text with - and +."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any

import msgspec

from ...gate.records import FieldChange
from . import text

CONTEXT = 1
"""Lines shown around lines that differ."""
MATCHED = 250_000
"""Greatest product of line numbers that lines are matched for: matching takes quadratic time."""


def of_field(change: FieldChange, *, limit: int | None, most: int | None, note: str = "") -> list[str]:
    """A changed field of an object in a verdict, as lines that begin with `+`, `-` or a space.

    Args:
        change: the field.
        limit: letters of a value; None for all.
        most: lines of a longer text; None for all.
        note: said after the path, such as how many objects it holds for.
    """
    path = text.clean(text.cut(change.path, limit and 2 * limit)) + (f" ({note})" if note else "")
    if _long(change.old) or _long(change.new):
        return _block(change, path, limit, most)
    if change.old is msgspec.UNSET:
        return [f"+ {path}: {text.value(change.new, limit)}"]
    if change.new is msgspec.UNSET:
        return [f"- {path}: {text.value(change.old, limit)}"]
    return [f"  {path}: {text.value(change.old, limit)} -> {text.value(change.new, limit)}"]


def _long(given: Any) -> bool:
    return isinstance(given, str) and "\n" in given.strip("\n")


def _block(change: FieldChange, path: str, limit: int | None, most: int | None) -> list[str]:
    old, new = (_split(given, limit) for given in (change.old, change.new))
    lines = [f"{mark} {text.clean(text.cut(line, limit and 2 * limit))}" for mark, line in _differing(old, new)]
    if most is not None and len(lines) > most:
        lines = [*lines[:most], f"  ... and {len(lines) - most:,} more lines"]
    return [f"  {path}:", *(f"  {line}" for line in lines)]


def _split(given: Any, limit: int | None) -> list[str]:
    if given is msgspec.UNSET:
        return []
    return given.splitlines() if isinstance(given, str) else [text.value(given, limit)]


def _differing(old: list[str], new: list[str]) -> Iterator[tuple[str, str]]:
    """Lines with their marks; without the head and tail that are the same, but for some context."""
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    first, last = max(head - CONTEXT, 0), max(tail - CONTEXT, 0)
    a, b = old[first : len(old) - last], new[first : len(new) - last]
    if len(a) * len(b) > MATCHED:
        yield from (("-", line) for line in old[head : len(old) - tail])
        yield from (("+", line) for line in new[head : len(new) - tail])
        return
    # The first two lines name files, lines with @@ count: neither helps here.
    for line in list(difflib.unified_diff(a, b, n=CONTEXT, lineterm=""))[2:]:
        yield (" ", "...") if line.startswith("@@") else (line[0], line[1:])
