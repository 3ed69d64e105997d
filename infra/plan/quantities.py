"""How much of everything a region asks for, before anything is given out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .. import spec
from ..catalog import Catalog, SystemEntry
from .addresses import pow2
from .links import links_per_host
from .model import TenantQuota
from .sizing.fabric import FabricSize, size_fabric

CORE = "core"
"""What racks of core nodes are named after; no cluster may bear the name."""
MANAGEMENT_NODES = 3
"""Core nodes of a management cluster: the smallest number that keeps an etcd quorum after a loss."""
POWER_SHELVES = 8
"""Power shelves of an NVL72 rack with a management address each (DSX facts, rack bill of materials)."""
SYSTEM_SHARE = 0.1
"""Share of a node's CPU and memory that stays for the system and the platform's own pods (assumption)."""
GPU_NODE_DISK_GIB = 800
"""Local disk of a GPU node that pods may fill, in GiB (assumption: the mirrored drives that a DGX B200 boots from hold
1.92 TB by its user guide; images, logs and the system keep half)."""
RESERVED_NODE_ADDRESSES = 16
"""First addresses of a node network: gateway, route servers, provisioning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterDemand:
    """Numbers that a cluster built from bare metal needs, for `max_racks`."""

    max_racks: int
    node_addresses: int
    link_addresses: int
    """Host links: each rack's rounded up to a power of two, so that a rack's block follows from its number."""
    bmc_addresses: int
    switches: int
    host_asns: int
    switch_asns: int


def nodes_per_rack(cluster: spec.Cluster, catalog: Catalog) -> int:
    """Nodes in one rack of a cluster: the file's, else the catalogue's."""
    return cluster.nodes_per_rack or catalog.system(cluster.system).nodes_per_rack_default


