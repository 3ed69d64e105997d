"""Each component registers exactly what its pure function yields: manifests, parents, providers, order, protection."""

from __future__ import annotations

import dataclasses
import doctest
import importlib.metadata
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pulumi
import pytest

from ai_factory import components
from ai_factory.components import (
    ClusterPlatform,
    ClusterPlatformArgs,
    ClusterProviders,
    FabricNetwork,
    FabricNetworkArgs,
    GpuCluster,
    GpuClusterArgs,
    ManagementCluster,
    ManagementClusterArgs,
    RackGroup,
    RackGroupArgs,
    Region,
    RegionArgs,
    Registry,
    Storage,
    StorageArgs,
    TenantEnclave,
    TenantEnclaveArgs,
)
from ai_factory.components._component import cluster_named
from ai_factory.components._manifest import type_token
from ai_factory.components.region import totals
from ai_factory.infra.objects import (
    base,
    cluster_platform,
    fabric_network,
    gpu_cluster,
    management,
    racks,
    storage,
    tenant,
)
from ai_factory.infra.plan.model import RegionPlan

from .harness import run
from .plans import region_plan
from .recording import Recording, Resource
from .test_providers import secret_state

RELEASE = "kubernetes:helm.sh/v3:Release"


class Case(NamedTuple):
    """A component and the block that it stands for."""

    make: Callable[[str, dict[str, Any]], pulumi.ComponentResource]
    block: Callable[[RegionPlan], base.Block]


CASES = {
    "management": Case(
        lambda name, common: ManagementCluster(name, ManagementClusterArgs(management="management", **common)),
        lambda plan: management.block(plan, plan.management[0], "demo"),
    ),
    "built": Case(
        lambda name, common: GpuCluster(name, GpuClusterArgs(cluster="train-a", racks=False, **common)),
        lambda plan: gpu_cluster.block(plan, plan.cluster("train-a"), "demo"),
    ),
    "adopted": Case(
        lambda name, common: GpuCluster(name, GpuClusterArgs(cluster="infer-a", **common)),
        lambda plan: gpu_cluster.block(plan, plan.cluster("infer-a"), "demo"),
    ),
    "racks": Case(
        lambda name, common: RackGroup(name, RackGroupArgs(cluster="train-a", group=0, **common)),
        lambda plan: racks.rack_group_block(plan, plan.cluster("train-a"), 0, "demo"),
    ),
    "platform": Case(
        lambda name, common: ClusterPlatform(name, ClusterPlatformArgs(cluster="train-a", **common)),
        lambda plan: cluster_platform.block(plan, plan.cluster("train-a"), "demo"),
    ),
    "fabric": Case(
        lambda name, common: FabricNetwork(name, FabricNetworkArgs(cluster="train-a", **common)),
        lambda plan: fabric_network.block(plan, plan.cluster("train-a"), "demo"),
    ),
    "storage": Case(
        lambda name, common: Storage(name, StorageArgs(cluster="train-a", **common)),
        lambda plan: storage.block(plan, plan.cluster("train-a"), "demo"),
    ),
    "tenant": Case(
        lambda name, common: TenantEnclave(name, TenantEnclaveArgs(tenant="blue", **common)),
        lambda plan: tenant.block(plan, plan.tenants[0], "demo"),
    ),
}


def record(
    make: Callable[[dict[str, Any]], object], plan: RegionPlan, *, wait: bool = True, **options: Any
) -> Recording:
    """What a program registers that makes one component."""

    def program() -> None:
        registry = Registry()
        providers = ClusterProviders(plan, registry, root=Path("/"))
        make({"plan": plan, "providers": providers, "registry": registry, "wait": wait})

    return run(program, state=secret_state, **options)


def same(recording: Recording, parent: Resource, block: base.Block, *, wait: bool = True) -> None:
    """Assert that the children of a component are the items of a block, no more and no less."""
    children = {child.name: child for child in recording.children(parent) if child.custom}
    assert sorted(children) == sorted(base.resource_name(parent.name, item) for item in block.items)
    by_id = {item.id: children[base.resource_name(parent.name, item)].urn for item in block.items}
    for item in block.items:
        child = children[base.resource_name(parent.name, item)]
        assert recording.named(child.provider).name == item.target
        assert child.options == options_of(item, wait)
        assert set(child.dependencies) >= {by_id[after] for after in item.after if after in by_id}
        if isinstance(item, base.HelmRelease):
            assert (child.typ, child.inputs["version"]) == (RELEASE, item.version)
        else:
            assert (child.typ, without_waits(child.inputs)) == (type_token(item.manifest), item.applied)
            annotations = child.inputs["metadata"].get("annotations", {})
            assert annotations.get("pulumi.com/waitFor") == (item.wait_for if wait else None)


