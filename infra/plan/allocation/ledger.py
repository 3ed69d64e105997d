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
    new = [lock.line(entry) for entry in done.entries[len(loaded.lock.entries) :]]
    if new and write:
        _append(path, done.region, new)
    return [line.rstrip("\n") for line in new]


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


def _append(path: Path, region: str, new: Sequence[str]) -> None:
    """Old text stays byte for byte; the file is replaced in one step, so that an interrupt loses nothing."""
    old = path.read_bytes().decode() if path.exists() else lock.header(region)
    if not old.endswith("\n"):
        old += "\n"
    old = old.replace("entries: []\n", "entries:\n")
    write_whole(path, old + "".join(new))
