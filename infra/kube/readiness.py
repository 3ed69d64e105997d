"""What ready means for an object, in the words of `wait_for`: `condition=Ready`, `jsonpath={.status.state}=ready`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from ..objects.base import Manifest

_STEP = re.compile(
    r"""\.(?P<name>[A-Za-z0-9_-]+)
    | \[(?P<index>\d+)\]
    | \['(?P<quoted>[^']+)'\]
    | \[\?\(@\.(?P<key>[A-Za-z0-9_]+)\s*==\s*["'](?P<value>[^"']*)["']\)\]""",
    re.VERBOSE,
)

Verdict = tuple[bool, str]
"""Whether an object is ready, and if not, why."""


def verdict(live: Manifest, wait_for: str) -> Verdict:
    """Whether a live object is ready.

    >>> live = {"metadata": {"name": "a"}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}}
    >>> verdict(live, "condition=Ready")
    (True, '')
    >>> verdict(live, "jsonpath={.status.state}=ready")
    (False, '.status.state is not set, not ready')

    Raises:
        ValueError: `wait_for` is in no form that is known.
    """
    return _check(wait_for)(live)


@cache
def _check(wait_for: str) -> Callable[[Manifest], Verdict]:
    form, _, rest = wait_for.partition("=")
    if form == "condition" and rest:
        name, _, wanted = rest.partition("=")
        return lambda live: _condition(live, name, wanted or "True")
    if form == "jsonpath" and rest.startswith("{.") and "}" in rest:
        path, _, wanted = rest[1:].partition("}")
        steps = _steps(path)
        return lambda live: _field(live, path, steps, wanted.removeprefix("=") if wanted else None)
    raise ValueError(f"wait_for: {wait_for!r} is neither condition=<type> nor jsonpath={{.path}}=<value>")


def _condition(live: Manifest, name: str, wanted: str) -> Verdict:
    condition = conditions(live).get(name)
    if condition is None:
        return False, f"no condition {name} yet"
    if condition.get("observedGeneration", _generation(live)) < _generation(live):
        return False, f"{name} is not judged yet for the latest change"
    if str(condition.get("status")).lower() == wanted.lower():
        return True, ""
    return False, described(condition)


def conditions(live: Manifest) -> dict[str, Mapping[str, Any]]:
    """Conditions of a live object by type."""
    status = live.get("status")
    listed = status.get("conditions") if isinstance(status, dict) else None
    return {str(condition.get("type")): condition for condition in listed or () if isinstance(condition, dict)}


def described(condition: Mapping[str, Any]) -> str:
    """A condition in words.

    >>> described({"type": "Ready", "status": "False", "reason": "ImagePull", "message": "no such image"})
    'Ready is False (ImagePull): no such image'
    """
    reason = f" ({condition['reason']})" if condition.get("reason") else ""
    message = f": {condition['message']}" if condition.get("message") else ""
    return f"{condition.get('type')} is {condition.get('status')}{reason}{message}"


def _field(live: Manifest, path: str, steps: tuple[Callable[[Any], Any], ...], wanted: str | None) -> Verdict:
    value: Any = live
    for step in steps:
        value = step(value)
    text = _text(value)
    if text == wanted or (wanted is None and value is not None):
        return True, ""
    expected = "" if wanted is None else f", not {wanted}"
    return False, f"{path} is {'not set' if value is None else text}{expected}"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def _steps(path: str) -> tuple[Callable[[Any], Any], ...]:
    """Steps of a JSONPath: names, numbers and one filter by equality, which is what waits use."""
    steps: list[Callable[[Any], Any]] = []
    at = 0
    while at < len(path):
        match = _STEP.match(path, at)
        if match is None:
            raise ValueError(f"jsonpath: {path!r} is beyond names, [number], ['name'] and [?(@.key==\"value\")]")
        steps.append(_step(match))
        at = match.end()
    return tuple(steps)


def _step(match: re.Match[str]) -> Callable[[Any], Any]:
    if match["index"] is not None:
        number = int(match["index"])
        return lambda tree: tree[number] if isinstance(tree, list) and number < len(tree) else None
    if match["key"] is not None:
        key, value = match["key"], match["value"]
        return lambda tree: next((item for item in _dicts(tree) if _text(item.get(key)) == value), None)
    name = match["name"] or match["quoted"]
    return lambda tree: tree.get(name) if isinstance(tree, dict) else None


def _dicts(tree: Any) -> list[dict[str, Any]]:
    return [item for item in tree if isinstance(item, dict)] if isinstance(tree, list) else []


def _generation(live: Manifest) -> int:
    return int(live["metadata"].get("generation") or 0)
