"""Reads a file that others name: a plain one, of bounded size, inside a folder; no device, pipe or link elsewhere.

A region file comes with a pull request, and so do the names in it: what they lead to is read on the runner of whoever
judges it.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from .problems import InputError, Problem


def read(path: Path, name: str, *, most_bytes: int, within: Path | None = None) -> bytes:
    """All bytes of a file.

    Args:
        path: the file.
        name: what messages call it.
        most_bytes: a larger file is refused before more of it is read.
        within: folder that it must stand in with all links followed; any if None.

    Raises:
        FileNotFoundError: there is no such file.
        InputError: it stands elsewhere, is no plain file, is too large or can't be read.
    """
    if within is not None and not _inside(path, within):
        remedy = "name a file of the project, and no link that leads out of it"
        raise InputError([Problem(file=name, message="stands outside the project and is not read", remedy=remedy)])
    try:
        with open(path, "rb", opener=_without_waiting) as stream:
            _refuse_others(os.fstat(stream.fileno()), name)
            content = stream.read(most_bytes + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        remedy = "name a plain file that you may read"
        raise InputError([Problem(file=name, message=f"can't be read: {error.strerror}", remedy=remedy)]) from None
    if len(content) > most_bytes:
        message = f"the file has more than the {most_bytes // 2**20} MiB allowed"
        raise InputError([Problem(file=name, message=message, remedy="is it the right file?")])
    return content


def text(content: bytes, name: str) -> str:
    """A file's bytes as text; a byte order mark in front is left out.

    Raises:
        InputError: it is no UTF-8.
    """
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"not a text file (byte {error.start} is not UTF-8)"
        raise InputError([Problem(file=name, message=message, remedy="save it as UTF-8")]) from None


def _inside(path: Path, folder: Path) -> bool:
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def _without_waiting(path: str, flags: int) -> int:
    """A pipe that nobody writes to is opened at once, to be refused."""
    return os.open(path, flags | os.O_NONBLOCK)


def _refuse_others(status: os.stat_result, name: str) -> None:
    if not stat.S_ISREG(status.st_mode):
        message = "is no plain file, but a device, a pipe or a socket"
        raise InputError([Problem(file=name, message=message, remedy="name a plain file")])
