"""Simulated nodes offer what pods of tenants ask for: else none is ever scheduled in the sandbox."""

from __future__ import annotations

from ai_factory.infra.objects import _tenant_limits
from ai_factory.infra.simulation import nodes
from tests.objects.conftest import make_plan


def test_nodes_offer_what_a_pod_that_says_nothing_asks_for() -> None:
    plan = make_plan()
    cluster = plan.cluster("train")
    [tenant, *_] = plan.tenants_of("train")
    limits = next(m for m in _tenant_limits.manifests(plan, cluster, tenant) if m["kind"] == "LimitRange")
    [container] = limits["spec"]["limits"]
    made = list(nodes.nodes(plan, cluster))
    assert len(made) > 30
    for node in made:
        assert set(container["defaultRequest"]) <= set(node["status"]["allocatable"]), node["metadata"]["name"]


def test_no_container_may_be_larger_than_a_node() -> None:
    plan = make_plan()
    cluster = plan.cluster("train")
    [tenant, *_] = plan.tenants_of("train")
    limits = next(m for m in _tenant_limits.manifests(plan, cluster, tenant) if m["kind"] == "LimitRange")
    gpu_node = next(node for node in nodes.nodes(plan, cluster) if "nvidia.com/gpu" in node["status"]["allocatable"])
    for name, most in limits["spec"]["limits"][0]["max"].items():
        assert most == gpu_node["status"]["allocatable"][name]
