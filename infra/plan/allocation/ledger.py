"""Writes the lock file: appends lines, whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ...files import write_whole
from ...spec.problems import InputError, Problem
from . import allocate, lock

if TYPE_CHECKING:
    from ..regions import Loaded


def update(loaded: Loaded, released: Sequence[str], *, write: bool) -> list[str]:
    """Append what a region lacks to its lock file, after releasing items.

    Args:
        loaded: the region.
        released: items such as `tenant/acme`; each must be held and no longer in the region file.
        write: whether to write the file.

    Returns:
        The new lines.

    Raises:
        InputError: an item that is not held, or still in use.
    """
    path = lock.lock_path(loaded.file)
    _check_released(loaded, released, path)
    start = allocate.release(loaded.lock, released) if released else loaded.lock
    done, _, shortages = allocate.complete(loaded.region, loaded.catalog, start)
    if shortages:
        raise InputError(loaded.document.problem(s.path, s.message, remedy=s.remedy) for s in shortages)
    new = done.entries[len(loaded.lock.entries) :]
    if new and write:
        append(path, loaded.lock, new)
    return [lock.line(entry).rstrip("\n") for entry in new]


def append(path: Path, start: lock.Lock, entries: Sequence[lock.Entry]) -> None:
    """Append entries to a lock file, which is made where there is none.

    Old text stays byte for byte; the file is replaced in one step, so that an interrupt loses nothing.

    Args:
        path: the lock file, in a folder that exists.
        start: the lock as it was read from there, which the entries go on from.
        entries: what was given out beside it.

    Raises:
        InputError: the file has changed since, so that numbers might be given out twice.
    """
    if lock.read(path, start.region) != start:
        message = "changed while numbers were given out: nothing is written"
        raise InputError([Problem(file=path.name, message=message, remedy="run it again")])
    old = lock.content(path).decode() if path.exists() else lock.header(start.region)
    if not old.endswith("\n"):
        old += "\n"
    old = old.replace("entries: []\n", "entries:\n")
    write_whole(path, old + "".join(lock.line(entry) for entry in entries))


def _check_released(loaded: Loaded, released: Sequence[str], path: Path) -> None:
    held = loaded.lock.held()
    problems = []
    for item in released:
        if item not in held:
            releasable = ", ".join(loaded.retired) or "none"
            problems.append(
                Problem(
                    file=path.name,
                    message=f"{item} holds no numbers",
                    remedy=f"items that may be released: {releasable}",
                )
            )
        elif item not in loaded.retired:
            message = f"{item} is in use: the region file names it"
            problems.append(Problem(file=path.name, message=message, remedy="remove it there first"))
    if problems:
        raise InputError(problems)
