"""Tenant enclaves: how could a tenant reach another's nodes, pods, data or networks? Each test closes one way.

The rules themselves are CEL and run on a real API server in `tests/live/test_tenant_attacks.py`; here their presence,
scope and strictness are checked, and that nothing else of the enclave opens what they close.
"""

from __future__ import annotations

import ipaddress
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_factory.infra.objects import (
    _device_classes,
    _flux,
    _lifetimes,
    _object_rules,
    _queue_rules,
    _tenant_defaults,
    _tenant_rights,
    kueue,
    labels,
    tenant,
    tenant_policy,
)
from ai_factory.infra.objects.base import KubeObject
from ai_factory.infra.plan.model import RegionPlan, TenantPlan
from tests import schema

from .conftest import REGION, changed_cluster, make_plan, manifests, named

Objects = list[dict[str, Any]]
DEDICATED, SHARED = REGION["tenants"]
TWIN = {"name": "twins", "isolation": "shared", "gpus": 8, "cluster": "twin", "services": ["physical-ai"]}


def one(plan: RegionPlan, name: str) -> TenantPlan:
    return next(t for t in plan.tenants if t.name == name)


def objects_of(plan: RegionPlan, name: str) -> Objects:
    return manifests(tenant.block(plan, one(plan, name), "s"))


def tenants(*entries: dict[str, Any], **changes: Any) -> RegionPlan:
    return make_plan(tenants=list(entries), **changes)


def kinds(objects: Objects) -> set[str]:
    return {o["kind"] for o in objects}


@pytest.fixture(scope="module")
def plans() -> RegionPlan:
    return tenants(DEDICATED, SHARED, TWIN)


@pytest.fixture(scope="module", params=["gov-llm", "acme", "twins"])
def enclave(plans: RegionPlan, request: pytest.FixtureRequest) -> Objects:
    return objects_of(plans, request.param)


def test_every_object_passes_its_schema(enclave: Objects) -> None:
    assert [fault for made in enclave for fault in schema.validate(made)] == []


def test_everything_is_in_the_tenants_namespace(enclave: Objects) -> None:
    name = named(enclave, "Namespace")["metadata"]["name"]
    outside = {(o["kind"], o["metadata"].get("namespace")) for o in enclave if o["metadata"].get("namespace") != name}
    credentials = ("ExternalSecret", "ai-factory-storage")
    assert outside == {("Namespace", None), ("ClusterQueue", None), ("ClusterRoleBinding", None), credentials}


def test_no_secret_travels(enclave: Objects) -> None:
    assert "Secret" not in kinds(enclave)


def test_names_that_a_tenant_has_to_write_are_read_and_nothing_else_of_the_cluster(plans: RegionPlan) -> None:
    binding = named(objects_of(plans, "acme"), "ClusterRoleBinding")
    assert binding["roleRef"]["name"] == _tenant_rights.READERS
    assert binding["subjects"] == named(objects_of(plans, "acme"), "RoleBinding")["subjects"]
    [role] = [item.manifest for item in _tenant_rights.shared(plans, plans.cluster("train"))]
    assert all(rule["verbs"] == ["get", "list", "watch"] for rule in role["rules"])
    read = {resource for rule in role["rules"] for resource in rule["resources"]}
    assert not read & {"nodes", "namespaces", "persistentvolumes", "clusterqueues", "resourceflavors", "cohorts"}


def test_an_enclave_keeps_the_budget_of_its_stack(plans: RegionPlan) -> None:
    """40 tenants a stack of 1,000 resources: at most 24 each, the component itself among them."""
    busy = {**DEDICATED, "services": ["sovereign-training", "training", "fine-tuning", "research-notebook"]}
    assert 1 + len(objects_of(tenants(busy), "gov-llm")) <= 24


# Namespace and quota ----------------------------------------------------------------------------------------


