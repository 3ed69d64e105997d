"""A management cluster: Cluster API, its providers, Flux and what all clusters of it share."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from ai_factory.infra.objects import management
from ai_factory.infra.plan import stacks

from ._component import ComponentArgs, Outputs, management_named, names_of
from ._manifest import declare


@dataclass(frozen=True, kw_only=True)
class ManagementClusterArgs(ComponentArgs):
    """Arguments of `ManagementCluster`."""

    management: str
    """Name of the management cluster."""


class ManagementCluster(pulumi.ComponentResource):
    """What a management cluster needs before it can own GPU clusters.

    Where the region says `provider: existing` the management stack is there already, and only this package's own
    objects are declared.

    Args:
        name: Pulumi name; names of the children derive from it.
        args: see `ManagementClusterArgs`.
        opts: options of the component.

    Raises:
        ValueError: the region has no such management cluster, or a target has no provider.

    Example:
        >>> management = ManagementCluster(
        ...     "management", ManagementClusterArgs(plan=plan, management="management", providers=providers))
        >>> pulumi.export("namespaces", management.namespaces)
    """

    management: str
    """Name of the management cluster."""
    namespaces: list[str]
    """Namespaces that it declares."""

    def __init__(self, name: str, args: ManagementClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        planned = management_named(args.plan, args.management)
        block = management.block(args.plan, planned, stacks.management_stack(args.plan.spec, planned.name))
        digest = {
            "region": args.plan.name,
            "install": planned.spec.provider == "install",
            "clusters": list(planned.clusters),
            "hosts": planned.hosts,
            "objects": len(block.items),
        }
        super().__init__("ai-factory:index:ManagementCluster", name, digest, opts)
        declare(self, block, args.providers, args.registry, wait=args.wait)
        self.management = planned.name
        self.namespaces = names_of(block, "Namespace")
        self.register_outputs(self.summary)

    @property
    def summary(self) -> Outputs:
        """Outputs as plain values."""
        return {"name": self.management, "namespaces": self.namespaces}
