"""What goes wrong on the way: killed and interrupted runs, restarts, overload, credentials, addresses, rights."""

from __future__ import annotations

import base64
import datetime as dt
import http.server
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ai_factory.infra.errors import UnavailableError
from ai_factory.infra.kube.access import ContextSource, TextSource
from ai_factory.infra.kube.cluster import connect
from ai_factory.infra.kube.stopping import Halt
from ai_factory.infra.sandbox import Sandbox
from tests.live.conftest import CLUSTERS, eventually
from tests.live.direct import CONTEXT, Stack, config_map

pytestmark = pytest.mark.live

COUNT = 300


@pytest.fixture
def stack(live: Sandbox, request: Any) -> Iterator[Stack]:
    one = Stack.of_test(live.kubeconfig(), request.node.name)
    yield one
    one.forget()


def begin(live: Sandbox, stack: Stack) -> subprocess.Popen[str]:
    """A run of its own, under way: some of its objects are there."""
    command = [sys.executable, "-m", "tests.live.direct_run", str(live.kubeconfig()), stack.name, str(COUNT)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    eventually(lambda: stack.get("c5") is not None)
    return process


def items(stack: Stack) -> list[Any]:
    return [config_map(f"c{n}", stack.name) for n in range(COUNT)]


def test_killed_run_is_made_good_by_the_next(live: Sandbox, stack: Stack) -> None:
    process = begin(live, stack)
    process.kill()
    process.wait()
    assert stack.lease()["spec"]["holderIdentity"] != ""
    report = stack.up(*items(stack)[: COUNT // 2])
    assert report.complete
    assert report.count("unchanged") >= 5  # what the killed run had done
    left = {one["metadata"]["name"] for one in stack.api.items(f"api/v1/namespaces/{stack.name}/configmaps")}
    assert left - {"kube-root-ca.crt"} == {f"c{n}" for n in range(COUNT // 2)}  # the rest of it was found and pruned
    assert stack.up(*items(stack)[: COUNT // 2]).nothing_changed


def test_interrupted_run_stops_between_requests_and_gives_the_lease_back(live: Sandbox, stack: Stack) -> None:
    process = begin(live, stack)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=30)
    assert told.startswith("130 interrupted")
    assert "not applied" in told
    assert "Traceback" not in told
    assert stack.lease()["spec"]["holderIdentity"] == ""
    assert stack.up(*items(stack)).complete


def test_restart_of_the_api_server_is_sat_out(live: Sandbox, stack: Stack) -> None:
    stack.up()
    done: list[Any] = []
    thread = threading.Thread(target=lambda: done.append(stack.up(*items(stack), concurrency=2)))
    thread.start()
    eventually(lambda: stack.get("c20") is not None)
    (server,) = [one for one in live.status() if one.name == f"{CONTEXT}/kube-apiserver"]
    os.kill(server.pid, signal.SIGKILL)
    time.sleep(1)
    live.up(CLUSTERS)
    thread.join(timeout=120)
    assert done and done[0].complete
    assert any(event.what == "retry" for event in stack.events)
    assert stack.up(*items(stack)).nothing_changed


class Turnstile(http.server.BaseHTTPRequestHandler):
    """A proxy to the API server that turns the first requests away, once each and then again at random."""

    protocol_version = "HTTP/1.1"
    api: Any = None
    refusals: ClassVar[dict[str, int]] = {}

    def handle_one(self) -> None:
        import httpx2

        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        path = self.path.partition("?")[0]
        self.refusals[path] = self.refusals.get(path, 0) + 1
        if self.command == "PATCH" and self.refusals[path] <= 2:
            self.send_response(429)
            self.send_header("Retry-After", "1" if self.refusals[path] == 1 else "0")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        names = ("Content-Type", "Accept")
        headers = {name: self.headers[name] for name in names if self.headers.get(name)}
        client: httpx2.Client = self.api
        answer = client.request(self.command, self.path, content=body, headers=headers)
        self.send_response(answer.status_code)
        self.send_header("Content-Type", answer.headers.get("Content-Type", "application/json"))
        self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_one  # noqa: N815

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def turnstile(live: Sandbox, tmp_path: Path) -> Iterator[Path]:
    """A kubeconfig that leads through the turnstile."""
    from lightkube.config.client_adapter import Client, ConnectionParams

    connection = ContextSource(CONTEXT, [live.kubeconfig()]).connection()
    Turnstile.api = Client(connection.config, ConnectionParams(trust_env=False))
    Turnstile.refusals = {}
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Turnstile)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    yield changed(live, tmp_path, lambda config: config["clusters"][0]["cluster"].update(server=url))
    server.shutdown()
    server.server_close()


def changed(live: Sandbox, folder: Path, change: Any) -> Path:
    """A copy of the kubeconfig with something else in it."""
    config = yaml.safe_load(live.kubeconfig().read_text())
    for key in ("clusters", "users", "contexts"):
        config[key] = [one for one in config[key] if one["name"] == CONTEXT]
    change(config)
    file = folder / "kubeconfig"
    file.write_text(yaml.safe_dump(config))
    return file


def test_storm_of_too_many_requests_is_sat_out(turnstile: Path) -> None:
    stack = Stack(turnstile, "d-storm")
    try:
        started = time.monotonic()
        assert stack.up(*(config_map(f"c{n}", "d-storm") for n in range(50))).complete
        assert time.monotonic() - started >= 1  # Retry-After was honoured
        assert {count for path, count in Turnstile.refusals.items() if "/c1" in path} == {3}
        assert any("429" in event.detail for event in stack.events if event.what == "retry")
    finally:
        stack.forget()


def fault_of(file: Path, context: str = CONTEXT) -> UnavailableError:
    """What a first contact ends with: one line, and the exit code of the environment."""
    with pytest.raises(UnavailableError) as caught:
        connect("management", ContextSource(context, [file]), Halt())
    assert len(caught.value.lines) == 1
    assert caught.value.exit_code == 3
    assert caught.value.remedy
    return caught.value


def test_wrong_context_lists_the_contexts(live: Sandbox, tmp_path: Path) -> None:
    assert "it has: lab-management, lab-train" in str(fault_of(live.kubeconfig(), "prod"))
    assert "there is no kubeconfig" in str(fault_of(tmp_path / "none"))


def test_unreachable_address(live: Sandbox, tmp_path: Path, mocker: Any) -> None:
    mocker.patch("ai_factory.infra.kube.cluster.FIRST_CONTACT_SECONDS", 0.5)
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        url = f"https://127.0.0.1:{held.getsockname()[1]}"
        file = changed(live, tmp_path, lambda config: config["clusters"][0]["cluster"].update(server=url))
        assert f"the API server {url} can't be reached" in str(fault_of(file))


def certificate(days: int) -> tuple[str, str]:
    """A self-signed client certificate that runs out in so many days, and its key, as kubeconfig data."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "somebody")])
    end = dt.datetime.now(dt.UTC) + dt.timedelta(days=days)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(end - dt.timedelta(days=30))
        .not_valid_after(end)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    return base64.b64encode(made.public_bytes(pem)).decode(), base64.b64encode(private).decode()


def test_expired_and_unknown_client_certificates(live: Sandbox, tmp_path: Path) -> None:
    def user(days: int) -> Any:
        cert, key = certificate(days)
        new = {"client-certificate-data": cert, "client-key-data": key}
        return lambda config: config["users"][0].update(user=new)

    assert "the client certificate expired on" in str(fault_of(changed(live, tmp_path, user(-1))))
    assert "does not accept the credentials of context lab-management" in str(
        fault_of(changed(live, tmp_path, user(9)))
    )


def test_authority_that_did_not_sign_the_server(live: Sandbox, tmp_path: Path) -> None:
    cert, _ = certificate(9)
    change = {"certificate-authority-data": cert}
    fault = fault_of(changed(live, tmp_path, lambda config: config["clusters"][0]["cluster"].update(change)))
    assert "certificate is not trusted" in str(fault)


def token_user(live: Sandbox, folder: Path, stack: Stack) -> Path:
    """A kubeconfig of a service account without any rights."""
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "nobody", "namespace": stack.name}}
    accounts = f"api/v1/namespaces/{stack.name}/serviceaccounts"
    stack.api.request("POST", accounts, body=account)
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    token = stack.api.request("POST", f"{accounts}/nobody/token", body=review)["status"]["token"]
    return changed(live, folder, lambda config: config["users"][0].update(user={"token": token}))


def test_forbidden(live: Sandbox, tmp_path: Path, stack: Stack) -> None:
    stack.up()
    mine = Stack(token_user(live, tmp_path, stack), stack.name)
    with pytest.raises(UnavailableError, match=r"is forbidden: .* cannot get resource .*doctor"):
        mine.up()


def test_rotated_credentials_are_read_again(live: Sandbox, tmp_path: Path, stack: Stack) -> None:
    stack.up()
    file = token_user(live, tmp_path, stack)
    bad = yaml.safe_load(file.read_text())
    bad["users"][0]["user"] = {"token": "stale"}
    texts = [yaml.safe_dump(bad), file.read_text()]
    source = TextSource("secret a/b", lambda: texts.pop(0) if len(texts) > 1 else texts[0])
    assert connect("train", source, Halt()).version.startswith("v1.")
    with pytest.raises(UnavailableError, match="does not accept the credentials of secret a/b"):
        connect("train", TextSource("secret a/b", lambda: yaml.safe_dump(bad)), Halt())
