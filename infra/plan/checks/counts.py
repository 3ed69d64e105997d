"""How many of each kind a region may have: beyond, checking would take minutes, and no such region exists."""

from __future__ import annotations

from collections.abc import Iterator

from ...spec.problems import Problem
from ...spec.source import Path_
from .context import Check, Context


def _counts(context: Context) -> Iterator[Problem]:
    region, limits = context.region, context.catalog.limits
    counts: tuple[tuple[Path_, int, int], ...] = (
        (("core", "nodes"), region.core.nodes, limits.core_nodes),
        (("site", "halls"), len(region.site.halls), limits.clusters),
        (("site", "power", "feeds"), len(region.site.power.feeds), limits.clusters),
        (("management",), len(region.management), limits.clusters),
        (("clusters",), len(region.clusters), limits.clusters),
        (("storage",), len(region.storage), limits.storages),
        (("tenants",), len(region.tenants), limits.tenants),
        (("services",), len(region.services), limits.clusters),
        (("waivers",), len(region.waivers), limits.decisions),
        (("approvals",), len(region.approvals), limits.decisions),
    )
    for path, count, most in counts:
        if count > most:
            message = f"{count:,} are more than the {most:,} that a region may have"
            yield context.problem(path, message, "is it the right file? Else make several regions of it")
    per_tenant = sum(len(tenant.groups) + len(tenant.services) for tenant in region.tenants)
    if per_tenant > limits.tenants * _EACH:
        message = f"tenants have {per_tenant:,} groups and services, more than {limits.tenants * _EACH:,}"
        yield context.problem(("tenants",), message, "name groups that hold the smaller ones")


_EACH = 4
"""Groups and services of a tenant, on average, where a region has as many tenants as it may."""
CHECKS: tuple[Check, ...] = (_counts,)
