"""Two enclaves on a real API server, one of each tier, with everything that policies and rights read."""

from __future__ import annotations

import contextlib
import copy
import itertools
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from ai_factory.infra.objects import cluster_platform, kinds, tenant
from ai_factory.infra.objects.base import KubeObject
from ai_factory.infra.plan.model import RegionPlan
from tests import schema
from tests.live.people import Server, controller

DATA = Path(__file__).with_name("enclave")
SHARED, DEDICATED = "acme", "gov-llm"
TIERS = {"shared": SHARED, "dedicated": DEDICATED}
OTHER = {SHARED: DEDICATED, DEDICATED: SHARED}

STANDING = "standing"
"""Name of objects that changes are tried on."""

_GROUPS = ("", "rbac.authorization.k8s.io", "networking.k8s.io", "admissionregistration.k8s.io")
"""API groups whose objects of an enclave the API server itself knows."""
_CUSTOM = (
    "jobset/jobsets.jobset.x-k8s.io",
    "leaderworkerset/leaderworkersets.leaderworkerset.x-k8s.io",
    "kubeflow-trainer/trainjobs.trainer.kubeflow.org",
    "kubeflow-trainer/trainingruntimes.trainer.kubeflow.org",
    "kubeflow-trainer/clustertrainingruntimes.trainer.kubeflow.org",
    "external-snapshotter/volumesnapshots.snapshot.storage.k8s.io",
    "external-snapshotter/volumesnapshotclasses.snapshot.storage.k8s.io",
    "nvidia-dra-driver-gpu/computedomains.resource.nvidia.com",
    "multus/network-attachment-definitions.k8s.cni.cncf.io",
    "kueue/localqueues.kueue.x-k8s.io",
    "kueue/workloads.kueue.x-k8s.io",
    "kueue/topologies.kueue.x-k8s.io",
    "kueue/workloadpriorityclasses.kueue.x-k8s.io",
    "kueue/clusterqueues.kueue.x-k8s.io",
    "rook-ceph/objectbucketclaims.objectbucket.io",
    "external-secrets/externalsecrets.external-secrets.io",
    "external-secrets/clustersecretstores.external-secrets.io",
    "cilium/ciliumnetworkpolicies.cilium.io",
)
"""Definitions of kinds that tenants make, in the folder of the projects' own."""
_RUNTIMES = ("nvidia", "kata")


def load(name: str) -> Any:
    """A file of the tests' data."""
    return yaml.safe_load((DATA / f"{name}.yaml").read_text(encoding="utf-8"))


