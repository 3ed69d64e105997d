"""The sandbox with its programs: it serves, schedules, survives, and leaves nothing behind."""

import http.client
import os
import signal
import ssl
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from lightkube import ApiError, Client, codecs
from lightkube.models.authentication_v1 import TokenRequestSpec
from lightkube.models.core_v1 import Container, PodSpec, ResourceRequirements, Toleration
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import ConfigMap, Node, Pod, ServiceAccountToken

from ai_factory.infra.sandbox import MARKER_NAME, MARKER_NAMESPACE, Cluster, Sandbox, SandboxError, processes
from tests.live.conftest import CLUSTERS, eventually

pytestmark = pytest.mark.live

NODE = """
apiVersion: v1
kind: Node
metadata:
  name: r01-t00
  annotations: {kwok.x-k8s.io/node: fake}
  labels: {kubernetes.io/hostname: r01-t00, kubernetes.io/arch: arm64}
spec: {taints: [{key: nvidia.com/gpu, value: present, effect: NoSchedule}]}
status:
  capacity: {cpu: "144", memory: 960Gi, pods: "110", nvidia.com/gpu: "4"}
  allocatable: {cpu: "144", memory: 960Gi, pods: "110", nvidia.com/gpu: "4"}
"""

Clients = Callable[[str], Client]


def status(sandbox: Sandbox, name: str) -> Any:
    return next(process for process in sandbox.status() if process.name == name)


@pytest.fixture
def gpu_node(client: Clients):
    train = client("lab-train")
    (node,) = codecs.load_all_yaml(NODE)
    train.create(node)
    yield eventually(lambda: ready(train, "r01-t00"))
    train.delete(Node, "r01-t00")


def ready(train: Client, name: str) -> Node | None:
    node = train.get(Node, name)
    conditions = {c.type: c.status for c in (node.status.conditions or [])}
    return node if conditions.get("Ready") == "True" else None


def test_every_process_is_healthy_and_on_loopback_only(live: Sandbox) -> None:
    names = {process.name for process in live.status()}
    assert {name for name in names if name.endswith("kube-scheduler")} == {"lab-train/kube-scheduler"}
    assert len(names) == 8
    for process in live.status():
        assert process.running and process.healthy, process
        listening = psutil.Process(process.pid).net_connections(kind="tcp")
        addresses = {c.laddr.ip for c in listening if c.status == psutil.CONN_LISTEN}
        assert addresses == {"127.0.0.1"}, process.name


def test_server_tells_the_pinned_version(client: Clients) -> None:
    marker = client("lab-train").get(ConfigMap, MARKER_NAME, namespace=MARKER_NAMESPACE)
    assert marker.data == {"cluster": "lab-train", "role": "workload", "kubernetes": "v1.37.2"}


