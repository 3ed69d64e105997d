"""Who asks an API server for something in the tests of enclaves: people by impersonation, over plain HTTP."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx2
import yaml

ENGINEER = "engineer"
"""A person of the tenant's group."""
CI = "ci"
"""The tenant's pipeline."""
POD = "pod"
"""A pod of the tenant that got hold of a token of its account."""
ACTORS = (ENGINEER, CI, POD)

_PATCHES = {
    "PATCH": "application/merge-patch+json",
    "STRATEGIC": "application/strategic-merge-patch+json",
    "APPLY": "application/apply-patch+yaml",
}


def identity(actor: str, tenant: str) -> dict[str, Any]:
    """User and groups of an actor, as the API server knows them."""
    if actor == ENGINEER:
        return {"user": f"ann@{tenant}", "groups": [f"tenant:{tenant}", "system:authenticated"]}
    account = "ci" if actor == CI else "default"
    groups = ["system:serviceaccounts", f"system:serviceaccounts:{tenant}", "system:authenticated"]
    return {"user": f"system:serviceaccount:{tenant}:{account}", "groups": groups}


def controller(name: str) -> dict[str, Any]:
    """User and groups of a controller of the platform, by the name of its account."""
    groups = ["system:serviceaccounts", f"system:serviceaccounts:{name.split(':')[2]}", "system:authenticated"]
    return {"user": name, "groups": groups}


class Server:
    """An API server, asked by its administrator or in somebody's name."""

    def __init__(self, kubeconfig: Path, context: str, work: Path) -> None:
        config = yaml.safe_load(kubeconfig.read_text(encoding="utf-8"))
        names = next(entry["context"] for entry in config["contexts"] if entry["name"] == context)
        cluster = next(entry["cluster"] for entry in config["clusters"] if entry["name"] == names["cluster"])
        user = next(entry["user"] for entry in config["users"] if entry["name"] == names["user"])
        trusted = ssl.create_default_context(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
        pair = [work / "client.crt", work / "client.key"]
        for path, key in zip(pair, ("client-certificate-data", "client-key-data"), strict=True):
            path.write_bytes(base64.b64decode(user[key]))
        trusted.load_cert_chain(*pair)
        self._http = httpx2.Client(base_url=cluster["server"], verify=trusted, timeout=30, trust_env=False)

    def ask(
        self, verb: str, path: str, body: Any = None, *, who: Mapping[str, Any] | None = None, **params: str
    ) -> tuple[int, Any]:
        """Status and answer of a request; a dry run if `dryRun="All"` is given."""
        headers = [("Accept", "application/json")]
        if who is not None:
            headers += [("Impersonate-User", who["user"]), *(("Impersonate-Group", group) for group in who["groups"])]
        if body is not None:
            headers.append(("Content-Type", _PATCHES.get(verb, "application/json")))
        method = "PATCH" if verb in _PATCHES else verb
        if verb == "APPLY":
            params = {"fieldManager": "test", "force": "true", **params}
        done = self._http.request(method, path, json=body, headers=headers, params=params)
        try:
            return done.status_code, done.json()
        except ValueError:
            return done.status_code, done.text

    def apply(self, path: str, manifest: Any) -> Any:
        """Server-side apply by the administrator; fails if it is refused."""
        code, answer = self.ask("APPLY", path, manifest)
        assert code in {200, 201}, answer
        return answer