def test_namespace_of_a_tenant_with_nodes_of_its_own(plans: RegionPlan) -> None:
    meta = named(objects_of(plans, "gov-llm"), "Namespace")["metadata"]
    assert meta["labels"]["ai-factory.dev/tenant"] == "gov-llm"
    assert meta["labels"]["ai-factory.dev/isolation"] == "dedicated-nodes"
    for mode, level in {"enforce": "restricted", "audit": "baseline", "warn": "baseline"}.items():
        assert meta["labels"][f"pod-security.kubernetes.io/{mode}"] == level
        assert re.fullmatch(r"v1\.\d+", meta["labels"][f"pod-security.kubernetes.io/{mode}-version"])
    selector = meta["annotations"]["scheduler.alpha.kubernetes.io/node-selector"]
    assert selector == f"{labels.ROLE}=gpu,{labels.TENANT}=gov-llm"
    assert meta["annotations"]["ai-factory.dev/residency"] == "KR"


@pytest.mark.parametrize(
    ("name", "selector", "taints"),
    [
        ("acme", "node.cluster.x-k8s.io/role=gpu", {"nvidia.com/gpu": "present"}),
        (
            "gov-llm",
            "node.cluster.x-k8s.io/role=gpu,node-restriction.kubernetes.io/tenant=gov-llm",
            {"nvidia.com/gpu": "present", "ai-factory.dev/tenant": "gov-llm"},
        ),
        ("twins", "nvidia.com/gpu.present=true", {"nvidia.com/gpu": "present"}),
    ],
)
def test_pods_that_choose_no_nodes_get_those_of_tenants(
    plans: RegionPlan, name: str, selector: str, taints: dict[str, str]
) -> None:
    """On an adopted cluster as well, which may have the plug-ins that fill it in."""
    notes = named(objects_of(plans, name), "Namespace")["metadata"]["annotations"]
    assert notes["scheduler.alpha.kubernetes.io/node-selector"] == selector
    tolerations = json.loads(notes["scheduler.alpha.kubernetes.io/defaultTolerations"])
    assert {each["key"]: each["value"] for each in tolerations} == taints
    assert {each["operator"] for each in tolerations} == {"Equal"}


@pytest.mark.parametrize(
    ("cluster", "selected"),
    [("train", "node.cluster.x-k8s.io/role: 'gpu'"), ("twin", "nvidia.com/gpu.present: 'true'")],
)
def test_the_rules_say_which_nodes_to_write(plans: RegionPlan, cluster: str, selected: str) -> None:
    spec = named(policies(plans, cluster), "ValidatingAdmissionPolicy", tenant_policy.PODS)["spec"]
    assert f"pods of tenants run on GPU nodes: write nodeSelector {selected}" in {
        each["message"] for each in spec["validations"]
    }


def test_namespace_is_protected_and_first(plans: RegionPlan) -> None:
    items = [i for i in tenant.block(plans, one(plans, "acme"), "s").items if isinstance(i, KubeObject)]
    home, *rest = items
    assert home.protect
    inside = [i for i in rest if i.manifest["metadata"].get("namespace") == "acme"]
    assert len(inside) > 10 and all(home.id in i.after for i in inside)


def test_quota_is_what_was_promised(plans: RegionPlan) -> None:
    hard = named(objects_of(plans, "acme"), "ResourceQuota", "tenant")["spec"]["hard"]
    nodes = 16 / 4 * 0.9
    assert hard["requests.nvidia.com/gpu"] == "16"
    assert hard["requests.cpu"] == str(int(nodes * 144))
    assert hard["requests.memory"] == f"{int(nodes * 960)}Gi"
    assert (hard["pods"], hard["services.nodeports"], hard["services.loadbalancers"]) == ("1000", "0", "8")
    assert hard["requests.ephemeral-storage"] == f"{16 // 4 * 800}Gi"
    dedicated = named(objects_of(plans, "gov-llm"), "ResourceQuota", "tenant")["spec"]["hard"]
    assert dedicated["requests.nvidia.com/gpu"] == "72"


