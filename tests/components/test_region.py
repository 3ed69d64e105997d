"""The Region component: every block of every stack once, under the names that the pure layer predicts."""

from __future__ import annotations

from pathlib import Path

import pytest

from ai_factory.components import ClusterProviders, Region, RegionArgs, Registry
from ai_factory.infra.objects import base
from ai_factory.infra.objects.region import blocks_of, region_blocks, stack_names, steps
from ai_factory.infra.plan.model import RegionPlan

from .harness import run
from .plans import region_plan
from .recording import UNKNOWN, Recording
from .test_components import same
from .test_providers import secret_state

pytestmark = pytest.mark.slow

LAYOUTS = ("single", "split", "wide")
SPLIT = ["demo", "demo.train-a.0", "demo.train-a", "demo.infer-a", "demo.train-a.t0", "demo.infer-a.t0"]
WIDE = ["demo", "demo.management", *SPLIT[1:]]
STACKS = [("single", "demo"), *(("split", stack) for stack in SPLIT), *(("wide", stack) for stack in WIDE)]


def record(plan: RegionPlan, stack: str | None, *, preview: bool = False) -> Recording:
    def program() -> None:
        registry = Registry()
        providers = ClusterProviders(plan, registry, root=Path("/"))
        Region("demo", RegionArgs(plan=plan, stack=stack, providers=providers, registry=registry))

    return run(program, preview=preview, state=secret_state, stack=stack or "demo")


def test_the_stacks_are_those_of_the_region() -> None:
    assert stack_names(region_plan("split")) == SPLIT
    assert stack_names(region_plan("wide")) == WIDE


@pytest.mark.parametrize("preview", [False, True])
@pytest.mark.parametrize(("layout", "stack"), STACKS)
def test_a_stack_holds_its_blocks_and_nothing_else(layout: str, stack: str, preview: bool) -> None:
    plan = region_plan(layout)

    recording = record(plan, stack, preview=preview)

    blocks = {(f"ai-factory:index:{block.type}", block.name): block for block in blocks_of(plan, stack)}
    components = {r.identity: r for r in recording.resources if not r.custom and r.typ != "ai-factory:index:Region"}
    assert sorted(components) == sorted(blocks)
    for identity, block in blocks.items():
        same(recording, components[identity], block)


@pytest.mark.parametrize(("layout", "stack"), STACKS)
def test_only_the_providers_of_its_targets(layout: str, stack: str) -> None:
    plan = region_plan(layout)
    targets = {item.target for item in base.items_of(blocks_of(plan, stack))}
    # A secret is read from the management cluster.
    targets |= {plan.cluster(t).management for t in targets - {"management"} if plan.cluster(t).access.capi_secret}
    assert {r.name for r in record(plan, stack).of("pulumi:providers:kubernetes")} == targets


def test_the_first_preview_of_a_single_stack_reads_no_secret() -> None:
    """The secret comes with the cluster, which this very program declares."""
    [before] = [r for r in record(region_plan(), None, preview=True).resources if r.read_id is not None]
    [after] = [r for r in record(region_plan(), None).resources if r.read_id is not None]
    assert (before.read_id, after.read_id) == (UNKNOWN, "train-a/train-a-kubeconfig")


def test_all_layouts_declare_the_same_objects() -> None:
    single, split, wide = (
        {item.id: item for item in base.items_of(region_blocks(region_plan(layout)))} for layout in LAYOUTS
    )
    assert single == split == wide


def test_a_wide_region_goes_up_from_its_management_clusters() -> None:
    plan = region_plan("wide")

    assert steps(plan, WIDE) == [
        ["demo"],
        ["demo.management"],
        ["demo.train-a.0"],
        ["demo.train-a", "demo.infer-a"],
        ["demo.train-a.t0", "demo.infer-a.t0"],
    ]
    assert blocks_of(plan, "demo") == []


def test_nothing_is_declared_twice() -> None:
    ids = [item.id for item in base.items_of(region_blocks(region_plan()))]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_comes_after_is_known_somewhere(layout: str) -> None:
    items = list(base.items_of(region_blocks(region_plan(layout))))
    known = {item.id for item in items}
    assert not {(item.id, after) for item in items for after in item.after if after not in known}


def test_outputs_are_by_part_and_name() -> None:
    plan = region_plan()
    recording = record(plan, None)

    outputs = recording.outputs[recording.one("ai-factory:index:Region").urn]
    assert outputs["totals"] == {
        "clusters": 2,
        "racks": 4,
        "nodes": 3 * 18 + 4,
        "gpus": 3 * 72 + plan.cluster("infer-a").gpus,
        "tenants": 3,
        "itKw": pytest.approx(plan.power.it_kw),
        "facilityKw": pytest.approx(plan.power.facility_kw),
    }
    assert sorted(outputs["clusters"]) == ["infer-a", "train-a"]
    assert outputs["fabrics"]["train-a"]["fabric"] == "quantum-x800"
    assert outputs["tenants"]["acme"]["namespace"] == "acme"
    assert outputs["tenants"]["acme"]["queues"] == ["default", "agentic-inference"]
    assert outputs["platforms"]["train-a"]["flavours"]


def test_few_frames_are_recorded() -> None:
    """State holds the call stack of every resource: a component and `declare` may stand between it and the program."""
    recording = record(region_plan(), None)
    region = recording.one("ai-factory:index:Region")
    deepest = max(r.frames for r in recording.resources if r.typ.startswith("kubernetes:"))
    assert deepest - region.frames <= 4


def test_the_same_plan_gives_the_same_resources() -> None:
    first, second = (record(region_plan(), None) for _ in range(2))
    assert first.by_urn() == second.by_urn()
