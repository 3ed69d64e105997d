"""How an engine tells what it is doing: plain events, shown as bars on a terminal and as lines elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Literal

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

What = Literal["begin", "applied", "waiting", "ready", "deleted", "retry", "note", "end", "failed"]

QUIET_RESULTS = frozenset({"", "unchanged"})
"""Results of an apply that are no news."""
_SECONDS_BETWEEN_WAITS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened."""

    what: What
    stack: str
    target: str
    """Cluster; empty where the event is about the whole stack."""
    id: str = ""
    """Object that it is about."""
    detail: str = ""
    """`applied`: `created`, `changed`, `unchanged`, `repaired` or `adopted`; else what there is to say."""
    done: int = 0
    """Objects done so far on this cluster."""
    total: int = 0
    """Objects in all; 0 when that is not known yet."""

    def as_dict(self) -> dict[str, object]:
        """Plain data without empty fields."""
        return {key: value for key, value in asdict(self).items() if value not in ("", 0)}


Listener = Callable[[Event], None]


def silent(event: Event) -> None:
    """Listen without showing anything."""


def to_all(*listeners: Listener) -> Listener:
    """A listener that passes events on to several."""

    def listen(event: Event) -> None:
        for listener in listeners:
            listener(event)

    return listen


def line(event: Event) -> str | None:
    """An event as a line; None where it is no news.

    >>> line(Event(what="applied", stack="lab", target="m", id="m/Namespace//a", detail="created"))
    'created    m/Namespace//a'
    >>> line(Event(what="applied", stack="lab", target="m", id="m/Namespace//a", detail="unchanged"))
    """
    where = f"{event.stack} on {event.target}" if event.target else event.stack
    match event.what:
        case "applied":
            return None if event.detail in QUIET_RESULTS else f"{event.detail:<10} {event.id}"
        case "deleted":
            return f"{'deleted':<10} {event.id}"
        case "waiting":
            return f"{'waiting':<10} {event.id}: {event.detail}"
        case "ready":
            return None
        case "failed":
            return f"{where}: failed: {event.detail}"
        case "retry":
            return f"{'retrying':<10} {where}: {event.detail}"
        case _:
            return f"{where}: {event.detail}"


@contextmanager
def display(console: Console | None = None) -> Iterator[Listener]:
    """Show events as they come: a bar for each stack and cluster on a terminal, and lines; elsewhere lines only.

    Yields the listener, which any thread may call.
    """
    console = console or Console(stderr=True)
    lines = _Lines(console)
    if not console.is_terminal:
        yield lines
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[detail]}", style="dim"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as bars:
        yield to_all(lines, _Bars(bars))


class _Lines:
    """Prints lines; waits and retries at most so often for each object or place."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lock = threading.Lock()
        self._shown_at: dict[tuple[str, str], float] = {}

    def __call__(self, event: Event) -> None:
        # Results and faults are what the command itself prints at its end.
        text = None if event.what in ("end", "failed") else line(event)
        if text is None or (event.what in ("waiting", "retry") and not self._due(event)):
            return
        with self._lock:
            self._console.print(text, highlight=False, markup=False, soft_wrap=True)

    def _due(self, event: Event) -> bool:
        key = (event.what, event.id or f"{event.stack} {event.target}")
        now = time.monotonic()
        with self._lock:
            if now - self._shown_at.get(key, -_SECONDS_BETWEEN_WAITS) < _SECONDS_BETWEEN_WAITS:
                return False
            self._shown_at[key] = now
            return True


class _Bars:
    """One bar for each stack and cluster."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._lock = threading.Lock()
        self._tasks: dict[tuple[str, str], TaskID] = {}

    def __call__(self, event: Event) -> None:
        if not event.target:
            return
        key = (event.stack, event.target)
        with self._lock:
            if key not in self._tasks:
                self._tasks[key] = self._bars.add_task(
                    escape(f"{event.stack} on {event.target}"), total=None, detail=""
                )
            detail = f"{event.what} {event.id.rpartition('/')[2]}" if event.id else event.what
            self._bars.update(
                self._tasks[key],
                completed=event.done or None,
                total=event.total or None,
                detail=escape(detail[-48:]),
            )
