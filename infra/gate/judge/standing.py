"""The verdict on a region as it stands, without a change to look at: good, not to be applied, or bad input."""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ...errors import UnavailableError
from ...plan import regions
from ...plan.allocation import lock as locks
from ...plan.model import RegionPlan
from ...plan.sources import Given, LockSource, RegionSource, name_of, open_source
from ...spec import inventory as inventories
from ...spec.problems import InputError, Problem
from ...spec.source import display_name
from ..cache.computing import Computing, Opened, Task, uncollected
from ..cache.outline import decisions
from ..cache.store import Store, user_folder
from ..records import Finding, ShardHead
from ..rule import RegionView
from ..rules import running
from ..rules.waivers import endless, waive
from ..sides import outside
from .verdict import blocks, ordered

_HOSTS = "hosts.csv"
"""The inventory beside a region in memory that is judged as files."""


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
    with uncollected():
        return _judged(name)


def _judged(name: str) -> Verdict:
    try:
        standing_region = _planned(regions.region_file(name))
    except InputError as error:
        return Verdict(name=name, plan=None, bad=error.problems)
    opened, plan, heads = standing_region.opened, standing_region.plan, standing_region.heads
    waivers, approvals = decisions(opened.loaded.region)
    today = datetime.date.today()
    listed = [*standing_findings(opened, heads), *endless(approvals, waivers, today, plan.name)]
    findings = waive(listed, waivers, today, region=plan.name)
    held = [f"{item} is no longer in the file; its numbers are held until released" for item in opened.loaded.retired]
    resources = sum(count.resources for head in heads.values() for count in head.stacks)
    return Verdict(
        name=plan.name,
        plan=plan,
        refused=tuple(_refusal(finding) for finding in ordered(findings) if blocks(finding)),
        notices=(*plan.notices, *held, *standing_region.notes),
        resources=resources + 2 * len(opened.outline.stacks),
    )


def judge_source(source: RegionSource, *, lock: LockSource | None = None) -> Verdict:
    """Judge a region as it stands, by every rule that needs no change to look at; what `aifactory check` says.

    Args:
        source: path of a region file, a mapping of the same shape, or a `Region`. An inventory that it names is looked
            for beside the file; for a region in memory in the working directory.
        lock: path of a lock file, or a `Lock`: the verdict refuses a region whose lock lacks numbers. The lock beside
            the file if `source` is a path; without any, numbers are given out in memory.

    Returns:
        `exit_code` 0: good; 1: well formed but not to be applied, `refused` says why; 2: bad input, see `bad`.
    """
    if isinstance(source, str | os.PathLike) and lock is None:
        return judge(str(Path(source).absolute()))
    try:
        opened = open_source(source, lock=lock, allocations="provisional")
    except InputError as error:
        return Verdict(name=name_of(source), plan=None, bad=error.problems)
    with tempfile.TemporaryDirectory(prefix="aifactory-judge-") as folder:
        try:
            file = _written(opened, opened.full_lock if lock is None else opened.lock, Path(folder))
        except InputError as error:
            return Verdict(name=name_of(source), plan=None, bad=error.problems)
        verdict = judge(str(file))
    shown = opened.context.document.file
    refused = tuple(line.replace(str(file), shown) for line in verdict.refused)
    return replace(verdict, bad=tuple(_renamed(verdict.bad, file, opened)), refused=refused)


def _written(opened: Given, lock: locks.Lock, folder: Path) -> Path:
    """A region in memory as the files that are judged."""
    data = dict(opened.context.document.data)
    if opened.inventory_file is not None:
        data["inventory"] = _HOSTS
        with contextlib.suppress(FileNotFoundError):
            (folder / _HOSTS).write_bytes(inventories.content(opened.inventory_file, opened.project))
    file = folder / f"{opened.region.region.name}.yaml"
    file.write_text(json.dumps(data), encoding="utf-8")
    locks.lock_path(file).write_text(locks.text(lock), encoding="utf-8")
    return file


def _renamed(problems: Iterable[Problem], file: Path, opened: Given) -> Iterable[Problem]:
    """Faults by the names that the region goes by, without lines that nobody wrote."""
    hosts = display_name(opened.inventory_file) if opened.inventory_file is not None else ""
    names = {str(file): opened.context.document.file, str(locks.lock_path(file)): opened.lock_shown}
    return (
        replace(problem, file=hosts)
        if problem.file == str(file.parent / _HOSTS)
        else replace(problem, file=names[problem.file], line=None)
        if problem.file in names
        else problem
        for problem in problems
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Planned:
    opened: Opened
    plan: RegionPlan
    """With its hosts."""
    heads: dict[str, ShardHead]
    notes: tuple[str, ...]
    """Entries of the cache that were left aside."""


def _planned(file: Path) -> _Planned:
    """A region's shards from the user's cache, unless it can't be kept or lies where a change can write it."""
    with contextlib.suppress(UnavailableError):
        if outside.is_outside(file.absolute().parent, user_folder()):
            return _planned_with(Store(user_folder()), file)
    with tempfile.TemporaryDirectory(prefix="aifactory-check-") as folder:
        return _planned_with(Store(Path(folder)), file)


def _planned_with(store: Store, file: Path) -> _Planned:
    computing = Computing(store)
    opened = computing.opened(file)
    sheet = opened.loaded.sheet
    plan = replace(opened.loaded, inventory=sheet.inventory() if sheet is not None else None).plan()
    computed: list[str] = []
    tasks = (Task(file, name, key) for name, key in opened.outline.shards.items())
    heads, problems = computing.shards(tasks, lambda _done, _of, name: computed.append(name))
    for faults in problems.values():
        raise InputError(faults)
    if computed:
        store.prune()
    return _Planned(opened=opened, plan=plan, heads=heads, notes=tuple(store.notes))


def _refusal(finding: Finding) -> str:
    return f"{finding.message}: {finding.remedy} ({finding.rule})"


def standing_findings(opened: Opened, heads: Mapping[str, ShardHead]) -> list[Finding]:
    """Findings of a region as it stands: what the rules say of it whatever changes.

    Args:
        opened: the region.
        heads: its shards, by key.
    """
    shards_by_name = {name: heads[key] for name, key in opened.outline.shards.items()}
    findings = running.region(RegionView(loaded=opened.loaded, plan=opened.plan, shards=shards_by_name))
    return [*findings, *(finding for head in shards_by_name.values() for finding in head.findings)]
