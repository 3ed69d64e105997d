"""Words of a verdict as text that a reader can trust: nothing in a value can act on what shows it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

NAMES_SHOWN = 3
"""Names listed one by one; of more, the first and the last are shown."""
_NAMED = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}
_LOOKS_OTHER = re.compile(r"[-+]?[\d.][\d.eE+_-]*|true|false|null|~|\(\w+\)|[\[{\"'].*|\s.*|.*\s", re.DOTALL)
_ENDING_IN_ES = ("s", "x", "ch", "sh")


def clean(text: str) -> str:
    r"""The text of a value with all that moves a cursor, hides or reorders letters written out.

    >>> clean("a\x1b[31mb\u202e")
    'a\\x1b[31mb\\u202e'
    """
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else _written(letter) for letter in text)


def _written(letter: str) -> str:
    code = ord(letter)
    if letter in _NAMED:
        return _NAMED[letter]
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def cut(text: str, limit: int | None) -> str:
    """The text of a value cut in the middle, since names and addresses differ at their ends.

    >>> cut("registry.example/kubelet:v1.36.1", 20)
    'registry... :v1.36.1'
    """
    if limit is None or len(text) <= limit:
        return text
    keep = limit - 4
    return f"{text[: (keep + 1) // 2]}... {text[len(text) - keep // 2 :]}"


def value(given: Any, limit: int | None = None) -> str:
    """The value of a field in a report, as one line: bare, unless it could be taken for a number, a list or nothing.

    >>> value("v1.36.1"), value("3"), value(3), value(True), value({"b": 1, "a": [None]})
    ('v1.36.1', '"3"', '3', 'true', '{"a": [null], "b": 1}')
    """
    if given is msgspec.UNSET:
        return "(nothing)"
    if isinstance(given, str):
        shown = json.dumps(given, ensure_ascii=False) if not given or _LOOKS_OTHER.fullmatch(given) else given
    else:
        shown = json.dumps(given, ensure_ascii=False, sort_keys=True, default=str)
    # Cut before cleaning: a value of megabytes would be gone through letter by letter.
    return clean(cut(shown, limit))


def plural(count: int, noun: str) -> str:
    """A number and its noun, as reports write it.

    >>> plural(1, "ConfigMap"), plural(1200, "NicClusterPolicy"), plural(2, "StorageClass"), plural(2, "Gateway")
    ('1 ConfigMap', '1,200 NicClusterPolicies', '2 StorageClasses', '2 Gateways')
    """
    if count == 1:
        return f"1 {noun}"
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return f"{count:,} {noun[:-1]}ies"
    return f"{count:,} {noun}{'es' if noun.endswith(_ENDING_IN_ES) else 's'}"


def name_range(names: Sequence[str], limit: int | None = 60) -> str:
    """Names in a report of the gate: all of a few, else the first and the last.

    >>> name_range(["a"]), name_range(["a", "b"]), name_range(["r1", "r2", "r3", "r4"])
    ('a', 'a, b', 'r1 .. r4')
    """
    shown = [clean(cut(name, limit)) for name in (names if len(names) <= NAMES_SHOWN else (names[0], names[-1]))]
    return (", " if len(names) <= NAMES_SHOWN else " .. ").join(shown)


def unique(names: Iterable[str]) -> list[str]:
    """Names for a report without repeats, as they come."""
    return list(dict.fromkeys(names))


def place(path: Iterable[str | int]) -> str:
    """The place in a region file that a finding points at, as readers write it.

    >>> place(("clusters", "train-a", "racks", 0))
    'clusters.train-a.racks[0]'
    """
    parts = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return clean(parts.removeprefix("."))


def file_and_line(file: str, line: int | None) -> str:
    """A file and its line as reports write them: `stacks/regions/lab.yaml:12`."""
    return clean(f"{file}:{line}" if line else file)


def sentence(text: str) -> str:
    """The text of a report as a sentence: a capital at its front, a full stop at its end."""
    text = text.strip()
    return text and text[0].upper() + text[1:] + ("" if text[-1] in ".?!" else ".")
