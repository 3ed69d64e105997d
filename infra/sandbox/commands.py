"""The command line of every program: loopback only, TLS, RBAC, nothing written outside the sandbox's directory."""

from collections.abc import Mapping
from pathlib import Path

from ai_factory.infra import apiserver
from ai_factory.infra.files import write_private
from ai_factory.infra.sandbox.layout import ETCD, Layout

APISERVER = "kube-apiserver"
CONTROLLER_MANAGER = "kube-controller-manager"
SCHEDULER = "kube-scheduler"
KWOK = "kwok"
ETCD_PEER = "etcd-peer"

_LOOPBACK = "127.0.0.1"
_ETCD_QUOTA_BYTES = 4 * 1024**3


def etcd(layout: Layout, program: Path, ports: Mapping[str, int]) -> tuple[str, ...]:
    """The command line of etcd: one member, client certificates demanded."""
    pair = layout.etcd_pair("server")
    url = f"https://{_LOOPBACK}:{ports[ETCD]}"
    peer = f"https://{_LOOPBACK}:{ports[ETCD_PEER]}"
    authority = str(layout.etcd_authority.cert)
    return (
        str(program),
        "--name=sandbox",
        f"--data-dir={layout.data}",
        f"--listen-client-urls={url}",
        f"--advertise-client-urls={url}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=sandbox={peer}",
        "--client-cert-auth",
        f"--trusted-ca-file={authority}",
        f"--cert-file={pair.cert}",
        f"--key-file={pair.key}",
        "--peer-client-cert-auth",
        f"--peer-trusted-ca-file={authority}",
        f"--peer-cert-file={pair.cert}",
        f"--peer-key-file={pair.key}",
        # A sandbox's objects can be applied again: speed before surviving a power cut.
        "--unsafe-no-fsync",
        f"--quota-backend-bytes={_ETCD_QUOTA_BYTES}",
        "--auto-compaction-mode=periodic",
        "--auto-compaction-retention=30m",
        "--log-level=warn",
    )


def kube_apiserver(layout: Layout, program: Path, ports: Mapping[str, int], cluster: str) -> tuple[str, ...]:
    """The command line of a cluster's API server, with the settings that a built cluster has.

    Its objects are under the cluster's prefix in etcd. Writes the files that flags name.
    """
    own = {**_places(layout, ports, cluster), **_sandbox_only(cluster)}
    settings = layout.apiserver_settings(cluster)
    for name, content in apiserver.files().items():
        write_private(settings / name, content)
    shared = {**apiserver.KUBEADM, **apiserver.flags(str(settings), str(layout.audit_logs(cluster)))}
    return (str(program), *(f"--{name}={value}" for name, value in (own | shared).items()))


def _places(layout: Layout, ports: Mapping[str, int], cluster: str) -> dict[str, str]:
    """`apiserver.BY_PLACE`: addresses, certificates and keys."""
    serving = layout.serving_pair(cluster, APISERVER)
    store = layout.etcd_pair("client")
    tokens = layout.token_keys(cluster)
    return {
        "etcd-servers": f"https://{_LOOPBACK}:{ports[ETCD]}",
        "etcd-cafile": str(layout.etcd_authority.cert),
        "etcd-certfile": str(store.cert),
        "etcd-keyfile": str(store.key),
        "advertise-address": _LOOPBACK,
        "secure-port": str(ports[f"{cluster}/{APISERVER}"]),
        "tls-cert-file": str(serving.cert),
        "tls-private-key-file": str(serving.key),
        "client-ca-file": str(layout.authority.cert),
        "service-account-key-file": str(tokens.cert),
        "service-account-signing-key-file": str(tokens.key),
        "service-cluster-ip-range": "10.96.0.0/16",
    }


def _sandbox_only(cluster: str) -> dict[str, str]:
    return {"bind-address": _LOOPBACK, "endpoint-reconciler-type": "none", "etcd-prefix": f"/{cluster}"}


def controller_manager(layout: Layout, program: Path, ports: Mapping[str, int], cluster: str) -> tuple[str, ...]:
    """The command line of a cluster's controller manager."""
    return (
        *_controller(layout, program, ports, cluster, CONTROLLER_MANAGER),
        f"--service-account-private-key-file={layout.token_keys(cluster).key}",
        f"--root-ca-file={layout.authority.cert}",
        f"--cluster-signing-cert-file={layout.authority.cert}",
        f"--cluster-signing-key-file={layout.authority.key}",
        "--use-service-account-credentials=true",
        "--allocate-node-cidrs=false",
    )


def scheduler(layout: Layout, program: Path, ports: Mapping[str, int], cluster: str) -> tuple[str, ...]:
    """The command line of a workload cluster's scheduler."""
    return _controller(layout, program, ports, cluster, SCHEDULER)


def _controller(layout: Layout, program: Path, ports: Mapping[str, int], cluster: str, name: str) -> tuple[str, ...]:
    """What controller manager and scheduler have in common."""
    kubeconfig = layout.component_kubeconfig(cluster, name, ports[f"{cluster}/{APISERVER}"])
    serving = layout.serving_pair(cluster, name)
    return (
        str(program),
        f"--kubeconfig={kubeconfig}",
        f"--authentication-kubeconfig={kubeconfig}",
        f"--authorization-kubeconfig={kubeconfig}",
        f"--client-ca-file={layout.authority.cert}",
        f"--bind-address={_LOOPBACK}",
        f"--secure-port={ports[f'{cluster}/{name}']}",
        f"--tls-cert-file={serving.cert}",
        f"--tls-private-key-file={serving.key}",
        "--leader-elect=false",
        "--profiling=false",
    )


def kwok(layout: Layout, program: Path, ports: Mapping[str, int], cluster: str) -> tuple[str, ...]:
    """The command line of a cluster's kwok, which plays the nodes annotated `kwok.x-k8s.io/node: fake`."""
    return (
        str(program),
        f"--kubeconfig={layout.component_kubeconfig(cluster, KWOK, ports[f'{cluster}/{APISERVER}'])}",
        f"--config={layout.stages(cluster)}",
        "--manage-all-nodes=false",
        "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake",
        "--cidr=10.0.0.1/16",
        "--node-ip=10.0.0.1",
        "--node-lease-duration-seconds=40",
        f"--server-address={_LOOPBACK}:{ports[f'{cluster}/{KWOK}']}",
    )
