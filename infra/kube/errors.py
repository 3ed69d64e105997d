"""What an API server refuses or does not answer, and faults of connections and rights as a line with a remedy."""

from __future__ import annotations

import ssl
from collections.abc import Iterable

import httpx2

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


def transport_fault(target: str, error: httpx2.TransportError) -> Exception:
    """The fault, in words, of a connection that gave no answer: whether trying again may help."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _untrusted(target, cause)
        cause = cause.__cause__ or cause.__context__
    text = str(error)
    if "certificate expired" in text.lower():
        return UnavailableError(
            f"{target}: the API server says that the client certificate has expired",
            "renew it, or fetch a new kubeconfig",
        )
    return NoAnswerError(text or type(error).__name__)


def _untrusted(target: str, error: ssl.SSLCertVerificationError) -> UnavailableError:
    why = error.verify_message or str(error)
    if "expired" in why:
        return UnavailableError(f"{target}: the API server's certificate is not valid: {why}", "renew it on the server")
    remedy = "the kubeconfig's certificate authority must be the one that signed it: fetch a new kubeconfig"
    return UnavailableError(f"{target}: the API server's certificate is not trusted: {why}", remedy)


def unreachable(target: str, server: str, why: str) -> UnavailableError:
    """No answer in the time that patience allows."""
    remedy = "see that it runs and that this machine can reach it (address, VPN, proxy)"
    return UnavailableError(f"{target}: the API server {server} can't be reached: {why}", remedy)


def access_fault(target: str, access: str, request: str, fault: RejectedError) -> UnavailableError | None:
    """What to say when the server does not know the user or gives it no right; None for other faults."""
    if fault.code == 401:
        message = f"{target}: the API server does not accept the credentials of {access}"
        return UnavailableError(message, "they may have expired: log in again, or fetch a new kubeconfig")
    # Admission refuses with 403 too, in a namespace that is being deleted or over its quota: no matter of rights.
    if fault.code == 403 and " cannot " in fault.message:
        message = f"{target}: {request} is forbidden: {fault.message}"
        return UnavailableError(message, f"ask for the right; `aifactory doctor` lists what {access} may not do")
    if fault.code in (429, 502, 503, 504):
        return UnavailableError(
            f"{target}: the API server keeps turning requests away: {fault}", "see its load and health"
        )
    return None
