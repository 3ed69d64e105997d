"""The verdict on a region: good, not to be applied, or bad input."""

from __future__ import annotations

import datetime
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..gate.cache.computing import Computing, Opened, Task
from ..gate.cache.outline import decisions
from ..gate.cache.store import Store
from ..gate.judge import run_rules
from ..gate.judge.region import ordered, standing
from ..gate.judge.verdict import blocks
from ..gate.records import Finding, ShardHead
from ..plan import regions
from ..plan.model import RegionPlan
from ..spec.problems import InputError, Problem
from . import data, tables


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What `check` says of one region."""

    name: str
    plan: RegionPlan | None
    bad: tuple[Problem, ...] = ()
    """Faults of the input."""
    refused: tuple[str, ...] = ()
    """Why a well-formed region is not to be applied."""
    notices: tuple[str, ...] = ()
    resources: int = 0

    @property
    def exit_code(self) -> int:
        """0 good, 1 not to be applied, 2 bad input."""
        return 2 if self.bad else 1 if self.refused else 0

    def as_dict(self) -> dict[str, Any]:
        """JSON data."""
        return {
            "region": self.name,
            "verdict": ("good", "refused", "bad input")[self.exit_code],
            "totals": data.totals(self.plan) if self.plan else None,
            "resources": self.resources,
            "problems": [
                {"file": p.file, "line": p.line, "path": p.path, "message": p.message, "given": p.given,
                 "remedy": p.remedy} for p in self.bad
            ],
            "refused": list(self.refused),
            "notices": list(self.notices),
        }  # fmt: skip


def judge(name: str) -> Verdict:
    """Judge a region by name or file, by every rule that needs no change to look at."""
    try:
        file = regions.region_file(name)
        plan = regions.load_plan(file)
        opened, heads = _planned(file)
    except InputError as error:
        return Verdict(name=name, plan=None, bad=error.problems)
    waivers, _ = decisions(opened.loaded.region)
    findings = run_rules.waive(standing(opened, heads), waivers, datetime.date.today(), region=plan.name)
    held = [f"{item} is no longer in the file; its numbers are held until released" for item in opened.loaded.retired]
    resources = sum(count.resources for head in heads.values() for count in head.stacks)
    return Verdict(
        name=plan.name,
        plan=plan,
        refused=tuple(_told(finding) for finding in ordered(findings) if blocks(finding)),
        notices=(*plan.notices, *held),
        resources=resources + 2 * len(opened.outline.stacks),
    )


def _planned(file: Path) -> tuple[Opened, dict[str, ShardHead]]:
    with tempfile.TemporaryDirectory(prefix="aifactory-check-") as folder:
        computing = Computing(Store(Path(folder)))
        opened = computing.opened(file)
        heads, problems = computing.shards(Task(file, name, key) for name, key in opened.outline.shards.items())
    for faults in problems.values():
        raise InputError(faults)
    return opened, heads


def _told(finding: Finding) -> str:
    return f"{finding.message}: {finding.remedy} ({finding.rule})"


def show(verdicts: Sequence[Verdict], *, quiet: bool) -> None:
    """Verdicts on a terminal, problems on stderr."""
    out, err = tables.console(), tables.console(stderr=True)
    for verdict in verdicts:
        for problem in verdict.bad:
            err.print(f"error: {problem}", style="red", markup=False, soft_wrap=True)
        for line in verdict.refused:
            err.print(f"refused: {verdict.name}: {line}", style="red", markup=False, soft_wrap=True)
        if verdict.plan is not None and not quiet:
            word = "refused" if verdict.refused else "good"
            style = "red" if verdict.refused else "green"
            out.print(
                f"{word}: {tables.headline(verdict.plan)}; {verdict.resources:,} resources", style=style, soft_wrap=True
            )
            tables.notices((f"{verdict.name}: {line}" for line in verdict.notices), out)
