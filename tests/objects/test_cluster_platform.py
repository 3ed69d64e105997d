"""Add-ons by Flux, their values, and queues: what a cluster gets, in which order, and who shares what."""

from __future__ import annotations

import dataclasses
import doctest
from typing import Any

import pytest
import yaml

from ai_factory.infra.objects import _chart_values, _charts, _flux, _platform_rooms, cluster_platform, kueue, labels
from ai_factory.infra.objects.base import KubeObject
from ai_factory.infra.plan.model import ClusterPlan, RegionPlan, TenantQuota
from ai_factory.infra.plan.quantities import tenant_quota
from tests import schema

from .conftest import REGION, changed_cluster, make_plan, manifests, named

Objects = list[dict[str, Any]]

ROOM = "k8s:io.cilium.k8s.namespace.labels"
"""Prefix of labels of a namespace, as Cilium gives them to its pods."""


def objects_of(plan: RegionPlan, name: str = "train") -> Objects:
    return manifests(cluster_platform.block(plan, plan.cluster(name), "s"))


def values_of(plan: RegionPlan, chart: str, name: str = "train") -> dict[str, Any]:
    values: dict[str, Any] = named(objects_of(plan, name), "HelmRelease", chart)["spec"]["values"]
    return values


def of_kind(objects: Objects, kind: str) -> dict[str, dict[str, Any]]:
    return {o["metadata"]["name"]: o for o in objects if o["kind"] == kind}


def ethernet_plan() -> RegionPlan:
    return make_plan(clusters=changed_cluster(fabric="spectrum-x"))


@pytest.mark.parametrize("module", [_flux, _chart_values])
def test_examples_in_docstrings(module: Any) -> None:
    done = doctest.testmod(module)
    assert done.attempted and not done.failed


@pytest.mark.parametrize("cluster", ["train", "twin"])
def test_every_object_passes_its_schema(plan: RegionPlan, cluster: str) -> None:
    objects = objects_of(plan, cluster)
    assert len(objects) > 20
    assert [fault for one in objects for fault in schema.validate(one)] == []


# Releases ---------------------------------------------------------------------------------------------------


def test_release_from_a_repository(plan: RegionPlan) -> None:
    objects = objects_of(plan)
    release = named(objects, "HelmRelease", "gpu-operator")
    assert release["metadata"]["namespace"] == "train"
    spec = {key: value for key, value in release["spec"].items() if key != "values"}
    assert spec == {
        "interval": "30m",
        "timeout": "20m",
        "releaseName": "gpu-operator",
        "targetNamespace": "gpu-operator",
        "storageNamespace": "gpu-operator",
        "kubeConfig": {"secretRef": {"name": "train-kubeconfig", "key": "value"}},
        "chart": {
            "spec": {
                "chart": "gpu-operator",
                "version": "v26.7.0",
                "interval": "1h",
                "sourceRef": {"kind": "HelmRepository", "name": "helm-ngc-nvidia-com-nvidia"},
            }
        },
        "install": {
            "createNamespace": True,
            "crds": "CreateReplace",
            "strategy": {"name": "RetryOnFailure", "retryInterval": "5m"},
        },
        "upgrade": {"crds": "CreateReplace", "remediation": {"retries": 3, "strategy": "rollback"}},
        "driftDetection": {"mode": "enabled"},
        "dependsOn": [{"name": n} for n in ("node-feature-discovery", "cert-manager", "kube-prometheus-stack")],
    }


def test_release_from_an_oci_registry(plan: RegionPlan) -> None:
    objects = objects_of(plan)
    assert named(objects, "HelmRelease", "kueue")["spec"]["chartRef"] == {"kind": "OCIRepository", "name": "kueue"}
    source = named(objects, "OCIRepository", "kueue")["spec"]
    assert (source["url"], source["ref"]) == ("oci://registry.k8s.io/kueue/charts/kueue", {"tag": "0.19.3"})


@pytest.mark.parametrize("cluster", ["train", "twin"])
def test_every_release_has_its_source_and_its_dependencies(plan: RegionPlan, cluster: str) -> None:
    objects = objects_of(plan, cluster)
    releases = of_kind(objects, "HelmRelease")
    for release in releases.values():
        spec = release["spec"]
        reference = spec.get("chartRef") or spec["chart"]["spec"]["sourceRef"]
        assert reference["name"] in of_kind(objects, reference["kind"])
        assert {one["name"] for one in spec.get("dependsOn", [])} <= set(releases)