def changed(manifest: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """A manifest with other values, by path."""
    result = copy.deepcopy(dict(manifest))
    for path, value in values.items():
        *way, last = path.split(".") if path.count("/") == 0 else [path]
        place: Any = result
        for step in way:
            place = place[int(step)] if isinstance(place, list) else place.setdefault(step, {})
        place[int(last) if isinstance(place, list) else last] = copy.deepcopy(value)
    return result


def told(value: Any, words: Mapping[str, str]) -> Any:
    """Data with `{tenant}` and the like replaced."""
    if isinstance(value, str):
        for key, word in words.items():
            value = value.replace(f"{{{key}}}", word)
        return value
    if isinstance(value, dict):
        return {key: told(item, words) for key, item in value.items()}
    return [told(item, words) for item in value] if isinstance(value, list) else value


def path(manifest: Mapping[str, Any], namespace: str | None, name: str = "") -> str:
    """REST path of a manifest's kind in a namespace."""
    group_version = manifest["apiVersion"]
    root = f"/apis/{group_version}" if "/" in group_version else f"/api/{group_version}"
    plural = f"{manifest['kind'].lower()}s"
    with contextlib.suppress(KeyError):
        plural = kinds.plural(group_version, manifest["kind"])
    place = f"/namespaces/{namespace}" if namespace else ""
    return f"{root}{place}/{plural}" + (f"/{name}" if name else "")


def set_up(server: Server, plan: RegionPlan) -> None:
    """Everything of the plan's cluster `train` and of its tenants that the API server itself judges by."""
    for manifest in _prerequisites():
        server.apply(path(manifest, None, manifest["metadata"]["name"]), manifest)
    for definition in _CUSTOM:
        body = yaml.safe_load((schema.SHARED / "crds" / f"{definition}.yaml").read_text(encoding="utf-8"))
        server.apply(path(body, None, body["metadata"]["name"]), body)
    platform = cluster_platform.block(plan, plan.cluster("train"), "s")
    blocks = [platform, *(tenant.block(plan, one, "s") for one in plan.tenants)]
    for item in (item for block in blocks for item in block.items):
        if isinstance(item, KubeObject) and item.target == "train" and _known(item.manifest):
            meta = item.manifest["metadata"]
            server.apply(path(item.manifest, meta.get("namespace"), meta["name"]), item.manifest)
    _wait(server)
    _count(server, plan)


def tear_down(server: Server, plan: RegionPlan) -> None:
    """Take the policies away, so that nothing holds in the other tests' namespaces, and the tenants."""
    for item in cluster_platform.block(plan, plan.cluster("train"), "s").items:
        mine = isinstance(item, KubeObject) and item.target == "train" and _known(item.manifest)
        if mine and item.manifest["kind"] != "Namespace":
            server.ask("DELETE", path(item.manifest, None, item.manifest["metadata"]["name"]))
    places = [f"/api/v1/namespaces/{name}" for name in TIERS.values()]
    for place in places:
        server.ask("DELETE", place)
    deadline = time.monotonic() + 60
    while any(server.ask("GET", place)[0] != 404 for place in places):
        assert time.monotonic() < deadline, "the enclaves don't go"
        for name, kind in itertools.product(TIERS.values(), ("pod", "claim")):
            _let_go(server, path(load("stock")[kind], name))
        time.sleep(0.5)


def words(tenant: str) -> dict[str, str]:
    """What stands for the tenants in the data."""
    return {"tenant": tenant, "other": OTHER[tenant]}


def clean(server: Server, tenant: str) -> None:
    """Remove what a first day leaves."""
    for stock in load("stock").values():
        if stock["kind"] == "ServiceAccount":
            server.ask("DELETE", path(stock, tenant, stock["metadata"]["name"]))
        elif stock["kind"] == "Service":
            for name in ("stock", "balancer", "headless", "applied"):
                server.ask("DELETE", path(stock, tenant, name))
        elif stock["kind"] == "Secret":
            server.ask("DELETE", path(stock, tenant, "stock"))
        else:
            server.ask("DELETE", path(stock, tenant), gracePeriodSeconds="0", propagationPolicy="Background")
    deadline = time.monotonic() + 60
    while any(server.ask("GET", path(stock, tenant, "stock"))[0] == 200 for stock in load("stock").values()):
        assert time.monotonic() < deadline, f"{tenant} is not clean"
        for kind in ("pod", "claim"):
            _let_go(server, path(load("stock")[kind], tenant))
        time.sleep(0.2)


def _let_go(server: Server, place: str) -> None:
    """Take finalizers off what controllers that are not here would take them off."""
    for item in server.ask("GET", place)[1]["items"]:
        if item["metadata"].get("deletionTimestamp"):
            server.ask("PATCH", f"{place}/{item['metadata']['name']}", {"metadata": {"finalizers": None}})


@contextlib.contextmanager
def standing(server: Server, tenant: str, stock: Mapping[str, Any]) -> Iterator[None]:
    """Objects that exist, made by the administrator, that changes are tried on."""
    for manifest in stock.values():
        meta = {"name": STANDING, "labels": {"kueue.x-k8s.io/queue-name": "default", "kueue.x-k8s.io/managed": "true"}}
        body = changed(manifest, {"metadata": meta})
        if body["kind"] == "Pod":
            body = changed(body, {"spec.schedulingGates": [{"name": "kueue.x-k8s.io/admission"}]})
        code, answer = server.ask("POST", path(body, tenant), body)
        assert code == 201, answer
    try:
        yield
    finally:
        for manifest in stock.values():
            server.ask("DELETE", path(manifest, tenant, STANDING), gracePeriodSeconds="0")


def schedule(server: Server, tenant: str) -> None:
    """Give the standing pod a node, as Kueue and the scheduler do: a pod without one goes as soon as it is deleted."""
    place = path(load("stock")["pod"], tenant, STANDING)
    who = controller("system:serviceaccount:kueue-system:kueue-controller-manager")
    who = {**who, "groups": [*who["groups"], "system:masters"]}
    code, answer = server.ask("PATCH", place, {"spec": {"schedulingGates": None}}, who=who)
    assert code == 200, answer
    target = {"apiVersion": "v1", "kind": "Node", "name": "train-r0001-u01"}
    bound = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": STANDING}, "target": target}
    code, answer = server.ask("POST", f"{place}/binding", bound)
    assert code == 201, answer


def do(
    server: Server, act: Mapping[str, Any], stock: Mapping[str, Any], tenant: str, who: Mapping[str, Any]
) -> tuple[int, Any]:
    """An act of the data, done for real; again while others change the quota that counts it, as clients do."""
    for _ in range(5):
        code, answer = _done(server, act, stock, tenant, who)
        if code != 409 or "resourcequotas" not in str(answer):
            break
    return code, answer


def _done(
    server: Server, act: Mapping[str, Any], stock: Mapping[str, Any], tenant: str, who: Mapping[str, Any]
) -> tuple[int, Any]:
    if "stock" in act:
        body = changed(stock[act["stock"]], act.get("set", {}))
        return server.ask(act["verb"], path(body, tenant), body, who=who)
    verb = "STRATEGIC" if act.get("strategic") else act["verb"]
    return server.ask(verb, f"/{act['path']}", act.get("body"), who=who, **act.get("params", {}))


def _known(manifest: Mapping[str, Any]) -> bool:
    return manifest["apiVersion"].rpartition("/")[0] in _GROUPS


def _prerequisites() -> Iterator[dict[str, Any]]:
    for name in _RUNTIMES:
        yield {"apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "metadata": {"name": name}, "handler": name}


def _wait(server: Server, timeout_seconds: float = 60.0) -> None:
    """Until policies hold: the API server takes them up with a delay."""
    stock = load("stock")
    probes = {
        "jobset": {"metadata.ownerReferences": [_owner()]},
        "snapshot": {"spec.source": {"volumeSnapshotContentName": "x"}},
        "claim": {"spec.volumeName": "x"},
        "pod": {"spec.tolerations": [{"operator": "Exists"}]},
    }
    deadline = time.monotonic() + timeout_seconds
    for kind, values in probes.items():
        manifest = changed(stock[kind], values)
        while "ValidatingAdmissionPolicy" not in str(
            server.ask("POST", path(manifest, SHARED), manifest, dryRun="All")
        ):
            assert time.monotonic() < deadline, f"no policy holds for {kind}"
            time.sleep(0.2)


def _count(server: Server, plan: RegionPlan, timeout_seconds: float = 120.0) -> None:
    """Until quotas count the kinds that were just defined: their controller sees them after half a minute, and looks at
    a quota that has not changed every five."""
    for one in plan.tenants:
        place = f"/api/v1/namespaces/{one.name}/resourcequotas/tenant"
        deadline = time.monotonic() + timeout_seconds
        while True:
            quota = server.ask("GET", place)[1]
            if "count/jobsets.jobset.x-k8s.io" in quota.get("status", {}).get("used", {}):
                break
            assert time.monotonic() < deadline, f"the quota of {one.name} counts no job sets"
            server.ask("DELETE", place)
            made = {key: quota[key] for key in ("apiVersion", "kind", "spec")} | {"metadata": {"name": "tenant"}}
            server.apply(place, made)
            time.sleep(3)


def _owner() -> dict[str, Any]:
    return {"apiVersion": "batch/v1", "kind": "Job", "name": "j", "uid": "1", "controller": True}
