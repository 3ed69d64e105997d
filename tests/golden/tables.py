"""Values that stand in no block: the kinds that engines build paths from, and the order of a region's stacks."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ai_factory.infra.objects import kinds, region

from . import plans

Documents = list[dict[str, Any]]


def kind_table() -> Documents:
    """Plural and scope of every kind, by `<group>/<version> <Kind>`."""
    scopes = {True: "namespaced", False: "cluster"}
    return [{f"{kind.api_version} {kind.kind}": f"{kind.plural}, {scopes[kind.namespaced]}" for kind in kinds.KINDS}]


def order(name: str) -> Documents:
    """Stacks of a region, in steps, and its blocks in the order of a first `up`."""
    plan = plans.plan(name)
    names = region.stack_names(plan)
    blocks = [f"{block.type} {block.name} in {block.stack}" for block in region.region_blocks(plan)]
    return [{"stacks": names, "steps": region.steps(plan, names), "blocks": blocks}]


CASES: dict[str, Callable[[], Documents]] = {
    "tables/kinds": kind_table,
    **{f"tables/order-{name}": functools.partial(order, name) for name in plans.NAMES},
}