def test_version_is_linked_in(live: Sandbox) -> None:
    lines = subprocess.run(
        [psutil.Process(status(live, "lab-train/kube-apiserver").pid).exe(), "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert lines.stdout.strip() == "Kubernetes v1.37.2"


def test_clusters_are_apart(client: Clients) -> None:
    here, there = client("lab-management"), client("lab-train")
    here.create(ConfigMap(metadata=ObjectMeta(name="only-here", namespace="default")))
    with pytest.raises(ApiError, match="not found"):
        there.get(ConfigMap, "only-here", namespace="default")
    here.delete(ConfigMap, "only-here", namespace="default")


def http_get(sandbox: Sandbox, cluster: str, path: str, token: str | None = None) -> int:
    """Status of a request without a client certificate."""
    context = ssl.create_default_context(cafile=str(sandbox.state_dir / "pki" / "ca.crt"))
    port = status(sandbox, f"{cluster}/kube-apiserver").port
    connection = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=10)
    connection.request("GET", path, headers={"Authorization": f"Bearer {token}"} if token else {})
    code = connection.getresponse().status
    connection.close()
    return code


@pytest.mark.parametrize("path", ["/api/v1/namespaces/kube-system/secrets", "/api/v1/nodes", "/metrics"])
def test_nobody_gets_in_without_a_credential(live: Sandbox, path: str) -> None:
    """As on a built cluster, where kubeadm's probes and joining nodes ask anonymously, and RBAC gives them nothing."""
    assert http_get(live, "lab-train", path) == http.HTTPStatus.FORBIDDEN


def test_credentials_are_private(live: Sandbox) -> None:
    open_to_others = [path for path in live.state_dir.rglob("*") if path.stat().st_mode & 0o077]
    assert open_to_others == []
    assert live.state_dir.stat().st_mode & 0o777 == 0o700


def test_gpu_node_becomes_ready_and_takes_a_gpu_pod(gpu_node: Node, client: Clients) -> None:
    train = client("lab-train")
    assert gpu_node.status.allocatable["nvidia.com/gpu"] == "4"
    container = Container(name="c", image="x", resources=ResourceRequirements(limits={"nvidia.com/gpu": "4"}))
    spec = PodSpec(containers=[container], tolerations=[Toleration(key="nvidia.com/gpu", operator="Exists")])
    train.create(Pod(metadata=ObjectMeta(name="burn", namespace="default"), spec=spec))
    pod = eventually(lambda: running(train, "burn"))
    assert pod.spec.nodeName == "r01-t00"
    train.delete(Pod, "burn", namespace="default")
    eventually(lambda: not [p for p in train.list(Pod, namespace="default") if p.metadata.name == "burn"])


def running(train: Client, name: str) -> Pod | None:
    pod = train.get(Pod, name, namespace="default")
    return pod if pod.status.phase == "Running" else None


def test_killed_process_shows_and_up_starts_it_again(live: Sandbox) -> None:
    before = status(live, "lab-train/kube-scheduler")
    os.kill(before.pid, signal.SIGKILL)
    eventually(lambda: not status(live, before.name).running)
    dead = status(live, before.name)
    assert (dead.healthy, dead.rss_mb, dead.uptime_seconds) == (False, 0, 0)
    others = {p.name: p.pid for p in live.status() if p.name != before.name}
    live.up(CLUSTERS)
    after = status(live, before.name)
    assert after.healthy and after.pid != before.pid and after.port == before.port
    assert {p.name: p.pid for p in live.status() if p.name != before.name} == others


def test_down_and_up_keep_objects_ports_and_credentials(live: Sandbox, gpu_node: Node, client: Clients) -> None:
    kubeconfig = live.kubeconfig().read_text()
    started = [process.pid for process in live.status()]
    live.down()
    assert live.status() == ()
    assert not [pid for pid in started if psutil.pid_exists(pid)]
    with pytest.raises(SandboxError, match="not running"):
        live.kubeconfig()
    live.up([])
    assert live.kubeconfig().read_text() == kubeconfig
    train = client("lab-train")
    assert train.get(Node, "r01-t00").metadata.uid == gpu_node.metadata.uid
    assert not [node for node in train.list(Node) if not eventually(lambda name=node.metadata.name: ready(train, name))]


def test_logs_are_told_by_name(live: Sandbox) -> None:
    assert live.logs("lab-train/kube-apiserver", 5)
    assert len(live.logs("lab-train/kube-apiserver", 5)) == 5
    with pytest.raises(SandboxError, match="no process 'kubelet'") as caught:
        live.logs("kubelet")
    assert "lab-management/kwok" in caught.value.remedy


def test_tokens_of_one_cluster_do_not_open_the_other(live: Sandbox, client: Clients) -> None:
    """Service-account tokens are signed by their own cluster's key."""
    request = ServiceAccountToken(metadata=ObjectMeta(), spec=TokenRequestSpec(audiences=[]))
    token = client("lab-management").create(request, "default", namespace="default").status.token
    answers = {
        name: http_get(live, name, "/api/v1/namespaces/default/configmaps", token)
        for name in ("lab-management", "lab-train")
    }
    assert answers == {"lab-management": http.HTTPStatus.FORBIDDEN, "lab-train": http.HTTPStatus.UNAUTHORIZED}


UP = """
    import sys
    from pathlib import Path
    from ai_factory.infra.sandbox import Cluster, Sandbox
    sandbox = Sandbox(Path(sys.argv[1]), Path(sys.argv[2]))
    sandbox.up([Cluster(name="only", role="management")], progress=lambda e: print(e.step, e.finished, flush=True))
"""


def begin_up(state: Path, cache: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", textwrap.dedent(UP), str(state), str(cache)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def children_of(state: Path) -> list[str]:
    lines = [" ".join(process.info["cmdline"] or []) for process in psutil.process_iter(["cmdline"])]
    return [line for line in lines if str(state) in line and "import sys" not in line]


def test_interrupt_stops_what_was_started(live: Sandbox, tmp_path: Path, cache_dir: Path) -> None:
    state = tmp_path / "state"
    with begin_up(state, cache_dir) as command:
        assert any("start only/kube-apiserver" in line for line in command.stdout)
        assert children_of(state)
        command.send_signal(signal.SIGINT)
    assert command.returncode != 0
    assert children_of(state) == []


def test_two_at_once_make_one_sandbox_and_purge_leaves_nothing(live: Sandbox, tmp_path: Path, cache_dir: Path) -> None:
    state = tmp_path / "state"
    sandbox = Sandbox(state, cache_dir)
    with begin_up(state, cache_dir) as first, begin_up(state, cache_dir) as second:
        outputs = [first.communicate()[0], second.communicate()[0]]
    assert [first.returncode, second.returncode] == [0, 0], outputs
    assert len(sandbox.status()) == 4
    assert len(children_of(state)) == 4
    sandbox.down(purge=True)
    assert children_of(state) == []
    assert list(tmp_path.iterdir()) == []


def test_port_taken_while_down_is_told(live: Sandbox, tmp_path: Path, cache_dir: Path) -> None:
    sandbox = Sandbox(tmp_path / "state", cache_dir)
    sandbox.up([Cluster(name="only", role="management")])
    etcd = status(sandbox, "etcd")
    sandbox.down()
    listen = f"import socket, time; s = socket.create_server(('127.0.0.1', {etcd.port}))"
    script = f"{listen}; print(1, flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as squatter:
        assert squatter.stdout.readline() == "1\n"
        with pytest.raises(SandboxError, match=f"port {etcd.port} .* which etcd had before, is taken"):
            sandbox.up([])
        assert processes.start_mark(squatter.pid) != ""
        squatter.kill()
    sandbox.down(purge=True)
