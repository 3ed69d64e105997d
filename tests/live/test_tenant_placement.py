"""Where tenants' pods run, on a real API server and scheduler: on their nodes, whatever a manifest says or omits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from lightkube import ApiError, Client, KubeConfig, codecs
from lightkube.config.models import User
from lightkube.models.core_v1 import PodSchedulingGate
from lightkube.resources.apps_v1 import Deployment
from lightkube.resources.batch_v1 import Job
from lightkube.resources.core_v1 import Namespace, Node, Pod
from lightkube.types import PatchType

from ai_factory.infra.objects import labels, tenant, tenant_policy
from ai_factory.infra.objects.base import KubeObject
from ai_factory.infra.plan.model import RegionPlan
from ai_factory.infra.sandbox import Sandbox
from ai_factory.infra.sandbox.layout import Layout
from ai_factory.infra.simulation import nodes
from tests.live.conftest import eventually
from tests.objects.conftest import make_plan

pytestmark = pytest.mark.live

CLUSTER = "lab-train"
ROOM = ("Namespace", "ServiceAccount", "ResourceQuota", "LimitRange")
BARE = "unfilled"
"""A tenant's namespace as admission plug-ins see it that are off."""
GPU_NODES = {"node.cluster.x-k8s.io/role": "gpu"}
OWN = "node-restriction.kubernetes.io/tenant"
SAFE = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
BODY: dict[str, Any] = {
    "automountServiceAccountToken": False,
    "securityContext": {"runAsNonRoot": True, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}},
    "containers": [{"name": "c", "image": "x", "securityContext": SAFE}],
}


@pytest.fixture(scope="module")
def plan() -> RegionPlan:
    return make_plan()


@pytest.fixture(scope="module")
def owners(plan: RegionPlan) -> dict[str, str]:
    """Whose each simulated node is: a tenant's, `shared`, `platform`, or `nobody` for a node that says nothing."""
    cluster = plan.cluster("train")
    return {
        **{host.name: rack.tenant or "shared" for rack in cluster.racks for host in rack.hosts},
        **{host.name: "platform" for host in cluster.core_hosts},
        "stranger": "nobody",
    }


