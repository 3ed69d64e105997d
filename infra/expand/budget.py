"""Whether the stacks that clusters of a region share stay within their budget."""

from __future__ import annotations

import itertools
import json

from ..objects.base import Block, HelmRelease
from ..objects.budget import ComponentPreview, StackPreview
from ..objects.region import region_blocks
from ..plan.model import RegionPlan
from ..plan.stacks import management_stack, region_stack


def over_budget(plan: RegionPlan) -> str | None:
    """Which of the first stacks of a region that expands another one is over its budget and why, None if none is.

    These are the region's own and those of its management clusters. Their blocks come first: those of single clusters
    are many, and are not even made.
    """
    names = {region_stack(plan.spec), *(management_stack(plan.spec, managing.name) for managing in plan.management)}
    components: dict[str, list[ComponentPreview]] = {name: [] for name in sorted(names)}
    for block in itertools.takewhile(lambda block: block.stack in names, region_blocks(plan)):
        components[block.stack] += map(_component, block.walk())
    for name, parts in components.items():
        if (why := StackPreview(name=name, components=tuple(parts)).over_budget) is not None:
            return f"its stack {name} would have {why}"
    return None


def _component(block: Block) -> ComponentPreview:
    data = [item.values if isinstance(item, HelmRelease) else item.manifest for item in block.items]
    size = sum(len(json.dumps(body, separators=(",", ":"))) for body in data)
    return ComponentPreview(
        type=block.type, name=block.name, kinds=(), ids=tuple(item.id for item in block.items), size_bytes=size
    )
