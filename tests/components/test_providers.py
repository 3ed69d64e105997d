"""Providers: one for each cluster that a stack uses, with a fixed identity, by context, command or secret."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest

from ai_factory.components import ClusterPlatformArgs, GpuClusterArgs
from ai_factory.components._manifest import Manifest, Registry
from ai_factory.components.providers import ClusterProviders
from ai_factory.infra.objects import base
from ai_factory.infra.objects.ids import object_id
from ai_factory.infra.spec.problems import InputError

from .harness import run
from .plans import clusters, region_plan
from .recording import UNKNOWN, Recording, Resource, Secret

PROVIDER = "pulumi:providers:kubernetes"
SECRET = "kubernetes:core/v1:Secret"
KUBECONFIG = "apiVersion: v1\nkind: Config\n"
CLUSTER = base.make("cluster.x-k8s.io/v1beta2", "Cluster", "train-a", "train-a")


def secret_state(resource: Resource) -> dict[str, Any]:
    return {"data": {"value": base64.b64encode(KUBECONFIG.encode()).decode()}} if resource.read_id else {}


def record(
    *targets: str, preview: bool = False, root: Path = Path("/"), adopt: bool = False, **changes: Any
) -> Recording:
    def program() -> None:
        providers = ClusterProviders(region_plan(**changes), Registry(), root=root, adopt=adopt)
        assert len(providers) == 3 and set(providers) == {"management", "train-a", "infer-a"}
        for target in targets:
            assert providers[target] is providers[target]

    return run(program, preview=preview, state=secret_state)


def test_only_what_is_asked_for_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", "/home/someone/.kube/config")

    recording = record("infer-a")

    [provider] = recording.resources
    assert provider.identity == (PROVIDER, "infer-a")
    assert provider.inputs == {
        "clusterIdentifier": "demo/infer-a",
        "context": "demo-infer",
        "kubeconfig": "",
        "enableServerSideApply": "true",
        "enablePatchForce": "false",
        "enableConfigMapMutable": "true",
        "deleteUnreachable": "false",
        "skipUpdateUnreachable": "false",
        "upsertExistingObjects": "false",
        "suppressHelmHookWarnings": "true",
    }, "the identity is fixed and no path of this machine reaches the state"


def test_adoption_is_asked_for() -> None:
    assert record("infer-a", adopt=True).resources[0].inputs["upsertExistingObjects"] == "true"


def test_a_command_gets_a_kubeconfig_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("-----BEGIN CERTIFICATE-----\n", encoding="utf-8")
    access = {"exec": {"command": "aws", "args": ["token"], "server": "https://k8s.example", "ca_file": "ca.pem"}}

    provider = record("train-a", root=tmp_path, clusters=clusters(access=access)).one(PROVIDER)

    config = json.loads(provider.inputs["kubeconfig"])
    assert config["clusters"][0]["cluster"]["server"] == "https://k8s.example"
    assert config["users"][0]["user"]["exec"]["command"] == "aws"
    assert "context" not in provider.inputs


def test_a_missing_authority_is_an_input_error(tmp_path: Path) -> None:
    access = {"exec": {"command": "aws", "server": "https://k8s.example", "ca_file": "ca.pem"}}
    with pytest.raises(InputError, match=r"ca\.pem: the certificate authority can't be read"):
        record("train-a", root=tmp_path, clusters=clusters(access=access))


@pytest.mark.parametrize("preview", [False, True])
def test_a_secret_is_read_from_the_management_cluster(preview: bool) -> None:
    recording = record("train-a", preview=preview)

    assert [r.identity for r in recording.resources] == [
        (PROVIDER, "management"),
        (SECRET, "train-a-kubeconfig"),
        (PROVIDER, "train-a"),
    ]
    secret, provider = recording.one(SECRET), recording.one(PROVIDER, "train-a")
    assert secret.read_id == "train-a/train-a-kubeconfig"
    assert secret.provider == recording.one(PROVIDER, "management").urn
    assert provider.inputs["kubeconfig"] == Secret(KUBECONFIG)
    assert provider.inputs["clusterIdentifier"] == "demo/train-a"


def test_a_kubeconfig_from_a_cluster_that_runs_a_program_stops_the_update() -> None:
    """The provider would run it on the machine of the engine."""
    hostile = "users: [{name: admin, user: {exec: {command: sh}}}]"

    def state(resource: Resource) -> dict[str, Any]:
        return {"data": {"value": base64.b64encode(hostile.encode()).decode()}} if resource.read_id else {}

    def program() -> None:
        assert ClusterProviders(region_plan(), Registry(), root=Path("/"))["train-a"]

    with pytest.raises(Exception, match=r"secret train-a/train-a-kubeconfig .*users\[admin\]\.exec\. a kubeconfig"):
        run(program, state=state)


@pytest.mark.parametrize(("preview", "read_id"), [(False, "train-a/train-a-kubeconfig"), (True, UNKNOWN)])
def test_a_secret_of_a_cluster_in_the_same_program_waits_for_it(preview: bool, read_id: object) -> None:
    def program() -> None:
        registry = Registry()
        providers = ClusterProviders(region_plan(), registry, root=Path("/"))
        opts = pulumi.ResourceOptions(provider=providers["management"])
        registry.add(object_id("management", CLUSTER), Manifest("cluster", CLUSTER, opts))
        Manifest("c", base.make("v1", "ConfigMap", "c", "n"), pulumi.ResourceOptions(provider=providers["train-a"]))

    recording = run(program, preview=preview, state=secret_state)

    assert recording.one(SECRET).read_id == read_id, "in the first preview nothing is read, and nothing fails"
    kubeconfig = recording.one(PROVIDER, "train-a").inputs["kubeconfig"]
    assert kubeconfig in (Secret(KUBECONFIG), Secret(UNKNOWN), UNKNOWN)
    assert (kubeconfig == Secret(KUBECONFIG)) is not preview


def test_other_clusters_are_unknown() -> None:
    with pytest.raises(KeyError, match="other"):
        record("other")


# Inputs: what is known only while the program runs ---------------------------------------------------------------


def with_kubeconfigs(
    *targets: str, preview: bool = False, given: Callable[[str], pulumi.Input[str]] = str, **kubeconfigs: str
) -> Recording:
    def program() -> None:
        names = {name.replace("_", "-"): given(value) for name, value in kubeconfigs.items()}
        providers = ClusterProviders(region_plan(), kubeconfigs=names)
        for target in targets:
            assert providers[target] is providers[target]

    return run(program, preview=preview, state=secret_state)


@pytest.mark.parametrize("given", [str, pulumi.Output.from_input], ids=["text", "output"])
@pytest.mark.parametrize("target", ["infer_a", "train_a"])
def test_a_kubeconfig_of_the_program_takes_the_place_of_the_access(
    target: str, given: Callable[[str], pulumi.Input[str]]
) -> None:
    name = target.replace("_", "-")

    [provider] = with_kubeconfigs(name, given=given, **{target: KUBECONFIG}).resources

    assert provider.inputs["kubeconfig"] == Secret(KUBECONFIG), "a secret, though it was given in clear"
    assert "context" not in provider.inputs, "the region's context is not one of this kubeconfig"
    assert provider.inputs["clusterIdentifier"] == f"demo/{name}", "the identity is as ever"


@pytest.mark.parametrize("preview", [False, True])
def test_a_kubeconfig_may_be_the_output_of_a_resource(preview: bool) -> None:
    def program() -> None:
        admin = ClusterProviders(region_plan())["management"]
        secret = Manifest("made", base.make("v1", "ConfigMap", "made", "n"), pulumi.ResourceOptions(provider=admin))
        given = secret.id.apply(lambda name: f"{KUBECONFIG}# {name}\n")
        providers = ClusterProviders(region_plan(), kubeconfigs={"infer-a": given})
        assert providers["infer-a"]

    recording = run(program, preview=preview, state=secret_state)

    provider = recording.one(PROVIDER, "infer-a")
    assert provider.dependencies == (recording.one("kubernetes:core/v1:ConfigMap").urn,)
    if preview:
        assert provider.inputs["kubeconfig"] in (UNKNOWN, Secret(UNKNOWN))
    else:
        assert provider.inputs["kubeconfig"] == Secret(f"{KUBECONFIG}# n/made\n")


def test_a_kubeconfig_of_no_cluster_of_the_region_is_refused() -> None:
    known = "region demo has management, train-a, infer-a"
    with pytest.raises(ValueError, match=rf"kubeconfigs names infer-b, infer-c; {known}"):
        with_kubeconfigs("infer-a", infer_c=KUBECONFIG, infer_b=KUBECONFIG)


@pytest.mark.parametrize("adopt", [True, False])
def test_adoption_may_be_an_output(adopt: bool) -> None:
    def program() -> None:
        providers = ClusterProviders(region_plan(), adopt=pulumi.Output.from_input(adopt))
        assert providers["infer-a"]

    [provider] = run(program).resources
    assert provider.inputs["upsertExistingObjects"] == str(adopt).lower()


def test_authorities_are_looked_for_in_the_project_where_no_folder_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    access = {"exec": {"command": "aws", "server": "https://k8s.example", "ca_file": "ca.pem"}}
    folders = tmp_path / "project", tmp_path / "here"
    for folder in folders:
        folder.mkdir()
        (folder / "ca.pem").write_text(f"-----BEGIN CERTIFICATE-----\n{folder.name}\n", encoding="utf-8")
    monkeypatch.chdir(folders[1])

    def program() -> None:
        assert ClusterProviders(region_plan(clusters=clusters(access=access)))["train-a"]

    for root, expected in ((folders[0], "project"), (None, "here")):
        config = json.loads(run(program, root=root).one(PROVIDER).inputs["kubeconfig"])
        data = config["clusters"][0]["cluster"]["certificate-authority-data"]
        assert expected in base64.b64decode(data).decode().splitlines()


# One registry -------------------------------------------------------------------------------------------------


def test_components_with_the_same_providers_share_what_is_declared() -> None:
    def program() -> None:
        plan = region_plan()
        providers = ClusterProviders(plan)
        first = GpuClusterArgs(plan=plan, cluster="infer-a", providers=providers)
        second = ClusterPlatformArgs(plan=plan, cluster="infer-a", providers=providers)
        assert first.registry is second.registry is providers.registry
        own = GpuClusterArgs(plan=plan, cluster="infer-a", providers=dict(providers))
        assert own.registry is not providers.registry
        registry = Registry()
        assert GpuClusterArgs(plan=plan, cluster="infer-a", providers=providers, registry=registry).registry is registry

    run(program, state=secret_state)
