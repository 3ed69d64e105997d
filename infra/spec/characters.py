"""Characters that must not stand in an input: what can't be seen, ends a line unseen, or looks like another one.

Sources: YAML 1.1 (5.4, line breaks NEL, LS, PS); Unicode TR 36 and CVE-2021-42574 (reversed text); the property
Default_Ignorable_Code_Point of Unicode 15 (what is drawn as nothing); UTS 39 (letters that look alike).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_SPACES = "\xa0\u1680\u2000-\u200a\u202f\u205f\u3000"
"""Spaces that are not the space bar's: legitimate in a comment, never in a value."""
_VARIANTS = "\ufe00-\ufe0f\U000e0100-\U000e01ef"
"""Choose the picture of an emoji in a comment; draw nothing in a value."""
_NOTHING = (
    "\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0"
    "\ufff0-\uffff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"
)
_HIDDEN = re.compile(f"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029{_NOTHING}]|\r(?!\n)")
UNSEEN = re.compile(f"[\x00-\x1f\x7f-\x9f\u2028\u2029{_NOTHING}{_SPACES}{_VARIANTS}]")
"""What must not stand in a value: no field has several lines, and escapes or reversed text would fool a reader."""
_ALIKE = "〇一丨丶丿ノ"
"""Letters of East Asia that look like a digit, a dash, a bar or a slash (UTS 39)."""
FOREIGN = re.compile(f"[^ -~\uac00-\ud7a3\u3041-\u3096\u30a1-\u30fa\u30fc\u4e00-\u9fff]|[{_ALIKE}]")
"""What must not stand in a name that people give: letters that look like Latin ones, such as those of Cyrillic. Hangul,
kana and Han are kept: groups of identity providers are called in them."""
_PLAIN = re.compile(r"[^ -~]")
_SHOWN = 20
"""Places that are named; more of them are one fault with another cause, such as a file of another kind."""


def name(character: str) -> str:
    """A character as messages call it, by its code point.

    >>> name("\u202e")
    'U+202E (RIGHT-TO-LEFT OVERRIDE)'
    >>> name("\x85")
    'U+0085'
    """
    title = unicodedata.name(character, "")
    return f"U+{ord(character):04X} ({title})" if title else f"U+{ord(character):04X}"


def hidden(text: str) -> Iterator[tuple[int, str]]:
    """Line and name of the first characters of a text file that can't be seen, comments included."""
    line = end = 0
    for count, match in enumerate(_HIDDEN.finditer(text)):
        if count == _SHOWN:
            return
        line += text.count("\n", end, match.start())
        end = match.start()
        yield line + 1, name(match[0][0])


def beyond_ascii(text: str) -> str | None:
    """Name of the first character that is no visible one of ASCII; None if there is none."""
    if text.isascii() and text.isprintable():
        return None
    match = _PLAIN.search(text)
    return name(match[0]) if match else None