@pytest.mark.parametrize(
    ("quota", "storage"),
    [
        # 16 of the 576 GPUs that `train` may have and the 64 of `twin`, of 2 PiB
        ({}, {"hps": f"{2 * 2**20 * 16 // (576 + 64)}Gi"}),
        ({"storage_tib": 0.5}, {"": "512Gi", "hps": "512Gi", "scratch": "512Gi"}),
        # At most the part of `train`, 576 of 640.
        ({"storage_tib": 5000}, {"": "5120000Gi", "hps": "1887436Gi", "scratch": "5120000Gi"}),
        ({"storage_tib": 8191}, {"": "8387584Gi", "hps": "1887436Gi", "scratch": "8387584Gi"}),
        # No quota counts more: the classes' own limits hold.
        ({"storage_tib": 9000}, {"hps": "1887436Gi", "scratch": "8387584Gi"}),
    ],
)
def test_storage_quota_by_class(quota: dict[str, Any], storage: dict[str, str]) -> None:
    hard = named(objects_of(tenants({**SHARED, "quota": quota}), "acme"), "ResourceQuota", "tenant")["spec"]["hard"]
    suffix = "requests.storage"
    found = {key.partition(".storageclass.")[0]: value for key, value in hard.items() if key.endswith(suffix)}
    assert {key.removesuffix(suffix): value for key, value in found.items()} == storage


def test_default_limits_refuse_no_container_and_give_no_gpu(enclave: Objects) -> None:
    [limits] = named(enclave, "LimitRange")["spec"]["limits"]
    kinds_of_limits = {"cpu", "memory", "ephemeral-storage"}
    assert set(limits["max"]) == kinds_of_limits, "the largest number of GPUs would be everyone's default"
    size = {name: int(value.removesuffix("Gi")) for name, value in limits["max"].items()}
    share = {name: int(value.removesuffix("Gi")) for name, value in limits["default"].items()}
    assert set(limits["defaultRequest"]) == set(share) == kinds_of_limits
    assert all(1 <= share[name] <= size[name] / 4 for name in size), "a container that says nothing gets a GPU's share"


# Networks ---------------------------------------------------------------------------------------------------


def test_every_namespace_is_closed_by_default(enclave: Objects) -> None:
    spec = named(enclave, "NetworkPolicy", "default-deny")["spec"]
    assert spec == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_no_policy_lets_another_namespace_in(enclave: Objects) -> None:
    """An empty namespaceSelector means every namespace."""
    for policy in (o for o in enclave if o["kind"] == "NetworkPolicy"):
        spec = policy["spec"]
        assert all(peer == {"podSelector": {}} for rule in spec.get("ingress", []) for peer in rule["from"])
        for rule in spec.get("egress", []):
            for peer in rule["to"]:
                assert peer.get("namespaceSelector", {"matchLabels": 1})["matchLabels"]


def test_dns_is_reached_and_nothing_beside_it(enclave: Objects) -> None:
    [inside, rule] = named(enclave, "NetworkPolicy", "allow")["spec"]["egress"]
    assert inside == {"to": [{"podSelector": {}}]}
    assert [(p["protocol"], p["port"]) for p in rule["ports"]] == [("UDP", 53), ("TCP", 53)]
    assert rule["to"][0]["podSelector"] == {"matchLabels": {"k8s-app": "kube-dns"}}


def test_storage_systems_are_not_reached(enclave: Objects) -> None:
    """Nodes mount volumes: to pods a storage system shows nothing but its management."""
    assert "ipBlock" not in json.dumps([o for o in enclave if o["kind"] == "NetworkPolicy"])


def test_object_gateways_in_the_cluster_are_reached() -> None:
    store = {"name": "buckets", "tier": "object", "driver": "rook-ceph", "nodes": 3, "cluster": "train"}
    objects = objects_of(tenants(SHARED, storage=[store]), "acme")
    rule = named(objects, "NetworkPolicy", "allow")["spec"]["egress"][-1]
    assert rule["to"][0]["podSelector"] == {"matchLabels": {"app": "rook-ceph-rgw"}}
    assert rule["ports"] == [{"protocol": "TCP", "port": 8080}]


