"""Attacks on other tenants, on a real API server: ways of a pod to their nodes, devices and networks, all shut."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from lightkube import ApiError, Client, KubeConfig, codecs
from lightkube.config.models import User
from lightkube.models.authentication_v1 import TokenRequestSpec
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import Namespace, Pod, Service, ServiceAccountToken

from ai_factory.infra.objects import tenant, tenant_policy
from ai_factory.infra.sandbox import Sandbox
from tests.live.conftest import eventually
from tests.objects.conftest import make_plan

pytestmark = pytest.mark.live

CLUSTER = "lab-train"
INSIDE = ("Namespace", "ServiceAccount", "ResourceQuota", "LimitRange", "Role", "RoleBinding", "NetworkPolicy")
KUEUE = ("kueue-system", "kueue-controller-manager")
IB_KUBERNETES = ("nvidia-network-operator", "ib-kubernetes")
NETWORKS = "k8s.v1.cni.cncf.io/networks"
TAINT = "ai-factory.dev/tenant"
TENANT = "node.cluster.x-k8s.io/tenant"
SAFE = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
GPU = {"name": "c", "image": "x", "securityContext": SAFE, "resources": {"limits": {"nvidia.com/gpu": "1"}}}


def prerequisites() -> Iterator[dict[str, Any]]:
    """Controllers with all rights, and the runtime class that the GPU operator makes."""
    rbac = "rbac.authorization.k8s.io"
    for space, name in (KUEUE, IB_KUBERNETES):
        yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space}}
        yield {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": space}}
        yield {
            "apiVersion": f"{rbac}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": f"test-{name}"},
            "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": "cluster-admin"},
            "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": space}],
        }
    yield {"apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "metadata": {"name": "nvidia"}, "handler": "nvidia"}


@pytest.fixture(scope="module")
def cluster(client: Callable[[str], Client]) -> Iterator[Client]:
    """The cluster with the policies and two tenants, gov-llm with nodes of its own and acme without."""
    api = client(CLUSTER)
    plan = make_plan()
    for manifest in prerequisites():
        api.apply(codecs.from_dict(manifest), force=True)
    policies = [codecs.from_dict(item.manifest) for item in tenant_policy.shared(plan, plan.cluster("train"))]
    for policy in policies:
        api.apply(policy, force=True)
    for one in plan.tenants:
        for made in tenant.block(plan, one, "s").items:
            if made.manifest["kind"] in INSIDE:
                api.apply(codecs.from_dict(made.manifest), force=True)
    eventually(lambda: refusal(api, pod(hostPID=True, name="probe")))
    eventually(lambda: "toleration" in refusal(api, pod(tolerations=[{"operator": "Exists"}], name="probe")))
    yield api
    for policy in reversed(policies):
        api.delete(type(policy), policy.metadata.name)
    for one in plan.tenants:
        api.delete(Namespace, one.name)


def pod(space: str = "acme", name: str = "p", **fields: Any) -> dict[str, Any]:
    """A pod that keeps all rules, with other fields; `labels` and `annotations` go into the metadata."""
    meta = {key: fields.pop(key) for key in ("labels", "annotations") if key in fields}
    spec = {
        "serviceAccountName": "workload",
        "securityContext": {"runAsNonRoot": True, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [{"name": "c", "image": "x", "securityContext": SAFE}],
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": space, **meta},
        "spec": {**spec, **fields},
    }


def refusal(api: Client, manifest: dict[str, Any]) -> str:
    """Why the API server refuses an object, empty if it takes it; nothing is stored."""
    kind = codecs.from_dict(manifest)
    meta = manifest["metadata"]
    try:
        api.create(kind)
    except ApiError as error:
        return str(error)
    api.delete(type(kind), meta["name"], namespace=meta["namespace"], grace_period=0)
    return ""


def neighbours(kind: str, how: str, **term: Any) -> dict[str, Any]:
    """Affinity of one kind, `podAffinity` or `podAntiAffinity`, `required` or `preferred`, by one term."""
    whole = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {}, **term}
    terms = [whole] if how == "required" else [{"weight": 1, "podAffinityTerm": whole}]
    return {"affinity": {kind: {f"{how}DuringSchedulingIgnoredDuringExecution": terms}}}


QUEUED = {"labels": {"kueue.x-k8s.io/queue-name": "training"}}
ALLOWED = {
    "plain": pod(),
    "gpu in a queue": pod(containers=[GPU], **QUEUED),
    "gpu of a job that Kueue started": pod(containers=[GPU], labels={"kueue.x-k8s.io/local-queue-name": "default"}),
    "gpu taint": pod(tolerations=[{"key": "nvidia.com/gpu", "operator": "Exists"}]),
    "default account without a token": pod(serviceAccountName="default", automountServiceAccountToken=False),
    "own network": pod(annotations={NETWORKS: "partition, acme/partition@net2"}),
    "own nodes": pod("gov-llm", nodeSelector={TENANT: "gov-llm"}),
    "apart from its own pods": pod(**neighbours("podAntiAffinity", "required", namespaces=["acme"])),
    "near its own pods": pod(**neighbours("podAffinity", "preferred")),
    "own taint": pod(
        "gov-llm", labels={"kueue.x-k8s.io/queue-name": "default"}, tolerations=[{"key": TAINT, "value": "gov-llm"}]
    ),
}


@pytest.mark.parametrize("case", ALLOWED)
def test_allowed(cluster: Client, case: str) -> None:
    assert refusal(cluster, ALLOWED[case]) == ""


ELSEWHERE = {
    f"{how} {kind} over {key}": (pod(**neighbours(kind, how, **{key: value})), "pods of the tenant's own namespace")
    for kind in ("podAffinity", "podAntiAffinity")
    for how in ("required", "preferred")
    for key, value in (("namespaceSelector", {}), ("namespaces", ["acme", "kube-system"]))
}
"""Required anti-affinity over namespaces kept everybody else's pods from being scheduled."""
REFUSED = {
    **ELSEWHERE,
    "blanket toleration": (pod(tolerations=[{"operator": "Exists"}]), "must name its key"),
    "another's taint": (pod(tolerations=[{"key": TAINT, "value": "gov-llm"}]), "by its exact value"),
    "every tenant's taint": (pod(tolerations=[{"key": TAINT, "operator": "Exists"}]), "by its exact value"),
    "control plane": (
        pod(tolerations=[{"key": "node-role.kubernetes.io/control-plane", "operator": "Exists"}]),
        "control-plane nodes",
    ),
    "node name": (pod(nodeName="train-r0001-u01"), "leave nodeName out"),
    "no nodes chosen": (pod("gov-llm"), "must name a queue or select its nodes"),
    "another's nodes": (pod("gov-llm", nodeSelector={TENANT: "acme"}), "must name a queue or select its nodes"),
    "system priority": (pod(priorityClassName="system-cluster-critical"), "priorities evict"),
    "host network": (pod(hostNetwork=True), "hostNetwork"),
    "host path": (pod(volumes=[{"name": "v", "hostPath": {"path": "/"}}]), "hostPath"),
    "token": (pod(serviceAccountName="default"), "no token is mounted"),
    "token of the workload account": (pod(automountServiceAccountToken=True), "no token is mounted"),
    "gpu without a queue": (pod(containers=[GPU]), "must name a queue of the tenant"),
    "gpu in another's queue": (
        pod(containers=[GPU], labels={"kueue.x-k8s.io/queue-name": "sovereign-training"}), "must name a queue",
    ),
    "gpu of an init container": (pod(initContainers=[{**GPU, "name": "i"}]), "must name a queue of the tenant"),
    "runtime that gives devices": (pod(runtimeClassName="nvidia"), "leave runtimeClassName out"),
    "devices by annotation": (pod(annotations={"cdi.k8s.io/x": "nvidia.com/gpu=all"}), "not by cdi.k8s.io"),
    "another's network": (pod(annotations={NETWORKS: "partition, gov-llm/partition"}), "own namespace may be joined"),
    "network in JSON": (
        pod(annotations={NETWORKS: '[{"name": "partition", "NameſpAce": "gov-llm"}]'}), "own namespace may be joined",
    ),
    "other cluster network": (pod(annotations={"v1.multus-cni.io/default-network": "x"}), "can't be replaced"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_refused(cluster: Client, case: str) -> None:
    manifest, reason = REFUSED[case]
    assert reason in refusal(cluster, manifest)


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ({"type": "ClusterIP"}, ""),
        ({"type": "NodePort"}, "NodePort opens a port"),
        ({"type": "ExternalName", "externalName": "x.y"}, "ExternalName leads around"),
        ({"type": "ClusterIP", "externalIPs": ["192.0.2.1"]}, "CVE-2020-8554"),
    ],
)
def test_services(cluster: Client, spec: dict[str, Any], reason: str) -> None:
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s", "namespace": "acme"}}
    refused = refusal(cluster, {**service, "spec": {**spec, "ports": [{"port": 80}]}})
    assert (reason in refused) if reason else refused == ""


