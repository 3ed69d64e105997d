"""What `declare` makes of a block: manifests as they are, with parent, provider, order, protection and waits."""

from __future__ import annotations

import copy
import dataclasses
import importlib.metadata
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes
import pytest

from ai_factory.components._manifest import AWAITED_KINDS, Manifest, Registry, declare, type_token
from ai_factory.infra.objects import base, ids

from .harness import run
from .recording import Recording

OWNER = ids.cluster("train-a")
OWNED = {ids.OWNER: "cluster/train-a"}
NAMESPACE = base.KubeObject(owner=OWNER, target="m", manifest=base.make("v1", "Namespace", "train-a"), protect=True)
CLUSTER = base.KubeObject(
    owner=OWNER,
    target="m",
    manifest=base.make("cluster.x-k8s.io/v1beta2", "Cluster", "train-a", "train-a", spec={"paused": False}),
    after=(NAMESPACE.id, "elsewhere/Namespace//x"),
    wait_for="condition=Available",
    timeout_seconds=1800,
)
QUOTA = base.KubeObject(owner=OWNER, target="w", manifest=base.make("v1", "ResourceQuota", "q", "train-a", spec={}))
CHART = base.HelmRelease(
    owner=OWNER,
    target="m",
    name="flux",
    namespace="flux-system",
    repo="https://charts.example/stable",
    chart="flux2",
    version="2.16.0",
    values={"replicas": 2},
    after=(NAMESPACE.id,),
)


def block(*items: base.Item) -> base.Block:
    return base.Block(type="Box", name="box", stack="s", items=items)


class Box(pulumi.ComponentResource):
    """Any component."""

    def __init__(
        self, name: str, items: base.Block, providers: dict[str, pulumi.ProviderResource], **options: Any
    ) -> None:
        super().__init__("test:index:Box", name, None, options.pop("opts", None))
        declare(self, items, providers, options.pop("registry", None) or Registry(), wait=options.pop("wait", True))
        self.register_outputs({})


def record(*items: base.Item, **options: Any) -> Recording:
    def program() -> None:
        providers = {name: kubernetes.Provider(name, context=name, kubeconfig="") for name in ("m", "w")}
        Box("box", block(*items), providers, **options)

    return run(program)


def test_registers_the_manifests_as_they_are() -> None:
    items = [NAMESPACE, CLUSTER, QUOTA]
    before = copy.deepcopy(items)

    recording = record(*items)

    box = recording.one("test:index:Box")
    assert {r.name for r in recording.children(box)} == {base.resource_name("box", item) for item in items}
    assert recording.one("kubernetes:core/v1:Namespace").inputs == NAMESPACE.applied
    assert recording.one("kubernetes:core/v1:ResourceQuota").inputs == QUOTA.applied
    assert items == before, "manifests are shared values and must not be changed"


def test_options_follow_the_item() -> None:
    recording = record(NAMESPACE, CLUSTER, QUOTA)

    cluster, namespace, quota = sorted(recording.children(recording.one("test:index:Box")), key=lambda r: r.name)
    assert [r.protect for r in (namespace, cluster, quota)] == [True, False, False]
    assert all(r.delete_before_replace for r in (namespace, cluster, quota))
    assert cluster.dependencies == (namespace.urn,), "ids of other stacks are dropped"
    assert [recording.named(r.provider).name for r in (namespace, cluster, quota)] == ["m", "m", "w"]
    assert cluster.timeouts == {"create": "1800s", "update": "1800s", "delete": "1800s"}
    assert not namespace.timeouts


def test_waits_where_the_item_says_what_ready_means() -> None:
    cluster = record(NAMESPACE, CLUSTER).one("kubernetes:cluster.x-k8s.io/v1beta2:Cluster")

    assert cluster.inputs["metadata"]["annotations"] == {**OWNED, "pulumi.com/waitFor": "condition=Available"}
    assert {**cluster.inputs, "metadata": CLUSTER.manifest["metadata"]} == CLUSTER.manifest


