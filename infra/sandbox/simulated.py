"""How one kind is simulated, and the kwok stages that come of it."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_WEIGHTS = 1000
_MESSAGE = "played by the sandbox"

Conditions = Mapping[str, tuple[str, str]]
"""Condition type -> status (`True`, `False`, `Unknown`) and reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """How long the simulated hardware takes, and how often it fails."""

    delay_ms: int = 500
    """Milliseconds from the creation or change of an object to its new status."""
    jitter_ms: int = 0
    """Up to so many milliseconds more, at random."""
    failure_rate: float = 0.0
    """The share of visits that end in failure, from 0 to 1, in steps of a thousandth."""

    def __post_init__(self) -> None:
        if not 0.0 <= self.failure_rate <= 1.0:
            raise ValueError(f"failure_rate must be from 0 to 1, is {self.failure_rate}")
        if self.delay_ms < 0 or self.jitter_ms < 0:
            raise ValueError(f"delay_ms and jitter_ms must be 0 or more, are {self.delay_ms} and {self.jitter_ms}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated:
    """One simulated kind. Statuses are YAML with Go templates over the object, as kwok takes them."""

    group_version: str
    kind: str
    ready: str = ""
    """Status fields of a ready object, beside its conditions."""
    ready_conditions: Conditions
    failed: str = ""
    """Status fields of a failed object, beside its conditions."""
    failed_conditions: Conditions
    seen: str
    """A jq expression: true when the object's present generation has had its visit."""
    skip: str = "false"
    """A jq expression: true for an object to leave alone."""
    condition_generation: bool = True
    """Whether the kind's conditions carry `observedGeneration`."""


OBSERVED = "observedGeneration: {{ .metadata.generation }}\n"
"""The status field that names the generation seen."""
OBSERVED_SEEN = "(.status.observedGeneration // 0) == .metadata.generation"
"""`seen` of the kinds that have it."""


def condition_seen(name: str) -> str:
    """`seen` of the simulated kinds that keep the generation in a condition only."""
    condition = f'[.status.conditions[]? | select(.type == "{name}") | .observedGeneration][0]'
    return f"({condition} // 0) == .metadata.generation"


def condition_exists(name: str) -> str:
    """`seen` of the simulated kinds that keep the generation nowhere: one visit in a life."""
    return f'any(.status.conditions[]?; .type == "{name}")'


def render(kinds: Sequence[Simulated], behaviour: Behaviour | Mapping[str, Behaviour]) -> list[dict[str, Any]]:
    """The kwok stages of simulated kinds, as plain data.

    `behaviour` is the same for all, or a mapping of kinds' names to theirs (kinds not in it behave as by default).
    """
    documents: list[dict[str, Any]] = []
    for kind in kinds:
        own = behaviour if isinstance(behaviour, Behaviour) else behaviour.get(kind.kind, Behaviour())
        failing = round(own.failure_rate * _WEIGHTS)
        if failing < _WEIGHTS:
            documents.append(_stage(kind, "ready", kind.ready, kind.ready_conditions, own, _WEIGHTS - failing))
        if failing > 0:
            documents.append(_stage(kind, "failed", kind.failed, kind.failed_conditions, own, failing))
    return documents


def _stage(
    kind: Simulated, outcome: str, fields: str, conditions: Conditions, behaviour: Behaviour, weight: int
) -> dict[str, Any]:
    template = textwrap.dedent(fields).strip("\n") + "\n" + _conditions(conditions, kind.condition_generation)
    delay = {"durationMilliseconds": behaviour.delay_ms}
    if behaviour.jitter_ms:
        delay["jitterDurationMilliseconds"] = behaviour.delay_ms + behaviour.jitter_ms
    return {
        "apiVersion": "kwok.x-k8s.io/v1alpha1",
        "kind": "Stage",
        "metadata": {"name": f"{kind.kind.lower()}-{outcome}"},
        "spec": {
            "resourceRef": {"apiGroup": kind.group_version, "kind": kind.kind},
            "selector": {
                "matchExpressions": [
                    _holds_not(".metadata.deletionTimestamp != null"),
                    _holds_not(kind.skip),
                    _holds_not(kind.seen),
                ]
            },
            "weight": weight,
            "delay": delay,
            "steps": [{"patch": {"subresource": "status", "root": "status", "type": "merge", "template": template}}],
        },
    }


def _holds_not(expression: str) -> dict[str, Any]:
    return {"jq": {"key": expression, "operator": "NotIn", "values": ["true"]}}


def _conditions(conditions: Conditions, with_generation: bool) -> str:
    """The `conditions` of a status, in YAML with Go templates."""
    if not conditions:
        return ""
    lines = ["conditions:"]
    for name, (status, reason) in conditions.items():
        lines.append(f"- {{type: {name}, status: {status!r}, reason: {reason}, message: {_MESSAGE!r},")
        if with_generation:
            lines.append("   observedGeneration: {{ .metadata.generation }},")
        lines.append("   lastTransitionTime: {{ Now | Quote }}}")
    return "\n".join(lines) + "\n"
