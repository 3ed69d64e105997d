"""Files beside the region files: which of them a change touches, and what stands in those that are read.

Stack settings, fleet, addresses and `Pulumi.yaml` are read: what can't be is refused. Everything else that steers the
job (pipelines, owners, requirements, programs) is named only. The package's own code is left out where the base has
another copy of it: both sides are then planned by their own, and the difference shows as what it does.
"""

from __future__ import annotations

from typing import Any

from ...spec.problems import InputError, Problem
from ..beside import FileChange
from ..sides import trees, versions
from . import plain_yaml

_REGIONS = "stacks/regions/"
_FOR_READERS = ("docs/", "examples/", "tests/")
_READERS_SUFFIXES = (".md", ".txt.license")
_TRUSTED = (".sh", ".bash", ".pem", ".crt", ".cer", ".key")
"""Endings of what a region file may name as a command or as an authority (`access.exec`), wherever it stands."""
_PLANNED = (".yaml", ".csv")
"""Endings of region files, locks and inventories: planned, so that what they change is shown."""


def changes(sides: trees.Trees) -> tuple[FileChange, ...]:
    """Files beside the region files that differ between both sides, by path.

    Raises:
        InputError: a file of the merge result that is read is no mapping in plain YAML (`plain_yaml`), or too large.
    """
    problems: list[Problem] = []
    file_changes = []
    for path in sides.changed:
        if _steers(path, sides):
            inner = path.removeprefix(sides.prefix) if path.startswith(sides.prefix) else None
            old, new = None, None
            if inner is not None and _is_read(inner):
                old = _data(sides.base, inner, path, [])
                new = _data(sides.head, inner, path, problems)
            file_changes.append(FileChange(path=path, old=old, new=new))
    if problems:
        raise InputError(problems)
    return tuple(file_changes)


def _steers(path: str, sides: trees.Trees) -> bool:
    inner = path.removeprefix(sides.prefix)
    if inner.rpartition("/")[2] == "CODEOWNERS" or inner.endswith(_TRUSTED):
        return True
    if inner.startswith(_FOR_READERS) or inner.endswith(_READERS_SUFFIXES) or _is_planned(inner):
        return False
    own_code = sides.base is not None and sides.base.code is not None
    return not (own_code and inner.startswith(tuple(f"{folder}/" for folder in versions.CODE)))


def _is_planned(inner: str) -> bool:
    name = inner.removeprefix(_REGIONS)
    return name != inner and "/" not in name and name.endswith(_PLANNED)


def _is_read(inner: str) -> bool:
    return trees.is_settings(inner) or (inner.startswith("stacks/") and inner.endswith((".yaml", ".yml")))


def _data(side: trees.Side | None, inner: str, shown: str, problems: list[Problem]) -> dict[str, Any] | None:
    """Data of a file on a side; None where it is not there or can't be read, which is added to the problems."""
    file = side.folder / inner if side is not None else None
    if side is None or file is None or not file.is_file():
        return None
    try:
        return plain_yaml.read(file, shown, side.folder)
    except InputError as error:
        problems += error.problems
        return None
