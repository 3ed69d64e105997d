"""One small region for all object tests.

Two GPU clusters: `train`, built from bare metal (gb300-nvl72, 2 racks of 18 hosts, 3 control-plane hosts, InfiniBand),
with a tenant on a rack of its own (`gov-llm`) and a shared one (`acme`); and `twin`, adopted, with 8 RTX PRO servers.
Storage: `hps` (WEKA) and `scratch` (local NVMe). The management cluster is installed.
"""

from __future__ import annotations

import collections
import copy
from typing import Any

import pytest

from ai_factory.infra import catalog, spec
from ai_factory.infra.objects.base import Block, KubeObject, items_of
from ai_factory.infra.plan import build
from ai_factory.infra.plan.allocation import allocate
from ai_factory.infra.plan.allocation.lock import Lock
from ai_factory.infra.plan.model import ClusterPlan, RegionPlan
from ai_factory.infra.spec.inventory import SAMPLE_PREFIX, Inventory, Row

TALL = 4
"""Hosts of a rack that can be as tall as a DGX system."""
REGION: dict[str, Any] = {
    "region": {"name": "kr-test", "country": "KR", "city": "Ulsan"},
    "sovereignty": {"residency": ["KR"], "keys": "in-country", "operators": ["KR"]},
    "addressing": {"underlay_v4": "10.64.0.0/16", "oob_v4": "10.65.0.0/16", "ula_v6": "fd12:3456:789a::/48"},
    "site": {
        "power": {"utility_mw": 10, "pue": 1.15},
        "halls": [{"name": "h1", "max_it_mw": 4}, {"name": "h2", "max_it_mw": 2}],
    },
    "core": {"system": "cpu-server", "nodes": 16},
    "images": {
        "gpu": {"url": "http://images.kr-test.internal/gpu-arm64.qcow2", "checksum": "a" * 64},
        "core": {"url": "http://images.kr-test.internal/core-amd64.qcow2", "checksum": "b" * 64},
    },
    "management": [{"name": "mgmt", "provider": "install", "access": {"context": "kr-test-mgmt"}}],
    "clusters": [
        {"name": "train", "hall": "h1", "system": "gb300-nvl72", "racks": 2, "max_racks": 8, "purpose": "training"},
        {
            "name": "twin", "hall": "h2", "provider": "existing", "access": {"context": "twin"},
            "system": "rtx-pro-server", "nodes": 8, "rack_kw": 30, "purpose": "physical",
        },
    ],
    "storage": [
        {"name": "hps", "tier": "parallel", "driver": "weka", "capacity_pib": 2, "endpoint": "weka.kr-test.internal"},
        {"name": "scratch", "tier": "local", "driver": "local-nvme", "cluster": "train"},
    ],
    "tenants": [
        {
            "name": "gov-llm", "isolation": "dedicated-nodes", "racks": 1, "cluster": "train",
            "services": ["sovereign-training"],
        },
        {
            "name": "acme", "isolation": "shared", "gpus": 16, "cluster": "train",
            "services": ["training", "fine-tuning"],
        },
    ],
}  # fmt: skip


def make_plan(*, hosts: bool = True, **changes: Any) -> RegionPlan:
    """The region's plan with top-level keys of the region file replaced.

    Args:
        hosts: whether an inventory lists every host; else racks are planned, not declared.
        changes: top-level keys of the region file; None removes one.
    """
    data = {key: value for key, value in (copy.deepcopy(REGION) | changes).items() if value is not None}
    region = spec.Region.model_validate(data)
    known = catalog.load()
    lock, _, shortages = allocate.complete(region, known, Lock(region=region.region.name))
    assert not shortages, shortages
    inventory = Inventory("inventory.csv", tuple(_real(build.sample_rows(region, known, lock)))) if hosts else None
    return build.plan(region, known, lock, inventory)


def changed_cluster(**changes: Any) -> list[dict[str, Any]]:
    """`clusters` of the region with other values for `train`."""
    clusters = copy.deepcopy(REGION["clusters"])
    clusters[0] |= changes
    return clusters


def manifests(*blocks: Block) -> list[dict[str, Any]]:
    """Manifests of all Kubernetes objects of the blocks."""
    return [item.manifest for item in items_of(blocks) if isinstance(item, KubeObject)]


def named(objects: list[dict[str, Any]], kind: str, name: str | None = None) -> dict[str, Any]:
    """The one manifest of a kind (and name)."""
    found = [o for o in objects if o["kind"] == kind and name in (None, o["metadata"]["name"])]
    assert len(found) == 1, [o["metadata"]["name"] for o in objects if o["kind"] == kind]
    return found[0]


def _real(rows: list[Row]) -> list[Row]:
    """Hosts that are no sample: few in a rack are tall, and stand ten units apart where samples stand four."""
    in_rack = collections.Counter(row.rack for row in rows)
    units = [row.u if in_rack[row.rack] > TALL else 1 + (row.u - 1) * 10 // 4 for row in rows]
    return [
        Row(row.line, row.rack, u, row.serial.removeprefix(SAMPLE_PREFIX), row.bmc, row.mac, row.slot)
        for row, u in zip(rows, units, strict=True)
    ]


@pytest.fixture(scope="session")
def plan() -> RegionPlan:
    """The region's plan, all hosts in the inventory."""
    return make_plan()


@pytest.fixture(scope="session")
def train(plan: RegionPlan) -> ClusterPlan:
    """The cluster that is built from bare metal."""
    return plan.cluster("train")


@pytest.fixture(scope="session")
def twin(plan: RegionPlan) -> ClusterPlan:
    """The adopted cluster."""
    return plan.cluster("twin")
