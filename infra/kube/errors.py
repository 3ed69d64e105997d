"""What stops a run, said so that the reader can mend it. Each error carries the exit code of the command line."""

from __future__ import annotations

from collections.abc import Iterable


class EngineError(Exception):
    """A run can't go on: one line for each fault.

    >>> print(EngineError("a is not ready", "look at its pods"))
    a is not ready. Look at its pods.
    """

    exit_code = 1

    def __init__(self, message: str, remedy: str = "") -> None:
        self.message = message
        self.remedy = remedy
        super().__init__(_sentence(message, remedy))

    @property
    def lines(self) -> tuple[str, ...]:
        """The faults, one a line."""
        return tuple(str(self).splitlines())


class RefusedError(EngineError):
    """The engine won't do this: somebody else owns it, it is protected, or the API server rejects it."""

    @classmethod
    def of(cls, faults: Iterable[str]) -> RefusedError:
        """One error for several faults, in order and each once."""
        return cls("\n".join(dict.fromkeys(faults)))


class NotReadyError(EngineError):
    """Something did not become ready, or did not go, in its time."""


class UnavailableError(EngineError):
    """The environment is at fault: no such context, address, credential, right, kind or tool."""

    exit_code = 3


class NotBuiltError(UnavailableError):
    """A workload cluster has no kubeconfig secret: it is not built yet, or gone."""


class InterruptedRunError(EngineError):
    """The user stopped the run, between two requests."""

    exit_code = 130


class RejectedError(EngineError):
    """An API server's refusal of one request."""

    def __init__(
        self,
        code: int,
        reason: str = "",
        message: str = "",
        *,
        causes: Iterable[dict[str, str]] = (),
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(message or reason or "no message")
        self.code = code
        self.reason = reason
        self.causes = tuple(causes)
        self.retry_after_seconds = retry_after_seconds
        self.asked = ""
        """Cluster and request, for when nobody has more to say about it."""

    def __str__(self) -> str:
        where = f"{self.asked}: " if self.asked else ""
        return f"{where}{self.message} (HTTP {self.code})"

    @property
    def is_field_conflict(self) -> bool:
        """Whether other managers own fields that were to be applied."""
        return self.code == 409 and any(cause.get("reason") == "FieldManagerConflict" for cause in self.causes)


class NoAnswerError(Exception):
    """A request that got no answer: refused, reset, timed out. Trying again may help."""


def _sentence(message: str, remedy: str) -> str:
    if not remedy:
        return message
    text = f"{message}. {remedy[0].upper()}{remedy[1:]}"
    return text if text[-1] in ".?" else f"{text}."