@pytest.fixture(scope="module")
def cluster(client: Callable[[str], Client], plan: RegionPlan, owners: dict[str, str]) -> Iterator[Client]:
    """The cluster's nodes and one that carries neither label nor taint, its policies, and its tenants' namespaces."""
    api = client(CLUSTER)
    for node in simulated(plan):
        api.create(codecs.from_dict(node))
    policies = [codecs.from_dict(item.manifest) for item in tenant_policy.shared(plan, plan.cluster("train"))]
    for policy in policies:
        api.apply(policy, force=True)
    spaces = [item for each in plan.tenants for item in tenant.block(plan, each, "s").items]
    for item in spaces:
        if isinstance(item, KubeObject) and item.manifest["kind"] in ROOM:
            api.apply(codecs.from_dict(item.manifest), force=True)
    marks = {labels.TENANT_NAMESPACE: "acme", labels.ISOLATION: "shared"}
    api.create(codecs.from_dict({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": BARE, "labels": marks}}))
    eventually(lambda: "GPU nodes" in refusal(api, BARE))
    eventually(lambda: all(is_ready(node) for node in api.list(Node) if node.metadata.name in owners))
    yield api
    for policy in reversed(policies):
        api.delete(type(policy), policy.metadata.name)
    for name in (BARE, *(each.name for each in plan.tenants)):
        api.delete(Namespace, name)
    for name in owners:
        api.delete(Node, name)


def simulated(plan: RegionPlan) -> list[dict[str, Any]]:
    planned = list(nodes.nodes(plan, plan.cluster("train")))
    last = planned[-1]
    stranger = {**last, "spec": {}, "metadata": {**last["metadata"], "name": "stranger", "labels": {}}}
    return [*planned, stranger]


def is_ready(node: Node) -> bool:
    conditions = {each.type: each.status for each in ((node.status and node.status.conditions) or [])}
    return conditions.get("Ready") == "True"


def refusal(api: Client, space: str, **fields: Any) -> str:
    """Why the API server refuses a pod, empty if it takes it; nothing is stored."""
    try:
        api.create(codecs.from_dict(pod(space, "probe", **fields)), dry_run=True)
    except ApiError as error:
        return str(error)
    return ""


def pod(space: str, name: str, **fields: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": space, "labels": {"app": name}},
        "spec": {**BODY, **fields},
    }  # fmt: skip


def deployment(space: str, name: str) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": name}}, "spec": BODY}
    body = {"replicas": 2, "selector": {"matchLabels": {"app": name}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": space}, "spec": body}


def job(space: str, name: str) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": name}}, "spec": {**BODY, "restartPolicy": "Never"}}
    return {
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name, "namespace": space},
        "spec": {"template": template},
    }  # fmt: skip


def placed(api: Client, space: str, name: str) -> list[str]:
    """Nodes of the pods with this label, once there are any and all have one."""
    names = [each.spec.nodeName for each in api.list(Pod, namespace=space, labels={"app": name})]
    return names if all(names) else []


@pytest.mark.parametrize(("space", "owner"), [("acme", "shared"), ("gov-llm", "gov-llm")])
@pytest.mark.parametrize(
    ("make", "kind"), [(pod, Pod), (deployment, Deployment), (job, Job)], ids=["pod", "deployment", "job"]
)
def test_a_manifest_without_any_placement_runs_on_its_tenant_s_nodes(
    cluster: Client, owners: dict[str, str], make: Any, kind: Any, space: str, owner: str
) -> None:
    name = f"stock-{kind.__name__.lower()}"
    cluster.create(codecs.from_dict(make(space, name)))

    hosts = eventually(lambda: placed(cluster, space, name))

    assert {owners[host] for host in hosts} == {owner}
    cluster.delete(kind, name, namespace=space, grace_period=0)


@pytest.mark.parametrize(
    ("space", "selector", "reason"),
    [
        ("acme", {"node.cluster.x-k8s.io/role": "control-plane"}, "conflicts with its namespace"),
        ("gov-llm", {OWN: "acme"}, "conflicts with its namespace"),
        (BARE, {}, "write nodeSelector node.cluster.x-k8s.io/role: 'gpu'"),
        (BARE, {"node.cluster.x-k8s.io/role": "control-plane"}, "write nodeSelector"),
        (BARE, {"node-role.kubernetes.io/control-plane": ""}, "write nodeSelector"),
        (BARE, GPU_NODES, ""),
    ],
)
def test_other_nodes_are_refused(cluster: Client, space: str, selector: dict[str, str], reason: str) -> None:
    """Filled in or not: what an API server without the plug-ins takes, the policy refuses."""
    refused = refusal(cluster, space, nodeSelector=selector)
    assert (reason in refused) if reason else refused == ""


def test_nodes_of_its_own_are_demanded_of_a_dedicated_tenant(cluster: Client) -> None:
    space = "unfilled-own"
    marks = {labels.TENANT_NAMESPACE: "gov-llm", labels.ISOLATION: "dedicated-nodes"}
    meta = {"name": space, "labels": marks}
    cluster.create(codecs.from_dict({"apiVersion": "v1", "kind": "Namespace", "metadata": meta}))
    eventually(lambda: "GPU nodes" in refusal(cluster, space))
    assert f"write nodeSelector {OWN}" in refusal(cluster, space, nodeSelector=GPU_NODES)
    assert f"write nodeSelector {OWN}" in refusal(cluster, space, nodeSelector={**GPU_NODES, OWN: "acme"})
    assert refusal(cluster, space, nodeSelector={**GPU_NODES, OWN: "gov-llm"}) == ""
    cluster.delete(Namespace, space)


def test_another_s_nodes_are_not_chosen(cluster: Client) -> None:
    """Their taint would keep the pod off, and it would wait for ever."""
    assert "nodes of another tenant are not to be chosen" in refusal(cluster, "acme", nodeSelector={OWN: "gov-llm"})


@pytest.mark.parametrize("given", [{}, GPU_NODES], ids=["bare", "by a flavour"])
def test_a_gate_is_opened_only_towards_nodes_of_tenants(cluster: Client, given: dict[str, str]) -> None:
    """Kueue holds pods at its gate and writes their nodes when it lets them go: before that nothing is judged."""
    cluster.create(codecs.from_dict(pod(BARE, "gated", schedulingGates=[{"name": "example.org/gate"}])))
    waiting = cluster.get(Pod, "gated", namespace=BARE)
    assert waiting.spec is not None and waiting.spec.schedulingGates == [PodSchedulingGate(name="example.org/gate")]

    waiting.spec.schedulingGates = None
    waiting.spec.nodeSelector = given or None
    try:
        cluster.replace(waiting)
        answer = ""
    except ApiError as error:
        answer = str(error)

    assert answer == "" if given else "write nodeSelector" in answer
    cluster.delete(Pod, "gated", namespace=BARE, grace_period=0)


@pytest.fixture
def adopted(client: Callable[[str], Client]) -> Iterator[Client]:
    """An adopted cluster's policies and two namespaces of its tenant, of which no plug-in fills in one."""
    api = client("lab-management")
    tenants = [{"name": "twins", "isolation": "shared", "gpus": 8, "cluster": "twin"}]
    region = make_plan(tenants=tenants)
    policies = [codecs.from_dict(item.manifest) for item in tenant_policy.shared(region, region.cluster("twin"))]
    for policy in policies:
        api.apply(policy, force=True)
    (home, *_) = tenant.block(region, region.tenants[0], "s").items
    assert isinstance(home, KubeObject)
    bare = {**home.manifest, "metadata": {**home.manifest["metadata"], "name": BARE, "annotations": {}}}
    for space in (home.manifest, bare):
        api.apply(codecs.from_dict(space), force=True)
    eventually(lambda: "GPU nodes" in refusal(api, BARE))
    yield api
    for policy in reversed(policies):
        api.delete(type(policy), policy.metadata.name)
    for name in ("twins", BARE):
        api.delete(Namespace, name)


def test_an_adopted_cluster_s_pods_run_where_its_gpus_are(adopted: Client) -> None:
    """By the GPU operator's label, since its nodes have none of ours."""
    filled = adopted.create(codecs.from_dict(pod("twins", "stock")), dry_run=True)
    assert filled.spec.nodeSelector == {"nvidia.com/gpu.present": "true"}
    assert "nvidia.com/gpu" in {each.key for each in filled.spec.tolerations}
    assert "write nodeSelector nvidia.com/gpu.present: 'true'" in refusal(adopted, BARE)
    assert "write nodeSelector" in refusal(adopted, BARE, nodeSelector={"node-role.kubernetes.io/control-plane": ""})
    assert refusal(adopted, BARE, nodeSelector={"nvidia.com/gpu.present": "true"}) == ""


# Whose a node is ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def kubelet(live: Sandbox, plan: RegionPlan, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Client]:
    """A GPU node, and a client with its kubelet's certificate."""
    name = plan.cluster("train").racks[1].hosts[0].name
    folder = tmp_path_factory.mktemp("kubelet")
    authority = Layout(live.state_dir).authority
    pair = authority.issue(folder, "kubelet", common_name=f"system:node:{name}", groups=("system:nodes",))
    config = KubeConfig.from_file(live.kubeconfig()).get(context_name=CLUSTER)
    assert config is not None
    user = User(client_cert=str(pair.cert), client_key=str(pair.key))
    return name, Client(config=config._replace(user=user), trust_env=False, field_manager="kubelet")


@pytest.mark.parametrize(
    ("label", "allowed"),
    [
        (labels.TENANT, False),
        (labels.CONTROL_PLANE, False),
        ("node.cluster.x-k8s.io/tenant", True),  # where it stood before
    ],
)
def test_a_kubelet_can_not_draw_another_tenant_s_pods(
    cluster: Client, kubelet: tuple[str, Client], label: str, allowed: bool
) -> None:
    name, api = kubelet
    change = {"metadata": {"labels": {label: "gov-llm"}}}
    try:
        api.patch(Node, name, change, patch_type=PatchType.MERGE)
        answer = ""
    except ApiError as error:
        answer = str(error)
    assert answer == "" if allowed else "is not allowed to modify labels" in answer


def test_a_kubelet_can_not_take_its_taints_off(cluster: Client, kubelet: tuple[str, Client]) -> None:
    name, api = kubelet
    with pytest.raises(ApiError, match="not allowed to modify taints"):
        api.patch(Node, name, {"spec": {"taints": []}}, patch_type=PatchType.MERGE)
