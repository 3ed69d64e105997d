"""The log of each run, a file of JSON lines: `$XDG_STATE_HOME/ai-factory/runs/<region>/<timestamp>.jsonl`."""

from __future__ import annotations

import datetime as dt
import json
import os
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from ..files import state_home
from .progress import Event, line

_KEPT_RUNS = 100
"""Older logs of a region are removed."""


def folder(region: str) -> Path:
    """Where the logs of a region are."""
    return state_home() / "runs" / region


def runs(region: str) -> list[Path]:
    """Logs of a region, oldest first."""
    return sorted(folder(region).glob("*.jsonl"))


class RunLog:
    """Writes the events of one run as they come; a listener, inside a `with` block.

    Args:
        region: name of the region.
        about: what is run, and how: the first line.
    """

    def __init__(self, region: str, about: Mapping[str, Any]) -> None:
        where = folder(region)
        where.mkdir(parents=True, exist_ok=True, mode=0o700)
        for old in runs(region)[: -_KEPT_RUNS + 1]:
            old.unlink(missing_ok=True)
        self.path = where / f"{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%S.%f}Z.jsonl"
        self._file = self.path.open("x", encoding="utf-8")
        self._lock = threading.Lock()
        self.write({"what": "run", "region": region, "process": os.getpid(), **about})

    def __enter__(self) -> RunLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self.write({"what": "failed", "detail": str(error) or type(error).__name__})
        self._file.close()

    def __call__(self, event: Event) -> None:
        """Write an event."""
        self.write(event.as_dict())

    def write(self, entry: Mapping[str, Any]) -> None:
        """Write one line, at once: what a killed run did can be read."""
        now = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
        with self._lock:
            self._file.write(json.dumps({"time": now, **entry}, ensure_ascii=False) + "\n")
            self._file.flush()


def read(path: Path) -> Iterator[dict[str, Any]]:
    """Entries of a log; a line that a killed run left half-written is left out."""
    for text in path.read_text(encoding="utf-8").splitlines():
        try:
            yield json.loads(text)
        except json.JSONDecodeError:
            continue


def readable(entry: Mapping[str, Any]) -> str | None:
    """An entry as a line for people; None where it is no news.

    >>> readable({"time": "2026-01-01T10:00:00.000+00:00", "what": "end", "stack": "lab", "detail": "done"})
    '10:00:00 lab: done'
    """
    clock = str(entry.get("time", ""))[11:19]
    if entry.get("what") == "run":
        words = " ".join(f"{key}={value}" for key, value in entry.items() if key not in ("time", "what"))
        return f"{entry['time'][:10]} {clock} run {words}"
    if "stack" not in entry:
        return f"{clock} {entry.get('what')}: {entry.get('detail', '')}"
    fields = {key: value for key, value in entry.items() if key != "time"}
    text = line(Event(**{"target": "", **fields}))
    return None if text is None else f"{clock} {text}"
