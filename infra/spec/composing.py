"""Composes a YAML text into nodes, within bounds that hold before LibYAML recurses into it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from .problems import InputError, Problem

MAX_VALUES = 200_000
MAX_DEPTH = 40
_SAFE_DEPTH = 800
"""Levels that LibYAML composes within the smallest stack of a thread, 512 KiB; 2,000 are too many for it."""
_MARKS = "\n\r\x85\u2028\u2029[{,:-?"
"""What stands before every value but the first: at most three begin at each of them (a pair in a list: itself, its key
and its value)."""
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DEEPER: dict[type[yaml.Event], int] = {
    yaml.MappingStartEvent: 1,
    yaml.SequenceStartEvent: 1,
    yaml.MappingEndEvent: -1,
    yaml.SequenceEndEvent: -1,
}


def composed(text: str, name: str) -> yaml.Node | None:
    """The node of a text, within bounds; None if it is empty."""
    try:
        refuse_excess(text, name)
        node: yaml.Node | None = yaml.compose(text, Loader=_LOADER)
    except yaml.YAMLError as error:
        raise InputError([_syntax(name, error)]) from None
    return node


def refuse_excess(text: str, name: str) -> None:
    """Refuse a text of too many values or levels before it is composed.

    LibYAML's composer recurses without a bound and takes the whole process with it; its events do not.

    Raises:
        InputError: it has more than any region has.
        yaml.YAMLError: it is no YAML.
    """
    if _surely_small(text):
        return
    depth = 0
    for number, event in enumerate(yaml.parse(text, Loader=_LOADER)):
        depth += _DEEPER.get(type(event), 0)
        if depth > MAX_DEPTH:
            raise InputError([too_deep(name)])
        if number > 2 * MAX_VALUES:
            message, remedy = "more values than any region has", "is it the right file?"
            raise InputError([Problem(file=name, message=message, remedy=remedy)])


def _surely_small(text: str) -> bool:
    """Whether a text can't hold many values or levels whatever it says: of most files that is seen at once.

    A level of block style stands one column further right than what holds it, but for a list in a mapping.
    """
    levels = 2 * max(map(len, text.split("\n"))) + text.count("[") + text.count("{")
    return levels < _SAFE_DEPTH and 3 * sum(map(text.count, _MARKS)) < MAX_VALUES


def too_deep(name: str) -> Problem:
    """The fault of a text with more levels than any of ours has."""
    return Problem(file=name, message="nested too deeply", remedy="6 levels do")


def tags(text: str) -> dict[tuple[int, int], str]:
    """Tags that the file writes out, by line and column of their value: nodes hold what YAML infers in the same way."""
    if "!" not in text:
        return {}
    events: Iterator[Any] = yaml.parse(text, Loader=_LOADER)
    return {
        (event.start_mark.line, event.start_mark.column): event.tag
        for event in events
        if getattr(event, "tag", None) is not None
    }


def _syntax(name: str, error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None)
    what = str(getattr(error, "problem", None) or error)
    if what.startswith("but "):
        what = f"{getattr(error, 'context', None) or ''} {what}".strip()
    return Problem(
        file=name,
        line=mark.line + 1 if mark else None,
        message=f"not valid YAML: {what}",
        remedy="check indentation, colons and quotes on this line and the one above",
    )