def test_denials_that_no_allowance_lifts(plans: RegionPlan) -> None:
    spec = named(objects_of(plans, "acme"), "CiliumNetworkPolicy")["spec"]
    assert spec["endpointSelector"] == {}
    networks = [ipaddress.ip_network(n) for rule in spec["egressDeny"] for n in rule.get("toCIDR", [])]
    train = plans.cluster("train")
    assert train.networks is not None
    for closed in (plans.spec.addressing.oob_v4, train.networks.bmc, train.networks.nodes):
        assert any(closed.version == n.version and closed.subnet_of(n) for n in networks)  # type: ignore[arg-type]
    assert {"host", "remote-node", "kube-apiserver"} in [set(rule.get("toEntities", [])) for rule in spec["egressDeny"]]
    store = plans.storage[0].network
    assert not any(n.overlaps(store) for n in networks if n.version == store.version)


@pytest.mark.parametrize("way", ["ingressDeny", "egressDeny"])
def test_other_tenants_are_denied_both_ways(plans: RegionPlan, way: str) -> None:
    rules = named(objects_of(plans, "acme"), "CiliumNetworkPolicy")["spec"][way]
    key = "k8s:io.cilium.k8s.namespace.labels.ai-factory.dev/tenant"
    peers = [p for rule in rules for p in (*rule.get("fromEndpoints", []), *rule.get("toEndpoints", []))]
    assert peers == [
        {
            "matchExpressions": [
                {"key": key, "operator": "Exists"},
                {"key": key, "operator": "NotIn", "values": ["acme"]},
            ]
        }
    ]


def test_adopted_clusters_get_no_objects_of_kinds_that_they_lack(plans: RegionPlan) -> None:
    found = {o["apiVersion"] for o in objects_of(plans, "twins")}
    assert not {api for api in found if api.startswith(("cilium.io", "k8s.cni"))}


# InfiniBand -------------------------------------------------------------------------------------------------


def test_partitions_differ_and_stay_in_their_namespace(plans: RegionPlan) -> None:
    keys = {}
    for name in ("gov-llm", "acme"):
        made = named(objects_of(plans, name), "NetworkAttachmentDefinition")
        assert made["metadata"]["namespace"] == name
        assert made["metadata"]["annotations"]["k8s.v1.cni.cncf.io/resourceName"] == "nvidia.com/ib_rails"
        config = json.loads(made["spec"]["config"])
        assert (config["type"], config["rdmaIsolation"], config["ibKubernetesEnabled"]) == ("ib-sriov", True, True)
        keys[name] = int(config["pkey"], 16)
    assert keys == {name: one(plans, name).pkey for name in keys}
    assert len(set(keys.values())) == 2 and all(0 < key < 0x7FFF for key in keys.values())


def test_no_partition_without_infiniband() -> None:
    plan = tenants(SHARED, clusters=changed_cluster(fabric="spectrum-x"))
    assert "NetworkAttachmentDefinition" not in kinds(objects_of(plan, "acme"))


# Rights -----------------------------------------------------------------------------------------------------


def rights(objects: Objects) -> dict[tuple[str, str], set[str]]:
    """Verbs by API group and resource."""
    found: dict[tuple[str, str], set[str]] = {}
    for rule in named(objects, "Role")["rules"]:
        for group in rule["apiGroups"]:
            for resource in rule["resources"]:
                found.setdefault((group, resource), set()).update(rule["verbs"])
    return found


WRITES = {"create", "update", "patch", "delete", "deletecollection", "*"}
NEVER = [
    ("", "namespaces"), ("", "nodes"), ("", "bindings"), ("", "pods/binding"), ("", "resourcequotas"),
    ("", "limitranges"), ("", "endpoints"), ("discovery.k8s.io", "endpointslices"),
    ("networking.k8s.io", "networkpolicies"),
    ("cilium.io", "ciliumnetworkpolicies"), ("rbac.authorization.k8s.io", "roles"),
    ("rbac.authorization.k8s.io", "rolebindings"), ("kueue.x-k8s.io", "localqueues"), ("kueue.x-k8s.io", "workloads"),
    ("k8s.cni.cncf.io", "network-attachment-definitions"), ("resource.k8s.io", "resourceclaims"),
    ("resource.k8s.io", "resourceclaimtemplates"), ("external-secrets.io", "externalsecrets"),
]  # fmt: skip


