"""Folders and files: where the package stands, where a user's cache and state lie, and writing whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import UnavailableError

PACKAGE = Path(__file__).resolve().parent
"""Folder of this package, `infra`."""
SHARED, PRIVATE = 0o644, 0o600
"""Modes of a written file: readable by all, or by its owner only."""


def cache_home() -> Path:
    """`$XDG_CACHE_HOME/ai-factory`, by default `~/.cache/ai-factory` (XDG base directories 0.8)."""
    return _xdg("XDG_CACHE_HOME", ".cache") / "ai-factory"


def state_home() -> Path:
    """`$XDG_STATE_HOME/ai-factory`, by default `~/.local/state/ai-factory` (XDG base directories 0.8)."""
    return _xdg("XDG_STATE_HOME", ".local/state") / "ai-factory"


def _xdg(variable: str, fallback: str) -> Path:
    """The folder of a variable; a relative value is ignored, as the specification demands."""
    value = os.environ.get(variable, "")
    if value.startswith("/"):
        return Path(value)
    try:
        return Path.home() / fallback
    except RuntimeError:
        raise UnavailableError("this user has no home folder", f"set {variable} to a folder of your own") from None


@contextmanager
def staged(path: Path, content: bytes | str, mode: int = SHARED, *, durable: bool = True) -> Iterator[Path]:
    """A new file with the content beside its target, gone at the end of the block unless it was put in place.

    Args:
        path: the target, in a folder that exists.
        content: all of the file; text as UTF-8, with its line ends as they are.
        mode: its mode.
        durable: wait until the disk has it, so that a rename can't outrun the content.
    """
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content.encode() if isinstance(content, str) else content)
            if durable:
                stream.flush()
                os.fsync(stream.fileno())
        Path(name).chmod(mode)
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def write_whole(path: Path, content: bytes | str, mode: int = SHARED, *, durable: bool = True) -> Path:
    """Write a file in one step (see `staged`): readers see the old one or the new one, an interrupt loses nothing."""
    with staged(path, content, mode, durable=durable) as new:
        new.replace(path)
    return path


def write_private(path: Path, content: bytes | str) -> Path:
    """Write a file in one step that only its owner may read."""
    return write_whole(path, content, PRIVATE, durable=False)
