"""How clusters are reached, and that a sample inventory stays in a sandbox."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from ai_factory.infra import spec
from ai_factory.infra.plan.model import RegionPlan
from tests.engine.harness import (
    CONTEXTS,
    DEFINITIONS,
    HOME,
    MARK,
    TARGET,
    ContextSource,
    Halt,
    InputError,
    RefusedError,
    Region,
    TextSource,
    UnavailableError,
    config_map,
    connect,
    sample,
)
from tests.fake_api.access import certificate, write_kubeconfig
from tests.fake_api.server import FakeApi

TWIN = f"{HOME}.twin"


def script(file: Path, text: str) -> Path:
    """A program that prints a text."""
    file.write_text(f"#!/bin/sh\ncat <<'END'\n{text}\nEND\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return file


def credential(**status: str) -> str:
    return json.dumps({"kind": "ExecCredential", "status": status})


def by_command(region: Region, command: Path, server: str, ca_file: Path) -> None:
    """The adopted cluster is reached by a command."""
    access = spec.Access(exec=spec.Exec(command=str(command), server=server, ca_file=str(ca_file)))
    region.plan = reached_by(region.plan, access)


def reached_by(plan: RegionPlan, access: spec.Access) -> RegionPlan:
    """The plan with another access to `twin`."""
    clusters = [replace(each, access=access) if each.name == "twin" else each for each in plan.clusters]
    return replace(plan, clusters=tuple(clusters))


def test_cluster_by_a_command_that_prints_a_token(region: Region, tmp_path: Path) -> None:
    own = certificate(tmp_path / "server.pem")
    with FakeApi(DEFINITIONS, tls=own.server()) as server:
        server.tokens = {"abc"}
        by_command(region, script(tmp_path / "plugin", credential(token="abc")), server.url, own.file)
        item = config_map("a", namespace="default", on="twin")
        assert region.up_all({TWIN: [item]})[TWIN, "twin"].complete
        script(tmp_path / "plugin", credential(token="stale"))
        with pytest.raises(UnavailableError, match="does not accept the credentials of access of twin"):
            region.up_all({TWIN: [item]})


def test_authority_of_a_command_that_can_not_be_read(region: Region, tmp_path: Path) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_text("nothing")
    for file, says in ((tmp_path / "none.pem", "can't be read"), (empty, "no PEM certificate")):
        by_command(region, tmp_path / "plugin", "https://127.0.0.1:1", file)
        with pytest.raises(InputError, match=says):
            region.up_all({TWIN: [config_map("a", namespace="default", on="twin")]})


def plugin_user(command: str, **more: Any) -> Any:
    return {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": command, **more}}


def test_plugin_is_told_what_it_asks_for(region: Region, tmp_path: Path) -> None:
    asked_for = tmp_path / "asked.json"
    plugin = tmp_path / "plugin"
    plugin.write_text(f'#!/bin/sh\nprintf "%s %s" "$KUBERNETES_EXEC_INFO" "$PROFILE" > {asked_for}\n'
                      f"echo '{credential(token='abc')}'\n")  # fmt: skip
    plugin.chmod(0o755)
    region.api.tokens = {"abc"}
    env = [{"name": "PROFILE", "value": "prod"}]
    region.write_kubeconfig({TARGET: plugin_user("./plugin", provideClusterInfo=True, env=env)})
    assert region.up().complete
    asked, _, profile = asked_for.read_text().rpartition(" ")
    assert (json.loads(asked)["spec"]["cluster"]["server"], profile) == (region.api.url, "prod")


def test_plugin_that_is_no_program(region: Region, tmp_path: Path) -> None:
    (tmp_path / "plugin").write_text("no program")
    region.write_kubeconfig({TARGET: plugin_user("./plugin")})
    with pytest.raises(UnavailableError, match=r"plugin gave no credentials: .*Permission denied.*Run it by hand"):
        region.up()


def test_client_certificate_of_a_plugin_is_used(region: Region, tmp_path: Path) -> None:
    client = certificate(tmp_path / "client.pem").file.read_text()
    cert, _, key = client.partition("-----BEGIN PRIVATE KEY-----")
    printed = credential(clientCertificateData=cert, clientKeyData="-----BEGIN PRIVATE KEY-----" + key)
    script(tmp_path / "plugin", printed)
    region.write_kubeconfig({TARGET: plugin_user("./plugin")})
    assert region.up().complete


def test_client_certificate_that_has_expired_is_said_before_anything_is_asked(region: Region, tmp_path: Path) -> None:
    old = certificate(tmp_path / "old.pem", days=-1).file
    region.write_kubeconfig({TARGET: {"client-certificate": "old.pem", "client-key": str(old)}})
    with pytest.raises(UnavailableError, match=r"the client certificate expired on .* UTC. Renew it"):
        region.up()
    assert region.api.requests == []


def test_entries_that_a_context_names_have_to_be_there(region: Region) -> None:
    text = region.file.read_text()
    for old, says in (("user: kr-test-mgmt", "no user 'x'"), ("cluster: kr-test-mgmt", "no cluster 'x'")):
        region.file.write_text(text.replace(old, old.partition(":")[0] + ": x"))
        with pytest.raises(UnavailableError, match=f"the kubeconfig has {says}"):
            region.up()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("clusters", None), ("clusters", "x"), ("clusters.0", "x"), ("clusters.0.cluster.certificate-authority", 1),
        ("clusters.0.cluster.proxy-url", 1), ("users.0.user.tokenFile", [1]), ("users.0.user.token", 1),
        ("users.0.user.client-certificate-data", 1), ("users.0.user.exec", "x"), ("users.0.user.exec", {"args": []}),
        ("users.0.user.exec", {"command": "x", "args": 1}), ("users.0.user.exec", {"command": "x", "args": [1]}),
        ("users.0.user.exec", {"command": "x", "env": ["A=b"]}), ("users.0.user.exec", {"command": "x", "env": [{}]}),
    ],
)  # fmt: skip
def test_kubeconfig_of_another_shape_is_said_to_be_one(region: Region, path: str, value: Any) -> None:
    config = yaml.safe_load(region.file.read_text())
    *keys, last = path.split(".")
    tree = config
    for key in keys:
        tree = tree[int(key) if key.isdigit() else key]
    tree[int(last) if last.isdigit() else last] = value
    text = yaml.safe_dump(config)
    region.file.write_text(text)
    for source in (ContextSource(CONTEXTS[TARGET], [region.file]), TextSource("secret a/b", lambda: text)):
        with pytest.raises(UnavailableError, match=r"not a kubeconfig|the kubeconfig (has no|can't be used)"):
            connect(TARGET, source, Halt())
    assert region.api.requests == []


def test_first_file_that_names_a_context_wins(region: Region, tmp_path: Path) -> None:
    other = write_kubeconfig(tmp_path / "other", {CONTEXTS[TARGET]: "https://10.0.0.1", "more": "https://10.0.0.2"})
    assert ContextSource(CONTEXTS[TARGET], [region.file, other]).connection().server == region.api.url
    assert ContextSource("more", [region.file, other]).connection().server == "https://10.0.0.2"


@pytest.fixture
def samples(region_plan: RegionPlan, region: Region) -> Iterator[Region]:
    """The region with a sample inventory."""
    region.plan = sample(region_plan)
    yield region


def test_sample_is_applied_to_a_marked_cluster_on_loopback(samples: Region) -> None:
    with pytest.raises(RefusedError, match="no ConfigMap kube-public/aifactory-sandbox, the mark of a sandbox"):
        samples.up(config_map("a"))
    assert samples.writes() == []
    samples.api.create(MARK)
    assert samples.up(config_map("a")).complete


@pytest.mark.parametrize(
    ("server", "more", "says"),
    [
        ("https://10.0.0.1:6443", {}, "its API server is https://10.0.0.1:6443, not on loopback"),
        ("https://api.example.com", {}, "not on loopback"),
        ("https://127.0.0.1:6443", {"proxy-url": "http://proxy:1"}, "by way of http://proxy:1"),
    ],
)
def test_sample_never_leaves_this_machine(samples: Region, server: str, more: Any, says: str) -> None:
    write_kubeconfig(samples.file, {CONTEXTS[TARGET]: server}, **more)
    for act in (samples.up, samples.down, samples.drift, samples.status, samples.release):
        with pytest.raises(RefusedError, match=says):
            act(config_map("a"))


def test_sample_is_kept_off_clusters_by_command_and_by_secret(samples: Region, tmp_path: Path) -> None:
    samples.api.create(MARK)
    with FakeApi() as unmarked:
        samples.add("train", unmarked)
        with pytest.raises(RefusedError, match=r"train: the inventory is a marked sample.*the mark of a sandbox"):
            samples.up_all({f"{HOME}.train": [config_map("a", namespace="default", on="train")]})
    far = spec.Access(exec=spec.Exec(command="x", server="https://api.example.com"))
    samples.plan = reached_by(samples.plan, far)
    with pytest.raises(RefusedError, match=r"its API server is https://api\.example\.com, not on loopback"):
        samples.up_all({TWIN: [config_map("a", namespace="default", on="twin")]})