def test_charts_are_chosen_by_the_cluster(plan: RegionPlan) -> None:
    train = set(of_kind(objects_of(plan), "HelmRelease"))
    twin = set(of_kind(objects_of(plan, "twin"), "HelmRelease"))
    assert {"cilium", "nvidia-dra-driver-gpu", "kubeflow-trainer", "topolvm", "csi-wekafsplugin"} <= train
    assert not {"cilium", "nvidia-dra-driver-gpu", "kubeflow-trainer", "topolvm"} & twin
    assert {"gpu-operator", "kueue"} <= twin
    assert not {"vastcsi", "rook-ceph", "lws"} & (train | twin)


def test_unknown_condition_is_named(plan: RegionPlan, train: ClusterPlan) -> None:
    odd = plan.charts[-1].model_copy(update={"id": "odd", "when": {"moon": ["full"]}, "plane": "workload"})
    with pytest.raises(ValueError, match=r"chart odd asks for moon; conditions are purpose, "):
        _charts.of_cluster(dataclasses.replace(plan, charts=(odd,)), train)


@pytest.mark.parametrize(
    ("cluster", "kind", "chosen"),
    [("train", "infiniband", True), ("train", "ethernet", False), ("twin", None, True), ("twin", "infiniband", False)],
)
def test_a_chart_may_ask_for_a_kind_of_fabric(plan: RegionPlan, cluster: str, kind: str | None, chosen: bool) -> None:
    chart = plan.charts[-1].model_copy(update={"when": {"fabric_kind": [kind]}})
    charts = _charts.of_cluster(dataclasses.replace(plan, charts=(chart,)), plan.cluster(cluster))
    assert charts == ([chart] if chosen else [])


def test_a_quota_is_never_nothing(plan: RegionPlan) -> None:
    tiny = plan.cluster("train").system.model_copy(update={"cpu": 1, "memory_gib": 1})
    tenant = plan.tenants_of("train")[0].spec
    assert tenant_quota(tenant, 1, tiny) == TenantQuota(
        gpus=1, cpu=1, memory_gib=1, ephemeral_gib=200, pods=1000, load_balancers=8
    )


def test_releases_wait_for_the_cluster_and_for_shared_namespaces(plan: RegionPlan, train: ClusterPlan) -> None:
    items = {item.id: item for item in cluster_platform.block(plan, train, "s").items if isinstance(item, KubeObject)}
    release = items[_flux.release_id(train, "network-operator")]
    assert "mgmt/Cluster.cluster.x-k8s.io/train/train" in release.after
    assert _flux.namespace_id(train, "nvidia-network-operator") in release.after
    assert _flux.namespace_id(train, "nvidia-network-operator") in items
    assert all(item.wait_for == "condition=Ready" for item in items.values() if item.manifest["kind"] == "HelmRelease")


def test_nothing_waits_for_an_adopted_cluster(plan: RegionPlan, twin: ClusterPlan) -> None:
    after = {one for item in cluster_platform.block(plan, twin, "s").items for one in item.after}
    assert not [one for one in after if "/Cluster.cluster.x-k8s.io/" in one]


# Values -----------------------------------------------------------------------------------------------------

AGENT_TOLERATIONS = [
    ("gpu-operator", "daemonsets.tolerations"),
    ("nvidia-dra-driver-gpu", "kubeletPlugin.tolerations"),
    ("topolvm", "lvmd.tolerations"),
    ("csi-wekafsplugin", "nodePluginTolerations"),
]


@pytest.mark.parametrize(("chart", "path"), AGENT_TOLERATIONS)
def test_agents_run_on_nodes_of_tenants(plan: RegionPlan, chart: str, path: str) -> None:
    found: Any = values_of(plan, chart)
    for part in path.split("."):
        found = found[part]
    assert {"key": labels.TENANT_TAINT_KEY, "operator": "Exists"} in found
    assert {"key": "nvidia.com/gpu", "operator": "Exists"} in found


@pytest.mark.parametrize("cluster", ["train", "twin"])
def test_nodes_report_no_topology_that_nobody_reads(plan: RegionPlan, cluster: str) -> None:
    assert not values_of(plan, "node-feature-discovery", cluster).get("topologyUpdater", {}).get("enable")


