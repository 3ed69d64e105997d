"""Which stack a thing belongs to: one for a `single` region, else a stack per plane, cluster, rack group
and group of tenants; in a `wide` region one per management cluster too.

A group of 32 racks is about 23 resources a rack (18 hosts, credentials, deployment, templates, health
check), so it stays below the budget of 1,000 resources a stack.
"""

from __future__ import annotations

from .. import spec

RACKS_PER_GROUP = 32
TENANTS_PER_GROUP = 40


def region_stack(region: spec.Region) -> str:
    """The region's own stack, its first: what all clusters share. Of a `wide` region it holds nothing but its size."""
    return region.region.name


def management_stack(region: spec.Region, management: str) -> str:
    """Stack of a management cluster and of the management plane of its clusters.

    Names of management and GPU clusters differ, so that it is no cluster's stack.
    """
    return f"{region.region.name}.{management}" if region.layout == "wide" else region_stack(region)


def cluster_stack(region: spec.Region, cluster: str) -> str:
    """Stack of a cluster's workload plane: platform, fabric, storage, tenants."""
    return region.region.name if region.layout == "single" else f"{region.region.name}.{cluster}"


def tenant_stack(region: spec.Region, cluster: str, number: int) -> str:
    """Stack of a tenant, by its number: tenants are many, and a group of 40 stays within the budget.

    Args:
        region: the region.
        cluster: cluster that the tenant lives on.
        number: number of the tenant, from 1.
    """
    group = (number - 1) // TENANTS_PER_GROUP
    return region.region.name if region.layout == "single" else f"{region.region.name}.{cluster}.t{group}"


def rack_group(rack_index: int) -> int:
    """Number of a rack's group, which decides its stack; growth never moves a rack to another group.

    >>> [rack_group(n) for n in (0, 31, 32)]
    [0, 0, 1]
    """
    return rack_index // RACKS_PER_GROUP


def rack_group_stack(region: spec.Region, cluster: str, group: int) -> str:
    """Stack of the hosts and machine deployments of a rack group."""
    return region.region.name if region.layout == "single" else f"{region.region.name}.{cluster}.{group}"
