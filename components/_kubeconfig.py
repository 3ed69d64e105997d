"""Kubeconfigs of GPU clusters that Cluster API keeps as secrets on their management cluster."""

from __future__ import annotations

import base64

import pulumi

from ai_factory.infra.plan.model import ClusterPlan
from ai_factory.infra.spec import fetched_kubeconfig

from . import _kubernetes as kubernetes
from ._manifest import Registry

SECRET_KEY = "value"  # noqa: S105  # Cluster API's name of the field, not a credential


def secret_id(cluster: ClusterPlan) -> str:
    """`<namespace>/<name>` of the kubeconfig secret of a cluster with `capi_secret` access."""
    return f"{cluster.name}/{cluster.access.capi_secret}"


def read_secret(
    name: str,
    cluster: ClusterPlan,
    management: pulumi.ProviderResource,
    registry: Registry,
    parent: pulumi.Resource | None,
) -> pulumi.Output[str]:
    """Kubeconfig of a cluster, read at every update because it rotates; a secret output.

    Where this program also declares the cluster, the read waits for it, so that the first preview passes.

    Args:
        name: Pulumi name of the read.
        cluster: a cluster with `capi_secret` access.
        management: provider of its management cluster.
        registry: what the program has declared so far.
        parent: component that asks; None where the program itself does.
    """
    declared = registry.get(f"{cluster.management}/Cluster.cluster.x-k8s.io/{cluster.name}/{cluster.name}")
    wanted = secret_id(cluster)
    secret = kubernetes.Secret.get(
        name,
        declared.id.apply(lambda _: wanted) if declared else wanted,
        pulumi.ResourceOptions(provider=management, parent=parent),
    )
    return pulumi.Output.secret(secret.data.apply(lambda data: _plain(wanted, data[SECRET_KEY])))


def _plain(where: str, encoded: str) -> str:
    """The kubeconfig, if it is plain data: the provider would run what it names, on the engine's own machine."""
    text = base64.b64decode(encoded).decode()
    if (keys := fetched_kubeconfig.reaches_out(text)) is not None:
        raise pulumi.RunError(". ".join(fetched_kubeconfig.refusal(f"secret {where}", keys)))
    return text
