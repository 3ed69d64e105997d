"""What the package emits is what the golden files say; `--golden-update` writes them anew, for a reviewer to read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ai_factory.infra import catalog
from ai_factory.infra.objects import region
from ai_factory.infra.plan.checks import combinations
from ai_factory.infra.plan.model import ClusterPlan, RegionPlan, StoragePlan, TenantPlan

from . import blocks, files, plans, registered, tables

CASES = {**blocks.CASES, **tables.CASES, **registered.CASES}


@pytest.mark.parametrize("name", CASES)
def test_emitted_as_written(name: str, golden_update: bool) -> None:
    if golden_update:
        files.write(name, CASES[name]())
    if changed := files.difference(name, CASES[name]()):
        pytest.fail(f"{changed}\n\nIf this is meant: pytest tests/golden --golden-update", pytrace=False)


def test_no_file_is_left_of_a_case_that_is_gone(golden_update: bool) -> None:
    for file in files.stale(CASES) if golden_update else ():
        file.unlink()
    assert not files.stale(CASES), "no case makes these: pytest tests/golden --golden-update removes them"


def test_every_type_of_block_is_held() -> None:
    emitted = {block.type for name in plans.NAMES for block in region.region_blocks(plans.plan(name))}
    assert {place.type for place in blocks.PLACES.values()} == emitted


def test_every_choice_is_held() -> None:
    """A new provider, kind of fabric, driver, tier or isolation needs a golden."""
    catalogue = catalog.load()
    tiers = {(name, tier) for name in catalogue.driver_ids for tier in catalogue.driver(name).tiers}

    assert {cluster.spec.provider for cluster in clusters("GpuCluster")} == set(combinations.PROVIDERS)
    assert {(cluster.built, cluster.fabric.kind) for cluster in clusters("FabricNetwork") if cluster.fabric} == {
        (built, catalogue.fabric(name).kind) for built in (True, False) for name in catalogue.fabric_ids
    }
    assert {(storage.spec.driver, storage.spec.tier) for storage in storages()} == tiers | {(None, "context-memory")}
    assert {(tenant.spec.isolation, tenant.pkey is None) for tenant in tenants()} >= {
        (isolation, False) for isolation in combinations.ISOLATIONS
    } | {("shared", True)}


def planned(kind: str) -> Iterator[tuple[RegionPlan, str]]:
    """Plan and name of the held blocks of a type."""
    return ((plans.plan(place.region), place.name) for place in blocks.PLACES.values() if place.type == kind)


def clusters(kind: str) -> list[ClusterPlan]:
    return [plan.cluster(name) for plan, name in planned(kind)]


def storages() -> list[StoragePlan]:
    return [storage for plan, name in planned("Storage") for storage in plan.storage if name in storage.clusters]


def tenants() -> list[TenantPlan]:
    return [tenant for plan, name in planned("TenantEnclave") for tenant in plan.tenants if tenant.name == name]
