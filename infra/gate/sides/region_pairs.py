"""A region on both sides of a change, and what has to be planned to compare them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ...plan import regions
from ...spec.problems import InputError, Problem
from ...spec.source import Document
from ..cache.computing import Computing, Progress, Task
from ..records import Outline, ShardHead
from . import own_code, trees


@dataclass(slots=True, kw_only=True)
class Pair:
    """One region on both sides, as far as it is known yet."""

    name: str
    base: Path | None
    head: Path | None
    before: Outline | None = None
    after: Outline | None = None
    document: Document | None = None
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    same_files: bool = False

    @property
    def state(self) -> str:
        """`new`, `changed` or `removed`."""
        if self.head is None:
            return "removed"
        return "changed" if self.base is not None else "new"


class Pairs:
    """All regions of both sides. `found` lists them; `plan` brings outlines and shards of some about."""

    def __init__(self, sides: trees.Trees, computing: Computing) -> None:
        self.sides = sides
        self.computing = computing
        self.notes: list[str] = []
        self.heads: dict[str, ShardHead] = {}
        """Shards by key."""
        self._tasks: dict[str, Task] = {}
        self.found = self._find()

    @property
    def other_code(self) -> bool:
        """Whether the base has its own copy of this package, unlike the one that runs."""
        return self.sides.base is not None and self.sides.base.code is not None

    def plan(self, touched: Sequence[Pair], progress: Progress) -> None:
        """Outlines of both sides, all shards of the merge result, and those of the base that differ."""
        self._outlines(touched)
        self._shards(touched, progress)

    def _find(self) -> list[Pair]:
        base = self._files(self.sides.base)
        head = self._files(self.sides.head)
        found = [
            Pair(name=name, base=base.get(name), head=head.get(name)) for name in sorted(base.keys() | head.keys())
        ]
        for one in found:
            one.same_files = self._same(one)
        return found

    def _same(self, one: Pair) -> bool:
        """Whether both sides have the same files; files that can't be read are faults of the head, found later."""
        if one.base is None or one.head is None:
            return False
        try:
            return self.computing.key(one.base) == self.computing.key(one.head)
        except InputError:
            return False

    @staticmethod
    def _files(side: trees.Side | None) -> dict[str, Path]:
        if side is None:
            return {}
        names = regions.known_regions(side.folder)
        return {name: side.folder / regions.REGIONS / f"{name}.yaml" for name in names}

    def _outlines(self, touched: Sequence[Pair]) -> None:
        """Outlines of both sides; a base that can't be planned is compared with nothing, and that is said."""
        for one in touched:
            if one.head is not None:
                try:
                    opened = self.computing.opened(one.head)
                    one.after, one.document = opened.outline, opened.loaded.document
                except InputError as error:
                    one.problems += error.problems
        if self.other_code and self._by_own_code([one for one in touched if one.base is not None]):
            return
        for one in touched:
            if one.base is not None:
                try:
                    one.before = self.computing.outline(one.base)
                except InputError as error:
                    self._no_base(one, str(error.problems[0].message))

    def _no_base(self, one: Pair, why: str) -> None:
        one.notes.append(f"the base of {one.name} can't be planned ({why}): there is nothing to compare with")

    def _by_own_code(self, touched: Sequence[Pair]) -> bool:
        """Plan the base by its own copy of this package."""
        base = self.sides.base
        if base is None or base.code is None:
            return False
        names = [one.name for one in touched]
        cache = self.computing.store.folder.parent
        try:
            told = own_code.ask(base.code, base.folder, cache, self.computing.jobs, names)
        except own_code.OwnCodeError as error:
            self.notes.append(
                f"the change touches this package, and the base's own copy can't plan its regions ({error}): "
                "differences that come from code are not shown"
            )
            return False
        self.heads |= told.shards
        for one in touched:
            one.before = told.outlines.get(one.name)
            if one.before is None:
                self._no_base(one, told.faults.get(one.name, "no reason given"))
        return True

    def _shards(self, touched: Sequence[Pair], progress: Progress) -> None:
        for one in touched:
            after = one.after.shards if one.after else {}
            if one.head is not None:
                self._want(one.head, after)
            if one.before is not None and one.base is not None:
                known = {name: key for name, key in one.before.shards.items() if after.get(name) != key}
                self._want(one.base, {name: key for name, key in known.items() if key not in self.heads})
        found, problems = self.computing.shards(self._prepared(), progress)
        self.heads |= found
        for one in touched:
            for key in one.after.shards.values() if one.after else ():
                one.problems += problems.get(key, ())
        for one in touched:
            self._drop_unplanned(one)

    def _want(self, file: Path, keys: Mapping[str, str]) -> None:
        for name, key in keys.items():
            self._tasks.setdefault(key, Task(file, name, key))

    def _prepared(self) -> Iterator[Task]:
        """Tasks, with the region files of those that have to be computed read in this process."""
        for task in self._tasks.values():
            if self.computing.store.shard(task.key) is None:
                self.computing.opened(task.file)
            yield task

    def _drop_unplanned(self, one: Pair) -> None:
        if one.after is not None and any(key not in self.heads for key in one.after.shards.values()):
            one.after = None
        if one.before is not None:
            after = one.after.shards if one.after else {}
            needed = [key for name, key in one.before.shards.items() if after.get(name) != key]
            if any(key not in self.heads for key in needed):
                one.before = None
                self._no_base(one, "its inventory does not fit")
