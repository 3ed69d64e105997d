"""How the sandbox tells what it is doing: plain events, and a display of them on a terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One step of progress. Events of the same `step` replace one another on a display."""

    step: str
    """What is under way, for instance `build kube-apiserver`."""
    detail: str = ""
    """The last thing seen, for instance a package name."""
    done: int = 0
    """Units done so far."""
    total: int = 0
    """Units in all; 0 when unknown."""
    finished: bool = False
    """True for the last event of the step."""


Listener = Callable[[Event], None]


def silent(event: Event) -> None:
    """Listen to the sandbox's progress without showing anything."""


@contextmanager
def display(console: Console | None = None) -> Iterator[Listener]:
    """Show the sandbox's progress: bars on a terminal, elsewhere a line for each long step's start and every end.

    Yields the listener to pass as `progress=`.
    """
    console = console or Console(stderr=True)
    if not console.is_terminal:
        yield _Lines(console)
        return
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[detail]}", style="dim"),
        TimeElapsedColumn(),
        console=console,
    ) as bars:
        yield _Bars(bars)


class _Lines:
    """Lines for a log: a step that has a length or something to say is announced, every step's end is told."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._announced: set[str] = set()

    def __call__(self, event: Event) -> None:
        if event.finished:
            self._print(event.step, event.detail or "done")
        elif event.step not in self._announced and (event.total or event.detail):
            self._announced.add(event.step)
            self._print(event.step, "..." if event.total else event.detail)

    def _print(self, step: str, text: str) -> None:
        self._console.print(f"{step}: {text}", highlight=False, markup=False, soft_wrap=True)


class _Bars:
    """One bar a step."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, event: Event) -> None:
        if event.step not in self._tasks:
            self._tasks[event.step] = self._bars.add_task(event.step, total=None, detail="")
        total = event.total or None
        done = event.done
        if event.finished:
            total = done = total or 1
        self._bars.update(self._tasks[event.step], completed=done, total=total, detail=event.detail[-48:], refresh=True)
