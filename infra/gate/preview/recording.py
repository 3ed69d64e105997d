"""Reads the file of `pulumi preview --json` into a recording of steps: the digest, or one event a line if streamed.

Formats: pkg/display/json.go (PreviewDigest) and sdk/go/common/apitype/events.go (EngineEvent) of pulumi/pulumi. Secrets
and unknown values stay as they are written, see `opaque`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...spec.problems import InputError, Problem, shorten
from ...spec.source import display_name

MAX_BYTES = 128 * 2**20
"""A stack at its budget, 1,000 resources and 5 MB of state, makes a preview of about 20 MB."""
HOW = "write it anew: `pulumi preview --json --show-sames > preview.json`"
UNTOLD = "it does not say why; violations of policy packs are not in its JSON"
"""The digest drops policy events (pkg/backend/display/json.go, ShowPreviewDigest)."""
_DECLARED = frozenset({"create", "update", "same", "replace", "create-replacement", "import", "import-replacement"})
_DIGEST_KEYS = frozenset({"config", "steps", "diagnostics", "duration", "changeSummary", "maybeCorrupt"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step that the engine means to take."""

    op: str
    urn: str
    provider: str
    old: Mapping[str, Any] | None
    new: Mapping[str, Any] | None
    replace_reasons: tuple[str, ...]
    detailed_diff: Mapping[str, str]
    """Kind of difference by property path, such as `update-replace`."""

    @property
    def declares(self) -> bool:
        """Whether the step is of those that say what is to be, if it has a new state."""
        return self.op in _DECLARED


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """What a preview wrote."""

    file: str
    steps: tuple[Step, ...]
    config: Mapping[str, str]
    diagnostics: tuple[str, ...]
    errors: tuple[str, ...]
    """Why the preview failed; empty for one that ran to its end."""
    sames: int
    """Unchanged resources that the preview counts and does not show."""

    def fault(self, message: str) -> InputError:
        """The error to raise where the file is no preview that can be judged."""
        return _fault(self.file, message)


def load(path: Path) -> Recording:
    """Read the file that `pulumi preview --json` wrote, as a recording of the steps that the engine means to take.

    Raises:
        InputError: no file, too large, not text, not JSON, cut short, a key twice, or not a preview.
    """
    name = display_name(path)
    text = _text(path, name)
    first = text.split("\n", 1)[0].strip()
    try:
        if first.startswith("{") and first.endswith("}") and len(first) > 2:
            return _from_events(name, [_parse(line) for line in text.splitlines() if line.strip()])
        return _from_digest(name, _parse(text))
    except json.JSONDecodeError as error:
        raise _fault(name, *_json_fault(text, error), line=error.lineno if error.doc is text else None) from None
    except _TwiceError as error:
        raise _fault(name, f"the key {error} stands twice in one object") from None
    except RecursionError:
        raise _fault(name, "nested too deeply for a preview") from None
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise _fault(name, f"not the form of a preview ({type(error).__name__}: {error})") from None


class _TwiceError(Exception):
    """A key that stands twice."""


def _fault(name: str, message: str, remedy: str = HOW, line: int | None = None) -> InputError:
    """The error to raise for a preview's file that can't be read: of the whole file, or of a line."""
    return InputError([Problem(file=name, message=message, remedy=remedy, line=line)])


def _text(path: Path, name: str) -> str:
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise _fault(name, "no such file") from None
    except OSError as error:
        raise _fault(name, f"can't be read: {error.strerror}") from None
    if len(raw) > MAX_BYTES:
        raise _fault(name, f"the file has more than the {MAX_BYTES // 2**20} MiB allowed", "is it the right file?")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _fault(name, f"not a text file (byte {error.start} is not UTF-8)") from None
    if not text.strip():
        raise _fault(name, "the file is empty")
    return text


def _parse(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_unique, parse_constant=_no_number)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        keys = [key for key, _ in pairs]
        raise _TwiceError(next(key for key in keys if keys.count(key) > 1))
    return members


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no number in JSON")


def _json_fault(text: str, error: json.JSONDecodeError) -> tuple[str, str]:
    if text.lstrip().startswith("Previewing "):
        return "this is the text that `pulumi preview` prints, not JSON", HOW
    if not text.lstrip().startswith("{"):
        return f"not JSON (it starts with {shorten(text.strip(), 30)})", HOW
    if not text.rstrip().endswith("}"):
        return "cut short: the JSON ends in the middle", HOW
    return f"not JSON ({error.msg})", HOW


def _from_digest(name: str, data: Any) -> Recording:
    if not isinstance(data, dict):
        raise _fault(name, "not a preview: an object with `steps` is expected")
    if "deployment" in data or "checkpoint" in data:
        raise _fault(name, "this is the state of a stack, not a preview")
    if data.keys() - _DIGEST_KEYS or not data.keys() & {"steps", "diagnostics"}:
        raise _fault(name, f"not a preview: it has the keys {shorten(sorted(data))}")
    diagnostics = data.get("diagnostics") or []
    errors = _errors((diagnostic, diagnostic.get("message", "")) for diagnostic in diagnostics)
    if "changeSummary" not in data and not errors:
        errors = ["the preview has no summary: it was stopped before its end"]
    steps = tuple(_step(step) for step in data.get("steps") or [])
    return Recording(
        file=name,
        steps=steps,
        config=data.get("config") or {},
        diagnostics=_messages(diagnostic.get("message", "") for diagnostic in diagnostics),
        errors=tuple(errors),
        sames=_hidden_sames(steps, data.get("changeSummary") or {}),
    )


