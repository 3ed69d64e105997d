"""Between Pulumi's policy packs and the gate's rules: resources in, violations out. Nothing here imports pulumi.

The pack judges what the engine is about to do with the same functions as the gate, so both say the same. It does not
know secrets from other values: the engine hands them over in clear. A Secret object with data is refused here even if
its values are Pulumi secrets, while `aifactory gate --pulumi` sees them hidden.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ai_factory.infra.gate import opaque
from ai_factory.infra.gate.preview import objects
from ai_factory.infra.gate.records import Finding
from ai_factory.infra.gate.rule import ObjectView, Rule, rules_of_scope
from ai_factory.infra.gate.rules import running
from ai_factory.infra.gate.rules.waivers import waive
from ai_factory.infra.spec.load import load
from ai_factory.infra.spec.problems import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A resource as the engine hands it to a policy."""

    urn: str
    type: str
    """Type token, such as `kubernetes:core/v1:Namespace`."""
    name: str
    props: Any
    """Inputs; pulumi-policy's proxies, or plain data."""
    protect: bool
    provider: str
    """Name of the resource's provider: the cluster that it is applied to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A breach, as the engine shows it."""

    message: str
    urn: str


class NotJudgedError(Exception):
    """A rule reads what is known only after the update; the text says what."""


def object_rules() -> list[Rule]:
    """Rules that a policy for resources stands for."""
    return rules_of_scope("object")


def set_rules() -> list[Rule]:
    """Rules that a policy for stacks stands for."""
    return rules_of_scope("set")


def check(
    rule: Rule,
    resources: Sequence[Resource],
    *,
    root: Path,
    today: datetime.date | None = None,
) -> list[Violation]:
    """What one rule says of one resource, or of all resources of a stack, less what the region waives.

    Args:
        rule: a rule of scope `object` or `set`.
        resources: one resource, or those of a stack; what is no Kubernetes object is left out.
        root: folder with `stacks/regions`.
        today: waivers hold on their last day.

    Raises:
        NotJudgedError: the rule reads a value that is not known yet, and finds nothing else.
    """
    pairs = [(view, resource.urn) for resource in resources if (view := view_of(resource)) is not None]
    if not pairs:
        return []
    region = region_of(resources[0].urn)
    findings = running.by_rule(rule, [view for view, _ in pairs], region)
    waived = waivers(region, root) if findings else ()
    findings = waive(findings, waived, today or datetime.date.today(), whole=False)
    unjudged = [finding for finding in findings if finding.message.startswith(running.UNJUDGED)]
    breaches = [finding for finding in findings if finding.waived is None and finding not in unjudged]
    if unjudged and not breaches:
        raise NotJudgedError("; ".join(finding.message for finding in unjudged))
    urns = {view.id: urn for view, urn in pairs}
    return [Violation(message=_text(finding), urn=urns.get(finding.subject, "")) for finding in breaches]


def _text(finding: Finding) -> str:
    return f"{finding.subject}: {finding.message}. {finding.remedy[:1].upper()}{finding.remedy[1:]}."


def view_of(resource: Resource) -> ObjectView | None:
    """A resource as the rules see it; None for what is no Kubernetes object."""
    if not resource.type.startswith("kubernetes:"):
        return None
    manifest = objects.manifest_of(resource.type, resource.name, plain(resource.props))
    return ObjectView(
        id=objects.item_id(resource.provider, manifest),
        manifest=opaque.guarded(manifest),
        protect=resource.protect,
    )


def plain(value: Any) -> Any:
    """A value without pulumi-policy's proxies, and with whole numbers as such: they arrive as doubles.

    Proxies raise on values that are not known yet; below them is the engine's mark for such a value, which
    `gate.opaque` knows.
    """
    if type(value).__name__ in ("_DictProxy", "_ListProxy"):
        value = value["__target"]
    if isinstance(value, Mapping):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def region_of(urn: str) -> str:
    """Region of a resource: the first part of its stack's name.

    >>> region_of("urn:pulumi:kr-ulsan.train-a.0::ai-factory::kubernetes:core/v1:Namespace::acme")
    'kr-ulsan'
    """
    return urn.split("::", 1)[0].removeprefix("urn:pulumi:").partition(".")[0]


@cache
def waivers(region: str, root: Path) -> tuple[Mapping[str, str], ...]:
    """Waivers of a region's file; none for a stack of another program.

    A file with faults has no waiver in force: the program and the gate refuse it.
    """
    path = root / "stacks" / "regions" / f"{region}.yaml"
    if not path.is_file():
        return ()
    try:
        declared: Iterable[Any] = load(path)[0].waivers
    except InputError:
        return ()
    return tuple({key: str(value) for key, value in waiver} for waiver in declared)
