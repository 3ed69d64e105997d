"""YAML in flow style, with quotes where a plain word would be read as something else."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

WIDTH = 120
_PLAIN = re.compile(r"^\w[\w ./:@+-]*$")
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def flow(value: Any) -> str:
    """A value as YAML in flow style, on one line; None values of mappings are left out.

    >>> flow({"country": "NO", "racks": 8, "city": "Ho Chi Minh: City", "mw": 60.0, "none": None})
    '{country: "NO", racks: 8, city: "Ho Chi Minh: City", mw: 60}'
    """
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {flow(content)}" for key, content in value.items() if content is not None) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(flow(item) for item in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value == int(value) else repr(value)
    return str(value) if isinstance(value, int) else _text(str(value))


def _text(value: str) -> str:
    return value if is_plain(value) else json.dumps(value, ensure_ascii=False)


def is_plain(value: str) -> bool:
    """Whether YAML reads a text without quotes as this very text.

    >>> is_plain("jp-osaka"), is_plain("on")
    (True, False)
    """
    return _PLAIN.match(value) is not None and yaml.load(f"[{value}]", Loader=_LOADER) == [value]  # noqa: S506


def comment(text: str, indent: str = "", hang: str = "") -> str:
    """A text as YAML comment lines that fit the width; a line break in it can't end the comment.

    >>> print(comment("one line", "  "))
      # one line
    """
    words = " ".join(text.split())
    wrapped = textwrap.wrap(words, WIDTH - len(indent) - 2, subsequent_indent=hang, break_long_words=False)
    return "\n".join(f"{indent}# {line}" for line in wrapped)
