"""A request, its answer, and refusals as the API server words them (meta/v1 Status)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Manifest = dict[str, Any]

JSON = "application/json"
APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"

_REASONS = {
    400: "BadRequest", 401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 409: "Conflict", 410: "Expired",
    415: "UnsupportedMediaType", 422: "Invalid", 429: "TooManyRequests", 500: "InternalError",
    503: "ServiceUnavailable",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request, its path without the leading slash."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    """By name in lower case."""
    body: Any = None

    def header(self, name: str) -> str:
        return self.headers.get(name.lower(), "")

    @property
    def manager(self) -> str:
        """Field manager: as asked for, else the program that the User-Agent names."""
        return self.query.get("fieldManager") or self.header("User-Agent").partition("/")[0] or "unknown"

    @property
    def dry_run(self) -> bool:
        return self.query.get("dryRun") == "All"

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the server answers; a body that is text is sent as such."""

    code: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        if isinstance(self.body, str):
            return self.body.encode()
        return b"" if self.body is None else json.dumps(self.body, separators=(",", ":")).encode()

    @property
    def content_type(self) -> str:
        return "text/plain; charset=utf-8" if isinstance(self.body, str) else JSON


class RefusalError(Exception):
    """A request that is refused."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.body)
        self.answer = answer


def status(
    code: int,
    message: str = "",
    *,
    reason: str | None = None,
    causes: Sequence[Mapping[str, str]] = (),
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """A Status of failure."""
    body: Manifest = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message}
    body |= {"reason": _REASONS[code] if reason is None else reason, "code": code}
    if causes:
        body["details"] = {"causes": [dict(cause) for cause in causes]}
    return Answer(code=code, body=body, headers=headers or {})


def refuse(code: int, message: str, **more: Any) -> RefusalError:
    return RefusalError(status(code, message, **more))


NOT_SERVED = Answer(code=404, body="404 page not found\n")
"""A path that the server does not know: no Status at all."""
