"""Credentials where none belong: in URLs and in arguments of a region file, which stand in the repository for good."""

from __future__ import annotations

import re
from collections.abc import Sequence

_AUTHORITY = re.compile(r"^(?:([a-z0-9+.-]+):)?//([^/?#\s@]*)@", re.IGNORECASE)
_WORD = r"(?:password|passwd|passphrase|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|credentials?)"
_QUERY = re.compile(rf"[?&][\w.-]*(?:{_WORD}|signature|\bsig)=[^&]", re.IGNORECASE)
_FLAG = re.compile(rf"^--?[\w.-]*{_WORD}$", re.IGNORECASE)
_FLAG_WITH_VALUE = re.compile(rf"^(?:--?[\w.-]*|\w*){_WORD}=.", re.IGNORECASE)
_SHOWN = re.compile(r"(?<=//)[^/?#\s@]*@|[^\s/'\"=@]+:[^\s/@]+@")
_NAMES_ALONE = ("ssh", "git+ssh")
"""Schemes that are opened by a key: the user in front of the host is no secret."""


class WithheldError(ValueError):
    """A value that must not be repeated in a message."""


def in_url(url: str) -> bool:
    """Whether a URL holds a password, a token in a password's place, or a signature that stands for one.

    >>> in_url("https://alice:hunter2@git.example/x"), in_url("ssh://git@git.example/x"), in_url("s3://state?region=kr")
    (True, False, False)
    """
    given = _AUTHORITY.match(url)
    if given and (":" in given[2] or (given[1] or "").lower() not in _NAMES_ALONE):
        return True
    return _QUERY.search(url) is not None


def refuse_in_url(url: str) -> str:
    """The URL (WithheldError if it holds a credential)."""
    if in_url(url):
        raise WithheldError("a URL holds no user, password, token or signature; take it out, and revoke it")
    return url


def refuse_in_arguments(arguments: Sequence[str]) -> None:
    """Refuse arguments that are a password or a token (WithheldError, by place from 0)."""
    for place, argument in enumerate(arguments):
        value_follows = len(arguments) > place + 1 and not arguments[place + 1].startswith("-")
        if (
            _FLAG_WITH_VALUE.match(argument)
            or (_FLAG.match(argument) and value_follows)
            or in_url(argument.partition("=")[2] or argument)
        ):
            raise WithheldError(
                f"argument {place} looks like a password or token; let the command take it from its environment or "
                "a file, and revoke this one"
            )


def masked(text: str) -> str:
    """A text for a message, without what stands in front of a host in its URLs.

    >>> masked("http://alice:hunter2@git.example")
    'http://...@git.example'
    """
    return _SHOWN.sub("...@", text) if "@" in text else text
