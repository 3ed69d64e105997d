"""Asking the sandbox's processes how they are, over loopback."""

import http.client
import json
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ai_factory.infra.sandbox import processes
from ai_factory.infra.sandbox.certs import Pair
from ai_factory.infra.sandbox.errors import SandboxError
from ai_factory.infra.sandbox.kubeconfig import Access
from ai_factory.infra.sandbox.layout import ETCD, Layout
from ai_factory.infra.sandbox.state import Process

_REQUEST_TIMEOUT_SECONDS = 5.0
_POLL_SECONDS = 0.2
_QUOTED_LINES = 15
_QUOTED_WIDTH = 400
_SEARCHED_LINES = 200

_PATHS = {
    ETCD: "/health",
    "kube-apiserver": "/readyz",
    "kube-controller-manager": "/healthz",
    "kube-scheduler": "/healthz",
    "kwok": "/healthz",
}


def get(port: int, path: str, ca: Path | None = None, client: Pair | None = None) -> tuple[int, bytes]:
    """GET a path on 127.0.0.1: status and body. Without `ca` in plain HTTP. Raises `OSError`."""
    connection = _connect(port, ca, client)
    try:
        connection.request("GET", path, headers={"Accept": "application/json"})
        reply = connection.getresponse()
        return reply.status, reply.read()
    except http.client.HTTPException as error:
        raise OSError(f"127.0.0.1:{port}{path}: {error}") from error
    finally:
        connection.close()


def _connect(port: int, ca: Path | None, client: Pair | None) -> http.client.HTTPConnection:
    if ca is None:
        return http.client.HTTPConnection("127.0.0.1", port, timeout=_REQUEST_TIMEOUT_SECONDS)
    context = ssl.create_default_context(cafile=str(ca))
    if client is not None:
        context.load_cert_chain(client.cert, client.key)
    return http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=_REQUEST_TIMEOUT_SECONDS)


def is_healthy(layout: Layout, process: Process) -> bool:
    """Whether a process of the sandbox runs and says of itself that it is well."""
    if processes.find(process) is None:
        return False
    try:
        status, _ = get(process.port, _PATHS[process.program], *_credentials(layout, process))
    except OSError:
        return False
    return status == http.HTTPStatus.OK


def _credentials(layout: Layout, process: Process) -> tuple[Path | None, Pair | None]:
    if process.name == ETCD:
        return layout.etcd_authority.cert, layout.etcd_pair("client")
    if process.program == "kwok":
        return None, None
    access = layout.admin(process.cluster, process.port)
    return access.ca, access.client


def wait_until_healthy(layout: Layout, process: Process, *, timeout_seconds: float) -> None:
    """Wait for a started process of the sandbox. Raises `SandboxError`, quoting its log, if it ends or stays unwell."""
    deadline = time.monotonic() + timeout_seconds
    while not is_healthy(layout, process):
        if processes.find(process) is None:
            raise _failure(process, "ended at its start")
        if time.monotonic() > deadline:
            raise _failure(process, f"is not healthy after {timeout_seconds:.0f} s")
        time.sleep(_POLL_SECONDS)


def _failure(process: Process, what: str) -> SandboxError:
    lines = processes.tail(Path(process.log), _SEARCHED_LINES)
    quoted = "\n".join(line[:_QUOTED_WIDTH] for line in _without_stack(lines)[-_QUOTED_LINES:]) or "(it wrote nothing)"
    remedy = "Mend the cause named there"
    if "no space left on device" in quoted:
        remedy = "Free some space"
    return SandboxError(
        f"{process.name} {what}; the end of its log:\n{quoted}\n",
        f"{remedy} and run the command again; the whole log is {process.log}",
    )


def _without_stack(lines: list[str]) -> list[str]:
    """The lines before the stack of a Go panic, if the log ends with one: the cause is there."""
    stacks = [number for number, line in enumerate(lines) if line.startswith("goroutine ")]
    return [line for line in lines[: stacks[0]] if line.strip()] if stacks else lines


def served_kinds(access: Access, group_version: str) -> frozenset[str]:
    """The kinds that an API server serves in a group and version (`v1` or `<group>/<version>`)."""
    path = f"/apis/{group_version}" if "/" in group_version else f"/api/{group_version}"
    status, body = get(access.port, path, access.ca, access.client)
    if status != http.HTTPStatus.OK:
        return frozenset()
    resources: list[dict[str, Any]] = json.loads(body).get("resources", [])
    return frozenset(str(resource["kind"]) for resource in resources if "/" not in resource["name"])


def documented_versions(access: Access) -> frozenset[str]:
    """The groups and versions (`v1` or `<group>/<version>`) of which an API server has published the schema."""
    status, body = get(access.port, "/openapi/v3", access.ca, access.client)
    if status != http.HTTPStatus.OK:
        return frozenset()
    return frozenset(path.removeprefix("apis/").removeprefix("api/") for path in json.loads(body)["paths"])


def wait_for(condition: Callable[[], bool], *, what: str, timeout_seconds: float) -> None:
    """Wait until the condition holds. Raises `SandboxError` naming `what` when it does not in time."""
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        if time.monotonic() > deadline:
            raise SandboxError(f"{what} not seen after {timeout_seconds:.0f} s", "See `aifactory sandbox logs`.")
        time.sleep(_POLL_SECONDS)
