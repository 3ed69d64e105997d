"""Puts off what takes long to import until a command needs it: help and completion stay quick."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..engine.options import Options
    from .work import Work


def work_on(
    name: str, stack: str | None, options: Options | None, *, quiet: bool, about: str | None
) -> AbstractContextManager[Work]:
    """See `work.work_on`."""
    from . import work

    return work.work_on(name, stack, options, quiet=quiet, about=about)
