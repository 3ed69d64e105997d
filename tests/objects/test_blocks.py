"""Blocks of a region: all of them, or those of one stack."""

from __future__ import annotations

import pytest

from ai_factory.infra.objects import region
from ai_factory.infra.plan.model import RegionPlan


def test_all_blocks_are_given_where_no_stack_is_named(plan: RegionPlan) -> None:
    blocks = region.blocks(plan)

    assert blocks == list(region.region_blocks(plan))
    assert {block.stack for block in blocks} == set(region.stack_names(plan))


def test_a_stack_has_its_own_blocks_only(plan: RegionPlan) -> None:
    for stack in region.stack_names(plan):
        assert region.blocks(plan, stack) == [block for block in region.blocks(plan) if block.stack == stack] != []


def test_a_stack_that_is_not_there_has_no_blocks(plan: RegionPlan) -> None:
    with pytest.raises(KeyError, match="nowhere"):
        region.blocks(plan, "nowhere")
