"""A GPU cluster on its management cluster: control plane, and its racks where they are in the same stack."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import pulumi

from ai_factory.infra.objects import gpu_cluster
from ai_factory.infra.objects.region import rack_groups
from ai_factory.infra.plan import stacks

from ._component import ComponentArgs, Outputs, applicable, cluster_named
from ._kubeconfig import read_secret, secret_id
from ._manifest import declare
from .rack_group import RackGroup, RackGroupArgs


@dataclass(frozen=True, kw_only=True)
class GpuClusterArgs(ComponentArgs):
    """Arguments of `GpuCluster`."""

    cluster: str
    """Name of the GPU cluster."""
    racks: bool | None = None
    """Declare its racks too, as child components. If left out: where the region's layout is `single`, because a
    `split` region has stacks of their own for them."""


class GpuCluster(pulumi.ComponentResource):
    """A cluster that is built from bare metal, or an adopted one.

    Args:
        name: Pulumi name; names of the children derive from it.
        args: see `GpuClusterArgs`.
        opts: options of the component.

    Raises:
        ValueError: the region has no such cluster, or a target has no provider.

    Example:
        >>> cluster = GpuCluster("train-a", GpuClusterArgs(plan=plan, cluster="train-a", providers=providers))
        >>> pulumi.export("endpoint", cluster.endpoint)
    """

    cluster: str
    """Name of the cluster."""
    endpoint: str
    """Address of its API server; empty for an adopted cluster, whose owner knows it."""
    context: str | None
    """Kubeconfig context that reaches it, None where there is none."""
    kubeconfig_secret: str | None
    """`<namespace>/<name>` of its kubeconfig secret on the management cluster, None where there is none."""
    gpus: int
    """Planned GPUs."""
    nodes: int
    """Planned nodes."""
    planned_racks: int
    """Racks that the region file asks for."""
    declared_racks: int
    """Racks that the inventory lists: only these have machines."""

    def __init__(self, name: str, args: GpuClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        cluster = cluster_named(args.plan, args.cluster)
        block = gpu_cluster.block(args.plan, cluster, stacks.management_stack(args.plan.spec, cluster.management))
        digest = {
            "region": args.plan.name,
            "provider": cluster.spec.provider,
            "system": cluster.spec.system,
            "racks": len(cluster.racks),
            "declaredRacks": len(cluster.declared_racks),
            "maxRacks": cluster.max_racks,
            "kubernetes": cluster.kubernetes,
            "powerProfile": cluster.power_profile,
            "objects": len(block.items),
        }
        super().__init__("ai-factory:index:GpuCluster", name, digest, opts)
        declare(self, block, args.providers, args.registry, wait=args.wait)
        for group in rack_groups(cluster) if _with_racks(args) else ():
            of_group = RackGroupArgs(cluster=cluster.name, group=group, **args.shared())
            RackGroup(f"{name}-{group}", of_group, pulumi.ResourceOptions(parent=self))
        self._args = args
        self.cluster = cluster.name
        self.endpoint = cluster.endpoint
        self.context = cluster.access.context
        self.kubeconfig_secret = secret_id(cluster) if cluster.access.capi_secret else None
        self.gpus = cluster.gpus
        self.nodes = cluster.nodes
        self.planned_racks = len(cluster.racks)
        self.declared_racks = len(cluster.declared_racks)
        self.register_outputs(self.summary)

    @property
    def summary(self) -> Outputs:
        """Outputs as plain values."""
        return applicable(
            endpoint=self.endpoint,
            context=self.context,
            kubeconfigSecret=self.kubeconfig_secret,
            gpus=self.gpus,
            nodes=self.nodes,
            plannedRacks=self.planned_racks,
            declaredRacks=self.declared_racks,
        )

    @functools.cached_property
    def kubeconfig(self) -> pulumi.Output[str] | None:
        """Kubeconfig of the cluster as a secret output; None where it is reached by context or command.

        It is read from the management cluster when a program first asks, never exported: it rotates, and a state
        file is no place for it.
        """
        cluster = self._args.plan.cluster(self.cluster)
        if cluster.access.capi_secret is None:
            return None
        management = self._args.providers[cluster.management]
        return read_secret(
            f"{self.pulumi_resource_name}-kubeconfig", cluster, management, self._args.registry, parent=self
        )


def _with_racks(args: GpuClusterArgs) -> bool:
    return args.plan.spec.layout == "single" if args.racks is None else args.racks