@pytest.mark.parametrize(("group", "resource"), NEVER, ids=lambda value: value or "core")
def test_what_keeps_tenants_apart_is_not_theirs_to_write(enclave: Objects, group: str, resource: str) -> None:
    """An ExternalSecret could fetch any credential of the region, a claim name another tenant's compute domain."""
    assert not rights(enclave).get((group, resource), set()) & WRITES


def test_no_right_is_a_wildcard(enclave: Objects) -> None:
    found = rights(enclave)
    assert ("", "pods") in found
    assert not [key for key, verbs in found.items() if "*" in key[0] + key[1] or "*" in verbs]


@pytest.mark.parametrize(("name", "granted"), [("acme", True), ("twins", False)])
def test_compute_domains_are_for_rack_scale_systems(plans: RegionPlan, name: str, granted: bool) -> None:
    assert (("resource.nvidia.com", "computedomains") in rights(objects_of(plans, name))) is granted


def test_rights_go_to_the_tenants_groups_only() -> None:
    plan = tenants({**SHARED, "groups": ["acme-ml", "acme-ops"]}, DEDICATED)
    for name, groups in (("acme", ["acme-ml", "acme-ops"]), ("gov-llm", ["tenant:gov-llm"])):
        binding = named(objects_of(plan, name), "RoleBinding")
        *people, pipeline = binding["subjects"]
        assert [(s["kind"], s["name"]) for s in people] == [("Group", group) for group in groups]
        assert pipeline == {"kind": "ServiceAccount", "name": "ci", "namespace": name}
        assert binding["roleRef"]["kind"] == "Role"


def test_no_account_mounts_a_token(enclave: Objects) -> None:
    accounts = [o for o in enclave if o["kind"] == "ServiceAccount"]
    mounts = [(o["metadata"]["name"], o["automountServiceAccountToken"]) for o in accounts]
    assert mounts == [("default", False), ("ci", False)]


def test_tokens_are_for_the_pipeline_only(enclave: Objects) -> None:
    [rule] = [r for r in named(enclave, "Role")["rules"] if "serviceaccounts/token" in r["resources"]]
    assert (rule["resourceNames"], rule["verbs"]) == (["ci"], ["create"])


def test_kinds_of_charts_are_granted_where_the_chart_is() -> None:
    training, inference = (
        rights(objects_of(tenants(SHARED, clusters=changed_cluster(purpose=purpose)), "acme"))
        for purpose in ("training", "inference")
    )
    assert ("jobset.x-k8s.io", "jobsets") in training and ("jobset.x-k8s.io", "jobsets") not in inference
    assert ("leaderworkerset.x-k8s.io", "leaderworkersets/scale") in inference
    assert ("leaderworkerset.x-k8s.io", "leaderworkersets") not in training
    store = {"name": "buckets", "tier": "object", "driver": "rook-ceph", "nodes": 3, "cluster": "train"}
    assert ("objectbucket.io", "objectbucketclaims") in rights(objects_of(tenants(SHARED, storage=[store]), "acme"))
    assert ("objectbucket.io", "objectbucketclaims") not in training


def test_every_kind_that_a_tenant_makes_is_counted(enclave: Objects) -> None:
    hard = named(enclave, "ResourceQuota", "tenant")["spec"]["hard"]
    made = {key for key, verbs in rights(enclave).items() if "create" in verbs and "delete" in verbs}
    assert len(made) > 10
    for group, resource in made:
        assert {resource, f"count/{resource}.{group}", f"count/{resource}"} & set(hard), resource


