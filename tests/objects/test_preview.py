"""Counts, sizes and the budget of a stack, from blocks that are small enough to count by hand."""

from __future__ import annotations

import json

import pytest

from ai_factory.infra.objects import budget as previews
from ai_factory.infra.objects import ids, region
from ai_factory.infra.objects.base import Block, HelmRelease, KubeObject
from ai_factory.infra.objects.budget import ComponentPreview, StackPreview, max_resources, over_budget, preview
from ai_factory.infra.plan.model import RegionPlan

CHART = HelmRelease(
    owner=ids.management("m"),
    target="m",
    name="flux",
    namespace="f",
    repo="r",
    chart="c",
    version="1",
    values={"replicas": [1, 2]},
)


def config(name: str) -> KubeObject:
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}
    return KubeObject(target="m", owner=ids.management("m"), manifest=manifest)


def block(name: str, *children: Block) -> Block:
    return Block(type="Box", name=name, stack="s", items=(config("a"), CHART, config("b")), children=children)


@pytest.fixture
def boxes(monkeypatch: pytest.MonkeyPatch, plan: RegionPlan) -> previews.Preview:
    """Two stacks, of which one has two components and the other none."""
    monkeypatch.setattr(region, "stack_names", lambda plan: ["s", "t"])
    monkeypatch.setattr(region, "region_blocks", lambda plan: iter([block("outer", block("inner"))]))
    return preview(plan)


def test_every_component_is_counted_with_its_kinds(boxes: previews.Preview, plan: RegionPlan) -> None:
    [stack, empty] = boxes.stacks
    assert (boxes.region, stack.name, empty.name) == (plan.name, "s", "t")
    assert [(part.type, part.name) for part in stack.components] == [("Box", "outer"), ("Box", "inner")]
    assert stack.components[0].kinds == (("ConfigMap", 2), ("Chart", 1))
    assert stack.components[0].ids == ("m/ConfigMap//a", "m/Chart/f/flux", "m/ConfigMap//b")


def test_resources_are_objects_components_region_and_stack(boxes: previews.Preview) -> None:
    [stack, empty] = boxes.stacks
    assert [part.resources for part in stack.components] == [1 + 3, 1 + 3]
    assert (stack.resources, empty.resources, boxes.resources) == (2 + 8, 2, 12)


def test_sizes_are_bytes_of_json_without_spaces(boxes: previews.Preview) -> None:
    each = len(
        '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","annotations":{"ai-factory.dev/owner":"management/m"}}}'
    )
    size = 2 * each + len('{"replicas":[1,2]}')
    [stack, empty] = boxes.stacks
    assert [part.size_bytes for part in stack.components] == [size, size]
    assert (stack.size_bytes, empty.size_bytes, boxes.size_bytes) == (2 * size, 0, 2 * size)


@pytest.mark.parametrize("annotations", [{}, {"annotations": {"a": "b"}}], ids=["without", "with"])
def test_an_owner_takes_what_its_annotation_adds(annotations: dict[str, dict[str, str]]) -> None:
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", **annotations}}
    item = KubeObject(target="m", owner=ids.management("m"), manifest=manifest)
    before, after = (len(json.dumps(data, separators=(",", ":"))) for data in (manifest, item.applied))

    assert previews.owner_bytes(item) == after - before
    assert previews.owner_bytes(CHART) == 0, "an engine that installs a chart annotates nothing"


def test_a_stack_has_a_thousand_resources_at_most() -> None:
    assert max_resources() == 1000
    assert over_budget(1000, 0) is None
    assert over_budget(1001, 0) == "1,001 resources, more than 1,000 a stack"


def test_a_stack_has_five_megabytes_of_state_at_most() -> None:
    """4.15 bytes of state for a byte of manifest, and 2,400 for a resource."""
    assert over_budget(500, 915_662) is None
    assert over_budget(1, 1_204_240) is None
    assert over_budget(1, 1_204_241) == "about 5.0 MB of state, more than 5 MB a stack"
    assert over_budget(0, 1_506_025) == "about 6.3 MB of state, more than 5 MB a stack"


def test_a_stack_is_judged_by_all_its_components() -> None:
    part = ComponentPreview(type="Box", name="b", kinds=(), ids=(), size_bytes=700_000)
    stack = StackPreview(name="s", components=(part, part))
    assert stack.over_budget == over_budget(4, 1_400_000) == "about 5.8 MB of state, more than 5 MB a stack"
