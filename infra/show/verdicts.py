"""Verdicts of `check`: as JSON data, and on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ..gate.judge.standing import Verdict
from ..spec.problems import Problem
from . import data
from .screen import say
from .summary import headline


def verdict_data(verdict: Verdict) -> dict[str, Any]:
    """JSON data of the verdict of `check` on one region."""
    return {
        "region": verdict.name,
        "verdict": ("good", "refused", "bad input")[verdict.exit_code],
        "totals": data.totals(verdict.plan) if verdict.plan else None,
        "resources": verdict.resources,
        "problems": problems_data(verdict.bad),
        "refused": list(verdict.refused),
        "notices": list(verdict.notices),
    }


def problems_data(problems: Iterable[Problem]) -> list[dict[str, Any]]:
    """JSON data of faults of the input, as the verdict of `check` lists them."""
    keys = ("file", "line", "path", "message", "given", "remedy")
    return [{key: getattr(problem, key) for key in keys} for problem in problems]


def show(verdicts: Sequence[Verdict], *, quiet: bool) -> None:
    """Print the verdicts of `check` on a terminal, problems on stderr."""
    for verdict in verdicts:
        for problem in verdict.bad:
            say(f"error: {problem}", "red", err=True)
        for line in verdict.refused:
            say(f"refused: {verdict.name}: {line}", "red", err=True)
        if verdict.plan is not None and not quiet:
            word, colour = ("refused", "red") if verdict.refused else ("good", "green")
            say(f"{word}: {headline(verdict.plan)}; {verdict.resources:,} resources", colour)
            for line in verdict.notices:
                say(f"notice: {verdict.name}: {line}", "yellow")
