"""plan(): from a region, the catalogue, its lock and its inventory to a RegionPlan. Pure."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import TypeVar

from pydantic import BaseModel

from .. import spec
from ..catalog import Catalog
from ..spec.inventory import Inventory, Row
from . import hosts, power, quantities, storage
from .addresses import IPNetwork, pow2
from .allocation.allocate import Allocator
from .allocation.lock import (
    ClusterEntry,
    CoreNodesEntry,
    CoreRackEntry,
    Entry,
    Lock,
    StorageEntry,
    TenantEntry,
    TenantRacksEntry,
)
from .model import (
    ClusterPlan,
    Host,
    HostNetworks,
    ManagementPlan,
    PoolUse,
    Rack,
    RegionPlan,
    ServiceUse,
    StoragePlan,
    TenantPlan,
    kubeconfig_secret,
)

_E = TypeVar("_E", bound=BaseModel)


def plan(
    region: spec.Region,
    catalog: Catalog,
    lock: Lock,
    inventory: Inventory | None,
    pools: tuple[PoolUse, ...] | None = None,
) -> RegionPlan:
    """The RegionPlan of a region, from its file, the catalogue, its lock and its inventory.

    Args:
        region: a region that passed `check`.
        catalog: figures and charts.
        lock: allocations, complete for this region.
        inventory: hosts that exist; None plans all racks and declares none, unless the region asks for a sample.
        pools: how full the pools are, where that is known from giving numbers out, or asked by nobody; else counted.

    Raises:
        InputError: inventory rows that fit no planned rack.
        KeyError: the lock lacks an item (complete it first).
    """
    if pools is None:
        pools = Allocator(region, catalog, lock).pools()
    return _Planner(region, catalog, lock, inventory).run(pools)


def rack_spaces(region: spec.Region, catalog: Catalog, lock: Lock) -> list[hosts.RackSpace]:
    """Every rack that hosts can be listed for: core racks, then racks of clusters built from bare metal."""
    held = lock.held()
    spaces: list[hosts.RackSpace] = []
    left = region.core.nodes
    for number, (rack, nodes) in enumerate(quantities.core_racks(region.core)):
        block = _entry(held, f"core-rack/{rack}", CoreRackEntry).bmc
        spaces.append(hosts.RackSpace(rack, min(nodes, left), block, int(block.network_address) + 1, number))
        left -= nodes
    for cluster in region.clusters:
        if cluster.provider != "existing":
            spaces += _cluster_spaces(cluster, catalog, _entry(held, f"cluster/{cluster.name}", ClusterEntry))
    return spaces


def _cluster_spaces(cluster: spec.Cluster, catalog: Catalog, entry: ClusterEntry) -> list[hosts.RackSpace]:
    if entry.bmc is None:
        return []
    total, per_rack = quantities.nodes(cluster, catalog), quantities.nodes_per_rack(cluster, catalog)
    size = entry.bmc.num_addresses // pow2(entry.max_racks)
    base = int(entry.bmc.network_address)
    return [
        hosts.RackSpace(
            quantities.rack_name(cluster.name, index),
            min(per_rack, total - index * per_rack),
            entry.bmc,
            base + index * size + 1,
            entry.number << 14 | index,
            max(1, catalog.system(cluster.system).height_u),
        )
        for index in range(quantities.racks(cluster, catalog))
    ]


def region_number(region: spec.Region) -> int:
    """A number from 0 to 255 that tells samples of regions apart."""
    return zlib.crc32(region.region.name.encode()) & 0xFF


def sample_rows(region: spec.Region, catalog: Catalog, lock: Lock) -> list[Row]:
    """A marked sample inventory of every planned rack, with made-up hosts."""
    return list(hosts.sample(rack_spaces(region, catalog, lock), region_number(region)))


class _Planner:
    def __init__(self, region: spec.Region, catalog: Catalog, lock: Lock, inventory: Inventory | None) -> None:
        self.catalog = catalog
        self.held = lock.held()
        self.region = _settled(region, self.held)
        self.inventory = inventory
        self.hosts = self._hosts(lock)
        self.rack_owners = self._rack_owners()
        self.clusters = {cluster.name: cluster for cluster in self.region.clusters}
        self.gpus = {
            c.name: quantities.nodes(c, catalog) * catalog.system(c.system).gpus_per_node for c in region.clusters
        }

    def run(self, pools: tuple[PoolUse, ...]) -> RegionPlan:
        clusters = tuple(self._cluster(cluster) for cluster in self.region.clusters)
        tenants = tuple(self._tenant(tenant) for tenant in self.region.tenants)
        return RegionPlan(
            spec=self.region,
            management=self._managements(),
            clusters=clusters,
            storage=tuple(self._storage(storage_spec) for storage_spec in self.region.storage),
            tenants=tenants,
            power=power.site(self.region, self.catalog, {c.name: c.hall for c in clusters}),
            pools=pools,
            charts=self.catalog.charts,
            sample_inventory=self.inventory is not None and self.inventory.is_sample,
            notices=self._notices(clusters),
        )

    def _hosts(self, lock: Lock) -> Mapping[str, tuple[Host, ...]]:
        """Hosts by rack, those of a marked sample where the region asks for one."""
        if self.inventory is None and self.region.inventory != "sample":
            return {}
        spaces = rack_spaces(self.region, self.catalog, lock)
        if self.inventory is None:
            rows = tuple(hosts.sample(spaces, region_number(self.region)))
            self.inventory = Inventory("sample inventory", rows)
        pools = self.region.addressing
        oob: list[IPNetwork] = [pools.oob_v4]
        if pools.ula_v6:
            oob.append(pools.ula_v6)
        return hosts.place(self.inventory, spaces, oob)

    def _cluster(self, cluster: spec.Cluster) -> ClusterPlan:
        catalog = self.catalog
        entry = _entry(self.held, f"cluster/{cluster.name}", ClusterEntry)
        system = catalog.system(cluster.system)
        fabric = quantities.fabric_id(cluster, catalog)
        rack_kw = quantities.rack_kw(cluster, catalog)
        if rack_kw is None:
            raise KeyError(f"rack_kw of cluster {cluster.name}")
        secret = spec.Access(capi_secret=kubeconfig_secret(cluster.name))
        return ClusterPlan(
            name=cluster.name,
            number=entry.number,
            spec=cluster,
            system=system,
            fabric=catalog.fabric(fabric) if fabric else None,
            fabric_size=quantities.fabric_size(cluster, catalog),
            hall=cluster.hall or entry.hall,
            management=cluster.management or quantities.managements(self.region)[0].name,
            access=cluster.access or secret,
            kubernetes=cluster.kubernetes or catalog.kubernetes_default,
            nodes=quantities.nodes(cluster, catalog),
            gpus=self.gpus[cluster.name],
            max_racks=entry.max_racks,
            nodes_per_rack=entry.nodes_per_rack,
            rack_kw=rack_kw,
            power_profile=cluster.power_profile or self.region.energy.power_profile,
            racks=self._racks(cluster, entry),
            core_hosts=self._core_hosts(f"cluster/{cluster.name}"),
            networks=_networks(entry),
            pods=self.region.addressing.pods_v4,
            services=self.region.addressing.cluster_services_v4,
        )

    def _rack_owners(self) -> dict[str, dict[int, str]]:
        """Tenants with racks of their own by cluster and rack."""
        owners: dict[str, dict[int, str]] = {}
        for tenant in self.region.tenants:
            for index in self._tenant_indices(tenant) if tenant.racks else ():
                owners.setdefault(tenant.cluster, {})[index] = tenant.name
        return owners

    def _racks(self, cluster: spec.Cluster, entry: ClusterEntry) -> tuple[Rack, ...]:
        tenants = self.rack_owners.get(cluster.name, {})
        total, per_rack = quantities.nodes(cluster, self.catalog), entry.nodes_per_rack
        per_unit = quantities.nodes_per_unit(cluster, self.catalog) or total
        names = (quantities.rack_name(cluster.name, index) for index in range(quantities.racks(cluster, self.catalog)))
        return tuple(
            Rack(
                name=name,
                index=index,
                nodes=min(per_rack, total - index * per_rack),
                scalable_unit=index * per_rack // per_unit,
                tenant=tenants.get(index),
                hosts=self.hosts.get(name, ()),
            )
            for index, name in enumerate(names)
        )

    def _tenant_indices(self, tenant: spec.Tenant) -> list[int]:
        entries = self.held.get(f"tenant-racks/{tenant.name}", [])
        indices = [index for entry in entries if isinstance(entry, TenantRacksEntry) for index in entry.indices]
        return indices[: tenant.racks or 0]

    def _core_hosts(self, owner: str) -> tuple[Host, ...]:
        entries = self.held.get(f"core-nodes/{owner}", [])
        slots = [slot for entry in entries if isinstance(entry, CoreNodesEntry) for slot in entry.slots]
        per_rack = self.region.core.nodes_per_rack
        core_hosts: list[Host] = []
        for slot in slots[: quantities.core_nodes(self.region).get(owner, 0)]:
            rack = self.hosts.get(quantities.rack_name(quantities.CORE, slot // per_rack), ())
            core_hosts += [host for host in rack if host.slot == slot % per_rack]
        return tuple(core_hosts)

    def _managements(self) -> tuple[ManagementPlan, ...]:
        managements = quantities.managements(self.region)
        owner = {c.name: c.management or managements[0].name for c in self.region.clusters}
        most = {
            c.name: quantities.max_racks(c, self.catalog) * quantities.nodes_per_rack(c, self.catalog)
            + c.control_plane.replicas
            for c in self.region.clusters
            if c.provider != "existing"
        }
        return tuple(
            ManagementPlan(
                name=m.name,
                spec=m,
                clusters=tuple(c.name for c in self.region.clusters if owner[c.name] == m.name),
                hosts=sum(count for name, count in most.items() if owner[name] == m.name),
            )
            for m in managements
        )

    def _storage(self, storage_spec: spec.Storage) -> StoragePlan:
        clusters = storage_spec.used_by or tuple(cluster.name for cluster in self.region.clusters)
        read, write, source = storage.throughput(storage_spec, sum(self.gpus[name] for name in clusters), self.catalog)
        return StoragePlan(
            name=storage_spec.name,
            spec=storage_spec,
            network=_entry(self.held, f"storage/{storage_spec.name}", StorageEntry).network,
            clusters=clusters,
            read_gbps=read,
            write_gbps=write,
            guideline=source,
        )

    def _tenant(self, tenant: spec.Tenant) -> TenantPlan:
        entry = _entry(self.held, f"tenant/{tenant.name}", TenantEntry)
        indices = self._tenant_indices(tenant)
        cluster = self.clusters[tenant.cluster]
        per_rack = quantities.nodes_per_rack(cluster, self.catalog)
        total = quantities.nodes(cluster, self.catalog)
        nodes = sum(min(per_rack, total - index * per_rack) for index in indices)
        system = self.catalog.system(cluster.system)
        gpus = tenant.gpus or nodes * system.gpus_per_node
        return TenantPlan(
            name=tenant.name,
            number=entry.number,
            spec=tenant,
            cluster=tenant.cluster,
            vni=entry.vni,
            pkey=entry.pkey,
            network=entry.network,
            racks=tuple(quantities.rack_name(tenant.cluster, index) for index in sorted(indices)),
            gpus=gpus,
            quota=quantities.tenant_quota(tenant, gpus, system),
            services=tuple(self._service(name) for name in tenant.services),
        )

    def _service(self, name: str) -> ServiceUse:
        own = next((service for service in self.region.services if service.name == name), None)
        profile = self.catalog.service(own.profile if own else name)
        priority = profile.priority if own is None or own.priority is None else own.priority
        return ServiceUse(name=name, profile=profile, priority=priority)

    def _notices(self, clusters: Sequence[ClusterPlan]) -> tuple[str, ...]:
        notices: list[str] = []
        if self.inventory is not None and self.inventory.is_sample:
            notices.append("the inventory is a sample: nothing of it is applied outside a sandbox")
        for cluster in clusters:
            missing = len(cluster.racks) - len(cluster.declared_racks)
            if cluster.built and missing:
                of = f"{missing} of {len(cluster.racks)} racks of {cluster.name}"
                notices.append(f"{of} have no inventory: planned, not declared")
            planned = cluster.spec.control_plane.replicas
            if cluster.built and len(cluster.core_hosts) < planned:
                notices.append(
                    f"{len(cluster.core_hosts)} of {planned} control-plane hosts of {cluster.name} are in the inventory"
                )
        notices += [
            f"the {storage_spec.nodes} core nodes of storage {storage_spec.name} are planned, not declared: "
            f"join them to its cluster and label them ai-factory.dev/storage={storage_spec.name}"
            for storage_spec in self.region.storage
            if storage_spec.nodes is not None
        ]
        return tuple(notices)


def _settled(region: spec.Region, held: Mapping[str, list[Entry]]) -> spec.Region:
    """The region with `max_racks` as allocated where the file leaves it out."""
    clusters = tuple(
        cluster.model_copy(update={"max_racks": _entry(held, f"cluster/{cluster.name}", ClusterEntry).max_racks})
        for cluster in region.clusters
    )
    return region.model_copy(update={"clusters": clusters})


def _networks(entry: ClusterEntry) -> HostNetworks | None:
    if (
        entry.hosts is None
        or entry.bmc is None
        or entry.nodes is None
        or entry.loopbacks is None
        or entry.service is None
        or entry.host_asns is None
        or entry.switch_asns is None
    ):
        return None
    return HostNetworks(
        hosts=entry.hosts,
        bmc=entry.bmc,
        nodes=entry.nodes,
        loopbacks=entry.loopbacks,
        service=entry.service,
        host_asns=range(entry.host_asns[0], entry.host_asns[1] + 1),
        switch_asns=range(entry.switch_asns[0], entry.switch_asns[1] + 1),
    )


def _entry(held: Mapping[str, list[Entry]], item: str, kind: type[_E]) -> _E:
    for entry in held.get(item, []):
        if isinstance(entry, kind):
            return entry
    raise KeyError(item)
