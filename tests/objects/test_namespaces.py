"""No tenant or cluster may bear the name of a namespace that the platform puts anything into."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ai_factory.infra import catalog, plan_region
from ai_factory.infra.objects.base import HelmRelease, items_of
from ai_factory.infra.objects.region import region_blocks
from ai_factory.infra.plan import regions
from ai_factory.infra.plan.checks.references import RESERVED, RESERVED_BEGINNINGS
from ai_factory.infra.plan.model import RegionPlan
from tests.golden import plans

PLANS = [*plans.NAMES, "kr-haein", "kr-ulsan"]


def planned(name: str) -> RegionPlan:
    return plans.plan(name) if name in plans.NAMES else plan_region(regions.region_file(name))


def namespaces(plan: RegionPlan) -> Iterator[str]:
    """Namespaces of all that a region declares, and that Flux installs charts into."""
    for item in items_of(region_blocks(plan)):
        if isinstance(item, HelmRelease):
            yield item.namespace
            continue
        metadata: dict[str, Any] = item.manifest["metadata"]
        yield metadata["name"] if item.manifest["kind"] == "Namespace" else metadata.get("namespace") or ""
        spec = item.manifest.get("spec")
        if item.manifest["kind"] == "HelmRelease" and isinstance(spec, dict):
            yield from (spec.get(key) or "" for key in ("targetNamespace", "storageNamespace"))


@pytest.mark.parametrize("name", PLANS)
def test_every_namespace_of_the_platform_is_reserved(name: str) -> None:
    plan = planned(name)
    own = {tenant.name for tenant in plan.tenants} | {cluster.name for cluster in plan.clusters}
    reserved = RESERVED | {chart.namespace for chart in catalog.load().charts}

    free = {space for space in namespaces(plan) if space and space not in own | reserved}

    assert {space for space in free if not space.startswith(RESERVED_BEGINNINGS)} == set()
    assert "kueue-system" in set(namespaces(plan))
