"""API servers of built clusters and of the sandbox run with the same flags, plug-ins and files."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest
import yaml

from ai_factory.infra import apiserver
from ai_factory.infra.objects import gpu_cluster
from ai_factory.infra.objects.base import KubeObject, Manifest
from ai_factory.infra.sandbox import commands
from ai_factory.infra.sandbox.layout import Layout
from tests.objects.conftest import make_plan

FILES = {"audit-policy-file"}
LOGS = {"audit-log-path"}


@pytest.fixture(scope="module")
def config() -> Manifest:
    """How kubeadm sets up a built cluster's control plane."""
    plan = make_plan()
    items = gpu_cluster.block(plan, plan.cluster("train"), "s").items
    manifests = [item.manifest for item in items if isinstance(item, KubeObject)]
    (control_plane,) = [each for each in manifests if each["kind"] == "KubeadmControlPlane"]
    return control_plane["spec"]["kubeadmConfigSpec"]


@pytest.fixture(scope="module")
def built(config: Manifest) -> dict[str, str]:
    """Flags that the package adds to those of kubeadm."""
    return {entry["name"]: entry["value"] for entry in config["clusterConfiguration"]["apiServer"]["extraArgs"]}


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    layout = Layout(tmp_path_factory.mktemp("state"))
    line = commands.kube_apiserver(layout, Path("kube-apiserver"), defaultdict(lambda: 6443), "train")
    return dict(argument.removeprefix("--").split("=", 1) for argument in line[1:])


def test_flags_differ_where_they_are_listed_and_nowhere_else(built: dict[str, str], sandbox: dict[str, str]) -> None:
    """kubeadm sets the flags that are listed as its own and those that each server has for itself."""
    kubeadm = {**apiserver.KUBEADM, **dict.fromkeys(apiserver.BY_PLACE | apiserver.HARDWARE_ONLY, "")}
    hardware = {**kubeadm, **built}

    assert hardware.keys() - sandbox.keys() == apiserver.HARDWARE_ONLY
    assert sandbox.keys() - hardware.keys() == apiserver.SANDBOX_ONLY
    common = hardware.keys() & sandbox.keys()
    differing = {name for name in common if hardware[name] != sandbox[name]}
    assert differing == apiserver.BY_PLACE | FILES | LOGS


def test_the_package_changes_no_flag_that_belongs_to_a_place(built: dict[str, str]) -> None:
    assert not built.keys() & (apiserver.BY_PLACE | apiserver.HARDWARE_ONLY | apiserver.SANDBOX_ONLY)


def test_files_that_flags_name_are_the_same(config: Manifest, built: dict[str, str], sandbox: dict[str, str]) -> None:
    written = {file["path"]: file["content"] for file in config["files"]}
    for flag in FILES:
        content = written[built[flag]]
        assert Path(sandbox[flag]).read_text() == content
        assert yaml.safe_load(content)["kind"] == "Policy"


def test_a_built_server_sees_every_file_and_folder_that_its_flags_name(config: Manifest, built: dict[str, str]) -> None:
    mounts = {
        volume["mountPath"]: volume["readOnly"]
        for volume in config["clusterConfiguration"]["apiServer"]["extraVolumes"]
    }
    for flag in FILES | LOGS:
        assert mounts[str(Path(built[flag]).parent)] is (flag in FILES)


def test_the_sandbox_writes_below_its_own_folder_for_its_owner_only(sandbox: dict[str, str]) -> None:
    for flag in FILES | LOGS:
        assert Path(sandbox[flag]).parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("plugin", ["NodeRestriction", "PodNodeSelector", "PodTolerationRestriction"])
def test_plugins_that_isolation_needs_are_on(built: dict[str, str], plugin: str) -> None:
    assert plugin in built["enable-admission-plugins"].split(",")