@pytest.mark.parametrize("key", ["count/pods", "count/controllerrevisions.apps", "count/replicasets.apps"])
def test_what_has_ended_is_counted_too(enclave: Objects, key: str) -> None:
    """Finished pods and old revisions are as good at filling the store, and no other quota counts them."""
    hard = named(enclave, "ResourceQuota", "tenant")["spec"]["hard"]
    assert int(hard[key]) == 11 * int(hard["pods"])


def test_no_pod_may_be_apart_from_other_namespaces(enclave: Objects) -> None:
    spec = named(enclave, "ResourceQuota", "no-affinity-elsewhere")["spec"]
    assert spec == {"hard": {"pods": "0"}, "scopes": ["CrossNamespacePodAffinity"]}


@given(st.integers(1, 8), st.integers(1, 8), st.floats(0.1, 5000))
def test_shares_of_storage_add_up_to_no_more_than_there_is(racks: int, gpus: int, capacity: float) -> None:
    store = {"name": "hps", "tier": "parallel", "driver": "weka", "capacity_tib": capacity}
    made = [{**SHARED, "name": f"t{number}", "gpus": gpus * 4} for number in range(6)]
    plan = tenants(*made, storage=[store], clusters=changed_cluster(racks=8, max_racks=8 + racks))
    key = "hps.storageclass.storage.k8s.io/requests.storage"
    shares = [named(objects_of(plan, t["name"]), "ResourceQuota", "tenant")["spec"]["hard"][key] for t in made]
    assert sum(int(share.removesuffix("Gi")) for share in shares) <= capacity * 1024


# Queues -----------------------------------------------------------------------------------------------------


def test_queue_of_a_shared_tenant(plans: RegionPlan) -> None:
    spec = named(objects_of(plans, "acme"), "ClusterQueue", "acme")["spec"]
    assert spec["cohortName"] == "train-shared"
    assert spec["preemption"] == {"withinClusterQueue": "LowerPriority", "reclaimWithinCohort": "Any"}
    [group] = spec["resourceGroups"]
    [flavour] = group["flavors"]
    assert flavour["name"] == "shared"
    assert {r["name"]: r["nominalQuota"] for r in flavour["resources"]}["nvidia.com/gpu"] == "16"
    assert {r["borrowingLimit"] for r in flavour["resources"]} == {"0"}, "the ResourceQuota would refuse more"


def test_queue_of_a_tenant_with_nodes_of_its_own(plans: RegionPlan) -> None:
    spec = named(objects_of(plans, "gov-llm"), "ClusterQueue", "gov-llm")["spec"]
    assert "cohortName" not in spec
    [flavour] = spec["resourceGroups"][0]["flavors"]
    assert flavour["name"] == "dedicated-gov-llm"
    assert not [r for r in flavour["resources"] if "borrowingLimit" in r], "Kueue refuses it without a cohort"
    assert {r["name"]: r["nominalQuota"] for r in flavour["resources"]}["nvidia.com/ib_rails"] == "72"


@pytest.mark.parametrize(("tenant", "nodes"), [("acme", "4"), ("gov-llm", "18")])
def test_a_queue_has_a_channel_of_a_compute_domain_for_each_node(plans: RegionPlan, tenant: str, nodes: str) -> None:
    [group] = named(objects_of(plans, tenant), "ClusterQueue", tenant)["spec"]["resourceGroups"]
    quota = {r["name"]: r["nominalQuota"] for r in group["flavors"][0]["resources"]}
    assert quota[_device_classes.CHANNEL] == nodes
    assert _device_classes.CHANNEL in group["coveredResources"]


def test_a_queue_has_no_channels_where_there_are_no_compute_domains(plans: RegionPlan) -> None:
    [group] = named(objects_of(plans, TWIN["name"]), "ClusterQueue")["spec"]["resourceGroups"]
    assert _device_classes.CHANNEL not in group["coveredResources"]


