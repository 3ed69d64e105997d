"""Names of stacks: fixed by the layout, the cluster, and numbers that never change."""

from __future__ import annotations

import pytest

from ai_factory.infra import plan_region
from ai_factory.infra.objects.region import stack_names
from ai_factory.infra.plan import stacks
from tests import regionfile

SPLIT = regionfile.model(regionfile.base("kr-ulsan"))
SINGLE = regionfile.model(regionfile.base("lab"))


def test_a_single_region_is_one_stack() -> None:
    names = {
        stacks.region_stack(SINGLE),
        stacks.cluster_stack(SINGLE, "train"),
        stacks.rack_group_stack(SINGLE, "train", 3),
        stacks.tenant_stack(SINGLE, "train", 99),
    }

    assert names == {"lab"}


def test_a_split_region_has_a_stack_for_each_plane_and_group() -> None:
    assert stacks.region_stack(SPLIT) == "kr-ulsan"
    assert stacks.cluster_stack(SPLIT, "train-a") == "kr-ulsan.train-a"
    assert stacks.rack_group_stack(SPLIT, "train-a", 1) == "kr-ulsan.train-a.1"


@pytest.mark.parametrize(("layout", "stack"), [("single", "kr-ulsan"), ("split", "kr-ulsan"), ("wide", "kr-ulsan.hub")])
def test_a_wide_region_has_a_stack_for_each_management_cluster(layout: str, stack: str) -> None:
    region = regionfile.model(regionfile.patched("kr-ulsan", to={"layout": layout}))

    assert stacks.management_stack(region, "hub") == stack
    assert stacks.region_stack(region) == "kr-ulsan"


@pytest.mark.parametrize(("number", "group"), [(1, 0), (40, 0), (41, 1), (2000, 49)])
def test_tenants_are_grouped_by_number(number: int, group: int) -> None:
    assert stacks.tenant_stack(SPLIT, "train-a", number) == f"kr-ulsan.train-a.t{group}"


@pytest.mark.parametrize(("rack", "group"), [(0, 0), (31, 0), (32, 1), (275, 8)])
def test_racks_are_grouped_by_number(rack: int, group: int) -> None:
    assert stacks.rack_group(rack) == group


def test_stacks_come_in_the_order_of_a_first_up() -> None:
    assert stack_names(plan_region(regionfile.REGIONS / "kr-ulsan.yaml")) == [
        "kr-ulsan",
        "kr-ulsan.train-a.0",
        "kr-ulsan.train-a.1",
        "kr-ulsan.infer-a.0",
        "kr-ulsan.train-a",
        "kr-ulsan.infer-a",
        "kr-ulsan.physical-a",
        "kr-ulsan.train-a.t0",
        "kr-ulsan.infer-a.t0",
        "kr-ulsan.physical-a.t0",
    ]
    assert stack_names(plan_region(regionfile.REGIONS / "lab.yaml")) == ["lab"]
