"""Plans of the example regions with values changed, and what the gate compares of them."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from ai_factory.infra import catalog
from ai_factory.infra.gate import blast, diff, totals
from ai_factory.infra.gate.records import (
    Blast,
    Change,
    ClusterFacts,
    ObjectRecord,
    Outline,
    StorageFacts,
    TenantFacts,
)
from ai_factory.infra.objects.region import region_blocks, stack_names
from ai_factory.infra.plan import allocate, build, demand
from ai_factory.infra.plan.lock import read
from ai_factory.infra.plan.model import ClusterPlan, RegionPlan
from tests import regionfile


class Side:
    """One plan, its objects and its outline."""

    def __init__(self, plan: RegionPlan) -> None:
        self.plan = plan
        self.records: tuple[ObjectRecord, ...] = tuple(
            diff.record(item, block) for top in region_blocks(plan) for block in top.walk() for item in block.items
        )
        self.outline = _outline(plan)


@functools.cache
def example(name: str) -> Side:
    """An example region as it stands."""
    return changed(name, {})


def changed(name: str, to: Mapping[str, Any], delete: tuple[str, ...] = ()) -> Side:
    """An example region with values at paths set and deleted, planned with its own lock."""
    region = regionfile.model(regionfile.patched(name, to=to, delete=delete))
    known = catalog.load()
    held = read(regionfile.REGIONS / f"{name}.lock.yaml", region.region.name)
    lock, _, shortages = allocate.complete(region, known, held)
    assert not shortages, shortages
    return Side(build.plan(region, known, lock, None))


def compared(base: Side, head: Side) -> tuple[tuple[Change, ...], Blast]:
    """Ordered changes from one plan to another, and what they take away."""
    changes = diff.ordered(diff.compare(base.records, head.records, base.plan.name))
    return changes, blast.blast(base.outline, head.outline, changes)


def _outline(plan: RegionPlan) -> Outline:
    return Outline(
        region=plan.name,
        country=plan.spec.region.country,
        file="",
        layout=plan.spec.layout,
        protect=plan.spec.protect,
        sample=plan.sample_inventory,
        residency=plan.spec.sovereignty.residency,
        totals=totals.of_plan(plan),
        clusters=tuple(_cluster(plan, one) for one in plan.clusters),
        tenants=tuple(
            TenantFacts(name=t.name, cluster=t.cluster, isolation=t.spec.isolation, gpus=t.gpus, racks=t.racks)
            for t in plan.tenants
        ),
        storage=tuple(
            StorageFacts(
                name=s.name, tier=s.spec.tier, driver=s.spec.driver, capacity_tib=s.spec.size_tib, clusters=s.clusters
            )
            for s in plan.storage
        ),
        pools=(),
        charts={},
        lock=(),
        shards={},
        stacks=tuple(stack_names(plan)),
    )


def _cluster(plan: RegionPlan, cluster: ClusterPlan) -> ClusterFacts:
    return ClusterFacts(
        name=cluster.name,
        system=cluster.system.id,
        purpose=cluster.spec.purpose,
        hall=cluster.hall,
        provider=cluster.spec.provider,
        management=cluster.management,
        fabric=cluster.fabric.id if cluster.fabric else None,
        kubernetes=cluster.kubernetes,
        rack_names=tuple(rack.name for rack in cluster.racks),
        nodes=cluster.nodes,
        gpus=cluster.gpus,
        gpus_per_node=cluster.system.gpus_per_node,
        nodes_per_rack=cluster.nodes_per_rack,
        rack_scale=cluster.system.rack_scale,
        max_racks=cluster.max_racks,
        it_kw=demand.cluster_kw(cluster.spec, plan.spec, catalog.load()),
        control_plane=cluster.spec.control_plane.replicas if cluster.built else 0,
    )
