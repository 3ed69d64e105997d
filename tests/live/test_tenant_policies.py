"""Tenants never meet: the admission policies of an enclave, on a real API server, against pods that try."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from lightkube import Client
from lightkube.codecs import from_dict
from lightkube.core.exceptions import ApiError
from lightkube.resources.core_v1 import Namespace, Pod, Service

from ai_factory.infra import regions
from ai_factory.infra.objects import labels, tenant_policy
from ai_factory.infra.objects.base import KubeObject, items_of
from ai_factory.infra.objects.region import region_blocks
from ai_factory.infra.plan.model import RegionPlan

from .conftest import eventually

pytestmark = pytest.mark.live

OWN = {"key": labels.TENANT_TAINT_KEY, "operator": "Equal", "value": "blue", "effect": "NoSchedule"}
GPU = {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}
KINDS = {"Namespace", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"}


@pytest.fixture(scope="module")
def plan() -> RegionPlan:
    return regions.load_plan(regions.region_file("lab"))


@pytest.fixture(scope="module")
def cluster(plan: RegionPlan, client: Callable[[str], Client]) -> Iterator[Client]:
    """The API server of `lab-train` with the enclaves' namespaces and policies of the lab's cluster `train`."""
    api = client("lab-train")
    items = [i for i in items_of(region_blocks(plan)) if isinstance(i, KubeObject) and i.target == "train"]
    mine = [i.manifest for i in items if i.manifest["kind"] in KINDS]
    for manifest in mine:
        api.apply(from_dict(copy.deepcopy(manifest)), force=True)
    # A policy takes effect some moments after it exists.
    eventually(lambda: "host" in _refused(api, _blue(hostPID=True)), timeout_seconds=60)
    eventually(lambda: "NodePort" in _refused(api, _service(type="NodePort")), timeout_seconds=60)
    yield api
    for manifest in reversed(mine):
        if manifest["kind"] != "Namespace":
            api.delete(type(from_dict(manifest)), manifest["metadata"]["name"])
    for name in ("blue", "green"):
        api.delete(Namespace, name)


def _pod(namespace: str, **spec: Any) -> Pod:
    """A pod that the restricted pod security standard lets pass, with changes."""
    container = {
        "name": "c",
        "image": "registry.example/c@sha256:" + "0" * 64,
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "runAsNonRoot": True,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }
    body = {"containers": [container], "automountServiceAccountToken": False, **spec}
    return from_dict(
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": namespace}, "spec": body}
    )


def _service(**spec: Any) -> Service:
    metadata = {"name": "s", "namespace": "green"}
    service = from_dict(
        {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"ports": [{"port": 80}], **spec}}
    )
    assert isinstance(service, Service)
    return service


def _blue(**spec: Any) -> Pod:
    return _pod("blue", **{"nodeSelector": {labels.TENANT: "blue"}, "tolerations": [GPU, OWN], **spec})


def _refused(api: Client, obj: Any) -> str:
    """What the API server says against creating an object; empty if it takes it."""
    try:
        api.create(obj)
    except ApiError as error:
        return str(error.status.message)
    api.delete(type(obj), obj.metadata.name, namespace=obj.metadata.namespace, grace_period=0)
    return ""


def test_a_tenant_works_on_its_own_nodes(cluster: Client) -> None:
    assert _refused(cluster, _blue()) == ""


def test_a_shared_tenant_works_on_shared_nodes(cluster: Client) -> None:
    assert _refused(cluster, _pod("green", tolerations=[GPU])) == ""


@pytest.mark.parametrize(
    ("pod", "why"),
    [
        (_pod("green", tolerations=[{"operator": "Exists"}]), "must name its key"),
        (_pod("green", tolerations=[OWN]), "own nodes"),
        (_pod("green", tolerations=[{**OWN, "operator": "Exists", "value": ""}]), "own nodes"),
        (_blue(tolerations=[{**OWN, "value": "green"}]), "own nodes"),
        (_blue(nodeName="node-of-somebody"), "leave nodeName out"),
        (_blue(nodeSelector={}), "select its nodes"),
        (_blue(nodeSelector={labels.TENANT: "green"}), "select its nodes"),
        (_blue(hostNetwork=True), "host"),
        (_blue(hostPID=True), "host"),
        (_blue(volumes=[{"name": "v", "hostPath": {"path": "/"}}]), "host"),
    ],
)
def test_a_pod_that_tries_is_refused(cluster: Client, pod: Pod, why: str) -> None:
    assert why in _refused(cluster, pod)


@pytest.mark.parametrize("spec", [{"externalIPs": ["10.0.0.1"]}, {"type": "NodePort"}])
def test_a_service_that_tries_is_refused(cluster: Client, spec: dict[str, Any]) -> None:
    assert "tenant-services" in _refused(cluster, _service(**spec))


def test_other_namespaces_are_left_alone(cluster: Client) -> None:
    assert _refused(cluster, _pod("default", tolerations=[{"operator": "Exists"}])) == ""


def test_the_policies_are_those_of_the_plan(plan: RegionPlan) -> None:
    names = [item.manifest["metadata"]["name"] for item in tenant_policy.shared(plan, plan.cluster("train"))]
    assert names == [
        name for one in (tenant_policy.PODS, tenant_policy.SERVICES, tenant_policy.CLAIMS) for name in (one, one)
    ]
