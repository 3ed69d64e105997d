"""What an API server refuses or does not answer, and clusters that are not built yet."""

from __future__ import annotations

from collections.abc import Iterable

from ..errors import FactoryError, UnavailableError


class NotBuiltError(UnavailableError):
    """A workload cluster has no kubeconfig secret: it is not built yet, or gone."""


class RejectedError(FactoryError):
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


class NoAnswerError(FactoryError):
    """A request that got no answer: refused, reset, timed out. Trying again may help."""