def test_quota_and_queue_agree(enclave: Objects) -> None:
    """What a queue admits, the ResourceQuota must let through."""
    hard = named(enclave, "ResourceQuota", "tenant")["spec"]["hard"]
    [group] = named(enclave, "ClusterQueue")["spec"]["resourceGroups"]
    quota = {r["name"]: r["nominalQuota"] for r in group["flavors"][0]["resources"]}
    assert group["coveredResources"] == list(quota)
    for name in ("cpu", "memory", "nvidia.com/gpu"):
        assert quota[name] == hard[f"requests.{name}"]
    assert quota["pods"] == hard["pods"]


def test_only_the_tenants_namespace_uses_its_queue(enclave: Objects) -> None:
    name = named(enclave, "Namespace")["metadata"]["name"]
    spec = named(enclave, "ClusterQueue")["spec"]
    assert spec["namespaceSelector"] == {"matchLabels": {"kubernetes.io/metadata.name": name}}
    for local in (o for o in enclave if o["kind"] == "LocalQueue"):
        assert (local["metadata"]["namespace"], local["spec"]["clusterQueue"]) == (name, name)


def test_a_queue_for_each_service_and_one_for_the_rest(plans: RegionPlan) -> None:
    objects = objects_of(plans, "acme")
    names = [o["metadata"]["name"] for o in objects if o["kind"] == "LocalQueue"]
    assert names == ["default", "training", "fine-tuning"]
    assert named(objects, "Namespace")["metadata"]["annotations"][_queue_rules.QUEUES] == ",".join(names)


def test_queues_come_after_their_flavour(plans: RegionPlan) -> None:
    train = plans.cluster("train")
    items = {i.manifest["kind"]: i for i in tenant.block(plans, one(plans, "gov-llm"), "s").items}
    queue = items["ClusterQueue"]
    assert _flux.release_id(train, "kueue") in queue.after
    assert "train/ResourceFlavor.kueue.x-k8s.io//dedicated-gov-llm" in queue.after
    assert queue.id in items["LocalQueue"].after


OWN = {"isolation": "dedicated-nodes", "racks": 1}
NAMES = st.lists(st.from_regex(r"[a-z]([-a-z0-9]{0,10}[a-z0-9])?", fullmatch=True), min_size=2, max_size=2, unique=True)


@given(NAMES, st.lists(st.booleans(), min_size=2, max_size=2))
def test_no_two_tenants_share_a_flavour_but_the_shared_one(names: list[str], own: list[bool]) -> None:
    sizes = [OWN if one_own else {"isolation": "shared", "gpus": 1} for one_own in own]
    plan = tenants(*({"name": name, "cluster": "train", **size} for name, size in zip(names, sizes, strict=True)))
    flavours = [kueue.flavour_name(t if t.racks else None) for t in plan.tenants]
    unshared = [name for name in flavours if name != kueue.SHARED]
    assert len(unshared) == len(set(unshared)) == sum(own)


# Admission rules --------------------------------------------------------------------------------------------


def policies(plan: RegionPlan, cluster: str = "train") -> Objects:
    return [item.manifest for item in tenant_policy.shared(plan, plan.cluster(cluster))]


def rules(plan: RegionPlan, name: str = tenant_policy.PODS, cluster: str = "train") -> str:
    spec = named(policies(plan, cluster), "ValidatingAdmissionPolicy", name)["spec"]
    return "\n".join(one["expression"] for one in (*spec["variables"], *spec["validations"]))


OPERATIONS = {
    _lifetimes.DELETIONS: ["DELETE"], _queue_rules.ORPHANS: ["DELETE"],
    _tenant_defaults.PODS: ["CREATE"], _tenant_defaults.DEBUGGERS: ["UPDATE"],
}  # fmt: skip
"""What other policies judge than what is made and changed."""


