"""Which project a change is judged as: what the base says is one stays one, whatever the change takes away."""

from __future__ import annotations

from pathlib import Path

from ...plan import regions
from .git import Git
from .outside import work_tree

_MARKS = (regions.PROJECT, regions.REGIONS.as_posix())


def of_change(start: Path, base: str | None) -> Path:
    """Folder of the project that a change is of: the nearest upwards that is one on the base, or in the work tree.

    A change that takes a project's marks away is so judged as the loss that it is, and not as a change of whatever
    project lies around it.

    Args:
        start: a folder in it.
        base: what to compare with, as git names it; see `Git.commit`.

    Raises:
        GitError: there is no such base.
        UnavailableError: no folder up to that of the repository is a project (see `regions.project_root`).
        InputError: the project has no folder of regions, here and on the base.
    """
    begin, top = start.resolve(), work_tree(start)
    if top is None:
        return regions.project_root(begin)
    _, commit = Git(top).commit(base)
    for folder in (begin, *begin.parents):
        if len(Git(folder).names(commit, *_MARKS)) == len(_MARKS):
            return folder
        if folder == top or any((folder / mark).exists() for mark in _MARKS):
            break
    return regions.project_root(folder)


def is_lost(git: Git, base: str, head: str) -> bool:
    """Whether the base has the file that makes a folder a project, and the change takes it away."""
    return not git.names(head, regions.PROJECT) and bool(git.names(base, regions.PROJECT))
