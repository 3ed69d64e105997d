"""Objects as YAML text: the same bytes from run to run, and the same data for every reader.

kubectl and Flux read by Go's YAML, other tools by YAML 1.1 or 1.2, and each takes other plain words for numbers, dates
and truth values: `y`, `0o17`, `09` and `1e3` stay text for PyYAML, which leaves them plain, and not for kubectl. So a
text stands plain only where no reader can take it for anything else. No library was found that does that, writes
blocks of text as blocks, and is fast: libyaml takes ten times as long, and those written in Rust quote for YAML 1.2.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import yaml

_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_INDENT = "  "
_UNFOLDED = 1 << 30
"""Width of a line that is never reached."""
_LONGEST_KEY = 1000
"""Characters of a key that readers find without a mark before it: all of them look 1,024 ahead."""
_LONGEST_KEPT = 200
_MOST_KEPT = 50_000
"""What is kept of texts that were quoted: some MB at most."""

_PLAIN = re.compile(r"(?:--)?[A-Za-z/][\w./,;@+=<>()*&%$!?^~|-]*(?:[ :][\w./,;@+=<>()*&%$!?^~|-]+)*", re.ASCII)
"""Starts with a letter, as no number and no mark of YAML does; holds neither `: ` nor ` #`."""
_WORDS = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf", "infinity"))
"""What some reader takes for a truth value, nothing or a number, in small or capital letters."""
_QUOTABLE = re.compile(r"[ !#-\[\]-~]*")
"""Stands between double quotes as it is."""
_NOT_IN_BLOCK = re.compile(
    r"^[ \n]|[ \t](?:\n|\Z)|(?:\n|^)\t|\n\n\Z"
    r"|[^\t\n -~\u00a1-\u1fff\u2010-\u2027\u2030-\u205e\u2070-\ud7ff\uf900-\ufefe\uff01-\uffef\U00010000-\U0001fffd]"
)
"""What a reader or an editor may change in a literal block: a first line that starts with a space or is empty, spaces
before a line's end, a tab that starts a line, empty lines at the end, characters that can't be seen."""

_Write = Callable[[str], None]


def yaml_text(value: Any) -> str:
    """A value as a YAML document: keys in their own order, a value on one line, a text of several lines as a block.

    Args:
        value: JSON data: mappings with text as keys, lists, texts, numbers, truth values and None.

    Returns:
        Text that YAML 1.1 and YAML 1.2 read as this very value.

    Raises:
        TypeError: something in it is no JSON data.
        ValueError: a number is not finite, or a text holds half a character (a lone surrogate).

    >>> yaml_text({"b": 1, "a": ["x", "on"], "c": "two\\nlines\\n"})
    'b: 1\\na:\\n- x\\n- "on"\\nc: |\\n  two\\n  lines\\n'
    """
    parts: list[str] = []
    _write_value(value, _ROOT, _ROOT, parts.append)
    return "".join(parts)[1:] + "\n"


def _write_value(value: Any, level: _Level, inner: _Level, write: _Write) -> None:
    """Write what follows a key or a dash: ` text`, or lines that each begin with a line break.

    Args:
        value: JSON data.
        level: of the key or dash. A list below a key starts where the key does.
        inner: of the keys of a mapping.
        write: takes parts of the text in their order.
    """
    kind = type(value)
    if kind is str:
        write(level.texts[value])
    elif kind is dict and value:
        _write_mapping(value, inner, write)
    elif kind in (list, tuple) and value:
        _write_sequence(value, level, write)
    elif kind in _OTHERS:
        write(_OTHERS[kind](value))
    else:
        raise TypeError(f"{kind.__name__} is no JSON data: {value!r}")


def _write_mapping(value: Mapping[str, Any], level: _Level, write: _Write) -> None:
    keys, texts, deeper = level.keys, level.texts, level.deeper
    for key, item in value.items():
        kind = type(item)
        if kind is str:
            write(keys[key] + texts[item])
        elif kind is dict and item:
            write(keys[key])
            _write_mapping(item, deeper, write)
        else:
            write(keys[key])
            _write_value(item, level, deeper, write)


def _write_sequence(value: Sequence[Any], level: _Level, write: _Write) -> None:
    texts, dash, deeper = level.texts, f"\n{level.pad}-", level.deeper
    for item in value:
        if type(item) is str:
            write(dash + texts[item])
        else:
            parts: list[str] = []
            _write_value(item, deeper, deeper, parts.append)
            write(dash + "".join(parts).removeprefix(f"\n{level.pad} "))  # its first line stands beside the dash


class _Level:
    """How far keys are indented, and the keys and texts that were quoted there."""

    def __init__(self, pad: str) -> None:
        self.pad = pad
        self.keys = _Keys(pad)
        self.texts = _Texts(pad + _INDENT)

    @cached_property
    def deeper(self) -> _Level:
        return _Level(self.pad + _INDENT)


class _Kept(dict[str, str]):
    """What is written for a text, made once: manifests say the same again and again."""

    def __init__(self, pad: str) -> None:
        super().__init__()
        self.pad = pad

    def __missing__(self, text: str) -> str:
        written = self.write(text)
        if len(text) <= _LONGEST_KEPT:
            if len(self) >= _MOST_KEPT:
                self.clear()
            self[text] = written
        return written

    def write(self, text: str) -> str:
        """What is written for a text."""
        raise NotImplementedError


class _Keys(_Kept):
    def write(self, text: str) -> str:
        if not isinstance(text, str):
            raise TypeError(f"a key must be text: {text!r}")
        quoted = _quoted(text)
        mark = "" if len(quoted) <= _LONGEST_KEY else f"? {quoted}\n{self.pad}"
        return f"\n{self.pad}{mark or quoted}:"


class _Texts(_Kept):
    def write(self, text: str) -> str:
        if "\n" not in text or _NOT_IN_BLOCK.search(text):
            return f" {_quoted(text)}"
        lines = text.removesuffix("\n").split("\n")
        block = "\n".join(f"{self.pad}{line}" if line else "" for line in lines)
        return f" |\n{block}" if text.endswith("\n") else f" |-\n{block}"


def _quoted(text: str) -> str:
    """A text on one line, in quotes where it could be taken for something else."""
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    return f'"{text}"' if _QUOTABLE.fullmatch(text) else _escaped(text)


def _escaped(text: str) -> str:
    written = yaml.dump(text, Dumper=_DUMPER, default_style='"', width=_UNFOLDED, allow_unicode=True)
    return str(written).removesuffix("\n")


def _float(value: float) -> str:
    """A point is there always: YAML 1.1 takes `1e+20` for text."""
    if not math.isfinite(value):
        raise ValueError(f"{value} is no JSON data")
    text = repr(value)
    return text if "." in text else text.replace("e", ".0e")


_OTHERS: dict[type, Callable[[Any], str]] = {
    bool: lambda value: " true" if value else " false",
    int: lambda value: f" {value}",
    float: lambda value: f" {_float(value)}",
    type(None): lambda value: " null",
    dict: lambda value: " {}",
    list: lambda value: " []",
    tuple: lambda value: " []",
}
"""What is neither text nor holds anything, by its type."""
_ROOT = _Level("")