def test_gpus_are_never_given_by_environment_variable(plan: RegionPlan) -> None:
    env = {one["name"]: one["value"] for one in values_of(plan, "gpu-operator", "twin")["toolkit"]["env"]}
    assert env["ACCEPT_NVIDIA_VISIBLE_DEVICES_ENVVAR_WHEN_UNPRIVILEGED"] == "false"


@pytest.mark.parametrize("cluster", ["train", "twin"])
@pytest.mark.parametrize("kind", ["serviceMonitor", "podMonitor", "probe", "rule"])
def test_prometheus_reads_the_monitors_of_all_charts_and_of_nobody_else(
    plan: RegionPlan, cluster: str, kind: str
) -> None:
    """By default it reads those of its own release, and no GPU is measured."""
    spec = values_of(plan, "kube-prometheus-stack", cluster)["prometheus"]["prometheusSpec"]
    assert spec[f"{kind}SelectorNilUsesHelmValues"] is False
    assert f"{kind}Selector" not in spec
    rooms = {chart.namespace for chart in _charts.of_cluster(plan, plan.cluster(cluster))}
    [term] = spec[f"{kind}NamespaceSelector"]["matchExpressions"]
    assert (term["key"], term["operator"]) == ("kubernetes.io/metadata.name", "In")
    assert set(term["values"]) == rooms >= {"gpu-operator", "monitoring"}
    assert not rooms & {tenant.name for tenant in plan.tenants}


@pytest.mark.parametrize("cluster", ["train", "twin"])
def test_alerts_and_scrapes_are_configured_by_the_platform_only(plan: RegionPlan, cluster: str) -> None:
    values = values_of(plan, "kube-prometheus-stack", cluster)
    spec = values["prometheus"]["prometheusSpec"]
    assert spec["scrapeConfigNamespaceSelector"] == spec["ruleNamespaceSelector"]
    assert (
        values["alertmanager"]["alertmanagerSpec"]["alertmanagerConfigNamespaceSelector"]
        == (spec["ruleNamespaceSelector"])
    )


@pytest.mark.parametrize("cluster", ["train", "twin"])
def test_the_driver_has_open_modules_and_comes_to_five_nodes_at_a_time(plan: RegionPlan, cluster: str) -> None:
    driver = values_of(plan, "gpu-operator", cluster)["driver"]
    assert driver["kernelModuleType"] == "open", "Blackwell has no other"
    assert driver["upgradePolicy"] == {"maxParallelUpgrades": 5}


def test_rack_scale_systems_use_dma_buf(plan: RegionPlan) -> None:
    train, twin = (
        [e["name"] for e in values_of(plan, "gpu-operator", c)["devicePlugin"]["env"]] for c in ("train", "twin")
    )
    assert "MOFED_ENABLED" in train and "DEVICE_LIST_STRATEGY" in train
    assert "MOFED_ENABLED" not in twin
    assert values_of(plan, "gpu-operator")["driver"]["rdma"] == {"enabled": False}


def test_catalogue_values_are_not_changed(plan: RegionPlan) -> None:
    before = {chart.id: str(chart.values) for chart in plan.charts}
    objects_of(plan)
    objects_of(plan, "twin")
    assert {chart.id: str(chart.values) for chart in plan.charts} == before


def test_cilium_reaches_the_api_server_without_its_own_help(plan: RegionPlan, train: ClusterPlan) -> None:
    values = values_of(plan, "cilium")
    assert (values["k8sServiceHost"], values["k8sServicePort"]) == (train.endpoint, 6443)


def test_cilium_leaves_the_networks_of_others(plan: RegionPlan) -> None:
    """Multus is one of them, and attaches pods to the rails."""
    assert values_of(plan, "cilium")["cni"] == {"exclusive": False}


@pytest.mark.parametrize(
    ("cluster", "frameworks"),
    [
        ("train", ["jobset.x-k8s.io/jobset", "trainer.kubeflow.org/trainjob"]),
        ("twin", []),
    ],
)
def test_kueue_manages_tenants_namespaces_only(plan: RegionPlan, cluster: str, frameworks: list[str]) -> None:
    text = values_of(plan, "kueue", cluster)["managerConfig"]["controllerManagerConfigYaml"]
    config = yaml.safe_load(text)
    selector = {"matchExpressions": [{"key": labels.TENANT_NAMESPACE, "operator": "Exists"}]}
    assert config["managedJobsNamespaceSelector"] == selector
    assert config["manageJobsWithoutQueueName"] is True
    assert config["integrations"]["frameworks"] == ["batch/job", "pod", "deployment", "statefulset", *frameworks]


