"""All blocks of a region, stack by stack: what the components register and the engines apply."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ..plan import stacks
from ..plan.model import ClusterPlan, RegionPlan
from . import cluster_platform, fabric_network, gpu_cluster, management, racks, storage, tenant
from .base import Block


def region_blocks(plan: RegionPlan) -> Iterator[Block]:
    """Every top-level block of the region, management plane first, in the order that a first `up` needs."""
    yield from shared_blocks(plan)
    yield from clusters_blocks(plan)


def shared_blocks(plan: RegionPlan) -> Iterator[Block]:
    """Blocks of a region that belong to no one cluster: those of its management clusters."""
    for managing in plan.management:
        yield management.block(plan, managing, stacks.management_stack(plan.spec, managing.name))


def clusters_blocks(plan: RegionPlan) -> Iterator[Block]:
    """Blocks of a region's clusters, each of which belongs to one: management plane, racks, workload planes."""
    for cluster in plan.clusters:
        yield _management_block(plan, cluster)
    for cluster in plan.clusters:
        yield from _rack_blocks(plan, cluster)
    for cluster in plan.clusters:
        yield _platform_block(plan, cluster)
        yield _fabric_block(plan, cluster)
        yield from _services_blocks(plan, cluster)


def machines_blocks(plan: RegionPlan) -> Iterator[Block]:
    """Blocks of a region's clusters that its hosts are in: management plane, racks, fabric."""
    for cluster in plan.clusters:
        yield _management_block(plan, cluster)
        yield from _rack_blocks(plan, cluster)
        yield _fabric_block(plan, cluster)


def platform_blocks(plan: RegionPlan) -> Iterator[Block]:
    """Blocks of a region's clusters that are the same whatever hosts there are: platform, storage, tenants."""
    for cluster in plan.clusters:
        yield _platform_block(plan, cluster)
        yield from _services_blocks(plan, cluster)


def _management_block(plan: RegionPlan, cluster: ClusterPlan) -> Block:
    return gpu_cluster.block(plan, cluster, stacks.management_stack(plan.spec, cluster.management))


def _rack_blocks(plan: RegionPlan, cluster: ClusterPlan) -> Iterator[Block]:
    for group in rack_groups(cluster):
        yield racks.rack_group_block(plan, cluster, group, stacks.rack_group_stack(plan.spec, cluster.name, group))


def _platform_block(plan: RegionPlan, cluster: ClusterPlan) -> Block:
    return cluster_platform.block(plan, cluster, stacks.cluster_stack(plan.spec, cluster.name))


def _fabric_block(plan: RegionPlan, cluster: ClusterPlan) -> Block:
    return fabric_network.block(plan, cluster, stacks.cluster_stack(plan.spec, cluster.name))


def _services_blocks(plan: RegionPlan, cluster: ClusterPlan) -> Iterator[Block]:
    """Storage and tenants of a cluster."""
    yield storage.block(plan, cluster, stacks.cluster_stack(plan.spec, cluster.name))
    for tenant_plan in plan.tenants_of(cluster.name):
        yield tenant.block(plan, tenant_plan, stacks.tenant_stack(plan.spec, cluster.name, tenant_plan.number))


def rack_groups(cluster: ClusterPlan) -> list[int]:
    """Numbers of a cluster's rack groups that have declared racks, in order."""
    return sorted({stacks.rack_group(rack.index) for rack in cluster.declared_racks}) if cluster.built else []


def stack_names(plan: RegionPlan, groups: Callable[[ClusterPlan], list[int]] = rack_groups) -> list[str]:
    """Stacks of the region in the order of a first `up`: management plane, racks, workload planes, tenants.

    Args:
        plan: the region.
        groups: rack groups of a cluster, for who plans without hosts and knows them otherwise.
    """
    names = [stacks.region_stack(plan.spec)]
    names += [stacks.management_stack(plan.spec, managing.name) for managing in plan.management]
    for cluster in plan.clusters:
        names += [stacks.rack_group_stack(plan.spec, cluster.name, group) for group in groups(cluster)]
    names += [stacks.cluster_stack(plan.spec, cluster.name) for cluster in plan.clusters]
    names += [stacks.tenant_stack(plan.spec, tenant.cluster, tenant.number) for tenant in plan.tenants]
    return list(dict.fromkeys(names))


def steps(plan: RegionPlan, names: Sequence[str]) -> list[list[str]]:
    """A region's stacks in steps that follow each other: management plane, racks, workload planes, tenants.

    Stacks of a step may go side by side. The one home of that order: both engines and the fleet follow it.
    """
    home = stacks.region_stack(plan.spec)
    hosts = {
        stacks.rack_group_stack(plan.spec, cluster.name, group)
        for cluster in plan.clusters
        for group in rack_groups(cluster)
    }
    workloads = {stacks.cluster_stack(plan.spec, cluster.name) for cluster in plan.clusters}
    managements = {stacks.management_stack(plan.spec, managing.name) for managing in plan.management} - {home}
    order = [{home}, managements, hosts - {home}, workloads - hosts - {home}]
    ordered = set().union(*order)
    return [
        step
        for step in (
            *([name for name in names if name in plane] for plane in order),
            [n for n in names if n not in ordered],
        )
        if step
    ]


def blocks_of(plan: RegionPlan, stack: str) -> list[Block]:
    """Blocks of a region that one stack declares.

    Raises:
        KeyError: the region has no such stack.
    """
    if stack not in stack_names(plan):
        raise KeyError(stack)
    return [block for block in region_blocks(plan) if block.stack == stack]


def blocks(plan: RegionPlan, stack: str | None = None) -> list[Block]:
    """What a region's components register: blocks of Kubernetes objects, in the order that a first `up` needs.

    Args:
        plan: the region, from `plan_region`.
        stack: only this one of its stacks (`stack_names`).

    Returns:
        Top-level blocks; `Block.walk` goes into those below them, `items_of` yields all objects.

    Raises:
        KeyError: the region has no such stack.
    """
    return list(region_blocks(plan)) if stack is None else blocks_of(plan, stack)
