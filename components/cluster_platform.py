"""The platform of a GPU cluster: GPU, network and DRA operators, queues with topology, quotas of power profiles."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from ai_factory.infra.objects import cluster_platform
from ai_factory.infra.plan import stacks

from ._component import ComponentArgs, Outputs, cluster_named, names_of
from ._manifest import declare


@dataclass(frozen=True, kw_only=True)
class ClusterPlatformArgs(ComponentArgs):
    """Arguments of `ClusterPlatform`."""

    cluster: str
    """Name of the GPU cluster."""


class ClusterPlatform(pulumi.ComponentResource):
    """Add-ons of a GPU cluster and what schedules work on it.

    Args:
        name: Pulumi name; names of the children derive from it.
        args: see `ClusterPlatformArgs`.
        opts: options of the component.

    Raises:
        ValueError: the region has no such cluster, or a target has no provider.

    Example:
        >>> platform = ClusterPlatform(
        ...     "train-a", ClusterPlatformArgs(plan=plan, cluster="train-a", providers=providers))
        >>> pulumi.export("flavours", platform.flavours)
    """

    flavours: list[str]
    """Names of the Kueue resource flavours."""

    def __init__(self, name: str, args: ClusterPlatformArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        cluster = cluster_named(args.plan, args.cluster)
        block = cluster_platform.block(args.plan, cluster, stacks.cluster_stack(args.plan.spec, cluster.name))
        digest = {
            "cluster": cluster.name,
            "system": cluster.spec.system,
            "purpose": cluster.spec.purpose,
            "gpus": cluster.gpus,
            "powerProfile": cluster.power_profile,
            "objects": len(block.items),
        }
        super().__init__("ai-factory:index:ClusterPlatform", name, digest, opts)
        declare(self, block, args.providers, args.registry, wait=args.wait)
        self.flavours = names_of(block, "ResourceFlavor")
        self.register_outputs(self.summary)

    @property
    def summary(self) -> Outputs:
        """Outputs as plain values."""
        return {"flavours": self.flavours}
