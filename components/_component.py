"""What the components share: their arguments, and clear errors for names that a region does not have."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, cast

from ai_factory.infra.objects import base
from ai_factory.infra.plan.model import ClusterPlan, ManagementPlan, RegionPlan, TenantPlan

from ._manifest import Providers, Registry

Outputs = dict[str, Any]
"""Outputs of a component, in camelCase, as users of its stack see them."""


@dataclass(frozen=True, kw_only=True)
class ComponentArgs:
    """Arguments of every component.

    They are plain values: they decide which resources exist, under which names and options, and Pulumi knows that
    before anything runs. What is known only while it runs (kubeconfigs, adoption) goes to `ClusterProviders`.
    """

    plan: RegionPlan
    """Plan of the region, from `ai_factory.infra.plan_region`."""
    providers: Providers
    """Kubernetes provider by target: the names of the management and GPU clusters that objects are applied to.
    `ClusterProviders` makes them; a mapping of your own does as well."""
    wait: bool = True
    """Wait for readiness where an object says what ready means; without, objects count as ready once they exist.
    Plain, because it sets options of resources, which are no inputs."""
    registry: Registry = field(default=cast("Registry", None))
    """What the program has declared so far, shared by components that build on each other. If left out: that of
    `providers`, so that all components with the same `ClusterProviders` share one; with a mapping a new one."""

    def __post_init__(self) -> None:
        if cast("Registry | None", self.registry) is None:
            object.__setattr__(self, "registry", getattr(self.providers, "registry", None) or Registry())

    def shared(self) -> dict[str, Any]:
        """Arguments that a component hands on to the components below it."""
        return {"plan": self.plan, "providers": self.providers, "wait": self.wait, "registry": self.registry}


def cluster_named(plan: RegionPlan, name: str) -> ClusterPlan:
    """The cluster that a component's arguments name (ValueError if there is none)."""
    for cluster in plan.clusters:
        if cluster.name == name:
            return cluster
    raise ValueError(_unknown(plan, "GPU cluster", name, [cluster.name for cluster in plan.clusters]))


def management_named(plan: RegionPlan, name: str) -> ManagementPlan:
    """The management cluster that a component's arguments name (ValueError if there is none)."""
    for management in plan.management:
        if management.name == name:
            return management
    raise ValueError(_unknown(plan, "management cluster", name, [management.name for management in plan.management]))


def tenant_named(plan: RegionPlan, name: str) -> TenantPlan:
    """The tenant that a component's arguments name (ValueError if there is none)."""
    for tenant in plan.tenants:
        if tenant.name == name:
            return tenant
    raise ValueError(_unknown(plan, "tenant", name, [tenant.name for tenant in plan.tenants]))


def _unknown(plan: RegionPlan, what: str, name: str, names: Iterable[str]) -> str:
    return f"region {plan.name} has no {what} {name}; it has {', '.join(names) or 'none'}"


def names_of(block: base.Block, kind: str) -> list[str]:
    """Names of a block's objects of a kind, in order, as components put them out."""
    return [
        item.manifest["metadata"]["name"]
        for item in block.items
        if isinstance(item, base.KubeObject) and item.manifest["kind"] == kind
    ]


def applicable(**outputs: Any) -> Outputs:
    """A component's outputs without those that do not apply: None would show as a change at every preview."""
    return {name: value for name, value in outputs.items() if value is not None}
