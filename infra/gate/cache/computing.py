"""Brings outlines and shards of region files about: from the store where they are there, else by planning, in parallel.

The store is the only way by which processes hand over results, so no more than one shard's objects are ever held.
"""

from __future__ import annotations

import contextlib
import gc
import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ... import spec
from ...plan import regions
from ...plan.allocation.lock import lock_path
from ...plan.model import RegionPlan
from ...plan.regions import Loaded
from ...spec import inventory as inventories
from ...spec import plain_file, source
from ...spec.load import load
from ...spec.problems import InputError, Problem
from ...spec.source import Document
from ..records import Outline, ShardHead
from . import outline as outlines
from . import shards
from .fingerprint import digest, fingerprint
from .store import Store

if TYPE_CHECKING:
    from concurrent.futures import Future

Progress = Callable[[int, int, str], None]
"""Takes how many shards are done, of how many, and which came last."""


def silent(_done: int, _total: int, _name: str) -> None:
    """Takes the progress of computing shards and shows nothing."""


@contextmanager
def uncollected() -> Iterator[None]:
    """Plans are trees of many small values that live long and hold no cycles: looking for some finds nothing.

    It would take time that grows with the square of their number. What was there before is set aside, so that processes
    that are forked share its memory for good.
    """
    usual = gc.isenabled()
    gc.disable()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        if usual:
            gc.enable()


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A region file, read and planned as far as an outline goes."""

    loaded: Loaded
    plan: RegionPlan
    """Without hosts."""
    parts: dict[str, shards.Part]
    outline: Outline


@dataclass(frozen=True, slots=True)
class Task:
    """One shard to compute."""

    file: Path
    name: str
    key: str


class Computing:
    """What can be known of region files."""

    def __init__(self, store: Store, jobs: int | None = None) -> None:
        self.store = store
        self.jobs = jobs or _cores()
        self._opened: dict[Path, Opened] = {}
        self._latest: shards.Computed | None = None
        """The shard that this process planned last: often the only one that a change is looked for in."""

    def key(self, file: Path) -> str:
        """Digest of a region's files and of the code that reads them.

        Raises:
            InputError: the region file or its lock can't be read.
        """
        data = _bytes(file)
        lock = lock_path(file)
        parts: list[bytes | str] = [fingerprint(), file.name, data, _bytes(lock) if lock.exists() else b""]
        inventory = self._inventory_name(file, data)
        if inventory is not None:
            parts += [inventory, _hosts(file, inventory)]
        return digest(*parts)

    def opened(self, file: Path) -> Opened:
        """A region file, read and planned without hosts.

        Raises:
            InputError: every fault of the region file and its lock.
        """
        if file not in self._opened:
            loaded = regions.open_region(file, hosts=False)
            self._check_inventory(loaded)
            plan = outlines.light_plan(loaded)
            parts = shards.parts(loaded)
            outline = outlines.outline(loaded, plan, parts, file.name)
            self._opened[file] = Opened(
                loaded=loaded, plan=plan, parts={part.name: part for part in parts}, outline=outline
            )
        return self._opened[file]

    def read(self, file: Path) -> tuple[spec.Region, Document]:
        """A region file alone (InputError if it can't be read)."""
        if file in self._opened:
            loaded = self._opened[file].loaded
            return loaded.region, loaded.document
        return load(file, regions.enclosing(file))

    def outline(self, file: Path) -> Outline:
        """A region's outline, from the store where it is there.

        Raises:
            InputError: every fault of the region file and its lock.
        """
        key = self.key(file)
        outline = self.store.outline(key)
        if outline is None:
            outline = self.opened(file).outline
            self.store.put_outline(key, outline)
        return outline

    def shards(
        self, wanted: Iterable[Task], progress: Progress = silent
    ) -> tuple[dict[str, ShardHead], dict[str, list[Problem]]]:
        """Shards by key, computed where the store lacks them; and by key the faults of those that can't be planned."""
        heads: dict[str, ShardHead] = {}
        todo: dict[str, Task] = {}
        for task in wanted:
            head = self.store.shard(task.key)
            if head is not None:
                heads[task.key] = head
            else:
                todo[task.key] = task
        problems: dict[str, list[Problem]] = {}
        for done, (task, result) in enumerate(self._computed(list(todo.values())), 1):
            if isinstance(result, ShardHead):
                heads[task.key] = result
            else:
                problems[task.key] = result
            progress(done, len(todo), task.name)
        return heads, problems

    def objects(self, task: Task, head: ShardHead) -> list[bytes]:
        """Objects of a shard, packed; made anew if the store's are damaged."""
        if self._latest is not None and self._latest.head == head:
            return self._latest.objects.split(b"\n") if self._latest.objects else []
        objects = self.store.objects(head)
        if objects is None:
            recomputed = self.compute(task)
            if isinstance(recomputed, ShardHead):
                objects = self.store.objects(recomputed)
        if objects is None:
            raise InputError([Problem(file=str(task.file), message=f"{task.name} can't be planned twice alike")])
        return objects

    def _check_inventory(self, loaded: Loaded) -> None:
        """Shards read the hosts of their own racks: the file as a whole is checked once for each content of it."""
        if loaded.sheet is None or loaded.region.inventory is None:
            return
        checked = digest(fingerprint(), "inventory", _hosts(loaded.file, loaded.region.inventory))
        if not self.store.marked(checked):
            loaded.sheet.inventory()
            self.store.mark(checked)
        planned_racks = {rack for part in shards.parts(loaded) for rack in part.racks}
        if not set(loaded.sheet.lines) <= planned_racks:
            regions.open_region(loaded.file).plan()

    def compute(self, task: Task) -> ShardHead | list[Problem]:
        """Plan a shard and keep it; its faults if it can't be planned."""
        opened = self.opened(task.file)
        part = opened.parts[task.name]
        if shards.key(part, opened.loaded) != task.key:
            name = source.display_name(task.file)
            return [Problem(file=name, message="changed while it was judged", remedy="run the gate again")]
        try:
            computed = shards.compute(part, opened.loaded, task.key)
        except InputError as error:
            return list(error.problems)
        self.store.put_shard(computed.head, computed.objects)
        self._latest = computed
        return computed.head

    def _computed(self, tasks: list[Task]) -> Iterator[tuple[Task, ShardHead | list[Problem]]]:
        for file in dict.fromkeys(task.file for task in tasks):
            self.opened(file)  # once, in this process: what is forked has it
        jobs = min(self.jobs, len(tasks))
        if jobs < 2 or not _can_fork() or sum(self._size(task) for task in tasks) < _WORTH_A_FORK:
            for task in tasks:
                yield task, self.compute(task)
            return
        yield from self._forked(tasks, jobs)

    def _forked(self, tasks: list[Task], jobs: int) -> Iterator[tuple[Task, ShardHead | list[Problem]]]:
        # Imported for those who fork only: a change of one line plans one shard, in this process.
        import multiprocessing
        from concurrent.futures import ProcessPoolExecutor, as_completed

        global _FORKED
        _FORKED = self
        tasks.sort(key=lambda task: (-self._size(task), task.name))  # the longest work must not begin last
        with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("fork")) as pool:
            futures: dict[Future[ShardHead | list[Problem]], Task] = {
                pool.submit(_in_fork, task): task for task in tasks
            }
            for future in as_completed(futures):
                yield futures[future], future.result()

    def _size(self, task: Task) -> int:
        part = self._opened[task.file].parts[task.name]
        return len(part.racks) + len(part.region.tenants)

    def _inventory_name(self, file: Path, data: bytes) -> str | None:
        """Name of the inventory file; None where the region file names none, or can't be read at all."""
        plain = _PLAIN_INVENTORY.findall(data)
        odd = any(mark in data for mark in (b"\\", b"?", b"{inventory", b"*", b"|", b">"))
        if not odd and b"inventory" not in data:
            return None
        if not odd and len(plain) == 1 and data.count(b"inventory") == 1:
            return _file_name(plain[0].decode())
        try:
            value = source.read(file, regions.enclosing(file)).data.get("inventory")
        except InputError:
            return None
        return _file_name(value) if isinstance(value, str) else None