def options_of(item: base.Item, wait: bool) -> dict[str, Any]:
    """Every option that a child has: what the item says, in the words of the engine's request."""
    expected: dict[str, Any] = {
        "version": importlib.metadata.version("pulumi-kubernetes"),
        "deleteBeforeReplace": True,
        "deleteBeforeReplaceDefined": True,
    }
    if isinstance(item, base.HelmRelease):
        return expected
    seconds = f"{item.timeout_seconds}s" if wait and item.wait_for else None
    stated = {
        "protect": item.protect,
        "ignoreChanges": list(item.ignore_changes),
        "retainOnDelete": item.retain,
        "customTimeouts": dict.fromkeys(("create", "update", "delete"), seconds) if seconds else {},
    }
    return expected | {option: value for option, value in stated.items() if value}


def without_waits(manifest: dict[str, Any]) -> dict[str, Any]:
    """A manifest without the annotations that only the provider reads."""
    metadata = dict(manifest["metadata"])
    annotations = metadata.pop("annotations", {})
    if kept := {key: value for key, value in annotations.items() if not key.startswith("pulumi.com/")}:
        metadata["annotations"] = kept
    return {**manifest, "metadata": metadata}


@pytest.mark.parametrize("wait", [True, False])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_registers_what_the_pure_function_yields(case: Case, wait: bool) -> None:
    plan = region_plan()
    block = case.block(plan)

    recording = record(lambda common: case.make("x", common), plan, wait=wait)

    component = recording.one(f"ai-factory:index:{block.type}")
    assert (component.name, component.inputs["objects"]) == ("x", len(block.items))
    same(recording, component, block, wait=wait)
    assert recording.outputs[component.urn]


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_preview_asks_for_the_same(case: Case) -> None:
    plan = region_plan()
    update, preview = (record(lambda common: case.make("x", common), plan, preview=p) for p in (False, True))
    assert preview.by_urn() == update.by_urn()
    assert preview.outputs == update.outputs


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_attributes_are_plain_values(case: Case) -> None:
    """The SDK turns each input of a component into an Output attribute, which must not hide a plain one."""
    made: list[pulumi.ComponentResource] = []
    record(lambda common: made.append(case.make("x", common)), region_plan())  # type: ignore[func-returns-value]
    attributes = {name: getattr(made[0], name) for name in type(made[0]).__annotations__}
    assert attributes
    assert not [name for name, value in attributes.items() if isinstance(value, pulumi.Output)]


def test_racks_of_a_single_stack_are_children_of_their_cluster() -> None:
    plan = region_plan()
    recording = record(lambda common: GpuCluster("train-a", GpuClusterArgs(cluster="train-a", **common)), plan)

    cluster, group = recording.one("ai-factory:index:GpuCluster"), recording.one("ai-factory:index:RackGroup")
    assert group.parent == cluster.urn
    same(recording, cluster, CASES["built"].block(plan))
    same(recording, group, CASES["racks"].block(plan))


def test_outputs_of_a_cluster() -> None:
    plan = region_plan()
    recording = record(lambda common: GpuCluster("x", GpuClusterArgs(cluster="train-a", **common)), plan)

    cluster = plan.cluster("train-a")
    assert recording.outputs[recording.one("ai-factory:index:GpuCluster").urn] == {
        "endpoint": cluster.endpoint,
        "kubeconfigSecret": "train-a/train-a-kubeconfig",
        "gpus": 3 * 72,
        "nodes": 3 * 18,
        "plannedRacks": 3,
        "declaredRacks": 3,
    }


