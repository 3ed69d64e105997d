"""Puts new files in place: all of them or none, and never over a file that is there."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path

from ..files import staged
from ..spec.problems import InputError, Problem
from ..spec.source import display_name


def place(files: Mapping[Path, str]) -> None:
    """Write a new region's files: all of them or none, and over no file that is there.

    Texts go to temporary files beside their targets first. A hard link puts each in place, since it fails where a file
    is there, which a rename doesn't. What was placed is taken back if a later one fails.

    Raises:
        InputError: a target exists.
        OSError: the folder can't be written to.
    """
    with contextlib.ExitStack() as stack:
        pairs = [(stack.enter_context(staged(path, text)), path) for path, text in files.items()]
        placed: list[Path] = []
        try:
            for temporary, path in pairs:
                _link(temporary, path)
                placed.append(path)
        except BaseException:
            for path in placed:
                path.unlink(missing_ok=True)
            raise


def _link(temporary: Path, path: Path) -> None:
    try:
        path.hardlink_to(temporary)
    except FileExistsError:
        message = "the file exists, and nothing is overwritten"
        raise InputError([Problem(file=display_name(path), message=message, remedy="choose another name")]) from None
