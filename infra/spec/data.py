"""Takes data in memory as a document, held to the same rules as a file (`source`), without lines."""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Mapping
from typing import Any

from . import characters
from .composing import MAX_DEPTH
from .problems import InputError, Problem, shorten
from .source import KEY_REMEDY, MAX_SCALAR, Document, Path_, dotted

_ADDRESSES = (ipaddress.IPv4Network, ipaddress.IPv6Network, ipaddress.IPv4Address, ipaddress.IPv6Address)


def document(data: Mapping[str, Any], name: str) -> Document:
    """Data in memory as a document.

    >>> document({"racks": (1, 2)}, "<mine>").data
    {'racks': [1, 2]}

    Args:
        data: keys and values as a file would have them; tuples count as lists, networks and addresses as text.
        name: what messages call it.

    Raises:
        InputError: every value that no file could hold.
    """
    taker = _Taker(name)
    plain = taker.value(data, ())
    if taker.problems:
        raise InputError(taker.problems)
    return Document(name, plain, {})


class _Taker:
    """Copies data; gathers problems instead of stopping at the first."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.problems: list[Problem] = []

    def value(self, value: Any, path: Path_) -> Any:
        if len(path) > MAX_DEPTH:
            raise InputError([Problem(file=self.name, message="nested too deeply", remedy="6 levels do")])
        if isinstance(value, Mapping):
            return {key: self.value(inner, (*path, key)) for key, inner in value.items() if self._is_key(key, path)}
        if isinstance(value, list | tuple):
            return [self.value(inner, (*path, index)) for index, inner in enumerate(value)]
        return self._scalar(value, path)

    def _is_key(self, key: Any, path: Path_) -> bool:
        if not isinstance(key, str):
            self._fault(path, f"the key {shorten(key)} is no text", "put it in quotes")
        elif strange := characters.beyond_ascii(key):
            self._fault(path, f"the key {shorten(key)} has the character {strange}", KEY_REMEDY)
        else:
            return True
        return False

    def _scalar(self, value: Any, path: Path_) -> Any:
        if isinstance(value, _ADDRESSES):
            return str(value)
        if not (value is None or isinstance(value, bool | int | float | str)):
            self._fault(path, f"not a plain value (given: {shorten(value)})", "give text, a number, true or false")
        if isinstance(value, float) and not math.isfinite(value):
            self._fault(path, "not a finite number", "give a number")
        if isinstance(value, str):
            self._text(value, path)
        return value

    def _text(self, value: str, path: Path_) -> None:
        if len(value) > MAX_SCALAR:
            self._fault(path, f"the value has {len(value):,} characters, more than {MAX_SCALAR:,}", "shorten it")
        if unseen := characters.UNSEEN.search(value):
            what = f"one line of visible characters is expected, without {characters.name(unseen[0])}"
            self._fault(path, f"{what} (given: {shorten(value)})", "remove escapes and line breaks")

    def _fault(self, path: Path_, message: str, remedy: str) -> None:
        self.problems.append(Problem(file=self.name, path=dotted(path), message=message, remedy=remedy))
