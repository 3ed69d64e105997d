"""Both engines leave the same objects: what the components register is what the direct engine sends."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest

from ai_factory.components import ClusterProviders, Region, RegionArgs, Registry
from ai_factory.infra import plan_region
from ai_factory.infra.engine.direct.applying import prepared
from ai_factory.infra.engine.direct.applyset import PART_OF
from ai_factory.infra.engine.direct.live_objects import PROTECT, RETAIN
from ai_factory.infra.objects.base import KubeObject, Manifest, items_of
from ai_factory.infra.objects.ids import object_id
from ai_factory.infra.objects.region import blocks_of
from ai_factory.infra.plan import regions
from ai_factory.infra.plan.model import RegionPlan
from tests.components import harness
from tests.components.test_providers import secret_state

pytestmark = pytest.mark.slow

STACKS = [
    ("lab", "lab"),
    ("kr-haein", "kr-haein.haein.1"),
    ("kr-ulsan", "kr-ulsan.infer-a"),
    ("kr-ulsan", "kr-ulsan.train-a.t0"),
]
SKIP_AWAIT = "pulumi.com/skipAwait"


@pytest.mark.parametrize(("region", "stack"), STACKS)
def test_the_same_objects_with_the_same_fields(region: str, stack: str) -> None:
    plan = plan_region(regions.region_file(region))
    registered, sent = _registered(plan, stack), _sent(plan, stack)
    assert sent
    assert sorted(registered) == sorted(sent)
    for one, manifest in sent.items():
        assert registered[one] == manifest, one


def _sent(plan: RegionPlan, stack: str) -> dict[str, Manifest]:
    """What the direct engine applies, without the marks by which it knows its own."""
    found: dict[str, Manifest] = {}
    for item in items_of(blocks_of(plan, stack)):
        assert isinstance(item, KubeObject)
        manifest = copy.deepcopy(prepared(item, "applyset-x-v1"))
        assert manifest["metadata"]["labels"].pop(PART_OF) == "applyset-x-v1"
        found[item.id] = _without(_without(manifest, PROTECT), RETAIN)
    return found


def _registered(plan: RegionPlan, stack: str) -> dict[str, Manifest]:
    """What the program registers, without the mark that tells the provider not to wait."""

    def program() -> None:
        registry = Registry()
        providers = ClusterProviders(plan, registry, root=Path("/"))
        Region(plan.name, RegionArgs(plan=plan, stack=stack, providers=providers, registry=registry, wait=False))

    found: dict[str, Manifest] = {}
    recording = harness.run(program, state=secret_state, stack=stack)
    for resource in recording.resources:
        if resource.custom and resource.read_id is None and "apiVersion" in resource.inputs:
            target = recording.named(resource.provider).name
            found[object_id(target, resource.inputs)] = _without(copy.deepcopy(resource.inputs), SKIP_AWAIT)
    return found


def _without(manifest: Manifest, annotation: str) -> Manifest:
    annotations = manifest["metadata"].get("annotations", {})
    annotations.pop(annotation, None)
    if not annotations:
        manifest["metadata"].pop("annotations", None)
    return manifest
