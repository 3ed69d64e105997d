"""Whether the stack that all clusters of a region share stays within its budget."""

from __future__ import annotations

import itertools
import json

from ..objects.base import Block, HelmRelease
from ..objects.budget import ComponentPreview, StackPreview
from ..objects.region import region_blocks
from ..plan.model import RegionPlan
from ..plan.stacks import region_stack


def over_budget(plan: RegionPlan) -> str | None:
    """Why the first stack of a region that expands another one is over its budget, None if it is not.

    Its blocks come first: those of single clusters are many, and are not even made.
    """
    name = region_stack(plan.spec)
    home = itertools.takewhile(lambda block: block.stack == name, region_blocks(plan))
    blocks = [inner for block in home for inner in block.walk()]
    return StackPreview(name=name, components=tuple(map(_component, blocks))).over_budget


def _component(block: Block) -> ComponentPreview:
    data = [item.values if isinstance(item, HelmRelease) else item.manifest for item in block.items]
    size = sum(len(json.dumps(body, separators=(",", ":"))) for body in data)
    return ComponentPreview(
        type=block.type, name=block.name, kinds=(), ids=tuple(item.id for item in block.items), size_bytes=size
    )
