"""Tries a request again when that can help: too many requests, server faults, broken connections."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from .errors import NoAnswerError, RejectedError
from .stopping import Halt

T = TypeVar("T")

RETRIED_CODES = frozenset({429, 500, 502, 503, 504})
"""Too many requests, and the faults of servers and of what stands before them."""
FIRST_DELAY_SECONDS = 0.25
MOST_DELAY_SECONDS = 10.0
MOST_RETRY_AFTER_SECONDS = 60.0
"""A server that asks for a longer pause is asked again after this one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long one request may be tried again."""

    seconds: float
    """From the first attempt; an attempt that is under way is let finish."""
    halt: Halt
    """Ends the waiting between attempts."""
    on_retry: Callable[[str, float], None] = lambda why, delay_seconds: None
    """Told before each pause: why, and for how long."""


def call(
    send: Callable[[], T], patience: Patience, *, also: Callable[[RejectedError], bool] = lambda fault: False
) -> T:
    """Send a request until it succeeds, fails for good, or patience runs out (then its last error is raised).

    The pause doubles each time, with a random half so that many callers spread out; `Retry-After` is honoured.

    Args:
        send: sends it once.
        patience: how long to go on.
        also: further faults that trying again may mend.
    """
    started = time.monotonic()
    attempt = 0
    while True:
        patience.halt.check()
        try:
            return send()
        except (RejectedError, NoAnswerError) as error:
            if isinstance(error, RejectedError) and not (_is_passing(error) or also(error)):
                raise
            delay = delay_seconds(attempt, error)
            if time.monotonic() - started + delay > patience.seconds:
                raise
            patience.on_retry(str(error), delay)
        patience.halt.sleep(delay)
        attempt += 1


def _is_passing(fault: RejectedError) -> bool:
    """Whether a fault may pass by itself.

    A 404 without a reason comes from a path that the server does not know yet: a kind is listed a moment before
    its handler is there.
    """
    return fault.code in RETRIED_CODES or (fault.code == 404 and not fault.reason)


def delay_seconds(attempt: int, error: Exception) -> float:
    """Pause after an attempt, counted from 0, in seconds."""
    asked = error.retry_after_seconds if isinstance(error, RejectedError) else None
    if asked is not None:
        # A little at random on top: everyone who was turned away is told the same number.
        return min(asked, MOST_RETRY_AFTER_SECONDS) + random.uniform(0, 0.25)  # noqa: S311
    longest = min(MOST_DELAY_SECONDS, FIRST_DELAY_SECONDS * 2.0 ** min(attempt, 16))
    return longest * random.uniform(0.5, 1.0)  # noqa: S311
