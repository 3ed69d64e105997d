"""A sample inventory reaches loopback only, whatever way the cluster is reached."""

from __future__ import annotations

from typing import Any

import pytest

from ai_factory.infra.engine import samples
from ai_factory.infra.kube import loopback
from ai_factory.infra.kube.kubeconfig import Kubeconfig

from .plans import clusters, region_plan

TARGETS = ("management", "infer-a")


def kubeconfig(
    management: str = "https://127.0.0.1:6443", infer: str = "https://[::1]:7443", **more: str
) -> Kubeconfig:
    servers = {"demo-management": management, "demo-infer": infer}
    return {
        "clusters": [{"name": f"c-{name}", "cluster": {"server": url, **more}} for name, url in servers.items()],
        "contexts": [{"name": name, "context": {"cluster": f"c-{name}", "user": "u"}} for name in servers],
        "users": [],
    }


def faults(
    config: Kubeconfig, *, sandbox: bool = True, targets: tuple[str, ...] = TARGETS, **changes: Any
) -> list[str]:
    return samples.sample_faults(region_plan(**changes), targets, config, sandbox=sandbox)


def test_a_sandbox_on_loopback_may_have_made_up_hosts() -> None:
    assert faults(kubeconfig()) == []


def test_nothing_else_may() -> None:
    [fault] = faults(kubeconfig(), sandbox=False)
    assert fault.startswith("region demo: the inventory is a marked sample")


def test_real_hosts_go_anywhere() -> None:
    assert faults(kubeconfig("https://10.0.0.1"), sandbox=False, inventory=None) == []


def test_every_cluster_is_looked_at() -> None:
    found = faults(kubeconfig("https://10.0.0.1:6443", "https://k8s.example"))
    assert [fault.split(":")[0] for fault in found] == ["management", "infer-a"]
    assert "its API server is https://10.0.0.1:6443, not on loopback" in found[0]


def test_a_proxy_leads_elsewhere() -> None:
    [fault] = faults(kubeconfig(**{"proxy-url": "socks5://bastion.example"}), targets=("management",))
    assert "by way of socks5://bastion.example" in fault


def test_a_missing_context_is_named() -> None:
    [fault] = faults({"clusters": [], "contexts": [], "users": []}, targets=("infer-a",))
    assert fault.startswith("infer-a: the kubeconfig in use has no context demo-infer")


def test_a_secret_is_judged_by_the_cluster_that_holds_it() -> None:
    assert faults(kubeconfig(), targets=("train-a",)) == []
    [fault] = faults(kubeconfig("https://10.0.0.1"), targets=("train-a",))
    assert fault.startswith("management:")


@pytest.mark.parametrize(("server", "refused"), [("https://127.0.0.1:6443", 0), ("https://k8s.example", 1)])
def test_a_command_s_server_counts(server: str, refused: int) -> None:
    access = {"exec": {"command": "aws", "server": server}}
    assert len(faults(kubeconfig(), targets=("train-a",), clusters=clusters(access=access))) == refused


@pytest.mark.parametrize("url", ["https://127.9.9.9", "https://localhost", "https://[::1]:1", "https://LOCALHOST:2"])
def test_loopback(url: str) -> None:
    assert loopback.is_loopback(url)


@pytest.mark.parametrize(
    "url",
    ["", "https://", "https://0.0.0.0", "https://127.0.0.1.example", "https://localhost@10.0.0.1", "https://[::1"],
)
def test_not_loopback(url: str) -> None:
    assert not loopback.is_loopback(url)
