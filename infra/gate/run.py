"""gate(): from two sides of a change to a verdict."""

from __future__ import annotations

import datetime
import gc
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from ..plan import regions
from ..spec.problems import InputError, Problem
from .cache.computing import Computing, Progress, silent
from .cache.store import Store
from .judge.region import Judge, ordered
from .judge.verdict import RegionVerdict, Verdict
from .sides import trees
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
    """Judge a change.

    Raises:
        trees.GitError: no repository, no base.
        store.StoreError: the cache can't be written.
        InputError: merge conflicts, stacks that do not exist.
    """
    with _sides(request) as sides, _folder(request.cache) as cache, _rarely_collected():
        return judged(request, sides, Store(cache))


def judged(request: Request, sides: trees.Trees, store: Store) -> Verdict:
    """The verdict on two sides of a change."""
    pairs = Pairs(sides, Computing(store, request.jobs))
    touched = [one for one in pairs.found if not one.same_files or pairs.other_code]
    if request.stacks:
        _check_stacks(request.stacks, pairs.found)
        chosen = {stack.partition(".")[0] for stack in request.stacks}
        touched = [one for one in touched if one.name in chosen]
    pairs.plan(touched, request.progress)
    _check_known(request.stacks, touched)
    judge = Judge(pairs, request.today, request.stacks)
    verdicts = {one.name: judge.region(one) for one in touched}
    shown = [one.name for one in touched if not _nothing(one, verdicts[one.name])]
    fleet = judge.fleet(pairs.found) if touched else []
    store.prune()
    return Verdict(
        base=sides.base.words if sides.base else None,
        head=sides.head.words,
        regions=tuple(verdicts[name] for name in shown),
        findings=tuple(ordered(fleet)),
        untouched=tuple(one.name for one in pairs.found if one.name not in shown),
        notes=(*sides.notes, *pairs.notes, *store.notes),
    )


def _sides(request: Request) -> AbstractContextManager[trees.Trees]:
    return trees.opened(request.root, request.base) if request.compare else nullcontext(trees.alone(request.root))


@contextmanager
def _rarely_collected() -> Iterator[None]:
    """Plans are trees of many small values that live long: looking for cycles in them takes a fifth of the time."""
    usual = gc.get_threshold()
    gc.set_threshold(100_000, 20, 50)
    try:
        yield
    finally:
        gc.set_threshold(*usual)


@contextmanager
def _folder(cache: Path | None) -> Iterator[Path]:
    if cache is not None:
        yield cache
        return
    with tempfile.TemporaryDirectory(prefix="aifactory-gate-cache-") as name:
        yield Path(name)


def _check_stacks(stacks: Sequence[str], found: Sequence[Pair]) -> None:
    names = {one.name for one in found}
    unknown = [stack for stack in stacks if stack.partition(".")[0] not in names]
    if unknown:
        known = ", ".join(sorted(names))
        raise InputError(
            Problem(file=str(regions.REGIONS), message=f"no region has the stack {stack}", remedy=f"regions: {known}")
            for stack in unknown
        )


def _check_known(stacks: Sequence[str], touched: Sequence[Pair]) -> None:
    """Refuse a stack that its region has on neither side (InputError)."""
    problems = [
        Problem(file=str(regions.REGIONS), message=f"there is no stack {stack}", remedy=f"known: {', '.join(known)}")
        for one in touched
        if (known := _stacks(one))
        for stack in stacks
        if stack.partition(".")[0] == one.name and stack not in known
    ]
    if problems:
        raise InputError(problems)


def _stacks(one: Pair) -> list[str]:
    """Stacks of a region on either side."""
    names = [name for outline in (one.after, one.before) if outline is not None for name in outline.stacks]
    return list(dict.fromkeys(names))


def _nothing(one: Pair, verdict: RegionVerdict) -> bool:
    """Whether only code differs, and that to no effect."""
    return one.same_files and not verdict.changes and verdict.exit_code == 0
