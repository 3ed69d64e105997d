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


def of_field(one: FieldChange, *, limit: int | None, most: int | None, note: str = "") -> list[str]:
    """A field's change as lines that begin with `+`, `-` or a space.

    Args:
        one: the field.
        limit: letters of a value; None for all.
        most: lines of a longer text; None for all.
        note: said after the path, such as how many objects it holds for.
    """
    path = text.clean(text.cut(one.path, limit and 2 * limit)) + (f" ({note})" if note else "")
    if _long(one.old) or _long(one.new):
        return _block(one, path, limit, most)
    if one.old is msgspec.UNSET:
        return [f"+ {path}: {text.value(one.new, limit)}"]
    if one.new is msgspec.UNSET:
        return [f"- {path}: {text.value(one.old, limit)}"]
    return [f"  {path}: {text.value(one.old, limit)} -> {text.value(one.new, limit)}"]


def _long(given: Any) -> bool:
    return isinstance(given, str) and "\n" in given.strip("\n")


def _block(one: FieldChange, path: str, limit: int | None, most: int | None) -> list[str]:
    old, new = (_split(given, limit) for given in (one.old, one.new))
    found = [f"{mark} {text.clean(text.cut(line, limit and 2 * limit))}" for mark, line in _differing(old, new)]
    if most is not None and len(found) > most:
        found = [*found[:most], f"  ... and {len(found) - most:,} more lines"]
    return [f"  {path}:", *(f"  {line}" for line in found)]


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