def test_policies_fail_closed_and_deny(plans: RegionPlan) -> None:
    made = policies(plans)
    assert [fault for o in made for fault in schema.validate(o)] == []
    selector = {"matchExpressions": [{"key": "ai-factory.dev/tenant", "operator": "Exists"}]}
    for o in made:
        spec = o["spec"]
        if o["kind"].endswith("AdmissionPolicy"):
            assert spec["failurePolicy"] == "Fail"
            assert spec["matchConstraints"]["namespaceSelector"] == selector
            asked = OPERATIONS.get(o["metadata"]["name"], ["CREATE", "UPDATE"])
            assert all(rule["operations"] == asked for rule in spec["matchConstraints"]["resourceRules"])
            assert all(one["message"] and "\n" not in one["message"] for one in spec.get("validations", []))
        else:
            assert o["kind"].startswith("Mutating") or "Deny" in spec["validationActions"]
            assert spec["matchResources"]["namespaceSelector"] == selector


def test_every_policy_is_bound(plans: RegionPlan) -> None:
    made = policies(plans)
    for kind in ("ValidatingAdmissionPolicy", "MutatingAdmissionPolicy"):
        names = {o["metadata"]["name"] for o in made if o["kind"] == kind}
        assert names and {o["spec"]["policyName"] for o in made if o["kind"] == f"{kind}Binding"} == names


@pytest.mark.parametrize(("version", "filled"), [("v1.34.4", False), ("v1.35.3", False), ("v1.36.1", True)])
def test_defaults_are_filled_in_where_the_api_server_can(version: str, filled: bool) -> None:
    plan = tenants(SHARED, clusters=changed_cluster(kubernetes=version))
    assert ("MutatingAdmissionPolicy" in kinds(policies(plan))) is filled
    warned = named(objects_of(plan, "acme"), "Namespace")["metadata"]["labels"]["pod-security.kubernetes.io/warn"]
    assert warned == ("baseline" if filled else "restricted"), "nobody is warned of what is filled in"
    assert "MutatingAdmissionPolicy" not in kinds(policies(tenants(TWIN), "twin")), (
        "an adopted cluster's version is unknown"
    )


@pytest.mark.parametrize(
    ("storages", "raw"),
    [
        ([], "[]"),
        ([{"name": "scratch", "tier": "local", "driver": "local-nvme", "cluster": "train"}], "[]"),
        ([{"name": "blocks", "tier": "block", "driver": "rook-ceph", "nodes": 3, "cluster": "train"}], "['blocks']"),
    ],
)
def test_raw_blocks_come_from_storage_that_gives_zeros(storages: list[dict[str, Any]], raw: str) -> None:
    text = rules(tenants(SHARED, storage=storages), _object_rules.VOLUMES)
    assert f"orValue('') in {raw}" in text


@pytest.mark.parametrize("name", ["gov-llm", "acme", "twins"])
def test_namespaces_carry_what_the_rules_read(plans: RegionPlan, name: str) -> None:
    meta = named(objects_of(plans, name), "Namespace")["metadata"]
    text = rules(plans, cluster=one(plans, name).cluster)
    keys = set(re.findall(r"namespaceObject\.metadata\.\??(?:labels|annotations)\[\??'([^']+)'\]", text))
    assert len(keys) > 2
    assert keys <= set(meta["labels"]) | set(meta["annotations"])


@pytest.mark.parametrize(
    "field",
    [
        "tolerations", "nodeName", "nodeSelector", "priority", "hostNetwork", "hostPID", "hostIPC", "projected",
        "serviceAccountToken", "runtimeClassName", "schedulingGates", "resources", "ownerReferences", "volumes",
        "initContainers", "k8s.v1.cni.cncf.io/networks", "v1.multus-cni.io/default-network", ".cdi.k8s.io", ".nri.io",
    ],
)  # fmt: skip
def test_each_way_to_another_tenant_has_a_rule(plans: RegionPlan, field: str) -> None:
    assert field in rules(plans)


def test_device_claims_only_where_there_are_compute_domains(plans: RegionPlan) -> None:
    assert "resourceClaims" not in rules(plans)
    assert "resourceClaims" in rules(plans, cluster="twin")


def test_rails_of_all_are_named_on_ethernet_only(plans: RegionPlan) -> None:
    ethernet = tenants(SHARED, clusters=changed_cluster(fabric="spectrum-x"))
    assert "startsWith('default/')" in rules(ethernet)
    assert "startsWith('default/')" not in rules(plans)
