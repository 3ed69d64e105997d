"""A region, or the part of it that belongs to one stack: all components, in the order that they need."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import pulumi

from ai_factory.infra.objects.region import rack_groups, stack_names
from ai_factory.infra.plan import stacks
from ai_factory.infra.plan.model import ClusterPlan, RegionPlan

from ._component import ComponentArgs, Outputs
from .cluster_platform import ClusterPlatform, ClusterPlatformArgs
from .fabric_network import FabricNetwork, FabricNetworkArgs
from .gpu_cluster import GpuCluster, GpuClusterArgs
from .management_cluster import ManagementCluster, ManagementClusterArgs
from .rack_group import RackGroup, RackGroupArgs
from .storage import Storage, StorageArgs
from .tenant_enclave import TenantEnclave, TenantEnclaveArgs


@dataclass(frozen=True, kw_only=True)
class RegionArgs(ComponentArgs):
    """Arguments of `Region`."""

    stack: str | None = None
    """Stack whose part is declared, one of the region's stacks; the first one if left out, which for layout `single`
    is the whole region."""


class Region(pulumi.ComponentResource):
    """All components of one stack of a region.

    Args:
        name: Pulumi name of the component; the components below have the names of what they stand for.
        args: see `RegionArgs`.
        opts: options of the component.

    Raises:
        ValueError: the region has no such stack, or a target has no provider.

    Example:
        >>> region = Region("lab", RegionArgs(plan=plan, providers=providers))
        >>> pulumi.export("totals", region.totals)
    """

    totals: Outputs
    """Clusters, racks, nodes, GPUs and tenants of the whole region, and its planned power in kW."""
    outputs: dict[str, dict[str, Outputs]]
    """Outputs of this stack's components by part (`management`, `clusters`, `racks`, `platforms`, `fabrics`,
    `storage`, `tenants`) and name."""

    def __init__(self, name: str, args: RegionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        stack = args.stack or stacks.region_stack(args.plan.spec)
        if stack not in (region_stacks := stack_names(args.plan)):
            raise ValueError(f"region {args.plan.name} has no stack {stack}; it has {', '.join(region_stacks)}")
        self.totals = totals(args.plan)
        super().__init__("ai-factory:index:Region", name, {"stack": stack, **self.totals}, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.outputs = {}
        for part in _parts(args, stack):
            component = part.kind(part.name, part.args, child)
            self.outputs.setdefault(part.key, {})[part.name] = component.summary
        self.register_outputs(self.summary)

    @property
    def summary(self) -> Outputs:
        """Outputs as plain values."""
        return {"totals": self.totals, **self.outputs}


def totals(plan: RegionPlan) -> Outputs:
    """Size of a region as the component puts it out: clusters, racks, nodes, GPUs, tenants, power."""
    sums = plan.totals
    return {
        "clusters": sums.clusters,
        "racks": sums.racks,
        "nodes": sums.nodes,
        "gpus": sums.gpus,
        "tenants": sums.tenants,
        "itKw": round(sums.it_kw, 3),
        "facilityKw": round(sums.facility_kw, 3),
    }


class _Component(Protocol):
    @property
    def summary(self) -> Outputs: ...


class _Part(NamedTuple):
    key: str
    kind: Callable[[str, Any, pulumi.ResourceOptions], _Component]
    name: str
    args: ComponentArgs


def _parts(args: RegionArgs, stack: str) -> Iterator[_Part]:
    """Components of a stack with the names and in the order of `objects.region.region_blocks`."""
    plan, shared = args.plan, args.shared()
    for management in plan.management:
        if stack == stacks.management_stack(plan.spec, management.name):
            of_management = ManagementClusterArgs(management=management.name, **shared)
            yield _Part("management", ManagementCluster, management.name, of_management)
    for cluster in plan.clusters:
        if stack == stacks.management_stack(plan.spec, cluster.management):
            yield _Part("clusters", GpuCluster, cluster.name, GpuClusterArgs(cluster=cluster.name, **shared))
    for cluster in plan.clusters:
        yield from _racks(plan, cluster, stack, shared)
    for cluster in plan.clusters:
        yield from _workload(plan, cluster, stack, shared)


def _racks(plan: RegionPlan, cluster: ClusterPlan, stack: str, shared: dict[str, Any]) -> Iterator[_Part]:
    # In a single stack they are children of their cluster.
    for group in rack_groups(cluster) if plan.spec.layout != "single" else ():
        if stack == stacks.rack_group_stack(plan.spec, cluster.name, group):
            of_group = RackGroupArgs(cluster=cluster.name, group=group, **shared)
            yield _Part("racks", RackGroup, f"{cluster.name}-{group}", of_group)


def _workload(plan: RegionPlan, cluster: ClusterPlan, stack: str, shared: dict[str, Any]) -> Iterator[_Part]:
    name = cluster.name
    if stack == stacks.cluster_stack(plan.spec, name):
        yield _Part("platforms", ClusterPlatform, name, ClusterPlatformArgs(cluster=name, **shared))
        yield _Part("fabrics", FabricNetwork, name, FabricNetworkArgs(cluster=name, **shared))
        yield _Part("storage", Storage, name, StorageArgs(cluster=name, **shared))
    for tenant in plan.tenants_of(name):
        if stack == stacks.tenant_stack(plan.spec, name, tenant.number):
            yield _Part("tenants", TenantEnclave, tenant.name, TenantEnclaveArgs(tenant=tenant.name, **shared))