def test_kueue_counts_channels_of_compute_domains_where_there_are_any(plan: RegionPlan) -> None:
    """A claim of a class that is mapped to no resource is never admitted."""
    train, twin = (
        yaml.safe_load(values_of(plan, "kueue", name)["managerConfig"]["controllerManagerConfigYaml"])["resources"]
        for name in ("train", "twin")
    )
    assert train["deviceClassMappings"] == [
        {"name": "nvidia.com/compute-domain-channel", "deviceClassNames": ["compute-domain-default-channel.nvidia.com"]}
    ]
    assert "deviceClassMappings" not in twin


def test_a_chart_that_insists_on_a_class_does_not_make_it() -> None:
    storage = [{"name": "fast", "tier": "parallel", "driver": "vast", "endpoint": "vast.internal"}]
    release = named(objects_of(make_plan(storage=storage)), "HelmRelease", "vastcsi")["spec"]
    assert release["values"]["verifySsl"] is True
    [patch] = release["postRenderers"][0]["kustomize"]["patches"]
    assert patch["target"] == {"kind": "StorageClass"}
    assert yaml.safe_load(patch["patch"])["$patch"] == "delete"


# Queues -----------------------------------------------------------------------------------------------------


def test_topology_is_widest_first(plan: RegionPlan) -> None:
    levels = named(objects_of(plan), "Topology", "gb300-nvl72")["spec"]["levels"]
    assert [one["nodeLabel"] for one in levels] == [labels.SU, labels.RACK, "kubernetes.io/hostname"]
    adopted = named(objects_of(plan, "twin"), "Topology")["spec"]["levels"]
    assert adopted == [{"nodeLabel": "kubernetes.io/hostname"}], "its nodes have no labels of ours"


def test_one_flavour_for_all_shared_tenants_and_one_for_each_dedicated(plan: RegionPlan) -> None:
    flavours = of_kind(objects_of(plan), "ResourceFlavor")
    assert list(flavours) == ["shared", "dedicated-gov-llm"]
    shared, own = (flavours[name]["spec"] for name in flavours)
    assert shared == {
        "topologyName": "gb300-nvl72",
        "nodeLabels": {labels.ROLE: "gpu"},
        "tolerations": [{"key": "nvidia.com/gpu", "operator": "Equal", "value": "present", "effect": "NoSchedule"}],
    }
    assert own["nodeLabels"] == {labels.ROLE: "gpu", labels.TENANT: "gov-llm"}
    assert own["tolerations"][1:] == [
        {"key": "ai-factory.dev/tenant", "operator": "Equal", "value": "gov-llm", "effect": "NoSchedule"}
    ]


def test_a_tenant_called_shared_gets_a_flavour_of_its_own() -> None:
    tenants = [{"name": "shared", "isolation": "dedicated-nodes", "racks": 1, "cluster": "train"}]
    assert list(of_kind(objects_of(make_plan(tenants=tenants)), "ResourceFlavor")) == ["shared", "dedicated-shared"]


def test_no_flavour_tolerates_another_tenant() -> None:
    tenants = [{"name": n, "isolation": "dedicated-nodes", "racks": 1, "cluster": "train"} for n in ("a", "b")]
    flavours = of_kind(objects_of(make_plan(tenants=tenants)), "ResourceFlavor")
    values = {
        name: {t["value"] for t in one["spec"]["tolerations"] if t["key"] == labels.TENANT_TAINT_KEY}
        for name, one in flavours.items()
    }
    assert values == {"shared": set(), "dedicated-a": {"a"}, "dedicated-b": {"b"}}
    assert all(t["operator"] == "Equal" for one in flavours.values() for t in one["spec"]["tolerations"])


def test_priorities_of_the_services_in_use() -> None:
    plan = make_plan(energy={"shed_first": ["fine-tuning", "training"]})
    classes = of_kind(objects_of(plan), "WorkloadPriorityClass")
    assert {name: one["value"] for name, one in classes.items()} == {
        "fine-tuning": 500, "sovereign-training": 900, "training": 600,
    }  # fmt: skip
    order = {name: one["metadata"].get("annotations", {}).get(kueue.SHED_ORDER) for name, one in classes.items()}
    assert order == {"fine-tuning": "1", "sovereign-training": None, "training": "2"}


