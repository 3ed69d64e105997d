"""Keeps a sample inventory off real clusters: made-up hosts are applied only where the API server is on loopback."""

from __future__ import annotations

from collections.abc import Iterable

from ..kube.kubeconfig import Kubeconfig, cluster_of
from ..kube.loopback import is_loopback
from ..plan.model import RegionPlan


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
    access = plan.access(target)
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
