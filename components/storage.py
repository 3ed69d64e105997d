"""Storage of a GPU cluster: drivers, classes and what runs in the cluster for them."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from ai_factory.infra.objects import storage
from ai_factory.infra.plan import stacks

from ._component import ComponentArgs, Outputs, cluster_named, names_of
from ._manifest import declare


@dataclass(frozen=True, kw_only=True)
class StorageArgs(ComponentArgs):
    """Arguments of `Storage`."""

    cluster: str
    """Name of the GPU cluster."""


class Storage(pulumi.ComponentResource):
    """Storage classes of a GPU cluster and what provides them.

    Args:
        name: Pulumi name; names of the children derive from it.
        args: see `StorageArgs`.
        opts: options of the component.

    Raises:
        ValueError: the region has no such cluster, or a target has no provider.

    Example:
        >>> storage = Storage("train-a", StorageArgs(plan=plan, cluster="train-a", providers=providers))
        >>> pulumi.export("classes", storage.classes)
    """

    classes: list[str]
    """Names of the storage classes."""

    def __init__(self, name: str, args: StorageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        cluster = cluster_named(args.plan, args.cluster)
        block = storage.block(args.plan, cluster, stacks.cluster_stack(args.plan.spec, cluster.name))
        used = [system for system in args.plan.storage if cluster.name in system.clusters]
        digest = {
            "cluster": cluster.name,
            "systems": {system.name: f"{system.spec.tier}/{system.spec.driver}" for system in used},
            "objects": len(block.items),
        }
        super().__init__("ai-factory:index:Storage", name, digest, opts)
        declare(self, block, args.providers, args.registry, wait=args.wait)
        self.classes = names_of(block, "StorageClass")
        self.register_outputs(self.summary)

    @property
    def summary(self) -> Outputs:
        """Outputs as plain values."""
        return {"classes": self.classes}
