"""What is wrong with an input, said so that the reader can mend it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..errors import BAD_INPUT, FactoryError
from .credentials import masked


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One fault in a file.

    >>> str(Problem(file="r.yaml", line=4, path="clusters[0].racks", message="too many", remedy="lower it"))
    'r.yaml:4: clusters[0].racks: too many. Lower it.'
    """

    file: str
    path: str = ""
    """Where in the document: `clusters[0].racks`; empty for the whole file."""
    message: str
    """The rule, and what was observed."""
    given: str | None = None
    """The offending value, shortened."""
    remedy: str = ""
    """How to mend it."""
    line: int | None = None
    rule: str = ""
    """Id of the gate's rule that it breaks; empty for what is no valid input at all."""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        path = f" {self.path}:" if self.path else ""
        given = f" (given: {self.given})" if self.given is not None else ""
        remedy = f" {self.remedy[0].upper()}{self.remedy[1:]}" if self.remedy else ""
        if remedy and remedy[-1] not in ".?":
            remedy += "."
        return f"{where}:{path} {self.message}{given}.{remedy}"


MOST_SHOWN = 1000
"""Faults that are shown of one input: more have one cause, and nobody reads them."""


class InputError(FactoryError):
    """An input that can't be used; carries every fault found, in file order.

    The command line prints one line a fault and exits with 2.
    """

    exit_code = BAD_INPUT

    def __init__(self, problems: Iterable[Problem]) -> None:
        ordered = sorted(problems, key=lambda p: (p.file, p.line or 0, p.path))
        more = ordered[MOST_SHOWN:]
        rest = [Problem(file=more[0].file, message=f"{len(more):,} more faults are not shown")] if more else []
        self.problems = (*ordered[:MOST_SHOWN], *rest)
        super().__init__("\n".join(self.lines))

    @property
    def lines(self) -> tuple[str, ...]:
        """The faults, one a line."""
        return tuple(str(problem) for problem in self.problems)


def shorten(value: object, limit: int = 80) -> str:
    """A value of an input as the user wrote it, cut to fit a line of a message.

    >>> shorten("x" * 100, 10)
    "'xxxxxx..."
    """
    text = masked(repr(value))
    return text if len(text) <= limit else text[: limit - 3] + "..."