_FORKED: Computing | None = None
"""What processes that are forked work on: they have the regions that were read before."""
_WORTH_A_FORK = 100
"""Racks and tenants: fewer are planned before another process is up."""


def _in_fork(task: Task) -> ShardHead | list[Problem]:
    if _FORKED is None:
        raise RuntimeError("this process was not forked to plan shards")
    return _FORKED.compute(task)


def _can_fork() -> bool:
    return hasattr(os, "fork")


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _bytes(path: Path) -> bytes:
    """A region file or its lock, within the bounds in which they are read: no more is taken in for a digest of them."""
    name = source.display_name(path)
    try:
        return plain_file.read(path, name, most_bytes=source.MAX_BYTES, within=regions.enclosing(path))
    except FileNotFoundError:
        raise InputError([Problem(file=name, message="can't be read: no such file")]) from None


def _hosts(file: Path, inventory: str) -> bytes:
    """An inventory of a region file, within the bounds in which it is read; nothing where there is no such file."""
    with contextlib.suppress(FileNotFoundError):
        return inventories.content(file.parent / inventory, regions.enclosing(file) or file.parent)
    return b""


_PLAIN_INVENTORY = re.compile(
    rb"^inventory:[ \t]+([A-Za-z0-9_][A-Za-z0-9_./-]*)[ \t]*(?:#[^\n]*)?\r?\n(?=[A-Za-z#\r\n])", re.M
)
"""A plain value on a line of its own in a file of block style; anything else is left to the YAML reader."""


def _file_name(name: str | None) -> str | None:
    return None if name == "sample" else name
