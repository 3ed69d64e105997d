"""Attacks of more than one step, on a real API server: gates, objects that go, controllers that are impersonated.

Those of one step are data, see `test_enclaves`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from lightkube import ApiError, Client, KubeConfig, codecs
from lightkube.config.models import User
from lightkube.models.authentication_v1 import TokenRequestSpec
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import Pod, Service, ServiceAccountToken

from ai_factory.infra.sandbox import Sandbox
from tests.live.people import Server

pytestmark = [pytest.mark.live, pytest.mark.slow]

CLUSTER = "lab-train"
KUEUE = ("kueue-system", "kueue-controller-manager")
IB_KUBERNETES = ("nvidia-network-operator", "ib-kubernetes")
NETWORKS = "k8s.v1.cni.cncf.io/networks"
SAFE = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
GPU = {"name": "c", "image": "x", "securityContext": SAFE, "resources": {"limits": {"nvidia.com/gpu": "1"}}}


def prerequisites() -> Iterator[dict[str, Any]]:
    """Controllers with all rights."""
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


@pytest.fixture(scope="module")
def cluster(two_enclaves: Server, client: Callable[[str], Client]) -> Client:
    """The cluster with the policies and two tenants, gov-llm with nodes of its own and acme without."""
    assert two_enclaves
    api = client(CLUSTER)
    for manifest in prerequisites():
        api.apply(codecs.from_dict(manifest), force=True)
    return api


def pod(space: str = "acme", name: str = "p", **fields: Any) -> dict[str, Any]:
    """A pod that keeps all rules, with other fields; `labels` and `annotations` go into the metadata."""
    meta = {key: fields.pop(key) for key in ("labels", "annotations") if key in fields}
    spec = {
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
