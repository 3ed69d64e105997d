"""GPU clusters and their racks: hosts, control plane, templates, deployments, and the files that land on hosts."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jinja2
import pytest
import yaml

from ai_factory.infra.objects import gpu_cluster, racks
from ai_factory.infra.objects.base import Block, KubeObject
from ai_factory.infra.plan.model import ClusterPlan, RegionPlan
from ai_factory.infra.text.templates import render
from tests import schema

from .conftest import changed_cluster, make_plan, manifests, named

METADATA = {"local_hostname": "train-r0001-u01", "ip": "10.64.0.17", "uuid": "0a1b", "providerid": "train/a/b"}


def blocks(plan: RegionPlan) -> tuple[Block, Block]:
    cluster = plan.cluster("train")
    return gpu_cluster.block(plan, cluster, "kr-test"), racks.rack_group_block(plan, cluster, 0, "kr-test.train.0")


@pytest.fixture(scope="module")
def built(plan: RegionPlan) -> Block:
    return blocks(plan)[0]


@pytest.fixture(scope="module")
def group(plan: RegionPlan) -> Block:
    return blocks(plan)[1]


@pytest.fixture(scope="module")
def ethernet() -> RegionPlan:
    return make_plan(clusters=changed_cluster(fabric="spectrum-x"), tenants=[])


def objects_of(block: Block, kind: str) -> list[KubeObject]:
    return [item for item in block.items if isinstance(item, KubeObject) and item.manifest["kind"] == kind]


def on_host(file: dict[str, Any], **more: str) -> str:
    """A file's text as cloud-init leaves it on the host: it renders the user data with the host's metadata."""
    template = jinja2.Template(file["content"], undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    return template.render(ds={"meta_data": {**METADATA, **more}})


# Both blocks ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fabric", ["quantum-x800", "spectrum-x"])
@pytest.mark.parametrize("replicas", [1, 3])
def test_every_object_passes_its_schema(fabric: str, replicas: int) -> None:
    plan = make_plan(clusters=changed_cluster(fabric=fabric, control_plane={"replicas": replicas}))
    found = manifests(*blocks(plan), gpu_cluster.block(plan, plan.cluster("twin"), "kr-test"))
    assert len(found) > 50
    assert [fault for manifest in found for fault in schema.validate(manifest)] == []


def test_everything_comes_after_what_it_needs(built: Block, group: Block) -> None:
    seen = {"mgmt/ConfigMap/ai-factory/ai-factory-region"}
    for item in (*built.items, *group.items):
        assert set(item.after) <= seen, item.id
        seen.add(item.id)


def test_the_same_plan_gives_the_same_bytes() -> None:
    first, second = (json.dumps(manifests(*blocks(make_plan()))) for _ in range(2))
    assert first == second


def test_roots_are_protected_unless_the_region_says_no(built: Block, group: Block) -> None:
    kept = {
        item.manifest["kind"]
        for b in (built, group)
        for item in b.items
        if isinstance(item, KubeObject) and item.protect
    }
    assert kept == {"Namespace", "BareMetalHost", "KubeadmControlPlane", "Cluster"}
    free = blocks(make_plan(protect=False))
    assert not any(item.protect for b in free for item in b.items if isinstance(item, KubeObject))


def test_references_between_objects_hold(built: Block, group: Block) -> None:
    found = {(m["kind"], m["metadata"]["name"]) for m in manifests(built, group)}
    wanted = set()
    for manifest in manifests(built, group):
        spec = manifest.get("spec", {})
        machine = spec.get("template", {}).get("spec", {})
        refs = [spec.get("controlPlaneRef"), spec.get("infrastructureRef"), machine.get("infrastructureRef")]
        refs += [machine.get("bootstrap", {}).get("configRef"), spec.get("remediation", {}).get("templateRef")]
        refs.append(spec.get("machineTemplate", {}).get("spec", {}).get("infrastructureRef"))
        wanted |= {(ref["kind"], ref["name"]) for ref in refs if ref}
        if data := machine.get("dataTemplate"):
            wanted.add(("Metal3DataTemplate", data["name"]))
    assert len(wanted) >= 9
    assert wanted <= found


# Hosts ------------------------------------------------------------------------------------------------------


def test_a_host_is_declared_whole(group: Block) -> None:
    first = objects_of(group, "BareMetalHost")[0]
    assert first.manifest == {
        "apiVersion": "metal3.io/v1alpha1",
        "kind": "BareMetalHost",
        "metadata": {
            "name": "train-r0001-u01",
            "namespace": "train",
            "labels": {
                "app.kubernetes.io/managed-by": "ai-factory",
                "ai-factory.dev/rack": "train-r0001",
                "ai-factory.dev/role": "gpu",
                "ai-factory.dev/slot": "0",
            },
            "annotations": {
                "ai-factory.dev/boot-mac": first.manifest["spec"]["bootMACAddress"],
                "ai-factory.dev/serial": "train-r0001-00",
                "ai-factory.dev/links": "ns0=10.64.4.1/31,ns1=10.64.4.3/31",
            },
        },
        "spec": {
            "online": False,
            "architecture": "aarch64",
            "automatedCleaningMode": "metadata",
            "bmc": {
                "address": "redfish-virtualmedia+https://10.65.4.1/redfish/v1/Systems/1",
                "credentialsName": "bmc-train-r0001",
                "disableCertificateVerification": False,
            },
            "bootMACAddress": "02:0e:00:40:00:00",
            "bootMode": "UEFISecureBoot",
            "rootDeviceHints": {},
        },
    }


def test_power_belongs_to_the_provider_once_a_host_exists(built: Block, group: Block) -> None:
    hosts = objects_of(built, "BareMetalHost") + objects_of(group, "BareMetalHost")
    assert len(hosts) == 3 + 36
    assert {host.ignore_changes for host in hosts} == {("spec.online",)}
    assert not any({"image", "consumerRef"} & host.manifest["spec"].keys() for host in hosts)


def test_control_plane_hosts_are_core_hosts_without_routed_links(built: Block, train: ClusterPlan) -> None:
    hosts = [host.manifest for host in objects_of(built, "BareMetalHost")]
    assert [host["metadata"]["name"] for host in hosts] == [host.name for host in train.core_hosts]
    assert {host["spec"]["architecture"] for host in hosts} == {"x86_64"}
    assert not any("ai-factory.dev/links" in host["metadata"]["annotations"] for host in hosts)


def test_credentials_come_from_the_secret_store_once_a_rack(built: Block, group: Block) -> None:
    secrets = [item.manifest for b in (built, group) for item in objects_of(b, "ExternalSecret")]
    assert [secret["metadata"]["name"] for secret in secrets] == [
        "bmc-core-r0001", "bmc-train-r0001", "bmc-train-r0002",
    ]  # fmt: skip
    keys = [[entry["remoteRef"]["key"] for entry in secret["spec"]["data"]] for secret in secrets]
    assert keys[1] == ["bmc/train-r0001", "bmc/train-r0001"]


def test_a_bmc_with_an_ipv6_address_is_bracketed() -> None:
    plan = make_plan(
        addressing={"underlay_v4": "10.64.0.0/16", "oob_v4": "10.65.0.0/26", "ula_v6": "fd12:3456:789a::/48"}
    )
    host = objects_of(blocks(plan)[1], "BareMetalHost")[0].manifest
    assert host["spec"]["bmc"]["address"].startswith("redfish-virtualmedia+https://[fd12:3456:789a:")


# Racks ------------------------------------------------------------------------------------------------------


def test_a_rack_is_22_objects(group: Block) -> None:
    kinds = [item.manifest["kind"] for item in group.items if isinstance(item, KubeObject)]
    one = [
        "ExternalSecret",
        *["BareMetalHost"] * 18,
        "Metal3MachineTemplate",
        "MachineDeployment",
        "MachineHealthCheck",
    ]
    assert kinds == one * 2
    assert (group.type, group.name, group.stack) == ("RackGroup", "train-0", "kr-test.train.0")


def test_a_deployment_turns_the_hosts_of_one_rack_into_nodes(group: Block) -> None:
    found = manifests(group)
    deployment = named(found, "MachineDeployment", "train-r0001")["spec"]
    assert deployment["replicas"] == 18
    assert deployment["rollout"]["strategy"]["rollingUpdate"] == {"maxSurge": 0, "maxUnavailable": 1}
    assert deployment["template"]["metadata"]["labels"] == {
        "cluster.x-k8s.io/cluster-name": "train",
        "cluster.x-k8s.io/deployment-name": "train-r0001",
        "node.cluster.x-k8s.io/hall": "h1",
        "node.cluster.x-k8s.io/scalable-unit": "su-0",
        "node.cluster.x-k8s.io/rack": "train-r0001",
        "node.cluster.x-k8s.io/system": "gb300-nvl72",
        "node.cluster.x-k8s.io/power-profile": "max-p",
        "node.cluster.x-k8s.io/role": "gpu",
        "node-restriction.kubernetes.io/tenant": "gov-llm",
    }
    template = named(found, "Metal3MachineTemplate", deployment["template"]["spec"]["infrastructureRef"]["name"])
    assert template["spec"]["template"]["spec"]["hostSelector"]["matchLabels"] == {
        "ai-factory.dev/rack": "train-r0001", "ai-factory.dev/role": "gpu",
    }  # fmt: skip


def test_health_checks_leave_a_failing_rack_alone(group: Block) -> None:
    check = named(manifests(group), "MachineHealthCheck", "train-r0002")["spec"]
    assert check["selector"]["matchLabels"] == {"node.cluster.x-k8s.io/rack": "train-r0002"}
    assert check["remediation"]["triggerIf"] == {"unhealthyLessThanOrEqualTo": 2}


def test_racks_without_inventory_are_planned_not_declared() -> None:
    plan = make_plan(hosts=False)
    built, group = blocks(plan)
    assert group.items == ()
    assert not objects_of(built, "BareMetalHost")
    assert objects_of(built, "Cluster")[0].wait_for is None


def test_groups_hold_32_racks() -> None:
    halls = {"power": {"utility_mw": 20}, "halls": [{"name": "h1", "max_it_mw": 12}, {"name": "h2", "max_it_mw": 2}]}
    plan = make_plan(clusters=changed_cluster(racks=33, max_racks=64), tenants=[], site=halls)
    groups = [racks.rack_group_block(plan, plan.cluster("train"), number, "s") for number in (0, 1)]
    assert [len(objects_of(group, "MachineDeployment")) for group in groups] == [32, 1]
    assert len(groups[0].items) == 32 * 22


def test_a_new_image_gives_machine_templates_new_names_and_keeps_data_templates(group: Block, built: Block) -> None:
    new = {"url": "http://images.kr-test.internal/gpu-2.qcow2", "checksum": "c" * 64}
    plan = make_plan(
        images={"gpu": new, "core": {"url": "http://images.kr-test.internal/core.qcow2", "checksum": "b" * 64}}
    )
    after_built, after_group = blocks(plan)
    names = [
        {i.manifest["metadata"]["name"] for i in objects_of(b, "Metal3MachineTemplate")} for b in (group, after_group)
    ]
    assert not names[0] & names[1]
    data = [[i.manifest for i in objects_of(b, "Metal3DataTemplate")] for b in (built, after_built)]
    assert data[0] == data[1]


# Cluster ----------------------------------------------------------------------------------------------------


def test_the_cluster_waits_for_its_control_plane_and_comes_last(built: Block) -> None:
    root = built.items[-1]
    assert isinstance(root, KubeObject)
    assert root.manifest["kind"] == "Cluster"
    assert root.wait_for == "condition=ControlPlaneAvailable"
    assert root.manifest["spec"]["clusterNetwork"]["pods"] == {"cidrBlocks": ["100.64.0.0/10"]}


@pytest.mark.parametrize(("replicas", "surge"), [(1, 1), (3, 0), (5, 0)])
def test_a_control_plane_needs_no_spare_host_from_three_on(replicas: int, surge: int) -> None:
    plan = make_plan(clusters=changed_cluster(control_plane={"replicas": replicas}))
    spec = objects_of(blocks(plan)[0], "KubeadmControlPlane")[0].manifest["spec"]
    assert spec["replicas"] == replicas
    assert spec["rollout"]["strategy"]["rollingUpdate"]["maxSurge"] == surge


def test_the_node_pool_begins_after_the_network_s_own_addresses(built: Block, train: ClusterPlan) -> None:
    pool = named(manifests(built), "IPPool")["spec"]
    assert train.networks is not None
    assert str(train.networks.nodes) == "10.64.0.0/24"
    assert pool["pools"] == [{"start": "10.64.0.16", "end": "10.64.0.254"}]
    assert (pool["gateway"], pool["prefix"]) == ("10.64.0.1", 24)
    needed = train.max_racks * train.nodes_per_rack + train.spec.control_plane.replicas
    assert needed <= 254 - 16 + 1


def test_only_nodes_of_dedicated_racks_carry_the_tenant_taint(built: Block, group: Block) -> None:
    taints = {}
    for deployment in objects_of(group, "MachineDeployment"):
        config = deployment.manifest["spec"]["template"]["spec"]["bootstrap"]["configRef"]["name"]
        spec = named(manifests(built), "KubeadmConfigTemplate", config)["spec"]["template"]["spec"]
        found = spec["joinConfiguration"]["nodeRegistration"]["taints"]
        taints[deployment.manifest["metadata"]["name"]] = [(taint["key"], taint["value"]) for taint in found]
    assert taints == {
        "train-r0001": [("nvidia.com/gpu", "present"), ("ai-factory.dev/tenant", "gov-llm")],
        "train-r0002": [("nvidia.com/gpu", "present")],
    }


def test_shared_templates_stay_when_their_names_change(built: Block) -> None:
    kept = {item.manifest["kind"] for item in built.items if isinstance(item, KubeObject) and item.retain}
    assert kept == {"Metal3DataTemplate", "KubeadmConfigTemplate"}


def test_an_adopted_cluster_has_a_namespace_and_its_facts(plan: RegionPlan, twin: ClusterPlan) -> None:
    space, facts = gpu_cluster.block(plan, twin, "kr-test").items
    assert isinstance(facts, KubeObject)
    assert facts.after == (space.id,)
    assert facts.manifest["data"] == {
        "region": "kr-test",
        "cluster": "twin",
        "hall": "h2",
        "system": "rtx-pro-server",
        "purpose": "physical",
        "nodes": "8",
        "gpus": "64",
        "power-profile": "max-p",
    }


def test_a_region_without_node_images_is_refused() -> None:
    plan = make_plan(images=None)
    with pytest.raises(ValueError, match="names its node images"):
        gpu_cluster.block(plan, plan.cluster("train"), "kr-test")


# Files on hosts ---------------------------------------------------------------------------------------------


def test_control_plane_files_are_what_kubeadm_and_kubelet_read(built: Block, train: ClusterPlan) -> None:
    config = objects_of(built, "KubeadmControlPlane")[0].manifest["spec"]["kubeadmConfigSpec"]
    kubelet, audit, vip = (yaml.safe_load(on_host(file)) for file in config["files"])
    assert (kubelet["kind"], audit["kind"], vip["kind"]) == ("KubeletConfiguration", "Policy", "Pod")
    assert schema.validate(vip) == []
    env = {entry["name"]: entry.get("value") for entry in vip["spec"]["containers"][0]["env"]}
    assert train.networks is not None
    asn = train.networks.switch_asns[0]
    assert env["address"] == train.endpoint == "10.64.1.1"
    assert (env["bgp_routerid"], env["bgp_peers"]) == ("10.64.0.17", f"10.64.0.1:{asn}::false")


@pytest.mark.parametrize(("system", "policy"), [("gb300-nvl72", None), ("dgx-b200", "best-effort")])
def test_only_systems_with_few_numa_nodes_align_to_them(system: str, policy: str | None) -> None:
    plan = make_plan(clusters=changed_cluster(system=system), tenants=[])
    config = objects_of(blocks(plan)[0], "KubeadmConfigTemplate")[0].manifest["spec"]["template"]["spec"]
    kubelet = yaml.safe_load(on_host(config["files"][0]))
    assert kubelet.get("topologyManagerPolicy") == policy
    assert kubelet["cpuManagerPolicy"] == "static"


def test_netplan_has_an_address_a_table_and_a_rule_for_every_link(ethernet: RegionPlan, tmp_path: Path) -> None:
    cluster = ethernet.cluster("train")
    rack = cluster.racks[1]
    script, path = tmp_path / "links.py", tmp_path / "netplan.yaml"
    config = objects_of(blocks(ethernet)[0], "KubeadmConfigTemplate")[0].manifest["spec"]["template"]["spec"]
    script.write_text(on_host(next(f for f in config["files"] if f["path"].endswith("ai-factory-links"))))
    subprocess.run([sys.executable, script, racks.links_text(cluster, rack, 3), path], check=True)
    ethernets = yaml.safe_load(path.read_text())["network"]["ethernets"]
    links = [link for link in cluster.host_links(rack, 3) if link.name.startswith("ns")]
    assert len(links) == 2
    assert list(ethernets) == [link.name for link in links]
    for index, link in enumerate(links):
        entry = ethernets[link.name]
        assert entry["addresses"] == [f"{link.host}/31"]
        assert entry["routing-policy"] == [{"from": str(link.host), "table": 101 + index, "priority": 101 + index}]
        towards = {"to": "10.64.0.0/16", "via": str(link.switch)}
        assert entry["routes"] == [towards | {"table": 101 + index}, towards | {"metric": 101 + index}]
    assert path.stat().st_mode & 0o777 == 0o600


def test_netplan_takes_ipv6_links(tmp_path: Path) -> None:
    script, path = tmp_path / "links.py", tmp_path / "netplan.yaml"
    script.write_text(render("cloud-init/netplan-links.py.j2", networks='["10.64.0.0/16", "fd12::/48"]', mtu=9000))
    subprocess.run([sys.executable, script, "ns0=fd12::a1/127", path], check=True)
    entry = yaml.safe_load(path.read_text())["network"]["ethernets"]["ns0"]
    assert entry["routes"] == [
        {"to": "fd12::/48", "via": "fd12::a0", "table": 101},
        {"to": "fd12::/48", "via": "fd12::a0", "metric": 101},
    ]


def test_commands_and_node_names_are_filled_on_the_host(built: Block) -> None:
    config = objects_of(built, "KubeadmConfigTemplate")[0].manifest["spec"]["template"]["spec"]
    links = "ns0=10.64.4.1/31,ns1=10.64.4.3/31"
    commands = [on_host({"content": command}, links=links) for command in config["preKubeadmCommands"]]
    assert commands == [
        "systemctl daemon-reload", "systemctl restart containerd",
        f"/usr/local/sbin/ai-factory-links '{links}'", "netplan apply",
    ]  # fmt: skip
    node = config["joinConfiguration"]["nodeRegistration"]
    assert on_host({"content": node["name"]}) == "train-r0001-u01"
    arguments = {entry["name"]: on_host({"content": entry["value"]}) for entry in node["kubeletExtraArgs"]}
    assert arguments == {
        "node-ip": "10.64.0.17", "node-labels": "metal3.io/uuid=0a1b", "provider-id": "metal3://train/a/b",
    }  # fmt: skip


def test_containers_of_gpu_nodes_may_lock_memory_for_rdma(built: Block) -> None:
    for template in objects_of(built, "KubeadmConfigTemplate"):
        config = template.manifest["spec"]["template"]["spec"]
        [unit] = [file for file in config["files"] if "containerd.service.d" in file["path"]]
        assert unit["content"].splitlines() == ["[Service]", "LimitMEMLOCK=infinity"]
        assert config["preKubeadmCommands"][:2] == ["systemctl daemon-reload", "systemctl restart containerd"]


def test_kube_proxy_is_left_to_cilium(built: Block) -> None:
    [plane] = objects_of(built, "KubeadmControlPlane")
    assert plane.manifest["metadata"]["annotations"]["controlplane.cluster.x-k8s.io/skip-kube-proxy"] == ""
    config = plane.manifest["spec"]["kubeadmConfigSpec"]
    assert config["initConfiguration"]["skipPhases"] == ["addon/kube-proxy"]


def test_a_template_with_a_missing_value_or_name_is_refused() -> None:
    with pytest.raises(jinja2.UndefinedError, match="endpoint"):
        render("kubeadm/kube-vip.yaml.j2", image="i", asn=1, gateway="g")
    with pytest.raises(jinja2.TemplateNotFound):
        render("kubeadm/none.yaml.j2")
