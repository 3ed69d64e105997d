"""Whether a text holds a secret: as the value of a key, an argument, a line of a script, a URL or a header.

Each search runs once over the text, so that a value of a megabyte takes no longer than its length.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from typing import Any

from ...spec import credentials

_NAMES = (
    "password", "passwd", "passphrase", "plaintextpasswd", "apikey", "accesstoken", "authtoken", "apitoken",
    "bearertoken", "bootstraptoken", "refreshtoken", "secretaccesskey", "clientsecret", "privatekey", "usertoken",
)  # fmt: skip
"""Ends of keys whose value is a secret, in small letters without `-`, `_` and `.`; `token` only as a whole."""
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*_(?:TOKEN|PASS|PWD|SECRET|CREDENTIALS?)")
"""Environment variables that programs read a secret from."""
_LINE = re.compile(r"^[ \t-]*[\"']?([A-Za-z][\w.-]*)[\"']?[ \t]*[:=][ \t]*(\S.*)$", re.MULTILINE)
_ASSIGNED = re.compile(r"(?<![^\s;&|(\"'`])-{0,2}([A-Za-z][\w.-]*)=([^\s;&|]+)")
_FLAG = re.compile(r"(?<!\S)--?([A-Za-z][\w-]*)[ \t]+([^\s-]\S*)")
_URL = re.compile(r"(?<![\w+.-])[A-Za-z][\w+.-]{1,20}://[^\s\"'<>`]+")
_HEADER = re.compile(
    r"authorization[\"']?\s{0,9}[:=]\s{0,9}[\"']?(?:bearer|basic|token)\s{1,9}([^\s\"'$<{(]+)", re.IGNORECASE
)
_CURL = re.compile(r"(?<!\S)(?:-u|--user)[ \t=]([^\s:]+):([^\s$<{]+)")
_REFERENCE = re.compile(r"[$/<{\[(|>&*!%]")
"""How a value starts that stands for another: a variable, a template, a path, an anchor, a block."""
_STANDS_FOR = re.compile(r"[$<{*%]")
_KEY_BLOCK = re.compile(r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----")
_WORDS = frozenset({"", "true", "false", "null", "none", "~"})


def named(key: str, value: str) -> str | None:
    """The key, if a value under it is a secret by its name; None if not, or where the value stands for another."""
    name, text = re.sub(r"[-_.]", "", key.lower()), value.strip("\"', \t")
    literal = text.lower() not in _WORDS and not _REFERENCE.match(text)
    return key if literal and (name.endswith(_NAMES) or name == "token" or _VARIABLE.fullmatch(key)) else None


def in_text(key: str, text: str) -> str | None:
    """What is secret in a text that stands under a key; None if nothing is."""
    if _KEY_BLOCK.search(text):
        return "a private key"
    lines = (named(*match) for match in _LINE.findall(text)) if "\n" in text else iter((named(key, text),))
    return next(filter(None, itertools.chain(lines, _words(text))), None)


def in_list(values: Sequence[Any]) -> str | None:
    """What is secret in arguments that follow each other; None if nothing is."""
    for flag, value in itertools.pairwise(values):
        pair = isinstance(flag, str) and flag.startswith("-") and isinstance(value, str) and not value.startswith("-")
        if pair and (fault := named(flag.lstrip("-"), value)):
            return fault
    return None


def _words(text: str) -> Iterator[str | None]:
    """Secrets among the words of a command, a script or a URL."""
    if "=" in text:
        yield from (named(*match) for match in _ASSIGNED.findall(text))
    if "-" in text:
        yield from (named(*match) for match in _FLAG.findall(text))
    if "://" in text:
        yield from ("a password in a URL" for url in _URL.findall(text) if _opens(url))
    if "uthorization" in text and _HEADER.search(text):
        yield "a header"
    if "curl" in text:
        yield from ("a user's password" for _user, _password in _CURL.findall(text))


def _opens(url: str) -> bool:
    """Whether a URL holds a password or token that is written out."""
    return credentials.in_url(url) and not _STANDS_FOR.search(url)
