"""gate(): from two sides of a change to a verdict."""

from __future__ import annotations

import datetime
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from ..plan import regions
from ..spec.problems import InputError, Problem
from .cache.computing import Computing, Progress, silent, uncollected
from .cache.store import Store
from .judge import project_files
from .judge.region import Judge
from .judge.verdict import RegionVerdict, Verdict, ordered
from .records import Finding
from .rule import RULES, Breach
from .rules.previews import PROJECT_LOST
from .rules.running import finding_of
from .sides import outside, trees
from .sides.region_pairs import Pair, Pairs


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is to be judged."""

    root: Path
    """Project folder."""
    base: str | None = None
    """What to compare with, as git names it; the default branch if None."""
    compare: bool = True
    """Whether there is a base at all; else every region is judged as it stands."""
    stacks: tuple[str, ...] = ()
    """Only these stacks; all that the change touches if empty."""
    cache: Path | None = None
    """Folder of the cache; a passing one if None."""
    jobs: int | None = None
    """Processes at most; as many as there are cores if None."""
    today: datetime.date = field(default_factory=datetime.date.today)
    progress: Progress = silent


def gate(request: Request) -> Verdict:
    """Judge a change: plan both sides, compare them, run all rules. What `aifactory gate` calls.

    Raises:
        trees.GitError: no repository, no base.
        store.StoreError: the cache can't be written.
        InputError: merge conflicts, stacks that do not exist, no region on either side, a cache that the change could
            bring along.
    """
    if request.cache is not None:
        outside.check_cache(request.root, request.cache)
    with _sides(request) as sides, _folder(request.cache) as cache, uncollected():
        return judged(request, sides, Store(cache))


def judged(request: Request, sides: trees.Trees, store: Store) -> Verdict:
    """The verdict on two sides of a change that are laid out already, with a store to keep what is planned in."""
    pairs = Pairs(sides, Computing(store, request.jobs))
    _refuse_overlooked(sides.head, pairs.regions)
    files = project_files.changes(sides)
    touched = [pair for pair in pairs.regions if not pair.same_files or pairs.other_code]
    if request.stacks:
        _check_region_names(request.stacks, pairs.regions)
        chosen = {stack.partition(".")[0] for stack in request.stacks}
        touched = [pair for pair in touched if pair.name in chosen]
    pairs.plan(touched, request.progress)
    _check_stack_names(request.stacks, touched)
    judge = Judge(pairs, request.today, request.stacks)
    verdicts = {pair.name: judge.region(pair) for pair in touched}
    shown = [pair.name for pair in touched if not _has_no_effect(pair, verdicts[pair.name])]
    fleet = [*(judge.fleet(pairs.regions, files) if touched or files else []), *_project_lost(pairs)]
    store.prune()
    return Verdict(
        base=sides.base.words if sides.base else None,
        head=sides.head.words,
        regions=tuple(verdicts[name] for name in shown),
        findings=tuple(ordered(fleet)),
        untouched=tuple(pair.name for pair in pairs.regions if pair.name not in shown),
        notes=(*sides.notes, *judge.notes, *pairs.notes, *store.notes),
    )


def _project_lost(pairs: Pairs) -> list[Finding]:
    """A finding where the change takes away what makes the folder a project."""
    if not pairs.sides.project_lost:
        return []
    names = ", ".join(pair.name for pair in pairs.regions if pair.base is not None) or "none"
    breach = Breach(message=f"a project keeps its {regions.PROJECT}: it goes, and with it the project of {names}")
    finding = finding_of(RULES[PROJECT_LOST], breach, "", "fleet")
    return [msgspec.structs.replace(finding, file=f"{pairs.sides.prefix}{regions.PROJECT}")]


def _sides(request: Request) -> AbstractContextManager[trees.Trees]:
    return trees.opened(request.root, request.base) if request.compare else nullcontext(trees.alone(request.root))


@contextmanager
def _folder(cache: Path | None) -> Iterator[Path]:
    if cache is not None:
        yield cache
        return
    with tempfile.TemporaryDirectory(prefix="aifactory-gate-cache-") as name:
        yield Path(name)


def _refuse_overlooked(head: trees.Side, pairs: Sequence[Pair]) -> None:
    """Refuse a change of which nothing would be judged, or not all (InputError)."""
    problems = regions.overlooked(head.folder)
    if not (problems or pairs):
        problems = [regions.nothing()]
    if problems:
        raise InputError(problems)


def _check_region_names(stacks: Sequence[str], pairs: Sequence[Pair]) -> None:
    names = {pair.name for pair in pairs}
    unknown = [stack for stack in stacks if stack.partition(".")[0] not in names]
    if unknown:
        region_names = ", ".join(sorted(names))
        raise InputError(
            Problem(
                file=str(regions.REGIONS), message=f"no region has the stack {stack}", remedy=f"regions: {region_names}"
            )
            for stack in unknown
        )


def _check_stack_names(stacks: Sequence[str], touched: Sequence[Pair]) -> None:
    """Refuse a stack that its region has on neither side (InputError)."""
    problems = [
        Problem(
            file=str(regions.REGIONS), message=f"there is no stack {stack}", remedy=f"known: {', '.join(region_stacks)}"
        )
        for pair in touched
        if (region_stacks := _stacks(pair))
        for stack in stacks
        if stack.partition(".")[0] == pair.name and stack not in region_stacks
    ]
    if problems:
        raise InputError(problems)


def _stacks(pair: Pair) -> list[str]:
    """Stacks of a region on either side."""
    names = [name for outline in (pair.after, pair.before) if outline is not None for name in outline.stacks]
    return list(dict.fromkeys(names))


def _has_no_effect(pair: Pair, verdict: RegionVerdict) -> bool:
    """Whether only code differs, and that to no effect."""
    return pair.same_files and not verdict.changes and verdict.exit_code == 0
