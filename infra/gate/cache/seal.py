"""What makes an entry of the cache this user's own: a key in a file of theirs, which no change can read or write.

A digest alone shows that an entry is whole, not who wrote it: whoever can put files into the folder, such as a branch
that is checked out or an archive that a pipeline restores, could state what a region was. The key lies in the user's
state, apart from every cache, so that a cache that comes from elsewhere is worth nothing.
"""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

from ...errors import UnavailableError
from ...files import state_home, write_private

_BYTES = 32
_PASSING = os.urandom(_BYTES)
"""Key of users who can keep none: their entries are good for this process and what it forks."""


def key_file() -> Path:
    """File of the key, `$XDG_STATE_HOME/ai-factory/gate-seal`.

    Raises:
        UnavailableError: the user has no home folder, and names none.
    """
    return state_home() / "gate-seal"


def user_key() -> bytes:
    """This user's key, 32 bytes; made the first time, and anew where others could have read or written it."""
    try:
        return _kept(key_file()) or _new(key_file())
    except (UnavailableError, OSError):
        return _PASSING


def seal(key: bytes, *parts: bytes) -> str:
    """Keyed digest of parts (BLAKE2b, RFC 7693), 40 hex digits; where one ends and the next begins counts."""
    hasher = hashlib.blake2b(digest_size=20, key=key)
    for part in parts:
        hasher.update(len(part).to_bytes(8, "big"))
        hasher.update(part)
    return hasher.hexdigest()


def _kept(path: Path) -> bytes | None:
    """The key of a plain file that is this user's alone; None if it is no such thing."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as stream:
        state = os.fstat(stream.fileno())
        own = stat.S_ISREG(state.st_mode) and state.st_uid == os.geteuid() and not state.st_mode & 0o077
        key = stream.read(_BYTES + 1) if own else b""
    return key if len(key) == _BYTES else None


def _new(path: Path) -> bytes:
    key = os.urandom(_BYTES)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_private(path, key)
    return key
