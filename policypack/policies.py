"""A policy for each of the gate's rules on objects."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyPack,
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)

from . import adapter


def resource(one: PolicyResource | ResourceValidationArgs) -> adapter.Resource:
    """What the rules need of a resource."""
    return adapter.Resource(
        urn=one.urn,
        type=one.resource_type,
        name=one.name,
        props=one.props,
        protect=bool(one.opts.protect),
        provider=one.provider.name if one.provider is not None else "",
    )


def on_resource(root: Path, rule: adapter.Rule, args: ResourceValidationArgs, report: ReportViolation) -> None:
    """Judge one resource."""
    try:
        for one in adapter.check(rule, [resource(args)], root=root):
            report(one.message, one.urn or None)
    except adapter.NotJudgedError as error:
        args.not_applicable(str(error))


def on_stack(root: Path, rule: adapter.Rule, args: StackValidationArgs, report: ReportViolation) -> None:
    """Judge all resources of a stack."""
    try:
        for one in adapter.check(rule, [resource(one) for one in args.resources], root=root):
            report(one.message, one.urn or None)
    except adapter.NotJudgedError as error:
        args.not_applicable(str(error))


def policy(root: Path, rule: adapter.Rule, kind: Callable[..., Policy], judge: Callable[..., None]) -> Policy:
    """A rule as a policy."""
    level = EnforcementLevel.MANDATORY if rule.severity == "error" else EnforcementLevel.ADVISORY
    return kind(
        name=rule.id,
        description=rule.reason,
        enforcement_level=level,
        validate=partial(judge, root, rule),
        remediation_steps=rule.remedy,
        tags=[rule.area],
    )


def serve(root: Path) -> PolicyPack:
    """Serve all policies to the engine.

    Args:
        root: folder with `stacks/regions`, whose waivers hold.
    """
    return PolicyPack(
        "ai-factory",
        policies=[
            *(policy(root, rule, ResourceValidationPolicy, on_resource) for rule in adapter.object_rules()),
            *(policy(root, rule, StackValidationPolicy, on_stack) for rule in adapter.set_rules()),
        ],
    )
