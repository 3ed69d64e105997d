"""Plans of the example regions with values changed, and what the gate compares of them."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from ai_factory.infra import catalog
from ai_factory.infra.gate.cache.outline import of_plan
from ai_factory.infra.gate.impact import blast, diff, items, order
from ai_factory.infra.gate.records import Blast, Change, ObjectRecord
from ai_factory.infra.objects.region import region_blocks
from ai_factory.infra.plan import build
from ai_factory.infra.plan.allocation import allocate
from ai_factory.infra.plan.allocation.lock import read
from ai_factory.infra.plan.model import RegionPlan
from tests import regionfile


class Side:
    """One plan, its objects and its outline."""

    def __init__(self, plan: RegionPlan) -> None:
        self.plan = plan
        self.records: tuple[ObjectRecord, ...] = tuple(
            items.record(item, block) for top in region_blocks(plan) for block in top.walk() for item in block.items
        )
        self.outline = of_plan(plan, file="", sample=plan.sample_inventory)


@functools.cache
def example(name: str) -> Side:
    """An example region as it stands."""
    return changed(name, {})


def changed(name: str, to: Mapping[str, Any], delete: tuple[str, ...] = ()) -> Side:
    """An example region with values at paths set and deleted, planned with its own lock."""
    region = regionfile.model(regionfile.patched(name, to=to, delete=delete))
    known = catalog.load()
    held = read(regionfile.REGIONS / f"{name}.lock.yaml", region.region.name)
    lock, _, shortages = allocate.complete(region, known, held)
    assert not shortages, shortages
    return Side(build.plan(region, known, lock, None))


def compared(base: Side, head: Side) -> tuple[tuple[Change, ...], Blast]:
    """Ordered changes from one plan to another, and what they take away."""
    changes = order.ordered(diff.compare(base.records, head.records, base.plan.name))
    return changes, blast.blast(base.outline, head.outline, changes)
