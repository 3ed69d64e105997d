"""What an API server does for tenants is seen, and tenants are kept off one that lacks it: on real servers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from lightkube import Client, codecs
from lightkube.resources.core_v1 import Namespace, Node

from ai_factory.infra import apiserver
from ai_factory.infra.engine import isolation
from ai_factory.infra.kube.access import ContextSource
from ai_factory.infra.kube.cluster import Cluster, connect
from ai_factory.infra.kube.stopping import Halt
from ai_factory.infra.objects import tenant, tenant_policy
from ai_factory.infra.objects.base import KubeObject
from ai_factory.infra.sandbox import Cluster as Simulated
from ai_factory.infra.sandbox import Sandbox
from ai_factory.infra.simulation import nodes
from tests.live.conftest import eventually
from tests.objects.conftest import make_plan

pytestmark = pytest.mark.live

BARE = "bare"
"""A cluster whose owner has switched off all that tenants need."""
PLUGINS = ("ValidatingAdmissionPolicy", "PodSecurity", "NodeRestriction", "PodNodeSelector", "PodTolerationRestriction")


def items() -> list[KubeObject]:
    plan = make_plan()
    blocks = [tenant.block(plan, each, "s") for each in plan.tenants]
    return [item for block in blocks for item in block.items if isinstance(item, KubeObject)]


def states(cluster: Cluster) -> dict[str, str]:
    return {sight.subject: sight.state for sight in isolation.sights(cluster, isolation.tenants_of(items()))}


@pytest.fixture(scope="module")
def bare(
    tmp_path_factory: pytest.TempPathFactory, cache_dir: Path
) -> Iterator[tuple[Cluster, Callable[[dict[str, Any]], None]]]:
    """A server without the plug-ins, and what makes an object there."""
    off = {"disable-admission-plugins": "PodSecurity,NodeRestriction,ValidatingAdmissionPolicy"}
    sandbox = Sandbox(tmp_path_factory.mktemp("bare") / "state", cache_dir)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(apiserver, "PLUGINS", ("ResourceQuota",))
        flags = apiserver.flags
        patch.setattr(apiserver, "flags", lambda *folders: {**flags(*folders), **off})
        sandbox.up([Simulated(name=BARE, role="management")])
    try:
        cluster = connect(BARE, ContextSource(BARE, [sandbox.kubeconfig()]), Halt())
        yield cluster, lambda manifest: create(cluster, manifest)
    finally:
        sandbox.down(purge=True)


def create(cluster: Cluster, manifest: dict[str, Any]) -> None:
    kind = cluster.discovery.of(manifest)
    assert kind is not None
    cluster.api.request("POST", kind.path(manifest["metadata"].get("namespace")), body=manifest)


def a_node() -> dict[str, Any]:
    plan = make_plan()
    return next(nodes.nodes(plan, plan.cluster("train")))


@pytest.fixture
def good(live: Sandbox, client: Callable[[str], Client]) -> Iterator[tuple[Cluster, Client]]:
    """The sandbox's workload cluster with a node."""
    api = client("lab-train")
    node = codecs.from_dict(a_node())
    api.create(node)
    yield connect("train", ContextSource("lab-train", [live.kubeconfig()]), Halt()), api
    api.delete(Node, node.metadata.name)


def test_a_server_with_the_flags_is_seen_to_have_them(good: tuple[Cluster, Client]) -> None:
    cluster, api = good
    before = states(cluster)
    assert before == {
        **dict.fromkeys(PLUGINS, "unseen"), "PodSecurity": "on", "NodeRestriction": "on",
    }, "without a tenant"  # fmt: skip
    assert isolation.faults(cluster, items()) == []

    plan = make_plan()
    policies = [codecs.from_dict(item.manifest) for item in tenant_policy.shared(plan, plan.cluster("train"))]
    spaces = [codecs.from_dict(item.manifest) for item in items() if item.manifest["kind"] == "Namespace"]
    for each in (*policies, *spaces):
        api.apply(each, force=True)
    eventually(lambda: states(cluster) == dict.fromkeys(PLUGINS, "on"))
    assert isolation.faults(cluster, items()) == []
    for each in reversed(policies):
        api.delete(type(each), each.metadata.name)
    for each in spaces:
        api.delete(Namespace, each.metadata.name)


def test_looking_leaves_nothing_behind(good: tuple[Cluster, Client]) -> None:
    cluster, api = good
    states(cluster)
    assert "ai-factory-probe" not in {each.metadata.name for each in api.list(Namespace)}
    assert not [each for node in api.list(Node) for each in node.metadata.labels if "probe" in each]


def test_a_server_without_them_is_refused_by_name_of_the_flags(bare: tuple[Cluster, Any]) -> None:
    cluster, make = bare
    make(a_node())

    first = isolation.faults(cluster, items())
    assert len(first) == 2
    assert first[0].startswith("bare: its API server does not keep tenants apart, PodSecurity is off")
    assert "--enable-admission-plugins=PodSecurity" in first[0]
    assert "--enable-admission-plugins=NodeRestriction" in first[1]

    plan = make_plan()
    for item in (*tenant_policy.shared(plan, plan.cluster("train")), *items()):
        if item.manifest["kind"] in ("Namespace", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"):
            make(item.manifest)
    assert states(cluster) == dict.fromkeys(PLUGINS, "off")
    assert "--enable-admission-plugins=ValidatingAdmissionPolicy" in isolation.faults(cluster, items())[0]
    assert isolation.faults(cluster, []) == [], "a cluster without tenants needs none of it"
