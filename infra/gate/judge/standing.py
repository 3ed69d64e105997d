"""The verdict on a region as it stands, without a change to look at: good, not to be applied, or bad input."""

from __future__ import annotations

import datetime
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ...plan import regions
from ...plan.model import RegionPlan
from ...spec.problems import InputError, Problem
from ..cache.computing import Computing, Opened, Task
from ..cache.outline import decisions
from ..cache.store import Store
from ..records import Finding, ShardHead
from ..rules import running
from .region import ordered, standing
from .verdict import blocks


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


def judge(name: str) -> Verdict:
    """Judge a region by name or file, by every rule that needs no change to look at."""
    try:
        file = regions.region_file(name)
        plan = regions.load_plan(file)
        opened, heads = _planned(file)
    except InputError as error:
        return Verdict(name=name, plan=None, bad=error.problems)
    waivers, _ = decisions(opened.loaded.region)
    findings = running.waive(standing(opened, heads), waivers, datetime.date.today(), region=plan.name)
    held = [f"{item} is no longer in the file; its numbers are held until released" for item in opened.loaded.retired]
    resources = sum(count.resources for head in heads.values() for count in head.stacks)
    return Verdict(
        name=plan.name,
        plan=plan,
        refused=tuple(_refusal(finding) for finding in ordered(findings) if blocks(finding)),
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


def _refusal(finding: Finding) -> str:
    return f"{finding.message}: {finding.remedy} ({finding.rule})"
