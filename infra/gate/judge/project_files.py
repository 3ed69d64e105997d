"""Files beside the region files: which of them a change touches, and what stands in those that are read.

Stack settings, fleet, addresses and `Pulumi.yaml` are read: what can't be is refused. Everything else that steers the
job (pipelines, owners, requirements, programs) is named only. The package's own code is left out where the base has
another copy of it: both sides are then planned by their own, and the difference shows as what it does.
"""

from __future__ import annotations

from typing import Any

import yaml

from ...spec import composing, plain_file
from ...spec.problems import InputError, Problem
from ..beside import FileChange
from ..sides import trees, versions

MAX_BYTES = 1024 * 1024
"""A stack's settings with a hundred encrypted values take a tenth of it."""
_REGIONS = "stacks/regions/"
_FOR_READERS = ("docs/", "examples/", "tests/")
_READERS_SUFFIXES = (".md", ".txt.license")
_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
"""Makes text of every value: no tag of a file makes anything else of it."""


def changes(sides: trees.Trees) -> tuple[FileChange, ...]:
    """Files beside the region files that differ between both sides, by path.

    Raises:
        InputError: a file of the merge result that is read is no YAML, no mapping, or too large.
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
    if inner.rpartition("/")[2] == "CODEOWNERS":
        return True
    if inner.startswith((_REGIONS, *_FOR_READERS)) or inner.endswith(_READERS_SUFFIXES):
        return False
    own_code = sides.base is not None and sides.base.code is not None
    return not (own_code and inner.startswith(tuple(f"{folder}/" for folder in versions.CODE)))


def _is_read(inner: str) -> bool:
    return inner == "Pulumi.yaml" or (inner.startswith("stacks/") and inner.endswith((".yaml", ".yml")))


def _data(side: trees.Side | None, inner: str, shown: str, problems: list[Problem]) -> dict[str, Any] | None:
    """Data of a file on a side; None where it is not there or can't be read, which is added to the problems."""
    file = side.folder / inner if side is not None else None
    if side is None or file is None or not file.exists() or file.is_dir():
        return None
    try:
        content = plain_file.read(file, shown, most_bytes=MAX_BYTES, within=side.folder)
        return _mapping(plain_file.text(content, shown), shown)
    except InputError as error:
        problems += error.problems
        return None


def _mapping(text: str, shown: str) -> dict[str, Any]:
    """Data of a file's text; InputError if it can't be read."""
    try:
        composing.refuse_excess(text, shown)
        data = yaml.load(text, _LOADER)  # noqa: S506 makes texts, lists and mappings only
    except yaml.MarkedYAMLError as error:
        line = f" in line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise _fault(shown, f"not valid YAML{line}: {error.problem}") from None
    except (yaml.YAMLError, RecursionError, UnicodeError):
        raise _fault(shown, "not valid YAML") from None
    if data not in ("", None) and not isinstance(data, dict):
        raise _fault(shown, "a mapping is expected")
    return data or {}


def _fault(shown: str, message: str) -> InputError:
    return InputError([Problem(file=shown, message=message, remedy="mend it, or take it back")])