def test_a_deleted_service_takes_no_address(cluster: Client) -> None:
    """A finalizer of the tenant's own holds it back, and an object that goes was once exempt from every rule."""
    metadata = {"name": "held", "namespace": "acme", "finalizers": ["example.org/hold"]}
    service = {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"ports": [{"port": 80}]}}
    cluster.create(codecs.from_dict(service))
    cluster.delete(Service, "held", namespace="acme")
    going = cluster.get(Service, "held", namespace="acme")
    assert going.metadata is not None and going.metadata.deletionTimestamp is not None and going.spec is not None

    going.spec.externalIPs = ["192.0.2.1"]
    with pytest.raises(ApiError, match="CVE-2020-8554"):
        cluster.replace(going)

    going.spec.externalIPs = None
    going.metadata.finalizers = []
    cluster.replace(going)
    with pytest.raises(ApiError, match="not found"):
        cluster.get(Service, "held", namespace="acme")


def test_platform_namespaces_are_not_touched(cluster: Client) -> None:
    free = pod("default", tolerations=[{"operator": "Exists"}], containers=[GPU], serviceAccountName="default")
    assert refusal(cluster, free) == ""


# Updates ----------------------------------------------------------------------------------------------------


@pytest.fixture
def gated(cluster: Client) -> Iterator[Client]:
    """A pod that waits at Kueue's gate."""
    cluster.create(codecs.from_dict(pod(name="gated", schedulingGates=[{"name": "kueue.x-k8s.io/admission"}])))
    yield cluster
    cluster.delete(Pod, "gated", namespace="acme", grace_period=0)


