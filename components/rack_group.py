"""A group of up to 32 racks of a GPU cluster: hosts, credentials, machine deployments and health checks."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from ai_factory.infra.objects import racks
from ai_factory.infra.plan import stacks

from ._component import ComponentArgs, Outputs, cluster_named
from ._manifest import declare


@dataclass(frozen=True, kw_only=True)
class RackGroupArgs(ComponentArgs):
    """Arguments of `RackGroup`."""

    cluster: str
    """Name of the GPU cluster."""
    group: int
    """Number of the group from 0: rack index divided by 32."""


class RackGroup(pulumi.ComponentResource):
    """The racks of one group that the inventory lists; racks without hosts are planned, not declared.

    Args:
        name: Pulumi name; names of the children derive from it.
        args: see `RackGroupArgs`.
        opts: options of the component.

    Raises:
        ValueError: the region has no such cluster, the cluster no declared rack in the group, or no provider is given.

    Example:
        >>> group = RackGroup(
        ...     "train-a-0", RackGroupArgs(plan=plan, cluster="train-a", group=0, providers=providers))
    """

    racks: list[str]
    """Names of the declared racks."""
    nodes: int
    """Hosts of the declared racks."""

    def __init__(self, name: str, args: RackGroupArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        cluster = cluster_named(args.plan, args.cluster)
        declared = [rack for rack in cluster.declared_racks if stacks.rack_group(rack.index) == args.group]
        if not declared or not cluster.built:
            raise ValueError(f"cluster {cluster.name} has no declared rack in group {args.group}")
        stack = stacks.rack_group_stack(args.plan.spec, cluster.name, args.group)
        block = racks.rack_group_block(args.plan, cluster, args.group, stack)
        digest = {
            "cluster": cluster.name,
            "racks": [rack.name for rack in declared],
            "system": cluster.spec.system,
            "kubernetes": cluster.kubernetes,
            "powerProfile": cluster.power_profile,
            "objects": len(block.items),
        }
        super().__init__("ai-factory:index:RackGroup", name, digest, opts)
        declare(self, block, args.providers, args.registry, wait=args.wait)
        self.racks = [rack.name for rack in declared]
        self.nodes = sum(len(rack.hosts) for rack in declared)
        self.register_outputs(self.summary)

    @property
    def summary(self) -> Outputs:
        """Outputs as plain values."""
        return {"racks": self.racks, "nodes": self.nodes}
