"""Time that passes only where somebody waits: tests of minutes take milliseconds.

Whoever sleeps or waits with a timeout moves the clock on. Daemon threads, such as one that renews a Lease, don't:
they wake when the clock passes their time, and the clock stands still while they are at work.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

import pytest

_REAL_WAIT = threading.Event.wait
_REAL_MONOTONIC = time.monotonic
_MOST_REAL_SECONDS = 60.0
"""How long a thread that was woken may be at work."""


@dataclass(slots=True, kw_only=True)
class _Sleeper:
    event: threading.Event
    until: float


class Clock:
    """Stands for `time.monotonic`, `time.sleep` and the timeouts of `threading.Event.wait`."""

    def __init__(self) -> None:
        self.now = 1000.0
        self._condition = threading.Condition()
        self._asleep: dict[threading.Thread, _Sleeper] = {}
        self._at_work: set[threading.Thread] = set()

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Take the place of real time until the end of the test."""
        monkeypatch.setattr(time, "monotonic", lambda: self.now)
        monkeypatch.setattr(time, "sleep", self.advance)
        monkeypatch.setattr(threading.Event, "wait", lambda event, timeout=None: self._wait(event, timeout))

    def advance(self, seconds: float) -> None:
        """Move on, and let each thread that sleeps until then do its work in between."""
        target = self.now + max(seconds, 0.0)
        while self._step(target):
            pass

    def _step(self, target: float) -> bool:
        """Move on to what comes next; whether that was before the target."""
        with self._condition:
            self._let_finish()
            due = min((sleeper.until for sleeper in self._asleep.values()), default=target)
            self.now = max(self.now, min(due, target))
            woken = {thread: sleeper for thread, sleeper in self._asleep.items() if sleeper.until <= self.now}
            self._at_work |= woken.keys()
            self._asleep = {thread: each for thread, each in self._asleep.items() if thread not in woken}
        for sleeper in woken.values():
            with sleeper.event._cond:  # type: ignore[attr-defined]
                sleeper.event._cond.notify_all()  # type: ignore[attr-defined]
        return bool(woken)

    def _let_finish(self) -> None:
        end = _REAL_MONOTONIC() + _MOST_REAL_SECONDS
        while any(thread.is_alive() for thread in self._at_work):
            assert _REAL_MONOTONIC() < end, "a thread neither sleeps again nor ends"
            self._condition.wait(0.005)
        self._at_work.clear()

    def _wait(self, event: threading.Event, timeout: float | None) -> bool:
        if timeout is None:
            return _REAL_WAIT(event)
        if not event.is_set():
            if threading.current_thread().daemon:
                self._doze(event, timeout)
            else:
                self.advance(timeout)
        return event.is_set()

    def _doze(self, event: threading.Event, timeout: float) -> None:
        thread = threading.current_thread()
        sleeper = _Sleeper(event=event, until=self.now + timeout)
        condition: threading.Condition = event._cond  # type: ignore[attr-defined]
        with condition:
            with self._condition:
                self._asleep[thread] = sleeper
                self._at_work.discard(thread)
                self._condition.notify_all()
            while not event.is_set() and self.now < sleeper.until:
                condition.wait()
        with self._condition:
            self._asleep.pop(thread, None)

    def is_asleep(self, thread: threading.Thread) -> bool:
        """Whether a daemon thread waits for the clock."""
        with self._condition:
            return thread in self._asleep
