"""Kubeconfig files: which are read, how they are merged, what is written for a command."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path

import pytest
import yaml

from ai_factory.infra import spec
from ai_factory.infra.kube import kubeconfig
from ai_factory.infra.spec.problems import InputError

PEM = b"-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"


def write(path: Path, context: str, server: str) -> Path:
    config = {
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "contexts": [{"name": context, "context": {"cluster": "c"}}],
        "users": None,
        "current-context": context,
    }
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return path


def test_files_are_those_of_the_environment() -> None:
    value = os.pathsep.join(["/a", "", "/b"])
    assert kubeconfig.files_in_use({"KUBECONFIG": value}) == [Path("/a"), Path("/b")]
    assert kubeconfig.files_in_use({}) == [Path.home() / ".kube" / "config"]


def test_the_first_file_that_names_a_thing_wins(tmp_path: Path) -> None:
    first = write(tmp_path / "1", "x", "https://first")
    second = write(tmp_path / "2", "y", "https://second")

    merged = kubeconfig.read([tmp_path / "missing", first, second])

    assert kubeconfig.cluster_of(merged, "x") == kubeconfig.cluster_of(merged, "y") == {"server": "https://first"}
    assert merged["current-context"] == "x"
    assert kubeconfig.cluster_of(merged, "z") is None


@pytest.mark.parametrize("text", ["[1]", "clusters: 3", "clusters: [{cluster: {}}]", "a: [", "\x00", "[" * 99_999, ""])
def test_what_is_no_kubeconfig_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "k").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"not a kubeconfig|not valid YAML|can't be seen|nested too deeply"):
        kubeconfig.read([tmp_path / "k"])


def test_a_command_gets_a_kubeconfig() -> None:
    command = spec.Exec(command="aws", args=("eks", "get-token"), server="https://k8s.example")

    config = json.loads(kubeconfig.for_command("infer-a", command, PEM))

    assert kubeconfig.cluster_of(config, config["current-context"]) == {
        "server": "https://k8s.example",
        "certificate-authority-data": base64.b64encode(PEM).decode(),
    }
    assert config["users"][0]["user"]["exec"] == {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": "aws",
        "args": ["eks", "get-token"],
        "interactiveMode": "Never",
    }


def test_the_authority_is_read_below_the_project(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(PEM)
    (tmp_path / "empty.pem").write_bytes(b"")

    def authority(name: str | None) -> bytes | None:
        return kubeconfig.authority(spec.Exec(command="a", server="https://b", ca_file=name), tmp_path)

    assert authority("ca.pem") == PEM
    assert authority(None) is None
    with pytest.raises(InputError, match="no PEM certificate"):
        authority("empty.pem")
    with pytest.raises(InputError, match="can't be read: no file"):
        authority("missing.pem")