def racks(cluster: spec.Cluster, catalog: Catalog) -> int:
    """Racks of a cluster; the last one may be filled in part where the file gives nodes."""
    if cluster.racks is not None:
        return cluster.racks
    return -(-(cluster.nodes or 0) // nodes_per_rack(cluster, catalog))


def nodes(cluster: spec.Cluster, catalog: Catalog) -> int:
    """Nodes that a cluster of the region file asks for."""
    return cluster.nodes or racks(cluster, catalog) * nodes_per_rack(cluster, catalog)


def max_racks(cluster: spec.Cluster, catalog: Catalog) -> int:
    """Racks that fabric and addresses of a cluster are sized for."""
    return cluster.max_racks or racks(cluster, catalog)


def fabric_id(cluster: spec.Cluster, catalog: Catalog) -> str | None:
    """Compute fabric of a cluster: the file's, else the system's default; None for an adopted one that names none."""
    if cluster.fabric is not None:
        return cluster.fabric
    return None if cluster.provider == "existing" else catalog.system(cluster.system).default_fabric


def rack_kw(cluster: spec.Cluster, catalog: Catalog) -> float | None:
    """Planning power of a rack in kW: the file's, else the catalogue's; None where that is unknown."""
    return cluster.rack_kw or catalog.system(cluster.system).rack_kw(nodes_per_rack(cluster, catalog))


def fabric_core_share(region: spec.Region, catalog: Catalog) -> float:
    """Power of switches and core nodes as a share of the racks': the file's, else the catalogue's."""
    given = region.site.power.fabric_core_share
    return (catalog.fabric_core_share.value or 0.0) if given is None else given


def cluster_kw(cluster: spec.Cluster, region: spec.Region, catalog: Catalog) -> float:
    """IT power of a cluster with its share of fabric and core, in kW; 0 where the rack figure is unknown."""
    share = fabric_core_share(region, catalog)
    return racks(cluster, catalog) * (rack_kw(cluster, catalog) or 0.0) * (1 + share)


def describe_power(cluster: spec.Cluster, region: spec.Region, catalog: Catalog) -> str:
    """A cluster's power in words, for messages."""
    share = fabric_core_share(region, catalog)
    return (
        f"{racks(cluster, catalog)} racks x {rack_kw(cluster, catalog):g} kW + {share:.1%} fabric and core "
        f"= {cluster_kw(cluster, region, catalog):,.0f} kW"
    )


def fits(hall: spec.Hall, clusters: Sequence[spec.Cluster], region: spec.Region, catalog: Catalog) -> bool:
    """Whether a hall can hold these clusters, by power, positions, rack size and cooling."""
    kw = sum(cluster_kw(cluster, region, catalog) for cluster in clusters)
    count = core_racks_in(hall, region) + sum(racks(cluster, catalog) for cluster in clusters)
    return (
        kw <= hall.max_it_mw * 1000
        and (hall.max_racks is None or count <= hall.max_racks)
        and all((rack_kw(c, catalog) or 0) <= (hall.max_rack_kw or float("inf")) for c in clusters)
        and all(catalog.system(c.system).cooling in hall.cooling for c in clusters)
    )


def fabric_size(cluster: spec.Cluster, catalog: Catalog) -> FabricSize | None:
    """Switches and cables of a cluster's compute fabric, for `max_racks`; whole scalable units are built."""
    fabric = fabric_id(cluster, catalog)
    if fabric is None:
        return None
    per_unit = nodes_per_unit(cluster, catalog)
    if per_unit is None:
        return None
    most = max_racks(cluster, catalog) * nodes_per_rack(cluster, catalog)
    return size_fabric(cluster.system, -(-most // per_unit), fabric=fabric)


def nodes_per_unit(cluster: spec.Cluster, catalog: Catalog) -> int | None:
    """Nodes of one scalable unit, as published for the cluster's system and fabric; None where none is published."""
    return catalog.system(cluster.system).unit_nodes(fabric_id(cluster, catalog))


def of(cluster: spec.Cluster, catalog: Catalog) -> ClusterDemand:
    """Racks, addresses, switches and AS numbers that a cluster built from bare metal asks for."""
    system = catalog.system(cluster.system)
    fabric = fabric_id(cluster, catalog)
    most, per_rack = max_racks(cluster, catalog), nodes_per_rack(cluster, catalog)
    links = links_per_host(system, catalog.fabric(fabric) if fabric else None)
    dpus = max(1, system.dpus_per_node)
    bmcs = per_rack * (1 + 2 * dpus) + (system.nvlink_switch_trays + POWER_SHELVES if system.rack_scale else 0)
    size = fabric_size(cluster, catalog)
    switches = size.leaf + size.spine + size.core if size else 0
    return ClusterDemand(
        max_racks=most,
        node_addresses=RESERVED_NODE_ADDRESSES + cluster.control_plane.replicas + most * per_rack + 1,
        link_addresses=pow2(most) * pow2(per_rack * links * 2),
        bmc_addresses=pow2(most) * pow2(bmcs + 2),
        switches=max(1, switches),
        host_asns=most * per_rack * dpus,
        switch_asns=(size.leaf if size else 0) + 2,
    )


def rack_name(owner: str, index: int) -> str:
    """Name of a rack of a cluster or of core nodes; the width is fixed so that growth renames nothing.

    >>> rack_name("train-a", 0)
    'train-a-r0001'
    """
    return f"{owner}-r{index + 1:04d}"


def core_racks(core: spec.Core) -> Iterator[tuple[str, int]]:
    """Racks of core nodes that the region file asks for: name and nodes when full."""
    for number in range(-(-core.nodes // core.nodes_per_rack)):
        yield rack_name(CORE, number), core.nodes_per_rack


def core_racks_in(hall: spec.Hall, region: spec.Region) -> int:
    """Positions of a hall that racks of core nodes take; they stand in the first hall where the file names none."""
    if hall.name != (region.core.hall or region.site.halls[0].name):
        return 0
    return -(-region.core.nodes // region.core.nodes_per_rack)


def core_nodes(region: spec.Region) -> dict[str, int]:
    """Core nodes that each owner needs: management clusters, control planes, storage."""
    need = {f"management/{m.name}": MANAGEMENT_NODES for m in managements(region) if m.provider == "install"}
    need |= {f"cluster/{c.name}": c.control_plane.replicas for c in region.clusters if c.provider != "existing"}
    return need | {f"storage/{s.name}": s.nodes for s in region.storage if s.nodes}


def describe_core(region: spec.Region) -> str:
    """Who needs how many core nodes, in words."""
    need = core_nodes(region)
    parts = ", ".join(f"{count} for {owner}" for owner, count in sorted(need.items()))
    return f"{sum(need.values())} are needed ({parts})"


def managements(region: spec.Region) -> tuple[spec.Management, ...]:
    """Management clusters of the region file; the default one where it names none."""
    if region.management:
        return region.management
    access = spec.Access(context=f"{region.region.name}-management")
    return (spec.Management(access=access),)


def on_infiniband(tenant: spec.Tenant, region: spec.Region, catalog: Catalog) -> bool:
    """Whether a tenant's cluster has an InfiniBand compute fabric, which keeps tenants apart by P_Key."""
    cluster = next((c for c in region.clusters if c.name == tenant.cluster), None)
    fabric = fabric_id(cluster, catalog) if cluster else None
    return fabric is not None and catalog.fabric(fabric).kind == "infiniband"


def tenant_quota(tenant: spec.Tenant, gpus: int, system: SystemEntry) -> TenantQuota:
    """What a tenant may use at once: GPUs, CPU, memory, local disk, pods, load balancers.

    CPU, memory and disk follow its share of the nodes' GPUs where the region file gives none; of CPU and memory the
    system keeps a part.

    Args:
        tenant: the tenant.
        gpus: GPUs that it may use.
        system: system of its cluster.
    """
    share = gpus / system.gpus_per_node * (1 - SYSTEM_SHARE)
    given = tenant.quota
    return TenantQuota(
        gpus=gpus,
        cpu=given.cpu or max(1, int(share * system.cpu)),
        memory_gib=given.memory_gib or max(1, int(share * system.memory_gib)),
        ephemeral_gib=given.ephemeral_gib or max(1, int(gpus / system.gpus_per_node * GPU_NODE_DISK_GIB)),
        pods=given.pods,
        load_balancers=given.load_balancers,
    )