def test_a_wait_leaves_other_annotations_alone() -> None:
    noted = base.make("v1", "Service", "s", "train-a", annotations={"owner": "team"})
    item = base.KubeObject(owner=OWNER, target="m", manifest=noted, wait_for="condition=Ready")

    service = record(NAMESPACE, item).one("kubernetes:core/v1:Service")

    assert service.inputs["metadata"]["annotations"] == {
        "owner": "team",
        **OWNED,
        "pulumi.com/waitFor": "condition=Ready",
    }


def test_waits_for_nothing_when_told_so() -> None:
    recording = record(NAMESPACE, CLUSTER, QUOTA, wait=False)

    cluster = recording.one("kubernetes:cluster.x-k8s.io/v1beta2:Cluster")
    assert (cluster.inputs, cluster.timeouts) == (CLUSTER.applied, {})
    quota = recording.one("kubernetes:core/v1:ResourceQuota")
    assert quota.inputs["metadata"]["annotations"] == {**OWNED, "pulumi.com/skipAwait": "true"}
    assert recording.one("kubernetes:core/v1:Namespace").inputs == NAMESPACE.applied


def test_charts_become_releases() -> None:
    recording = record(NAMESPACE, CHART)

    release = recording.one("kubernetes:helm.sh/v3:Release")
    assert release.name == "box-chart-flux-system-flux"
    assert release.dependencies == (recording.one("kubernetes:core/v1:Namespace").urn,)
    assert {k: release.inputs[k] for k in ("chart", "version", "name", "namespace", "values", "skipAwait")} == {
        "chart": "flux2",
        "version": "2.16.0",
        "name": "flux",
        "namespace": "flux-system",
        "values": {"replicas": 2},
        "skipAwait": False,
    }
    assert release.inputs["repositoryOpts"] == {"repo": "https://charts.example/stable"}


def test_oci_charts_carry_their_registry_in_the_chart() -> None:
    chart = base.HelmRelease(
        owner=OWNER,
        target="m",
        name="f",
        namespace="n",
        repo="oci://registry.example/charts-x/",
        chart="f",
        version="1",
        values={},
    )

    release = record(chart, wait=False).one("kubernetes:helm.sh/v3:Release")

    assert release.inputs["chart"] == "oci://registry.example/charts-x/f"
    assert "repositoryOpts" not in release.inputs
    assert release.inputs["skipAwait"] is True


def test_a_component_s_own_protect_reaches_its_children() -> None:
    recording = record(QUOTA, opts=pulumi.ResourceOptions(protect=True))
    assert recording.one("kubernetes:core/v1:ResourceQuota").protect


def test_components_of_a_program_depend_on_each_other_through_the_registry() -> None:
    registry = Registry()

    def program() -> None:
        providers = {"m": kubernetes.Provider("m", context="m", kubeconfig="")}
        Box("a", block(NAMESPACE), providers, registry=registry)
        Box("b", block(CLUSTER), providers, registry=registry)

    recording = run(program)

    cluster = recording.one("kubernetes:cluster.x-k8s.io/v1beta2:Cluster")
    assert cluster.dependencies == (recording.one("kubernetes:core/v1:Namespace").urn,)


