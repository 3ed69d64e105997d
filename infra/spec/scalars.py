"""Values of a YAML file: text, decimal numbers, true and false, nothing; what readers take in two ways is refused.

YAML 1.1, which PyYAML reads, takes `040` for 32, `1:30` for 90, `1_000` for 1000 and `1e3` for text; YAML 1.2, which
editors read, takes 40, text, text and 1000. What both take alike is read; the rest is to be written another way.
"""

from __future__ import annotations

import datetime
import re

import yaml

Scalar = str | int | float | bool | None

_TAG = "tag:yaml.org,2002:"
TEXT, _NULL, _BOOL, _DATE = f"{_TAG}str", f"{_TAG}null", f"{_TAG}bool", f"{_TAG}timestamp"
_DAY = re.compile(r"(\d{4})-(\d\d?)-(\d\d?)")
"""Year, month and day of a date or a time."""
_TRUE = frozenset({"yes", "true", "on"})
_WHOLE = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_HEX = re.compile(r"[-+]?0x[0-9a-fA-F]+")
_DECIMAL = re.compile(r"[-+]?(?:(?:0|[1-9][0-9]*)\.[0-9]*|\.[0-9]+)")
_NUMBERS_OF_12 = re.compile(r"[-+]?(?:0o[0-7_]+|0[0-9]+|\.?[0-9][0-9.]*[eE][-+]?[0-9]+)")
"""Text for YAML 1.1, numbers for YAML 1.2, and digits behind a nought that both take in ways of their own."""
_ODD = (
    (re.compile(r"[-+]?\.(?:inf|nan)", re.IGNORECASE), "not a finite number", "give a number"),
    (re.compile(r"[-+]?[0-9_]+(?::[0-9_]+)+(?:\.[0-9_]*)?"), "a number in base 60 for some readers",
     "put it in quotes if it is text; else give a decimal number"),
    (re.compile(r"[-+]?0b[01_]+"), "a number in base 2", "write it in decimal digits"),
    (re.compile(r"[-+]?0[0-9_]+|[-+]?0o[0-7_]+"), "a number in base 8 for some readers, in base 10 for others",
     "write it without the leading 0, or in quotes if it is text"),
    (re.compile(r".*[eE][-+]?[0-9]+"), "a number with an exponent, which some readers take for text",
     "write the number out, or put it in quotes if it is text"),
    (re.compile(r".*_.*"), "a number with underscores, which some readers take for text",
     "leave the underscores out, or put it in quotes if it is text"),
    (re.compile(r"<<|="), "a word that some readers of YAML act on", "put it in quotes"),
)  # fmt: skip
_OTHER = "not a plain value"


class UnexpectedError(ValueError):
    """A value that readers of YAML take in more ways than one."""

    def __init__(self, message: str, remedy: str) -> None:
        self.message = message
        self.remedy = remedy
        super().__init__(message)


def value(node: yaml.ScalarNode) -> Scalar:
    """What a scalar without a tag of its own says.

    Raises:
        UnexpectedError: a number in another form than decimal digits, or a word that is no plain value.
    """
    text: str = node.value
    if node.tag == TEXT:  # most values: nothing is to be made of them
        if not node.style and text[:1] in "+-.0123456789" and _NUMBERS_OF_12.fullmatch(text):
            raise _unexpected(text)
        return text
    if node.tag == _NULL:
        return None
    if node.tag == _BOOL:
        return text.lower() in _TRUE
    return _date(text) if node.tag == _DATE else _number(text)


def _date(text: str) -> str:
    day = _DAY.match(text)
    try:
        datetime.date(*map(int, day.groups() if day else ()))
    except ValueError as error:
        raise UnexpectedError(f"{_OTHER}: {error}", "put it in quotes") from None
    return text


def _number(text: str) -> int | float:
    if _WHOLE.fullmatch(text):
        return int(text)
    if _HEX.fullmatch(text):
        return int(text, 16)
    if _DECIMAL.fullmatch(text):
        return float(text)
    raise _unexpected(text)


def _unexpected(text: str) -> UnexpectedError:
    for form, message, remedy in _ODD:
        if form.fullmatch(text):
            return UnexpectedError(message, remedy)
    return UnexpectedError(_OTHER, "put it in quotes")
