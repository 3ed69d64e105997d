"""Credentials of kubeconfig users: commands that print them, certificates that expire."""

from __future__ import annotations

import base64
import datetime as dt
import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography import x509

from ..errors import FactoryError, UnavailableError
from ..spec import plain_file
from .kubeconfig import MOST_AUTHORITY_BYTES

_TIMEOUT_SECONDS = 60


def resolved_user(name: str, user: Mapping[str, Any], cluster: Mapping[str, Any]) -> dict[str, Any]:
    """A kubeconfig user, with what the command printed where a command gives its credentials.

    Args:
        name: how errors name the access.
        user: the kubeconfig's user.
        cluster: the kubeconfig's cluster, which the command may ask for.

    Raises:
        UnavailableError: the command fails, or a certificate has expired.
    """
    result = dict(user)
    command: Mapping[str, Any] | None = result.pop("exec", None)
    if command is not None:
        result |= _printed(name, command, cluster)
    _refuse_expired(name, result)
    return result


def _printed(name: str, command: Mapping[str, Any], cluster: Mapping[str, Any]) -> dict[str, Any]:
    """What an exec credential plugin prints (client.authentication.k8s.io/v1 and v1beta1), as fields of a user."""
    program = str(command["command"])
    argv = [program, *(command.get("args") or [])]
    environment = {**os.environ, **{entry["name"]: entry["value"] for entry in command.get("env") or []}}
    environment["KUBERNETES_EXEC_INFO"] = json.dumps(_exec_info(command, cluster))
    text = _run(name, argv, environment, str(command.get("installHint") or ""))
    try:
        status = json.loads(text)["status"]
        printed = {"token": status.get("token"), **_pair(status)}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UnavailableError(f"{name}: {program} printed no ExecCredential", "run it by hand and see") from None
    return {key: value for key, value in printed.items() if value}


def _exec_info(command: Mapping[str, Any], cluster: Mapping[str, Any]) -> dict[str, Any]:
    spec: dict[str, Any] = {"interactive": False}
    if command.get("provideClusterInfo"):
        spec["cluster"] = {key: value for key, value in cluster.items() if key != "extensions"}
    return {"apiVersion": command.get("apiVersion"), "kind": "ExecCredential", "spec": spec}


def _run(name: str, argv: list[str], environment: Mapping[str, str], hint: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603
            argv, env=dict(environment), capture_output=True, text=True, timeout=_TIMEOUT_SECONDS, check=False
        )
    except FileNotFoundError:
        raise UnavailableError(f"{name}: there is no command {argv[0]}", hint or "install it") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UnavailableError(f"{name}: {argv[0]} gave no credentials: {error}", "run it by hand and see") from None
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise UnavailableError(f"{name}: {argv[0]} gave no credentials: {last}", hint or "log in again")
    return done.stdout


def _pair(status: Mapping[str, Any]) -> dict[str, str]:
    if not status.get("clientCertificateData"):
        return {}
    return {
        "client-certificate-data": base64.b64encode(status["clientCertificateData"].encode()).decode(),
        "client-key-data": base64.b64encode(status["clientKeyData"].encode()).decode(),
    }


def _refuse_expired(name: str, user: Mapping[str, Any]) -> None:
    """Say that a client certificate has expired: to the API server it looks like no credentials at all.

    Raises:
        UnavailableError: it has expired, or is no certificate.
    """
    try:
        content = _certificate(user)
        expiry = x509.load_pem_x509_certificate(content).not_valid_after_utc if content else None
    except (FactoryError, OSError, ValueError) as error:
        message = f"{name}: the client certificate can't be read: {error}"
        raise UnavailableError(message, "mend the kubeconfig") from None
    if expiry is not None and expiry < dt.datetime.now(dt.UTC):
        message = f"{name}: the client certificate expired on {expiry:%Y-%m-%d %H:%M} UTC"
        raise UnavailableError(message, "renew it, or fetch a new kubeconfig")


def _certificate(user: Mapping[str, Any]) -> bytes | None:
    if user.get("client-certificate-data"):
        return base64.b64decode("".join(user["client-certificate-data"].split()), validate=True)
    if user.get("client-certificate"):
        return plain_file.read(Path(user["client-certificate"]), "its file", most_bytes=MOST_AUTHORITY_BYTES)
    return None
