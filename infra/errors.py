"""What a user can cause, said so that it can be mended: one family of errors, each with its exit code.

The command line maps them in one place (`cli.main`). What is none of them is a fault of this package.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

GOOD: Final = 0
REFUSED: Final = 1
"""The gate, or an engine, says no."""
BAD_INPUT: Final = 2
ENVIRONMENT: Final = 3
INTERRUPTED: Final = 130


class FactoryError(Exception):
    """Something can't go on: what is wrong, and how to mend it; one line for each fault.

    >>> print(FactoryError("a is not ready", "look at its pods"))
    a is not ready. Look at its pods.
    """

    exit_code = REFUSED

    def __init__(self, message: str, remedy: str = "") -> None:
        self.message = message
        self.remedy = remedy
        super().__init__(without_passwords(_sentence(message, remedy)))

    @property
    def lines(self) -> tuple[str, ...]:
        """The faults, one a line."""
        return tuple(str(self).splitlines())


class RefusedError(FactoryError):
    """This won't be done: somebody else owns it, it is protected, or an API server rejects it."""

    @classmethod
    def of(cls, faults: Iterable[str]) -> RefusedError:
        """One error for several faults, in order and each once."""
        return cls("\n".join(dict.fromkeys(faults)))


class NotReadyError(FactoryError):
    """Something did not become ready, or did not go, in its time."""


class SizeError(FactoryError):
    """A size that can't be: nothing published, too small or too large."""

    exit_code = BAD_INPUT


class UnavailableError(FactoryError):
    """The environment is at fault: no such context, address, credential, right, kind, repository or tool."""

    exit_code = ENVIRONMENT


class InterruptedRunError(FactoryError):
    """The user stopped the run, between two requests."""

    exit_code = INTERRUPTED


_PASSWORD = re.compile(r"(?<=://)[^\s/?#@]*:[^\s/?#@]*@")


def without_passwords(text: str) -> str:
    """A text for a terminal or a log, whose URLs name no user and password.

    >>> without_passwords("http://alice:hunter2@proxy.example:3128 does not answer")
    'http://...@proxy.example:3128 does not answer'
    """
    return _PASSWORD.sub("...@", text)


def _sentence(message: str, remedy: str) -> str:
    """Message and remedy of an error as one sentence or two.

    >>> _sentence("too many racks", "lower it")
    'too many racks. Lower it.'
    """
    if not remedy:
        return message
    text = f"{message}. {remedy[0].upper()}{remedy[1:]}"
    return text if text[-1] in ".?" else f"{text}."
