"""A region on both sides of a change, and what has to be planned to compare them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    """One region on both sides, as far as it is planned yet."""

    name: str
    base: Path | None
    head: Path | None
    before: Outline | None = None
    after: Outline | None = None
    document: Document | None = None
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    same_files: bool = False
    unjudged: str = ""
    """Why it is not compared as its base's own code plans it; empty if it is."""

    @property
    def state(self) -> str:
        """`new`, `changed` or `removed`."""
        if self.head is None:
            return "removed"
        return "changed" if self.base is not None else "new"


class Pairs:
    """All regions of both sides. `regions` lists them; `plan` brings outlines and shards of some of them about."""

    def __init__(self, sides: trees.Trees, computing: Computing) -> None:
        self.sides = sides
        self.computing = computing
        self.notes: list[str] = []
        self.heads: dict[str, ShardHead] = {}
        """Shards by key."""
        self._tasks: dict[str, Task] = {}
        self.regions = self._find()

    @property
    def other_code(self) -> bool:
        """Whether the base is planned by other code than the one that runs."""
        base = self.sides.base
        return base is not None and (base.code is not None or bool(base.absent))

    def plan(self, touched: Sequence[Pair], progress: Progress) -> None:
        """Outlines of both sides, all shards of the merge result, and those of the base that differ."""
        self._outlines(touched)
        self._shards(touched, progress)

    def _find(self) -> list[Pair]:
        base = self._files(self.sides.base)
        head = self._files(self.sides.head)
        pairs = [
            Pair(name=name, base=base.get(name), head=head.get(name)) for name in sorted(base.keys() | head.keys())
        ]
        for pair in pairs:
            pair.same_files = self._same(pair)
        return pairs

    def _same(self, pair: Pair) -> bool:
        """Whether both sides have the same files; files that can't be read are faults of the head, found later."""
        if pair.base is None or pair.head is None:
            return False
        try:
            return self.computing.key(pair.base) == self.computing.key(pair.head)
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
        for pair in touched:
            if pair.head is not None:
                try:
                    opened = self.computing.opened(pair.head)
                    pair.after, pair.document = opened.outline, opened.loaded.document
                except InputError as error:
                    pair.problems += error.problems
        self._bases([pair for pair in touched if pair.base is not None])

    def _bases(self, pairs: Sequence[Pair]) -> None:
        """Outlines of the base, by its own code; by the code that runs where that can't be, which is a finding."""
        try:
            if self._by_own_code(pairs):
                return
        except own_code.OwnCodeError as error:
            for pair in pairs:
                pair.unjudged = str(error)
        for pair in pairs:
            try:
                pair.before = self.computing.outline(pair.base) if pair.base is not None else None
            except InputError as error:
                self._no_base(pair, str(error.problems[0].message))

    def _no_base(self, pair: Pair, why: str) -> None:
        pair.notes.append(f"the base of {pair.name} can't be planned ({why}): there is nothing to compare with")

    def _by_own_code(self, pairs: Sequence[Pair]) -> bool:
        """Plan the base by its own copy of this package; whether there is another than the one that runs.

        Raises:
            own_code.OwnCodeError: there is, and it can't be asked.
        """
        base = self.sides.base
        if base is None or not self.other_code:
            return False
        if base.code is None:
            raise own_code.OwnCodeError(base.absent)
        question = own_code.Question(
            code=base.code, folder=base.folder, tree=base.tree, names=tuple(pair.name for pair in pairs)
        )
        answer = own_code.ask(question, self.computing.store, self.computing.jobs)
        self.heads |= answer.shards
        for pair in pairs:
            pair.before = answer.outlines.get(pair.name)
            if pair.before is None:
                self._no_base(pair, answer.faults.get(pair.name, "no reason given"))
        return True

    def _shards(self, touched: Sequence[Pair], progress: Progress) -> None:
        for pair in touched:
            after = pair.after.shards if pair.after else {}
            if pair.head is not None:
                self._want(pair.head, after)
            if pair.before is not None and pair.base is not None:
                differing = {name: key for name, key in pair.before.shards.items() if after.get(name) != key}
                self._want(pair.base, {name: key for name, key in differing.items() if key not in self.heads})
        heads, problems = self.computing.shards(self._tasks.values(), progress)
        self.heads |= heads
        for pair in touched:
            for key in pair.after.shards.values() if pair.after else ():
                pair.problems += problems.get(key, ())
        for pair in touched:
            self._drop_unplanned(pair)

    def _want(self, file: Path, keys: Mapping[str, str]) -> None:
        for name, key in keys.items():
            self._tasks.setdefault(key, Task(file, name, key))

    def _drop_unplanned(self, pair: Pair) -> None:
        if pair.after is not None and any(key not in self.heads for key in pair.after.shards.values()):
            pair.after = None
        if pair.before is not None:
            after = pair.after.shards if pair.after else {}
            needed = [key for name, key in pair.before.shards.items() if after.get(name) != key]
            if any(key not in self.heads for key in needed):
                pair.before = None
                self._no_base(pair, "its inventory does not fit")