def _hidden_sames(steps: Iterable[Step], summary: Mapping[str, int]) -> int:
    return max(0, int(summary.get("same", 0)) - sum(step.op == "same" for step in steps))


def _step(data: Mapping[str, Any]) -> Step:
    return Step(
        op=str(data["op"]),
        urn=str(data["urn"]),
        provider=str(data.get("provider") or ""),
        old=_state(data.get("oldState")),
        new=_state(data.get("newState")),
        replace_reasons=tuple(data.get("replaceReasons") or ()),
        detailed_diff={path: str(difference["kind"]) for path, difference in (data.get("detailedDiff") or {}).items()},
    )


def _from_events(name: str, events: list[Any]) -> Recording:
    if not all(isinstance(event, dict) for event in events) or not any("sequence" in event for event in events):
        if len(events) == 1:
            return _from_digest(name, events[0])
        raise _fault(name, "not a preview: one event a line is expected")
    summary = next((event["summaryEvent"] for event in events if "summaryEvent" in event), None)
    if summary is None:
        raise _fault(name, "cut short: the events end before the summary")
    if not summary.get("isPreview"):
        raise _fault(name, "these are the events of an update, not of a preview")
    diagnostics = [event["diagnosticEvent"] for event in events if "diagnosticEvent" in event]
    lasting = [
        diagnostic
        for diagnostic in diagnostics
        if not diagnostic.get("ephemeral") and diagnostic.get("severity") != "debug"
    ]
    policies = [event["policyEvent"] for event in events if "policyEvent" in event]
    errors = [
        f"{violation['policyName']}: {violation['message']}"
        for violation in policies
        if violation.get("enforcementLevel") == "mandatory"
    ]
    errors = errors or _errors((diagnostic, _event_text(diagnostic)) for diagnostic in lasting)
    if summary.get("result", "succeeded") != "succeeded" and not errors:
        errors = [f"the preview {summary['result']}"]
    steps = tuple(_event_step(event["resourcePreEvent"]["metadata"]) for event in events if "resourcePreEvent" in event)
    return Recording(
        file=name,
        steps=steps,
        config=next((event["preludeEvent"].get("config") or {} for event in events if "preludeEvent" in event), {}),
        diagnostics=_messages(_event_text(diagnostic) for diagnostic in lasting),
        errors=tuple(errors),
        sames=_hidden_sames(steps, summary.get("resourceChanges") or {}),
    )


def _event_text(event: Mapping[str, Any]) -> str:
    return f"{event.get('prefix', '')}{event.get('message', '')}"


def _event_step(data: Mapping[str, Any]) -> Step:
    return Step(
        op=str(data["op"]),
        urn=str(data["urn"]),
        provider=str(data.get("provider") or ""),
        old=_state(data.get("old")),
        new=_state(data.get("new")),
        replace_reasons=tuple(data.get("keys") or ()),
        detailed_diff={
            path: str(difference["diffKind"]) for path, difference in (data.get("detailedDiff") or {}).items()
        },
    )


def _state(data: Any) -> Mapping[str, Any] | None:
    if data is None:
        return None
    if not isinstance(data, dict) or not isinstance(data.get("inputs") or {}, dict):
        raise TypeError("a resource's state is no object")
    return data


def _errors(diagnostics: Iterable[tuple[Mapping[str, Any], Any]]) -> list[str]:
    """Messages of the errors; that the preview failed is said beside each of them."""
    raw = (str(text).strip() for diagnostic, text in diagnostics if diagnostic.get("severity") == "error")
    texts = _messages(text.removeprefix("error: ").removeprefix("Preview failed: ") for text in raw)
    return [text for text in texts if text != "preview failed"] or [UNTOLD for _ in texts]


def _messages(texts: Iterable[Any]) -> tuple[str, ...]:
    """Each message once, in order: plugins say theirs for every provider."""
    return tuple(dict.fromkeys(text for text in (str(raw).strip() for raw in texts) if text))


@dataclass(frozen=True, slots=True)
class Urn:
    """`urn:pulumi:<stack>::<project>::<types from the top, with $ between>::<name>`."""

    stack: str
    type: str
    name: str

    @staticmethod
    def parse(text: str) -> Urn:
        """The parts of a URN.

        Raises:
            ValueError: it is none.
        """
        parts = text.split("::", 3)
        if len(parts) != 4 or not parts[0].startswith("urn:pulumi:"):
            raise ValueError(f"not a URN: {text[:80]}")
        return Urn(parts[0].removeprefix("urn:pulumi:"), parts[2].rpartition("$")[2], parts[3])
