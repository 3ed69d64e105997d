"""Reads a lock file in the form in which `allocate` writes it, one entry a line, seven times as fast as YAML is read.

Anything else, good or bad, is left to the YAML reader: what is read here is what that one would read.
"""

from __future__ import annotations

import json
import re
from typing import Any

MAX_BYTES = 500_000
"""A longer file is left to the YAML reader, which counts values."""
_WORD = r"[a-z][a-z0-9-]{0,99}(?:/[a-z0-9-]{1,99})?"
_NUMBER = r"(?:0|[1-9][0-9]{0,11})"
_NETWORK = r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}/[0-9]{1,3}"
_QUOTED = r"'[0-9a-f:]{2,39}/[0-9]{1,3}'"
"""A network of IPv6."""
_NUMBERS = rf"\[{_NUMBER}(?:, {_NUMBER})*\]"
_LIST = rf"{_NUMBERS}|\[{_NUMBERS}(?:, {_NUMBERS})*\]"
_PAIR = rf"[a-z_]{{1,40}}: (?:{_LIST}|{_QUOTED}|{_NETWORK}|{_WORD}|{_NUMBER})"
_FILE = re.compile(rf"(?:#[ -~]*\n)*version: 1\nregion: ({_WORD})\nentries:\n((?:- \{{{_PAIR}(?:, {_PAIR})*\}}\n)+)")
_PARTS = re.compile(rf"([a-z_]+): (?:({_NUMBER})|({_NETWORK}|{_WORD}|{_QUOTED})|({_LIST}))(?:, |\}}\n)")
_OTHER_TYPES = frozenset({"yes", "no", "on", "off", "true", "false", "null"})
"""Words that YAML 1.1 reads as something else than text."""


def read(text: str) -> dict[str, Any] | None:
    """Data of a lock file; None if it is in any other form than the written one."""
    whole = _FILE.fullmatch(text) if len(text) <= MAX_BYTES else None
    if whole is None or whole[1] in _OTHER_TYPES:
        return None
    entries = []
    for line in whole[2].splitlines(keepends=True):
        pairs = _PARTS.findall(line, 3)
        entry = {key: _value(*given) for key, *given in pairs}
        if len(entry) < len(pairs) or not _OTHER_TYPES.isdisjoint(word for _, _, word, _ in pairs):
            return None
        entries.append(entry)
    return {"version": 1, "region": whole[1], "entries": entries}


def _value(number: str, word: str, numbers: str) -> Any:
    return word.strip("'") or (int(number) if number else json.loads(numbers))
