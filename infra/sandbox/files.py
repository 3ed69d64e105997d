"""Private files and folders of the sandbox, and a lock between processes."""

import fcntl
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ai_factory.infra.sandbox.errors import SandboxError

_LOCK_POLL_SECONDS = 0.2


def private_dir(path: Path) -> Path:
    """Create a folder of the sandbox and its parents if need be, and leave it with mode 0700."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.chmod(0o700)
    return path


def require_space(folder: Path, needed_gb: float, purpose: str) -> None:
    """Raise `SandboxError` unless the disk of `folder`, which need not exist yet, has so much space free."""
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    free_gb = shutil.disk_usage(existing).free / 1e9
    if free_gb < needed_gb:
        raise SandboxError(
            f"{folder}: {purpose} needs {needed_gb:.1f} GB of disk, {free_gb:.1f} GB are free",
            "Free some space, or choose another directory.",
        )


def remove_tree(path: Path) -> None:
    """Remove a folder of the sandbox, and what an interrupted removal of it left.

    It is renamed first, so that a half-removed one is never taken for a whole.
    """
    if path.exists():
        path.rename(path.with_name(f".{path.name}.{secrets.token_hex(4)}.removed"))
    for doomed in path.parent.glob(f".{path.name}.*.removed"):
        shutil.rmtree(doomed)


@contextmanager
def locked(path: Path, waiting: Callable[[], None] = lambda: None, timeout_seconds: float = 1800) -> Iterator[None]:
    """Hold the lock file `path` inside the block; other processes wait. Its folder is made private if need be.

    `waiting` is called once when another process holds it. Raises `SandboxError` after `timeout_seconds`
    (half an hour is three times the slowest build seen). The system drops the lock if the process dies.
    """
    descriptor = _try_lock(path)
    if descriptor is None:
        waiting()
        descriptor = _wait_for_lock(path, time.monotonic() + timeout_seconds)
    try:
        yield
    finally:
        os.close(descriptor)


def _try_lock(path: Path) -> int | None:
    """The open and locked file, or None when another process has it or has just removed its folder."""
    private_dir(path.parent)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(descriptor), path.stat()):
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(descriptor)
    return None


def _wait_for_lock(path: Path, deadline: float) -> int:
    while (descriptor := _try_lock(path)) is None:
        if time.monotonic() > deadline:
            raise SandboxError(f"{path}: another process holds the lock", "Wait for it or stop it.")
        time.sleep(_LOCK_POLL_SECONDS)
    return descriptor
