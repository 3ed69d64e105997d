"""What a change can't write: folders outside the work tree that it is checked out in, and outside git altogether."""

from __future__ import annotations

from pathlib import Path

from ...spec.problems import InputError, Problem
from .git import Git, GitError


def work_tree(folder: Path) -> Path | None:
    """The nearest folder upwards that git keeps (it holds `.git`), None if there is none."""
    begin = folder.resolve()
    return next((parent for parent in (begin, *begin.parents) if (parent / ".git").exists()), None)


def is_outside(root: Path, folder: Path) -> bool:
    """Whether no change of a project can write a folder.

    Args:
        root: the project's folder.
        folder: need not be there yet.
    """
    if folder.resolve().is_relative_to(work_tree(root) or root.resolve()):
        return False
    other = work_tree(folder)
    return other is None or not _tracks(other, folder.resolve())


def check_cache(root: Path, folder: Path) -> None:
    """Refuse a cache that a change of the project could bring along.

    Whether git ignores it counts for nothing: what is ignored can be added by force, and a change says what that is.

    Raises:
        InputError: the folder lies in the project's work tree, or git tracks files in it.
    """
    if is_outside(root, folder):
        return
    message = "the cache lies where a change can write it: inside the work tree, or in a folder that git tracks"
    remedy = "give --cache a folder outside (in a pipeline that of the runner's temporary files), or --no-cache"
    raise InputError([Problem(file=str(folder), message=message, remedy=remedy)])


def _tracks(top: Path, folder: Path) -> bool:
    """Whether git tracks anything in a folder; it does if git can't say."""
    try:
        return bool(Git(top).out("ls-files", "-z", "--", str(folder)))
    except GitError:
        return True
