"""Stops a run between two requests, from any thread: an interrupt, or a lost lease."""

from __future__ import annotations

import threading

from ..errors import FactoryError


class Halt:
    """Says to all threads of a run that it is over, and why.

    >>> whole = Halt()
    >>> part = whole.part()
    >>> part.stop(FactoryError("lease lost"))
    >>> part.stopped, whole.stopped
    (True, False)
    """

    def __init__(self) -> None:
        self._event = threading.Event()
        self._why: FactoryError | None = None
        self._parts: list[Halt] = []

    def part(self) -> Halt:
        """A halt of a part of the run: ends with the whole, or by itself."""
        part = Halt()
        self._parts.append(part)
        if self._why is not None:
            part.stop(self._why)
        return part

    def stop(self, why: FactoryError) -> None:
        """End the run; the first reason stays."""
        if self._why is None:
            self._why = why
        self._event.set()
        for part in self._parts:
            part.stop(why)

    @property
    def stopped(self) -> bool:
        """Whether the run is to end."""
        return self._event.is_set()

    def check(self) -> None:
        """Raise the reason if the run is to end."""
        if self._event.is_set() and self._why is not None:
            raise self._why

    def sleep(self, seconds: float) -> None:
        """Sleep, but raise the reason as soon as the run is to end."""
        self._event.wait(seconds)
        self.check()
