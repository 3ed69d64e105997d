"""Signals of the user or the machine that end a run between two requests."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import InterruptedRunError
from ..kube.stopping import Halt


@contextmanager
def interruptible(halt: Halt) -> Iterator[None]:
    """Ctrl-C and SIGTERM end the run between two requests; a second one ends it at once.

    Outside the main thread, where Python takes no signals, nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def stop(number: int, frame: object) -> None:
        if halt.stopped:
            raise KeyboardInterrupt
        halt.stop(InterruptedRunError("interrupted", "run again to go on where it stopped"))

    for number in before:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
