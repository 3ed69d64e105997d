"""Puts new files in place: all of them or none, and never over a file that is there."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from ..spec.problems import InputError, Problem
from ..spec.source import display_name


def place(files: Mapping[Path, str]) -> None:
    """Write new files.

    Texts go to temporary files beside their targets first. A hard link puts each in place, since it fails where a file
    is there, which a rename doesn't. What was placed is taken back if a later one fails.

    Raises:
        InputError: a target exists.
        OSError: the folder can't be written to.
    """
    with contextlib.ExitStack() as stack:
        staged = [(stack.enter_context(_temporary(path, text)), path) for path, text in files.items()]
        placed: list[Path] = []
        try:
            for temporary, path in staged:
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


@contextlib.contextmanager
def _temporary(path: Path, text: str) -> Iterator[Path]:
    """A file with the text beside its target, gone afterwards."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).chmod(0o644)
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)
