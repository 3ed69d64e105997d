"""Pods of add-on charts on a built cluster's nodes: controllers where kubeadm's taint is, agents everywhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ai_factory.infra.catalog import ChartEntry
from ai_factory.infra.objects import _chart_placement, _chart_values, gpu_cluster, rook
from ai_factory.infra.objects.base import KubeObject
from ai_factory.infra.plan.model import RegionPlan

from .conftest import make_plan

CONTROL_PLANE = "node-role.kubernetes.io/control-plane"
TOLERATION = {"key": CONTROL_PLANE, "operator": "Exists", "effect": "NoSchedule"}


@pytest.fixture(scope="module")
def region() -> RegionPlan:
    return make_plan()


def charts() -> list[ChartEntry]:
    return [chart for chart in make_plan().charts if chart.plane == "workload"]


def values_of(region: RegionPlan, chart: ChartEntry, cluster: str = "train") -> dict[str, Any]:
    return _chart_values.values(region, region.cluster(cluster), chart, [each.id for each in charts()])


def maps(value: Any) -> Iterator[dict[str, Any]]:
    """All mappings in a tree of values."""
    if isinstance(value, dict):
        yield value
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from maps(child)


@pytest.mark.parametrize("chart", charts(), ids=lambda chart: chart.id)
def test_a_controller_runs_on_control_planes(region: RegionPlan, chart: ChartEntry) -> None:
    """GPU nodes are tainted, and there are no others: a chart that is forgotten here would wait for ever."""
    if chart.id in _chart_placement.CHOSEN_BY_CHART:
        return
    everything = list(maps(values_of(region, chart)))
    chosen = [each for each in everything if (each.get("nodeSelector") or {}).get(CONTROL_PLANE) == ""]
    bound = [each for each in everything if "nodeAffinity" in each and CONTROL_PLANE in str(each["nodeAffinity"])]
    assert chosen or bound
    tolerating = [each for each in everything if TOLERATION in (each.get("tolerations") or ())]
    if chart.id == "csi-wekafsplugin":
        assert values_of(region, chart)["controllerPluginTolerations"] == [TOLERATION]
    elif chart.id != "cilium":  # whose own tolerations hold for a node that has no network yet
        assert [each for each in chosen if each not in tolerating] == []
        assert tolerating


def test_charts_that_choose_themselves_are_charts() -> None:
    assert _chart_placement.CHOSEN_BY_CHART.keys() <= {chart.id for chart in charts()}


@pytest.mark.parametrize("chart", charts(), ids=lambda chart: chart.id)
def test_an_owner_s_nodes_are_left_to_the_chart(region: RegionPlan, chart: ChartEntry) -> None:
    """The control planes of an adopted cluster may not be nodes at all."""
    assert "node-role" not in str(values_of(region, chart, "twin"))


def test_agents_run_where_they_ran_before_the_taint(region: RegionPlan) -> None:
    keys = {each["key"] for each in _chart_placement.agents(True)}
    assert keys == {"nvidia.com/gpu", "ai-factory.dev/tenant", CONTROL_PLANE}
    assert {each["key"] for each in _chart_placement.agents(False)} == keys - {CONTROL_PLANE}


def test_values_are_not_shared_between_releases(region: RegionPlan) -> None:
    """A caller that changes one chart's values must not change another's."""
    (chart,) = [each for each in charts() if each.id == "ceph-csi-drivers"]
    values_of(region, chart)["operatorConfig"]["driverSpecDefaults"]["controllerPlugin"]["affinity"].clear()
    assert values_of(region, chart)["operatorConfig"]["driverSpecDefaults"]["controllerPlugin"]["affinity"]


def test_control_planes_keep_the_taint_of_kubeadm(region: RegionPlan) -> None:
    """A list of taints replaces kubeadm's, and an empty one takes it off: tenants' pods landed there."""
    items = gpu_cluster.block(region, region.cluster("train"), "s").items
    manifests = [item.manifest for item in items if isinstance(item, KubeObject)]
    (control_plane,) = [each for each in manifests if each["kind"] == "KubeadmControlPlane"]
    config = control_plane["spec"]["kubeadmConfigSpec"]
    for way in ("initConfiguration", "joinConfiguration"):
        assert "taints" not in config[way]["nodeRegistration"]


@pytest.mark.parametrize(("cluster", "tolerated"), [("train", True), ("twin", False)])
def test_ceph_runs_on_storage_nodes_that_are_control_planes(region: RegionPlan, cluster: str, tolerated: bool) -> None:
    place = rook._cluster(region.cluster(cluster), encrypted=False)["placement"]["all"]
    assert (place.get("tolerations") == [TOLERATION]) is tolerated
