"""The management cluster: what is installed, in which order, and the gate."""

from __future__ import annotations

import dataclasses

import pytest
import yaml

from ai_factory.infra.objects import management
from ai_factory.infra.objects.base import Block, HelmRelease, KubeObject
from ai_factory.infra.plan.model import RegionPlan
from tests import schema

from .conftest import changed_cluster, make_plan, manifests, named


@pytest.fixture(scope="module")
def block(plan: RegionPlan) -> Block:
    return management.block(plan, plan.management[0], "kr-test")


@pytest.fixture(scope="module")
def existing() -> Block:
    plan = make_plan(management=[{"name": "mgmt", "provider": "existing", "access": {"context": "m"}}])
    return management.block(plan, plan.management[0], "kr-test")


def test_every_object_passes_its_schema(block: Block) -> None:
    assert [fault for manifest in manifests(block) for fault in schema.validate(manifest)] == []


def test_an_existing_management_cluster_gets_the_gate_alone(existing: Block) -> None:
    space, gate = existing.items
    assert isinstance(gate, KubeObject)
    assert gate.after == (space.id,)
    assert gate.manifest == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": "ai-factory-region",
            "namespace": "ai-factory",
            "labels": {"app.kubernetes.io/managed-by": "ai-factory"},
        },
        "data": {
            "region": "kr-test",
            "country": "KR",
            "city": "Ulsan",
            "residency": "KR",
            "keys": "in-country",
            "operators": "KR",
            "clusters": "train,twin",
        },
    }


def test_the_four_charts_come_from_the_catalogue(block: Block, plan: RegionPlan) -> None:
    releases = [item for item in block.items if isinstance(item, HelmRelease)]
    wanted = {(c.chart, c.version, c.namespace) for c in plan.charts if c.plane == "management"}
    assert {(r.chart, r.version, r.namespace) for r in releases} == wanted
    assert {r.chart for r in releases} == {"cert-manager", "external-secrets", "flux2", "cluster-api-operator"}
    certificates = next(r for r in releases if r.chart == "cert-manager")
    assert certificates.id in next(r for r in releases if r.chart == "cluster-api-operator").after


def test_everything_comes_after_what_it_needs_and_the_gate_last(block: Block) -> None:
    seen: set[str] = set()
    for item in block.items:
        assert set(item.after) <= seen, item.id
        seen.add(item.id)
    gate = block.items[-1]
    assert gate.id == management.gate_id("mgmt")
    waited = {item.id for item in block.items if isinstance(item, HelmRelease) or item.wait_for}
    assert waited <= set(gate.after)


def test_providers_are_pinned(block: Block) -> None:
    providers = [m for m in manifests(block) if m["apiVersion"] == "operator.cluster.x-k8s.io/v1alpha2"]
    found = {(m["kind"], m["metadata"]["name"], m["spec"]["version"]) for m in providers}
    assert found == {
        ("CoreProvider", "cluster-api", "v1.14.2"),
        ("BootstrapProvider", "kubeadm", "v1.14.2"),
        ("ControlPlaneProvider", "kubeadm", "v1.14.2"),
        ("InfrastructureProvider", "metal3", "v1.13.2"),
        ("IPAMProvider", "metal3", "v1.13.2"),
    }


@pytest.mark.parametrize(
    ("name", "tag", "path"),
    [
        ("baremetal-operator", "v0.13.2", "./config/use-irso"),
        ("ironic-standalone-operator", "v0.11.0", "./config/default"),
    ],
)
def test_metal3_operators_come_from_pinned_tags(block: Block, name: str, tag: str, path: str) -> None:
    objects = manifests(block)
    source, kustomization = (named(objects, kind, name)["spec"] for kind in ("GitRepository", "Kustomization"))
    assert source["ref"] == {"tag": tag}
    assert kustomization["path"] == path
    assert kustomization["images"] == [{"name": f"quay.io/metal3-io/{name}", "newTag": tag}]
    assert kustomization["deletionPolicy"] == "Orphan"


def test_ironic_has_an_agent_for_each_architecture(block: Block) -> None:
    ironic = named(manifests(block), "Ironic")
    assert [image["architecture"] for image in ironic["spec"]["overrides"]["agentImages"]] == ["aarch64"]
    gate = named(manifests(block), "Kustomization", "ironic-standalone-operator")["spec"]["patches"][0]
    assert yaml.safe_load(gate["patch"])[0]["value"] == "--feature-gates=Overrides=true"
    intel = make_plan(clusters=changed_cluster(system="dgx-b200", racks=2, max_racks=4), tenants=[])
    only_x86 = management.block(intel, intel.management[0], "kr-test")
    assert "overrides" not in named(manifests(only_x86), "Ironic")["spec"]


@pytest.mark.parametrize("verify", [True, False])
def test_the_authority_of_the_bmcs_is_fetched_where_it_is_used(verify: bool) -> None:
    plan = make_plan(bmc={"verify_tls": verify, "secret_store": "vault"})
    objects = manifests(management.block(plan, plan.management[0], "kr-test"))
    secrets = [m["spec"]["secretStoreRef"]["name"] for m in objects if m["kind"] == "ExternalSecret"]
    assert secrets == (["vault"] if verify else [])
    assert ("bmcCA" in named(objects, "Ironic")["spec"]["tls"]) == verify


def test_no_secret_data_is_emitted(block: Block) -> None:
    assert all(manifest["kind"] != "Secret" for manifest in manifests(block))


def test_a_catalogue_without_flux_is_refused(plan: RegionPlan) -> None:
    without = dataclasses.replace(plan, charts=tuple(chart for chart in plan.charts if chart.id != "flux"))
    with pytest.raises(KeyError, match="no flux to the management plane"):
        management.block(without, plan.management[0], "kr-test")
