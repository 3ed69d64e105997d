"""What goes wrong with requests, by pattern and number: overload, broken connections, rights, and others who act."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from .values import NOT_SERVED, Answer, Request, status

_real_sleep = time.sleep  # whatever a test makes of time

Proceed = Callable[[], Answer | None]
Act = Callable[[Request, Proceed], Answer | None]
"""What happens in place of a request, given how it would go on; None hangs up without an answer."""


@dataclass(slots=True, kw_only=True)
class Fault:
    """Happens to requests that match a pattern such as `PATCH .*/configmaps/a$`."""

    pattern: re.Pattern[str]
    act: Act
    times: int | None
    """How often; None: always."""
    after: int = 0
    """So many matching requests go well first."""
    hits: int = 0
    """How often it has happened."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def strikes(self, request: Request) -> bool:
        """Whether it happens to this request, which counts."""
        if not self.pattern.search(str(request)):
            return False
        with self._lock:
            if self.after > 0:
                self.after -= 1
                return False
            if self.times is not None and self.hits >= self.times:
                return False
            self.hits += 1
            return True


def answers(answer: Answer) -> Act:
    """The request is answered so, and not done."""
    return lambda request, proceed: answer


def too_many(retry_after: object = None) -> Act:
    """429, as priority and fairness turns requests away: with text only."""
    headers: Mapping[str, str] = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return answers(Answer(code=429, body="Too many requests, please try again later.\n", headers=headers))


def internal(message: str = "Internal error occurred: etcdserver: leader changed") -> Act:
    return answers(status(500, message))


def unavailable(message: str = "apiserver is shutting down") -> Act:
    return answers(status(503, message))


def gateway() -> Act:
    """502 from what stands before the server."""
    return answers(Answer(code=502, body="<html>502 Bad Gateway</html>"))


def unauthorized() -> Act:
    return answers(status(401, "Unauthorized"))


def forbidden(user: str = "system:serviceaccount:default:nobody") -> Act:
    """403 for want of a right."""

    def act(request: Request, proceed: Proceed) -> Answer:
        verb = {"GET": "get", "POST": "create", "PUT": "update", "DELETE": "delete"}.get(request.method, "patch")
        first, *parts = request.path.split("/")
        group, rest = (parts[0], parts[2:]) if first == "apis" else ("", parts[1:])
        where = "at the cluster scope"
        if rest[0] == "namespaces" and len(rest) > 2:
            where, rest = f'in the namespace "{rest[1]}"', rest[2:]
        why = f'User "{user}" cannot {verb} resource "{rest[0]}" in API group "{group}" {where}'
        return status(403, f'{rest[0]} "{rest[-1]}" is forbidden: {why}')

    return act


def admission(message: str) -> Act:
    """403 by admission, which is no matter of rights."""
    return answers(status(403, message))


def invalid(kind: str, causes: Sequence[tuple[str, str]]) -> Act:
    """422 with a cause for each field."""
    lines = ", ".join(f"{name}: {why}" for name, why in causes)
    listed = [{"reason": "FieldValueInvalid", "message": why, "field": name} for name, why in causes]
    return answers(status(422, f"{kind} is invalid: [{lines}]", causes=listed))


def expired() -> Act:
    """410 for a continue token, where it is older than what the server keeps."""
    message = "The provided continue parameter is too old to display a consistent list result."

    def act(request: Request, proceed: Proceed) -> Answer | None:
        return status(410, message) if request.query.get("continue") else proceed()

    return act


def not_served() -> Act:
    """404 without a Status: the handler of a kind is not there yet, or any more."""
    return answers(NOT_SERVED)


def dropped() -> Act:
    """The connection breaks before the request is done."""
    return lambda request, proceed: None


def lost() -> Act:
    """The request is done, and the connection breaks before the answer."""

    def act(request: Request, proceed: Proceed) -> None:
        proceed()

    return act


def slow(seconds: float) -> Act:
    """The answer takes so long, in real time."""

    def act(request: Request, proceed: Proceed) -> Answer | None:
        _real_sleep(seconds)
        return proceed()

    return act


def meanwhile(do: Callable[[], object]) -> Act:
    """Somebody else does something just before."""

    def act(request: Request, proceed: Proceed) -> Answer | None:
        do()
        return proceed()

    return act


def afterwards(do: Callable[[], object]) -> Act:
    """Somebody else does something before the answer is sent."""

    def act(request: Request, proceed: Proceed) -> Answer | None:
        answer = proceed()
        do()
        return answer

    return act