def test_queue_objects_come_after_what_brings_their_kind(plan: RegionPlan, train: ClusterPlan) -> None:
    for item in cluster_platform.block(plan, train, "s").items:
        if isinstance(item, KubeObject) and item.manifest["apiVersion"] == kueue.API:
            assert _flux.release_id(train, "kueue") in item.after


def test_policies_are_one_set_for_all_tenants(plan: RegionPlan) -> None:
    few, many = plan, make_plan(tenants=[{**REGION["tenants"][1], "name": f"t{n}", "gpus": 1} for n in range(30)])
    counts = [len(of_kind(objects_of(p), "ValidatingAdmissionPolicy")) for p in (few, many)]
    assert counts == [17, 17]
    stores = of_kind(objects_of(plan, "twin"), "ValidatingAdmissionPolicy")
    assert list(stores) == [_platform_rooms.STORES], "nobody to keep apart"


def test_namespaces_of_charts_are_declared_before_them_with_a_level(plan: RegionPlan) -> None:
    objects = objects_of(plan)
    rooms = {name: o["metadata"]["labels"] for name, o in of_kind(objects, "Namespace").items()}
    charts = _charts.of_cluster(plan, plan.cluster("train"))
    assert set(rooms) == {chart.namespace for chart in charts} - {"kube-system"}
    levels = {name: marks["pod-security.kubernetes.io/enforce"] for name, marks in rooms.items()}
    assert (levels["kueue-system"], levels["gpu-operator"], levels["monitoring"]) == (
        "baseline", "privileged", "privileged",
    )  # fmt: skip
    assert all(marks[labels.PLATFORM] == "true" for marks in rooms.values())
    block = cluster_platform.block(plan, plan.cluster("train"), "s")
    for item in block.items:
        if item.id.startswith("mgmt/HelmRelease"):
            room = item.manifest["spec"]["targetNamespace"]
            assert (f"train/Namespace//{room}" in item.after) == (room != "kube-system"), item.id


def test_rooms_of_an_adopted_cluster_are_its_owners(plan: RegionPlan) -> None:
    assert not of_kind(objects_of(plan, "twin"), "CiliumClusterwideNetworkPolicy")
    assert set(of_kind(objects_of(plan, "twin"), "Namespace")) <= {"nvidia-network-operator", "rook-ceph"}


def test_only_the_platform_and_the_nodes_reach_the_platform(plan: RegionPlan) -> None:
    [fence] = of_kind(objects_of(plan), "CiliumClusterwideNetworkPolicy").values()
    [rule] = fence["specs"]
    assert rule["endpointSelector"]["matchLabels"] == {f"{ROOM}.{labels.PLATFORM}": "true"}
    peers = [peer["matchLabels"] for one in rule["ingress"] for peer in one.get("fromEndpoints", [])]
    assert peers == [{f"{ROOM}.{labels.PLATFORM}": "true"}, {"k8s:io.kubernetes.pod.namespace": "kube-system"}]
    entities = [entity for one in rule["ingress"] for entity in one.get("fromEntities", [])]
    assert set(entities) == {"host", "remote-node", "kube-apiserver", "health"}


def test_tenants_reach_the_gateways_of_buckets_and_nothing_else_of_the_platform() -> None:
    store = {"name": "buckets", "tier": "object", "driver": "rook-ceph", "nodes": 3, "cluster": "train"}
    [fence] = of_kind(objects_of(make_plan(storage=[store])), "CiliumClusterwideNetworkPolicy").values()
    _, gateway = fence["specs"]
    assert gateway["endpointSelector"]["matchLabels"]["k8s:app"] == "rook-ceph-rgw"
    [rule] = gateway["ingress"]
    assert rule["fromEndpoints"] == [
        {"matchExpressions": [{"key": f"{ROOM}.ai-factory.dev/tenant", "operator": "Exists"}]}
    ]
    assert rule["toPorts"] == [{"ports": [{"port": "8080", "protocol": "TCP"}]}]


def test_the_same_plan_gives_the_same_objects() -> None:
    assert objects_of(make_plan()) == objects_of(make_plan())
    assert {o["kind"] for o in objects_of(ethernet_plan())} >= {"HelmRelease", "ResourceFlavor"}
