"""Every object of every example region passes the real schemas, exists once, and comes after things that exist."""

from __future__ import annotations

import pytest

from ai_factory.infra import plan_region
from ai_factory.infra.objects import base, region
from ai_factory.infra.objects.base import KubeObject
from ai_factory.infra.plan import regions
from ai_factory.infra.plan.model import RegionPlan
from tests import schema

pytestmark = pytest.mark.slow

REGIONS = regions.known_regions()


@pytest.fixture(scope="module", params=REGIONS)
def plan(request: pytest.FixtureRequest) -> RegionPlan:
    return plan_region(regions.region_file(request.param))


@pytest.fixture(scope="module")
def items(plan: RegionPlan) -> list[base.Item]:
    return list(base.items_of(region.region_blocks(plan)))


def test_the_four_regions_are_there() -> None:
    assert {"kr-haein", "kr-ulsan", "kr-dsx-1", "lab"} <= set(REGIONS)


def test_every_object_passes_its_schema(items: list[base.Item]) -> None:
    faults = [f"{item.id}: {fault}" for item in _unlike(items) for fault in schema.validate(item.manifest)]
    assert not faults, "\n".join(faults[:20])


def test_every_id_is_unique(items: list[base.Item]) -> None:
    ids = [item.id for item in items]
    assert len(ids) == len(set(ids))


def test_what_comes_before_exists_and_makes_no_circle(items: list[base.Item]) -> None:
    place = {item.id: number for number, item in enumerate(items)}
    for item in items:
        for before in item.after:
            assert before in place, f"{item.id} comes after {before}, which nothing declares"
            assert place[before] < place[item.id], f"{item.id} stands before {before}"


def test_every_object_has_a_namespace_that_is_declared(items: list[base.Item]) -> None:
    given = {"kube-system", "default", "kube-public"}
    ids = {item.id for item in items}
    for item in items:
        if isinstance(item, KubeObject) and (space := item.manifest["metadata"].get("namespace")):
            assert space in given or f"{item.target}/Namespace//{space}" in ids, item.id


def test_no_secret_travels_in_a_manifest(items: list[base.Item]) -> None:
    for item in items:
        if isinstance(item, KubeObject):
            assert item.manifest["kind"] != "Secret", item.id


def test_stacks_keep_their_budget(plan: RegionPlan) -> None:
    from ai_factory.infra.objects.budget import preview

    for stack in preview(plan).stacks:
        assert stack.over_budget is None, f"{stack.name}: {stack.over_budget}"


def _unlike(items: list[base.Item]) -> list[KubeObject]:
    """All objects; of hosts, which differ in values only, the first and last hundred."""
    objects = [item for item in items if isinstance(item, KubeObject)]
    hosts = [item for item in objects if item.manifest["kind"] == "BareMetalHost"]
    left_out = {item.id for item in hosts[100:-100]}
    return [item for item in objects if item.id not in left_out]