@pytest.mark.parametrize(
    ("items", "message"),
    [
        (
            (CLUSTER, NAMESPACE),
            "m/Namespace//train-a is declared too late: m/Cluster.cluster.x-k8s.io/train-a/train-a comes after it; "
            "declare the component that holds it first",
        ),
        (
            (QUOTA, QUOTA),
            "w/ResourceQuota/train-a/q is declared twice in this program; leave one of the two components out",
        ),
        (
            tuple(
                base.KubeObject(owner=OWNER, target=target, manifest=NAMESPACE.manifest) for target in ("x", "m", "y")
            ),
            "Box box applies objects to x, y, for which providers has no entry; given: m, w",
        ),
    ],
)
def test_refuses_what_can_not_work(items: tuple[base.Item, ...], message: str) -> None:
    with pytest.raises(ValueError) as caught:
        record(*items)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("module", "kind", "api_version"),
    [
        ("core.v1", "Namespace", "v1"),
        ("core.v1", "ConfigMap", "v1"),
        ("apps.v1", "Deployment", "apps/v1"),
        ("rbac.v1", "Role", "rbac.authorization.k8s.io/v1"),
        ("networking.v1", "NetworkPolicy", "networking.k8s.io/v1"),
        ("storage.v1", "StorageClass", "storage.k8s.io/v1"),
        ("scheduling.v1", "PriorityClass", "scheduling.k8s.io/v1"),
        ("resource.v1", "DeviceClass", "resource.k8s.io/v1"),
        ("apiextensions.v1", "CustomResourceDefinition", "apiextensions.k8s.io/v1"),
    ],
)
def test_type_token_and_plugin_are_the_typed_sdk_s_own(module: str, kind: str, api_version: str) -> None:
    typed_class = getattr(importlib.import_module(f"pulumi_kubernetes.{module}"), kind)
    manifest = base.make(api_version, kind, "x")
    spec: dict[str, Any] = {
        "CustomResourceDefinition": {"spec": {}},
        "Deployment": {"spec": {}},
        "DeviceClass": {"spec": {}},
        "PriorityClass": {"value": 1},
        "StorageClass": {"provisioner": "p"},
    }.get(kind, {})

    def program() -> None:
        opts = pulumi.ResourceOptions(provider=kubernetes.Provider("m", context="m", kubeconfig=""))
        typed_class("typed", metadata={"name": "x"}, **spec, opts=opts)
        Box("box", block(base.KubeObject(owner=OWNER, target="m", manifest=manifest)), {"m": opts.provider})  # type: ignore[dict-item]

    typed, ours = (r for r in run(program).resources if r.typ.startswith("kubernetes:"))
    assert typed.typ == ours.typ == type_token(manifest)
    assert typed.options["version"] == ours.options["version"]
    assert typed.options.get("pluginDownloadURL") == ours.options.get("pluginDownloadURL")


def test_custom_resources_have_the_sdk_s_type_token() -> None:
    def program() -> None:
        opts = pulumi.ResourceOptions(provider=kubernetes.Provider("m", context="m", kubeconfig=""))
        kubernetes.apiextensions.CustomResource("x", "cluster.x-k8s.io/v1beta2", "Cluster", spec={}, opts=opts)

    assert run(program).resources[-1].typ == type_token(CLUSTER.manifest)


def test_other_top_level_fields_travel() -> None:
    manifest = base.make("kueue.x-k8s.io/v1beta2", "WorkloadPriorityClass", "high", value=1000, description="d")

    def program() -> None:
        Manifest("x", manifest, pulumi.ResourceOptions(provider=kubernetes.Provider("m", context="m", kubeconfig="")))

    assert run(program).resources[-1].inputs == manifest


def test_a_manifest_in_a_program_of_its_own_is_what_the_sdk_registers() -> None:
    metadata = {"name": "j", "namespace": "acme"}
    spec = {"suspend": True, "template": {"spec": {"containers": [{"name": "c", "image": "i"}]}}}

    def program() -> None:
        provider = kubernetes.Provider("m", context="m", kubeconfig="")
        given = pulumi.ResourceOptions(provider=provider, ignore_changes=["spec.suspend"])
        before = copy.copy(given.__dict__)
        kubernetes.batch.v1.Job("sdk", metadata=metadata, spec=spec, opts=given)
        Manifest("ours", {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec}, given)
        assert given.__dict__ == before, "options are shared values and must not be changed"
        Manifest("older", base.make("v1", "Secret", "x"), pulumi.ResourceOptions(provider=provider, version="4.30.0"))

    _, sdk, ours, older = run(program).resources

    own = {"name": "", "urn": "", "frames": 0}
    assert dataclasses.replace(ours, **own) == dataclasses.replace(sdk, **own)
    assert (ours.options["version"], older.options["version"]) == (
        importlib.metadata.version("pulumi-kubernetes"),
        "4.30.0",
    )


def test_awaited_kinds_are_built_in_ones() -> None:
    built_in = {name for group in ("core.v1", "apps.v1", "batch.v1", "networking.v1") for name in dir(_module(group))}
    assert built_in >= AWAITED_KINDS


def _module(name: str) -> Any:
    return importlib.import_module(f"pulumi_kubernetes.{name}")
