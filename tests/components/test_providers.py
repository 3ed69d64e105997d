"""Providers: one for each cluster that a stack uses, with a fixed identity, by context, command or secret."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pulumi
import pytest

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
