"""Keeps a sample inventory off real clusters: made-up hosts are applied only where the API server is on loopback."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

from .. import spec
from ..plan.model import RegionPlan
from .kubeconfig import Kubeconfig, cluster_of


def is_loopback(url: str) -> bool:
    """Whether a URL leads to this machine.

    >>> [is_loopback(u) for u in ("https://127.0.0.1:6443", "https://[::1]:6443", "https://localhost:1")]
    [True, True, True]
    >>> [is_loopback(u) for u in ("https://10.0.0.1:6443", "https://localhost.example:6443", "127.0.0.1")]
    [False, False, False]
    """
    try:
        host = urlsplit(url).hostname
    except ValueError:
        return False
    if host is None or host == "localhost":
        return host is not None
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def sample_faults(plan: RegionPlan, targets: Iterable[str], kubeconfig: Kubeconfig, *, sandbox: bool) -> list[str]:
    """Why objects made from a sample inventory must not be applied; empty where they may.

    Args:
        plan: the region.
        targets: clusters that objects are to be applied to.
        kubeconfig: the kubeconfig in use.
        sandbox: whether the user says that this is a sandbox.
    """
    if not plan.sample_inventory:
        return []
    if not sandbox:
        return [
            f"region {plan.name}: the inventory is a marked sample, whose hosts do not exist. "
            "List real hosts in the inventory file, or apply it to a sandbox only (sandbox: true)."
        ]
    return [fault for target in dict.fromkeys(targets) if (fault := _not_loopback(plan, target, kubeconfig))]


def _not_loopback(plan: RegionPlan, target: str, kubeconfig: Kubeconfig) -> str | None:
    access = access_of(plan, target)
    if access.exec is not None:
        return None if is_loopback(access.exec.server) else _refusal(target, access.exec.server)
    if access.context is None:
        # Its kubeconfig lies on its management cluster, so that one has to be the sandbox's.
        return _not_loopback(plan, plan.cluster(target).management, kubeconfig)
    cluster = cluster_of(kubeconfig, access.context)
    if cluster is None:
        return (
            f"{target}: the kubeconfig in use has no context {access.context}. Point KUBECONFIG to the sandbox's file."
        )
    if cluster.get("proxy-url"):
        return _refusal(target, f"{cluster.get('server')} by way of {cluster['proxy-url']}")
    server = str(cluster.get("server", ""))
    return None if is_loopback(server) else _refusal(target, server)


def _refusal(target: str, server: str) -> str:
    return (
        f"{target}: its API server is {server}, not on loopback, and the inventory is a sample. "
        "Apply it to a sandbox, or list real hosts in the inventory file."
    )


def access_of(plan: RegionPlan, target: str) -> spec.Access:
    """How a management or GPU cluster of the region is reached (KeyError if it has no such cluster)."""
    for one in plan.management:
        if one.name == target:
            return one.spec.access
    return plan.cluster(target).access
