"""The one place where rules are run: views in, findings out, with their place in the region file.

A rule that raises neither takes the gate down nor lets anything pass: it becomes an error of its own, which no waiver
covers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ... import spec
from ...objects.ids import Subject
from ..beside import FleetView
from ..opaque import OpaqueError
from ..records import Finding, Path_
from ..rule import (
    Breach,
    ChangeView,
    ClusterView,
    Objects,
    ObjectView,
    RegionView,
    Rule,
    Scope,
    rules_of_scope,
)

FAILED = "the rule failed: "
"""How the message of a finding starts whose rule raised."""
UNJUDGED = "not judged: "
"""How the message of a finding starts whose rule read an opaque value."""


def objects(views: Sequence[ObjectView], region: str, *, sets: bool = True) -> list[Finding]:
    """What the rules for objects and for sets of objects say of objects that are declared together.

    Args:
        views: the objects.
        region: the region's name.
        sets: whether these are all objects of the set; rules for sets judge nothing less.
    """
    together = Objects(views)
    chosen = [*rules_of_scope("object"), *(rules_of_scope("set") if sets else ())]
    return [finding for rule in chosen for finding in by_rule(rule, together, region)]


def by_rule(rule: Rule, views: Sequence[ObjectView], region: str) -> list[Finding]:
    """What one rule for objects or for sets of objects says of objects that are declared together."""
    together = views if isinstance(views, Objects) else Objects(views)
    if rule.scope == "object":
        return list(_each(rule, _asked(rule, together), region))
    return list(_run(rule, together, region, f"region/{region}"))


def _asked(rule: Rule, views: Objects) -> Sequence[ObjectView]:
    """Objects that a rule for objects is asked about."""
    if rule.kinds is not None:
        return views.of_kind(*rule.kinds)
    return views.but_not(rule.but_not) if rule.but_not else views


def clusters(view: ClusterView, region: str) -> list[Finding]:
    """What the rules for clusters say of one cluster with its hosts."""
    return _judge("cluster", view, region, f"cluster/{view.cluster.name}")


def region(view: RegionView) -> list[Finding]:
    """What the rules for regions say of a whole region, without its hosts and objects."""
    return _judge("region", view, view.plan.name, f"region/{view.plan.name}")


def change(view: ChangeView) -> list[Finding]:
    """What the rules for changes say of what a pull request does to one region."""
    return _judge("change", view, view.region, f"region/{view.region}")


def fleet(view: FleetView) -> list[Finding]:
    """What the rules for all regions together say; their findings name no region."""
    return _judge("fleet", view, "", "fleet")


def _judge(scope: Scope, view: Any, region: str, subject: str) -> list[Finding]:
    return [finding for rule in rules_of_scope(scope) for finding in _run(rule, view, region, subject)]


def _run(rule: Rule, view: Any, region: str, subject: str) -> Iterator[Finding]:
    try:
        for breach in _check(rule)(view):
            yield finding_of(rule, breach, region, subject)
    except OpaqueError as error:
        yield _unjudged(rule, error, region, subject)
    except Exception as error:
        yield _failure(rule, error, region, subject)


def _each(rule: Rule, views: Sequence[ObjectView], region: str) -> Iterator[Finding]:
    """A rule on each object. One that fails on many is said once, of the first."""
    check, failures = _check(rule), 0
    first: tuple[Exception, str] | None = None
    for view in views:
        try:
            for breach in check(view):
                yield finding_of(rule, breach, region, view.id)
        except OpaqueError as error:
            yield _unjudged(rule, error, region, view.id)
        except Exception as error:
            failures += 1
            first = first or (error, view.id)
    if first is not None:
        yield _failure(rule, first[0], region, first[1], f" (on {failures} objects)" if failures > 1 else "")


def _check(rule: Rule) -> Callable[[Any], Iterator[Breach]]:
    if rule.check is None:
        raise ValueError(f"the rule {rule.id} of scope {rule.scope} has no check")
    return rule.check


def finding_of(rule: Rule, breach: Breach, region: str, subject: str) -> Finding:
    """A breach as a finding of its rule; what the breach does not say is taken from the rule."""
    return Finding(
        rule=rule.id,
        severity=rule.severity,
        region=region,
        subject=breach.subject or subject,
        message=breach.message,
        remedy=breach.remedy or rule.remedy,
        path=breach.path,
    )


def _unjudged(rule: Rule, error: OpaqueError, region: str, subject: str) -> Finding:
    return Finding(
        rule=rule.id,
        severity="warning",
        region=region,
        subject=subject,
        message=f"{UNJUDGED}the rule reads {error}, which the preview hides or does not know yet",
        remedy="judge the region's plan (`aifactory gate`); it hides nothing",
    )


def _failure(rule: Rule, error: Exception, region: str, subject: str, where: str = "") -> Finding:
    return Finding(
        rule=rule.id,
        severity="error",
        region=region,
        subject=subject,
        message=f"{FAILED}{type(error).__name__}: {error}{where}",
        remedy="please report it with the region file; nothing was judged good by this rule",
    )


def place_of(subject: Subject, region: spec.Region) -> Path_:
    """Place in the region file of a finding's subject, or of what holds it; empty if it is not one thing there.

    Args:
        subject: a tenant, cluster, storage system or management cluster, or what is within one.
        region: the region.
    """
    key = {"tenant": "tenants", "cluster": "clusters", "storage": "storage", "management": "management"}.get(
        subject.kind
    )
    if key is not None and any(entry.name == subject.name for entry in getattr(region, key)):
        return (key, subject.name)
    return place_of(subject.within, region) if subject.within is not None else ()