@pytest.mark.parametrize(("cluster", "reads"), [("train-a", 1), ("infer-a", 0)])
def test_the_kubeconfig_is_read_when_it_is_asked_for(cluster: str, reads: int) -> None:
    found: list[object] = []

    def make(common: dict[str, Any]) -> None:
        made = GpuCluster("x", GpuClusterArgs(cluster=cluster, racks=False, **common))
        found.append(made.kubeconfig)
        assert made.kubeconfig is found[0]

    recording = record(make, region_plan())

    read = [r for r in recording.resources if r.read_id is not None]
    assert [(r.name, r.read_id) for r in read] == [("x-kubeconfig", "train-a/train-a-kubeconfig")] * reads
    assert (found[0] is None) is (reads == 0)


def test_no_secret_is_read_unasked() -> None:
    recording = record(lambda common: GpuCluster("x", GpuClusterArgs(cluster="train-a", **common)), region_plan())
    assert not [r for r in recording.resources if r.read_id is not None]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda common: GpuCluster("x", GpuClusterArgs(cluster="train-b", **common)),
            "region demo has no GPU cluster train-b; it has train-a, infer-a",
        ),
        (
            lambda common: ManagementCluster("x", ManagementClusterArgs(management="m", **common)),
            "region demo has no management cluster m; it has management",
        ),
        (
            lambda common: TenantEnclave("x", TenantEnclaveArgs(tenant="red", **common)),
            "region demo has no tenant red; it has blue, green, acme",
        ),
        (
            lambda common: RackGroup("x", RackGroupArgs(cluster="train-a", group=7, **common)),
            "cluster train-a has no declared rack in group 7",
        ),
        (
            lambda common: RackGroup("x", RackGroupArgs(cluster="infer-a", group=0, **common)),
            "cluster infer-a has no declared rack in group 0",
        ),
        (
            lambda common: Region("x", RegionArgs(stack="demo.other", **common)),
            "region demo has no stack demo.other; it has demo",
        ),
        (
            lambda common: Region("x", RegionArgs(stack="no", **(common | {"plan": region_plan("split")}))),
            "region demo has no stack no; it has demo, demo.train-a.0, demo.train-a, demo.infer-a, demo.train-a.t0, "
            "demo.infer-a.t0",
        ),
        (
            lambda common: TenantEnclave("x", TenantEnclaveArgs(tenant="blue", **(common | {"providers": {}}))),
            "TenantEnclave blue applies objects to train-a, for which providers has no entry; given: none",
        ),
    ],
)
def test_wrong_arguments_are_named(make: Callable[[dict[str, Any]], object], message: str) -> None:
    with pytest.raises(ValueError) as caught:
        record(make, region_plan())
    assert str(caught.value) == message


@pytest.mark.parametrize(("name", "expected"), [("train-a", "train-a, infer-a"), ("", "none")])
def test_a_region_without_clusters_says_so(name: str, expected: str) -> None:
    plan = region_plan() if name else dataclasses.replace(region_plan(), clusters=())
    with pytest.raises(ValueError) as caught:
        cluster_named(plan, "other")
    assert str(caught.value) == f"region demo has no GPU cluster other; it has {expected}"


def test_totals_are_rounded_to_watts() -> None:
    plan = region_plan()
    power = dataclasses.replace(plan.power, it_kw=1.23456, facility_kw=2.34567)
    size = totals(dataclasses.replace(plan, power=power))
    assert (size["itKw"], size["facilityKw"]) == (1.235, 2.346)


def classes() -> list[type]:
    found = (getattr(components, name) for name in components.__all__)
    return [c for c in found if inspect.isclass(c) and doctest.DocTestParser().get_examples(inspect.getdoc(c) or "")]


def test_every_component_has_an_example() -> None:
    made = {c for c in map(components.__dict__.get, components.__all__) if inspect.isclass(c)}
    assert {c for c in made if issubclass(c, pulumi.ComponentResource)} <= set(classes())


@pytest.mark.parametrize("documented", classes(), ids=lambda c: c.__name__)
def test_the_example_runs(documented: type) -> None:
    source = "".join(e.source for e in doctest.DocTestParser().get_examples(inspect.getdoc(documented) or ""))

    def example(common: dict[str, Any]) -> None:
        scope = {**vars(components), "pulumi": pulumi, "Path": Path, **common}
        exec(compile(source, documented.__name__, "exec"), scope)

    assert record(example, region_plan()).resources
