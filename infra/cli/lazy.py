"""Puts off what takes long to import until a command needs it: help and completion stay quick."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, ParamSpec

if TYPE_CHECKING:
    from ..engine.direct.run import Options
    from .work import Work

P = ParamSpec("P")


def explained(command: Callable[P, None]) -> Callable[P, None]:
    """Faults of engines and sandbox as lines with the right exit code, never a traceback."""

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except Exception as error:
            from .work import told  # takes long, and is only needed now

            code = told(error)
            if code is None:
                raise
            sys.exit(code)

    return wrapped


def work_on(
    name: str, stack: str | None, options: Options | None, *, quiet: bool, about: str | None
) -> AbstractContextManager[Work]:
    """See `work.work_on`."""
    from . import work

    return work.work_on(name, stack, options, quiet=quiet, about=about)
