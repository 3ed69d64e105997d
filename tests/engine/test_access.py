"""From kubeconfig entries to connections, and what HTTP answers mean."""

from __future__ import annotations

import base64
import json
import stat
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml
from lightkube.config.client_adapter import ConnectionParams
from lightkube.core.generic_client import GenericSyncClient

from ai_factory.infra.engine.clusters import Session, secret_source
from ai_factory.infra.engine.origins import lacking_kind
from ai_factory.infra.errors import RefusedError, UnavailableError
from ai_factory.infra.kube import transport
from ai_factory.infra.kube.access import ContextSource, TextSource
from ai_factory.infra.kube.api import Api
from ai_factory.infra.kube.cluster import Cluster, connect
from ai_factory.infra.kube.discovery import Discovery
from ai_factory.infra.kube.errors import RejectedError
from ai_factory.infra.kube.stopping import Halt

SERVER = "https://127.0.0.1:1"


def kubeconfig(folder: Path, user: Any = None, server: str = SERVER, name: str = "c", **cluster: Any) -> Path:
    config = {
        "clusters": [{"name": name, "cluster": {"server": server, **cluster}}],
        "users": [{"name": name, "user": user or {}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
    }
    file = folder / f"{name}.yaml"
    file.write_text(yaml.safe_dump(config))
    return file


def plugin(folder: Path, text: str, code: int = 0) -> str:
    """A credential plugin beside the kubeconfig; its name as the kubeconfig has it."""
    file = folder / "plugin"
    file.write_text(f"#!/bin/sh\necho '{text}'\necho \"no session\" >&2\nexit {code}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return "./plugin"


def command(name: str, **more: Any) -> dict[str, Any]:
    return {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": name, **more}}


def test_contexts_come_from_all_files_and_paths_from_their_own(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "token").write_text("secret")
    files = [kubeconfig(tmp_path, name="a"), kubeconfig(tmp_path / "sub", {"tokenFile": "token"}, name="b")]
    found = ContextSource("b", files).connection()
    assert (found.server, found.config.user.token_file) == (SERVER, str(tmp_path / "sub" / "token"))
    assert ContextSource("a", [*files, tmp_path / "none"]).connection().server == SERVER


def test_credentials_that_a_command_prints(tmp_path: Path) -> None:
    credential = json.dumps({"kind": "ExecCredential", "status": {"token": "abc"}})
    file = kubeconfig(tmp_path, command(plugin(tmp_path, credential)))
    assert ContextSource("c", [file]).connection().config.user.token == "abc"


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [("{}", 0, "printed no ExecCredential"), ("x", 0, "printed no ExecCredential"), ("", 1, "no session")],
)
def test_command_that_gives_no_credentials(tmp_path: Path, text: str, code: int, says: str) -> None:
    file = kubeconfig(tmp_path, command(plugin(tmp_path, text, code)))
    with pytest.raises(UnavailableError, match=says):
        ContextSource("c", [file]).connection()


def test_command_that_is_not_there_says_how_to_install_it(tmp_path: Path) -> None:
    file = kubeconfig(tmp_path, command("no-such-plugin", installHint="brew install it"))
    with pytest.raises(UnavailableError, match=r"no command no-such-plugin\. Brew install it"):
        ContextSource("c", [file]).connection()


@pytest.mark.parametrize(
    ("user", "cluster", "says"),
    [
        ({}, {"tls-server-name": "x"}, "tls-server-name is not supported"),
        ({"client-certificate-data": "%%%"}, {}, "can't be read"),
        ({"client-certificate": "none.pem"}, {}, "can't be read"),
        ({"token": 1}, {}, "can't be used"),
    ],
)
def test_entries_that_can_not_be_used(tmp_path: Path, user: Any, cluster: Any, says: str) -> None:
    with pytest.raises(UnavailableError, match=says):
        ContextSource("c", [kubeconfig(tmp_path, user, **cluster)]).connection()


def test_text_that_is_no_kubeconfig() -> None:
    for text in ("", "[]", "a: [", "{}"):
        with pytest.raises(UnavailableError, match=r"secret x: not a kubeconfig"):
            TextSource("secret x", lambda text=text: text).connection()


class Server:
    """An API server that answers from a list, and notes what it was asked."""

    def __init__(self, mocker: Any, *answers: httpx2.Response | Exception) -> None:
        self.asked: list[httpx2.Request] = []
        self._answers = list(answers)
        mocker.patch.object(transport, "_client", self._client)
        mocker.patch.object(Halt, "sleep")

    def _client(self, name: str, connection: Any) -> GenericSyncClient:
        return GenericSyncClient(ConnectionParams(transport=httpx2.MockTransport(self._answer)), connection.config)

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def status(code: int, reason: str = "", message: str = "", **more: Any) -> httpx2.Response:
    return httpx2.Response(code, json={"kind": "Status", "reason": reason, "message": message, **more})


@pytest.fixture
def source(tmp_path: Path) -> ContextSource:
    return ContextSource("c", [kubeconfig(tmp_path)])


def test_apply_is_a_patch_without_force(mocker: Any, source: ContextSource) -> None:
    server = Server(mocker, httpx2.Response(200, json={"kind": "ConfigMap"}))
    assert Api("m", source, Halt()).apply("api/v1/x", {"a": 1}) == {"kind": "ConfigMap"}
    (request,) = server.asked
    assert (request.method, dict(request.url.params)) == ("PATCH", {"fieldManager": "ai-factory"})
    assert request.headers["Content-Type"] == "application/apply-patch+yaml"


@pytest.mark.parametrize(
    "first",
    [
        httpx2.Response(429),  # without any type of content
        httpx2.Response(503, text="overloaded"),
        status(500, "InternalError", "webhook"),
        status(409, "Conflict", "the object has been modified"),
        httpx2.ConnectError("refused"),
        httpx2.ReadTimeout("slow"),
        httpx2.Response(404, text="404 page not found"),
    ],
)
def test_passing_faults_of_an_apply_are_sat_out(mocker: Any, source: ContextSource, first: Any) -> None:
    server = Server(mocker, first, httpx2.Response(200, json={}))
    Api("m", source, Halt()).apply("x", {})
    assert len(server.asked) == 2


def test_field_conflict_is_not_tried_again_and_names_its_causes(mocker: Any, source: ContextSource) -> None:
    causes = [{"reason": "FieldManagerConflict", "field": ".a", "message": 'conflict with "x"'}]
    server = Server(mocker, status(409, "Conflict", "conflict", details={"causes": causes}))
    with pytest.raises(RejectedError) as caught:
        Api("m", source, Halt()).apply("x", {})
    assert caught.value.is_field_conflict
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (status(401, "Unauthorized"), "does not accept the credentials of context c"),
        (status(403, "Forbidden", 'User "x" cannot list resource "pods"'), "is forbidden"),
        (httpx2.Response(200, text="<html>"), "does not answer as an API server does"),
    ],
)
def test_faults_of_access_are_the_environments(mocker: Any, source: ContextSource, answer: Any, says: str) -> None:
    Server(mocker, answer)
    with pytest.raises(UnavailableError, match=says):
        Api("m", source, Halt()).request("GET", "version")


def test_refusal_by_admission_is_no_matter_of_rights(mocker: Any, source: ContextSource) -> None:
    Server(mocker, status(403, "Forbidden", "exceeded quota: tenant"))
    with pytest.raises(RejectedError, match="exceeded quota"):
        Api("m", source, Halt()).apply("x", {})


def test_pages_of_a_list_are_read_to_the_end(mocker: Any, source: ContextSource) -> None:
    pages = [
        {"items": [{"n": 1, "metadata": {"uid": "a"}}], "metadata": {"continue": "t"}},
        {"items": [{"n": 2, "metadata": {"uid": "b"}}], "metadata": {}},
    ]
    server = Server(mocker, *(httpx2.Response(200, json=page) for page in pages))
    assert [one["n"] for one in Api("m", source, Halt()).items("x", labels="a=b")] == [1, 2]
    assert dict(server.asked[1].url.params) == {"labelSelector": "a=b", "limit": "500", "continue": "t"}


GROUP = {
    "metadata": {"name": "x.io"},
    "versions": [
        {"version": v, "resources": [{"resource": "foos", "responseKind": {"kind": "Foo"}, "scope": "Namespaced"}]}
        for v in ("v2", "v1")
    ],
}


def test_discovery_prefers_what_the_server_prefers(mocker: Any, source: ContextSource) -> None:
    Server(
        mocker,
        httpx2.Response(200, json={"kind": "APIGroupDiscoveryList", "items": []}),
        httpx2.Response(200, json={"kind": "APIGroupDiscoveryList", "items": [GROUP]}),
    )
    discovery = Discovery(Api("m", source, Halt()))
    assert discovery.preferred("Foo.x.io").version == "v2"  # type: ignore[union-attr]
    assert discovery.find("x.io/v1", "Foo").path("a", "b") == "apis/x.io/v1/namespaces/a/foos/b"  # type: ignore[union-attr]
    cluster = Cluster(target="m", api=discovery._api, discovery=discovery, version="v1.36.0")
    error = lacking_kind(cluster, {"apiVersion": "x.io/v3", "kind": "Foo"})
    assert "lacks kind Foo (x.io/v3); it has v2, v1" in str(error)


def test_secret_of_cluster_api_is_read_each_time(mocker: Any, source: ContextSource, tmp_path: Path) -> None:
    text = kubeconfig(tmp_path, server="https://127.0.0.1:2").read_text()
    secret = {"data": {"value": base64.b64encode(text.encode()).decode()}}
    server = Server(
        mocker,
        httpx2.Response(200, json={"gitVersion": "v1.36.0"}),
        httpx2.Response(200, json=secret),
        status(404, "NotFound"),
        httpx2.Response(200, json={"data": {}}),
    )
    owner = connect("management", source, Halt())
    found = secret_source(owner, "train", "train-kubeconfig")
    assert found.connection().server == "https://127.0.0.1:2"
    assert server.asked[-1].url.path == "/api/v1/namespaces/train/secrets/train-kubeconfig"
    with pytest.raises(UnavailableError, match="there is no secret train/train-kubeconfig on management"):
        found.connection()
    with pytest.raises(UnavailableError, match="has no kubeconfig under `value`"):
        found.connection()


def test_a_secret_of_a_cluster_runs_nothing_on_this_machine(mocker: Any, source: ContextSource, tmp_path: Path) -> None:
    """Whoever may write the Secret would else own every machine that fetches it."""
    config = yaml.safe_load(kubeconfig(tmp_path, server="https://127.0.0.1:2").read_text())
    witness = tmp_path / "witness"
    config["users"][0]["user"] = {"exec": {"apiVersion": "x/v1", "command": "touch", "args": [str(witness)]}}
    secret = {"data": {"value": base64.b64encode(json.dumps(config).encode()).decode()}}
    Server(mocker, httpx2.Response(200, json={"gitVersion": "v1.36.0"}), httpx2.Response(200, json=secret))
    owner = connect("management", source, Halt())

    with pytest.raises(RefusedError, match=r"secret train/train-kubeconfig on management .*users\[.*\]\.exec"):
        secret_source(owner, "train", "train-kubeconfig").connection()

    assert not witness.exists()


@pytest.mark.parametrize("server", ["https://10.0.0.1:6443", "https://api.example.com"])
def test_sample_never_leaves_this_machine(mocker: Any, tmp_path: Path, server: str) -> None:
    import dataclasses

    from tests.objects.conftest import make_plan

    http = Server(mocker, httpx2.Response(200, json={}))
    plan = dataclasses.replace(make_plan(), sample_inventory=True)
    session = Session(plan, tmp_path, Halt(), [kubeconfig(tmp_path, server=server, name="kr-test-mgmt")])
    with pytest.raises(RefusedError, match="sample"):
        session.prepare(["mgmt"])
    with pytest.raises(RefusedError, match="not on this machine"):
        session.cluster("mgmt")
    assert http.asked == []
