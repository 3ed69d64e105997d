"""What can't be made is refused in words that say what is wrong, letter by letter."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from ai_factory.infra.objects import (
    _charts,
    _kubeadm,
    _machines,
    _metal3,
    fabric_network,
    gpu_cluster,
    kinds,
    management,
    storage,
)
from ai_factory.infra.plan.model import RegionPlan

from .conftest import make_plan

CEPH: dict[str, Any] = {"name": "blocks", "tier": "block", "driver": "rook-ceph", "nodes": 3}


def without_flux(plan: RegionPlan) -> None:
    without = dataclasses.replace(plan, charts=tuple(chart for chart in plan.charts if chart.id != "flux"))
    management.block(without, plan.management[0], "s")


def with_odd_charts(plan: RegionPlan) -> None:
    odd = plan.charts[-1].model_copy(update={"id": "odd", "when": {"sun": ["up"], "moon": ["full"]}})
    _charts.of_cluster(dataclasses.replace(plan, charts=(odd,)), plan.cluster("train"))


def with_shared_ceph(plan: RegionPlan) -> None:
    shared = make_plan(storage=[{**CEPH, "clusters": ["train", "twin"]}])
    storage.block(shared, shared.cluster("train"), "s")


REFUSALS: dict[str, tuple[Callable[[RegionPlan], object], type[Exception], str]] = {
    "control plane of an adopted cluster": (
        lambda plan: _kubeadm.control_plane_config(plan.cluster("twin")),
        ValueError,
        "cluster twin is adopted: its control plane is its owner's",
    ),
    "node addresses of an adopted cluster": (
        lambda plan: gpu_cluster._nodes_pool(plan.cluster("twin")),
        ValueError,
        "cluster twin is adopted: its addresses are not planned here",
    ),
    "rail addresses of an adopted cluster": (
        lambda plan: fabric_network._addresses(plan.cluster("twin"), "ew0", []),
        ValueError,
        "cluster twin is adopted: its addresses are not planned here",
    ),
    "rails without a fabric": (
        lambda plan: fabric_network._fabric_id(plan.cluster("twin")),
        ValueError,
        "cluster twin has no compute fabric",
    ),
    "images that the region does not name": (
        lambda plan: _machines.images(make_plan(images=None)),
        ValueError,
        "images: a region with clusters built from bare metal names its node images",
    ),
    "an item that Metal3 has not": (
        lambda plan: _metal3.NamedItems()["flux"],
        KeyError,
        "'the catalogue gives no flux to the management plane'",
    ),
    "a management plane without flux": (
        without_flux,
        KeyError,
        "'the catalogue gives no flux to the management plane'",
    ),
    "conditions that no cluster answers": (
        with_odd_charts,
        ValueError,
        "chart odd asks for moon, sun; conditions are purpose, provider, rack_scale, fabric_kind, driver",
    ),
    "Ceph for two clusters": (
        with_shared_ceph,
        ValueError,
        "storage blocks: Rook's Ceph serves the cluster that it runs in, not train, twin",
    ),
    "a kind that is not in the table": (
        lambda plan: kinds.plural("v1", "Clutser"),
        KeyError,
        "'Clutser v1 is missing from objects/kinds.py'",
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_says_what_is_wrong(plan: RegionPlan, name: str) -> None:
    refused, error, words = REFUSALS[name]
    with pytest.raises(error) as caught:
        refused(plan)
    assert str(caught.value) == words
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
