"""The compute fabric of a GPU cluster as Kubernetes sees it: network operator, rails, addresses."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from ai_factory.infra.objects import fabric_network
from ai_factory.infra.plan import stacks

from ._component import ComponentArgs, Outputs, applicable, cluster_named
from ._manifest import declare


@dataclass(frozen=True, kw_only=True)
class FabricNetworkArgs(ComponentArgs):
    """Arguments of `FabricNetwork`."""

    cluster: str
    """Name of the GPU cluster."""


class FabricNetwork(pulumi.ComponentResource):
    """Networks of a GPU cluster's compute fabric.

    Args:
        name: Pulumi name; names of the children derive from it.
        args: see `FabricNetworkArgs`.
        opts: options of the component.

    Raises:
        ValueError: the region has no such cluster, or a target has no provider.

    Example:
        >>> fabric = FabricNetwork(
        ...     "train-a", FabricNetworkArgs(plan=plan, cluster="train-a", providers=providers))
        >>> pulumi.export("leafs", fabric.leafs)
    """

    fabric: str | None
    """Catalogue id of the fabric, None where the cluster has none."""
    leafs: int
    """Leaf switches at `max_racks`."""
    spines: int
    """Spine switches at `max_racks`."""
    cores: int
    """Core switches at `max_racks`."""

    def __init__(self, name: str, args: FabricNetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        cluster = cluster_named(args.plan, args.cluster)
        block = fabric_network.block(args.plan, cluster, stacks.cluster_stack(args.plan.spec, cluster.name))
        digest = {
            "cluster": cluster.name,
            "kind": cluster.fabric.id if cluster.fabric else "none",
            "maxRacks": cluster.max_racks,
            "objects": len(block.items),
        }
        super().__init__("ai-factory:index:FabricNetwork", name, digest, opts)
        declare(self, block, args.providers, args.registry, wait=args.wait)
        size = cluster.fabric_size
        self.fabric = cluster.fabric.id if cluster.fabric else None
        self.leafs = size.leaf if size else 0
        self.spines = size.spine if size else 0
        self.cores = size.core if size else 0
        self.register_outputs(self.summary)

    @property
    def summary(self) -> Outputs:
        """Outputs as plain values."""
        return applicable(fabric=self.fabric, leafs=self.leafs, spines=self.spines, cores=self.cores)
