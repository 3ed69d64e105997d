"""What the user of `up` asks for, for one region or for all, and how its results are shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..engine.options import Options

Presenter = Callable[[Any, Callable[[], None]], None]
"""Shows a result: given its plain data, and what prints it in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpRequest:
    """What is asked for, beside the region."""

    engine: str
    """Engine as the user named it."""
    options: Options
    dry_run: bool
    yes: bool
    """Whether clusters may be changed without a question."""
    quiet: bool
    chosen: str | None = None
    """Engine in use, where it was chosen and named already."""
