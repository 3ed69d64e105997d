"""The one error of the sandbox, and how operating-system errors become it."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import UnavailableError


class SandboxError(UnavailableError):
    """What stopped the sandbox, and how to mend it.

    `message` says what is wrong and what was found, `remedy` what the user can do about it; neither is a
    traceback.
    """


_MEANINGS = {
    errno.ENOSPC: ("the disk is full", "Free some space and run the command again."),
    errno.EDQUOT: ("the disk quota is used up", "Free some space and run the command again."),
    errno.EACCES: ("permission denied", "Choose a directory that you own."),
    errno.EPERM: ("permission denied", "Choose a directory that you own."),
    errno.EROFS: ("the file system is read-only", "Choose a directory that you can write to."),
    errno.ENAMETOOLONG: ("the path is too long", "Choose a shorter directory or cluster name."),
}


@contextmanager
def explain_os_errors(doing: str) -> Iterator[None]:
    """Turn the operating system's errors inside the block into `SandboxError`.

    `doing` names the action as it would end the sentence "while ..."; `SandboxError` passes through.
    """
    try:
        yield
    except OSError as error:
        what, remedy = _MEANINGS.get(error.errno or 0, (error.strerror or str(error), "See the path named."))
        where = f"{error.filename}: " if error.filename else ""
        raise SandboxError(f"{where}{what} while {doing}", remedy) from error
