"""Kubeconfig files: reading the ones in use, finding the API server of a context, writing one for a command."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from .. import spec
from ..spec import plain_file, source
from ..spec.problems import InputError, Problem
from ..spec.source import display_name

Kubeconfig = dict[str, Any]
"""A kubeconfig as plain data."""
MOST_AUTHORITY_BYTES = 1024 * 1024  # the bundle of all public authorities has about 220 KiB
_KINDS = ("clusters", "contexts", "users")
_PATHS = ("certificate-authority", "client-certificate", "client-key", "tokenFile")


def files_in_use(environ: Mapping[str, str] | None = None) -> list[Path]:
    """Files that kubectl would read: those of KUBECONFIG, else `~/.kube/config`."""
    value = (os.environ if environ is None else environ).get("KUBECONFIG", "")
    named = [Path(part).expanduser() for part in value.split(os.pathsep) if part]
    return named or [Path.home() / ".kube" / "config"]


def read(files: Iterable[Path]) -> Kubeconfig:
    """Merge kubeconfig files as kubectl does: the first file that names a thing wins, missing files are no fault.

    Relative paths in a file start from its folder, and are absolute in the result.

    Raises:
        InputError: a file is not a kubeconfig.
    """
    merged: Kubeconfig = {kind: [] for kind in _KINDS}
    for file in files:
        if not file.is_file():
            continue
        config = _read_file(file)
        for kind in _KINDS:
            names = {entry["name"] for entry in merged[kind]}
            new = [entry for entry in config.get(kind) or [] if entry["name"] not in names]
            merged[kind] += [_placed(entry, file.resolve().parent) for entry in new]
        if config.get("current-context"):
            merged.setdefault("current-context", config["current-context"])
    return merged


def _read_file(file: Path) -> Kubeconfig:
    data = source.read_foreign(file)
    try:
        entries = [entry for kind in _KINDS for entry in data.get(kind) or []]
        if all(isinstance(entry["name"], str) for entry in entries):
            return dict(data)
    except (AttributeError, TypeError, KeyError):
        pass
    remedy = "mend it, or name another one in KUBECONFIG"
    raise InputError([Problem(file=display_name(file), message="not a kubeconfig", remedy=remedy)])


def _placed(entry: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """An entry whose relative paths start from a folder; what is no path is left for who uses it to refuse."""
    return {
        part: value if not isinstance(value, dict) else {**value, **_absolute(value, folder)}
        for part, value in entry.items()
    }


def _absolute(value: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    paths: dict[str, Any] = {
        key: str(folder / Path(value[key]).expanduser())
        for key in _PATHS
        if isinstance(value.get(key), str) and value[key]
    }
    command = value.get("exec")
    if isinstance(command, dict) and "/" in str(command.get("command", "")):
        paths["exec"] = {**command, "command": str(folder / Path(command["command"]).expanduser())}
    return paths


def entry_of(config: Kubeconfig, kind: str, name: str) -> Mapping[str, Any] | None:
    """What an entry says; None if there is none that says anything.

    Args:
        config: a kubeconfig.
        kind: `clusters`, `contexts` or `users`.
        name: name of the entry.
    """
    body = next((entry.get(kind.removesuffix("s")) for entry in config[kind] if entry.get("name") == name), None)
    return body if isinstance(body, dict) else None


def cluster_of(config: Kubeconfig, context: str) -> Mapping[str, Any] | None:
    """The cluster entry that a context leads to; None if there is no such context or cluster."""
    chosen = entry_of(config, "contexts", context)
    return None if chosen is None else entry_of(config, "clusters", str(chosen.get("cluster")))


def for_command(name: str, command: spec.Exec, authority: bytes | None) -> str:
    """A kubeconfig whose credentials a command prints (client.authentication.k8s.io/v1), as JSON, which is YAML too.

    Args:
        name: name of its one cluster, user and context.
        command: program, arguments and API server.
        authority: the API server's certificate authority in PEM; the system's authorities if None.
    """
    cluster: dict[str, Any] = {"server": command.server}
    if authority is not None:
        cluster["certificate-authority-data"] = base64.b64encode(authority).decode()
    user = {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": command.command,
            "args": list(command.args),
            "interactiveMode": "Never",
        }
    }
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": cluster}],
        "users": [{"name": name, "user": user}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
    }
    return json.dumps(config, sort_keys=True)


def authority(command: spec.Exec, root: Path) -> bytes | None:
    """Content of `ca_file`, which is taken relative to the project's folder; None if none is named.

    Raises:
        InputError: the file can't be read or holds no certificate.
    """
    if command.ca_file is None:
        return None
    path, name = root / command.ca_file, display_name(root / command.ca_file)
    try:
        content = plain_file.read(path, name, most_bytes=MOST_AUTHORITY_BYTES, within=root)
    except FileNotFoundError:
        raise InputError([Problem(file=name, message="the certificate authority can't be read: no file")]) from None
    if b"-----BEGIN CERTIFICATE-----" not in content:
        remedy = "give the API server's certificate authority"
        raise InputError([Problem(file=name, message="no PEM certificate", remedy=remedy)])
    return content
