"""What a row of the table is: what is measured, against which floor, and what is aimed at."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

FOLDER = "AIFACTORY_BENCH_FOLDER"
"""Environment variable: folder that the rows of one run share, for what takes long to make."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a row took, where it measures its own memory."""

    seconds: float
    megabytes: float


class SkipError(Exception):
    """A row can't run here; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What is aimed at; None is no aim."""

    seconds: float | None = None
    megabytes: float | None = None
    ratio: float | None = None
    ratio_from: float | None = None
    """Smallest ratio: of a peer that is to take no less than we do."""

    def __str__(self) -> str:
        parts = (
            (self.seconds, f"{self.seconds or 0:g} s"),
            (self.megabytes, f"{self.megabytes or 0:,.0f} MB"),
            (self.ratio, f"ratio {self.ratio or 0:g}"),
            (self.ratio_from, f"ratio from {self.ratio_from or 0:g}"),
        )
        return ", ".join(text for value, text in parts if value is not None)

    def met(self, taken: Taken, ratio: float | None) -> bool | None:
        """Whether all that is aimed at was reached; None where nothing is, or the floor was not measured."""
        checks = [
            (self.seconds, taken.seconds, 1),
            (self.megabytes, taken.megabytes, 1),
            (self.ratio, ratio, 1),
            (self.ratio_from, ratio, -1),
        ]
        judged = [sign * value <= sign * aim for aim, value, sign in checks if aim is not None and value is not None]
        return all(judged) if judged else None


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. `run` returns the seconds of its own part, without imports and preparation."""

    what: str
    run: Callable[[], float | Taken]
    floor: str | None = None
    goal: Goal = Goal()
    repeat: int = 2
    process: bool = False
    """Whether what is measured is a process of its own."""
    slow: bool = False
    """Whether it runs only when it, or its group, is asked for."""
    per: tuple[float, str] | None = None
    """Number of what the time is shown for as well, and its name: `(1000, "MW")`."""


Rows = dict[str, Row]


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder that goes when the block ends."""
    with tempfile.TemporaryDirectory(prefix="aifactory-bench-") as name:
        yield Path(name)


def made_once(name: str, make: Callable[[Path], None]) -> Path:
    """A folder that `make` fills when the first row of a run asks for it."""
    folder = Path(os.environ[FOLDER]) / name
    if not folder.exists():
        work = folder.with_name(f".{name}")
        work.mkdir()
        make(work)
        work.rename(folder)
    return folder
