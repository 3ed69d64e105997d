"""Kubeconfig files: one context a cluster, client certificates embedded."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ai_factory.infra.sandbox.certs import Pair


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How to reach one API server as one user."""

    port: int
    ca: Path
    client: Pair

    @property
    def server(self) -> str:
        """URL of the API server."""
        return f"https://127.0.0.1:{self.port}"


def render(contexts: Mapping[str, Access]) -> str:
    """The sandbox's kubeconfig, in YAML, with a context, a cluster and a user of each name; the first is current."""
    document: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": next(iter(contexts), ""),
        "clusters": [{"name": name, "cluster": _cluster(access)} for name, access in contexts.items()],
        "users": [{"name": name, "user": _user(access)} for name, access in contexts.items()],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}} for name in contexts],
    }
    return yaml.safe_dump(document, sort_keys=False)


def _cluster(access: Access) -> dict[str, str]:
    return {"server": access.server, "certificate-authority-data": _base64(access.ca)}


def _user(access: Access) -> dict[str, str]:
    return {
        "client-certificate-data": _base64(access.client.cert),
        "client-key-data": _base64(access.client.key),
    }


def _base64(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()
