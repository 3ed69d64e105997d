"""Which code plans each side: what a project holds or asks for of this package, before and after a change."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ...files import PACKAGE
from .git import Git

CODE = ("infra", "templates", "src")
"""Folders of this package whose content plans and objects depend on."""
GATE = "infra/gate"
"""What tells a project that holds this package from one that has it installed."""
PINS = ("requirements.txt", "pyproject.toml", "uv.lock", "poetry.lock", "Pipfile.lock")
"""Files in which a project apart says by which version of this package it is planned."""
_PIN = re.compile(rb"^[^#\n]*\bai[-_.]factory\b.*(?:\n\s*[\"']?version\b.*)?", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Versions:
    """What three trees hold of this package: ids by name (`CODE`, `PINS`)."""

    base: Mapping[str, str]
    head: Mapping[str, str]
    """The merge result."""
    runs: Mapping[str, str]
    """The work tree, whose code runs."""


def absent(git: Git, base: str, head: str, runs: str, changed: Iterable[str]) -> str | None:
    """Why the base's own code can't be had, empty if it is a copy in the project; None if it is the code that runs.

    Args:
        git: in the project's folder.
        base: the base.
        head: the merge result.
        runs: the work tree, whose code runs.
        changed: files of the project that differ between base and merge result.
    """
    # Git is not asked twice: most changes leave the package as it is, and the merge result is the work tree itself
    # where the base stands still.
    of_head = _ids(git, head)
    of_base = _ids(git, base) if any(path.split("/")[0] in (*CODE, *PINS) for path in changed) else of_head
    versions = Versions(base=of_base, head=of_head, runs=of_head if runs == head else _ids(git, runs))
    if CODE[0] in versions.base and git.names(base, GATE):
        return _of_a_copy(git, versions)
    raised = _repinned(git, versions.base, versions.head)
    if raised:
        return f"{', '.join(raised)} asks for another version of this package"
    return _behind(_repinned(git, versions.head, versions.runs)) or None


def _of_a_copy(git: Git, versions: Versions) -> str | None:
    """The same where the project holds this package."""
    inside = PACKAGE.is_relative_to(git.root.resolve())
    behind = [name for name in CODE if versions.head.get(name) != versions.runs.get(name)]
    if inside and behind:
        return _behind(behind)
    same = all(versions.base.get(name) == versions.head.get(name) for name in CODE)
    if same and (not inside or (git.root / CODE[0]).resolve() == PACKAGE):
        return None
    return "" if inside else "the copy that runs is not the one of this project"


def _behind(names: Sequence[str]) -> str:
    """What is wrong where the code that runs is not that of the merge result; empty if it is."""
    return f"the base went on in {', '.join(names)}: merge it into your branch first" if names else ""


def _ids(git: Git, tree: str) -> dict[str, str]:
    """Ids of the code, and of the files that name its version, by name; of those that a tree has."""
    lines = (line.partition("\t") for line in git.names(tree, *CODE, *PINS))
    return {name: about.split()[2] for about, _, name in lines}


def _repinned(git: Git, before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Files that ask for this package in another way."""
    differing = (name for name in PINS if before.get(name) != after.get(name))
    return [name for name in differing if _pin(git, before.get(name)) != _pin(git, after.get(name))]


def _pin(git: Git, blob: str | None) -> list[bytes]:
    """What a file says of this package: lines that name it, each with the next where that is its version."""
    return _PIN.findall(git.out("cat-file", "blob", blob)) if blob else []
