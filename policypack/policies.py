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


def resource(args: PolicyResource | ResourceValidationArgs) -> adapter.Resource:
    """What the rules need of a resource."""
    return adapter.Resource(
        urn=args.urn,
        type=args.resource_type,
        name=args.name,
        props=args.props,
        protect=bool(args.opts.protect),
        provider=args.provider.name if args.provider is not None else "",
    )


def on_resource(root: Path, rule: adapter.Rule, args: ResourceValidationArgs, report: ReportViolation) -> None:
    """Judge one resource."""
    try:
        for violation in adapter.check(rule, [resource(args)], root=root):
            report(violation.message, violation.urn or None)
    except adapter.NotJudgedError as error:
        args.not_applicable(str(error))


def on_stack(root: Path, rule: adapter.Rule, args: StackValidationArgs, report: ReportViolation) -> None:
    """Judge all resources of a stack."""
    try:
        for violation in adapter.check(rule, [resource(declared) for declared in args.resources], root=root):
            report(violation.message, violation.urn or None)
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