def update(api: Client, change: Callable[[Pod], object]) -> str:
    """Why an update of the pod is refused, empty if it is not; conflicts with controllers are tried again."""
    while True:
        found = api.get(Pod, "gated", namespace="acme")
        change(found)
        try:
            api.replace(found)
        except ApiError as error:
            if error.status.code != 409:
                return str(error)
        else:
            return ""


def open_gate(found: Pod) -> None:
    assert found.spec is not None
    found.spec.schedulingGates = None


def join(networks: str) -> Callable[[Pod], None]:
    def change(found: Pod) -> None:
        assert found.metadata is not None
        found.metadata.annotations = {NETWORKS: networks}

    return change


def as_account(live: Sandbox, admin: Client, account: tuple[str, str]) -> Client:
    """A client with the token of a service account."""
    space, name = account
    wanted = ServiceAccountToken(metadata=ObjectMeta(), spec=TokenRequestSpec(audiences=[]))
    token = admin.create(wanted, name, namespace=space).status.token
    config = KubeConfig.from_file(live.kubeconfig()).get(context_name=CLUSTER)
    assert config is not None
    return Client(config=config._replace(user=User(token=token)), trust_env=False, field_manager="test")


def test_only_kueue_opens_its_gate(live: Sandbox, gated: Client) -> None:
    assert "only Kueue opens" in update(gated, open_gate)
    assert "only Kueue opens" in update(as_account(live, gated, IB_KUBERNETES), open_gate)
    assert update(as_account(live, gated, KUEUE), open_gate) == ""


def test_only_ib_kubernetes_writes_the_long_form(live: Sandbox, gated: Client) -> None:
    long = '[{"name": "partition", "namespace": "acme", "cni-args": {"guid": "02:00:00:01:00:00:00:01"}}]'
    assert "own namespace" in update(gated, join(long))
    assert update(as_account(live, gated, IB_KUBERNETES), join(long)) == ""
    assert (
        update(gated, lambda found: found.metadata.labels.update(seen="yes") if found.metadata.labels else None) == ""
    )
