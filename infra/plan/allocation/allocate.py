"""Gives out what the lock does not hold yet: pure, and independent of the order in the region file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from ... import spec
from ...catalog import Catalog
from ...spec.source import Path_
from .. import quantities
from ..addresses import pow2
from ..model import PoolUse
from .lock import (
    ClusterEntry,
    CoreNodesEntry,
    CoreRackEntry,
    Entry,
    Lock,
    ReleasedEntry,
    StorageEntry,
    TenantEntry,
    TenantRacksEntry,
    networks_of,
)
from .pools import AddressPool, Intervals, whole

_N = TypeVar("_N", spec.Cluster, spec.Storage, spec.Tenant)

SERVICE_ADDRESSES = 64
"""Addresses of a cluster's service network: the control-plane endpoint and its load balancers."""
TENANT_ADDRESSES = 256
STORAGE_ADDRESSES = 256
LAST_PKEY = 0x7FFE
"""0x7fff is the default partition (InfiniBand architecture specification, 10.9)."""


@dataclass(frozen=True, slots=True)
class Shortage:
    """Something that could not be given out."""

    path: Path_
    message: str
    remedy: str


class Allocator:
    """Holds the pools while a lock is completed; `missing` and `shortages` are its result."""

    def __init__(self, region: spec.Region, catalog: Catalog, lock: Lock) -> None:
        self.region = region
        self.catalog = catalog
        self._lock = lock
        self.held = lock.held()
        self.missing: list[Entry] = []
        self.shortages: list[Shortage] = []
        pools = region.addressing
        self.v6 = whole(pools.ula_v6) if pools.ula_v6 else None
        self.underlay = AddressPool("underlay_v4", pools.underlay_v4, self.v6)
        self.oob = AddressPool("oob_v4", pools.oob_v4, self.v6)
        self.asns = Intervals(pools.asn_base, pools.asn_base + pools.asn_count)
        self.vnis = Intervals(pools.vni_base, pools.vni_base + pools.vni_count)
        self.pkeys = Intervals(1, LAST_PKEY + 1)
        self.core_slots = Intervals(0, region.core.nodes)
        self.tenant_numbers = 0
        self.kept = 0
        """IPv4 addresses of the underlay that clusters still to come can't do without."""
        self.rack_slots: dict[str, Intervals] = {}
        for entries in self.held.values():
            for entry in entries:
                self._mark(entry)

    @property
    def full_lock(self) -> Lock:
        """The lock with everything that was given out appended."""
        return self._lock.model_copy(update={"entries": (*self._lock.entries, *self.missing)})

    def run(self) -> None:
        """Give out everything that is missing, kind by kind, by name: never by place in the file."""
        self._core_racks()
        new = [cluster for _, cluster in _by_name(self.region.clusters) if f"cluster/{cluster.name}" not in self.held]
        self.kept = sum(map(self._must_be_v4, new))
        for place, cluster in _by_name(self.region.clusters):
            if cluster in new:
                self.kept -= self._must_be_v4(cluster)
            self._cluster(cluster, ("clusters", place))
        for owner, count in sorted(quantities.core_nodes(self.region).items()):
            self._core_nodes(owner, count)
        for place, storage in _by_name(self.region.storage):
            self._storage(storage, ("storage", place))
        for place, tenant in _by_name(self.region.tenants):
            self._tenant(tenant, ("tenants", place))

    def pools(self) -> tuple[PoolUse, ...]:
        """How full each pool is with all that is given out so far."""
        pools = (
            ("underlay_v4", self.underlay.free_v4),
            ("oob_v4", self.oob.free_v4),
            ("AS numbers", self.asns),
            ("VNIs", self.vnis),
            ("core nodes", self.core_slots),
        )
        return tuple(PoolUse(name=name, total=pool.total, used=pool.total - pool.free) for name, pool in pools)

    def _mark(self, entry: Entry) -> None:
        for network in networks_of(entry):
            self.underlay.take(network)
            self.oob.take(network)
        if isinstance(entry, ClusterEntry):
            for stretch in (entry.host_asns, entry.switch_asns):
                if stretch is not None:
                    self.asns.take(stretch[0], stretch[1] + 1)
        elif isinstance(entry, CoreNodesEntry):
            for slot in entry.slots:
                self.core_slots.take(slot, slot + 1)
        elif isinstance(entry, TenantEntry):
            self.tenant_numbers = max(self.tenant_numbers, entry.number)
            self.vnis.take(entry.vni, entry.vni + 1)
            if entry.pkey is not None:
                self.pkeys.take(entry.pkey, entry.pkey + 1)
        elif isinstance(entry, TenantRacksEntry):
            slots = self._racks_of(entry.cluster)
            for first, last in entry.racks:
                slots.take(first, last + 1)

    def _must_be_v4(self, cluster: spec.Cluster) -> int:
        """Addresses of the blocks that a cluster can't have in IPv6."""
        if cluster.provider == "existing":
            return 0
        return pow2(quantities.of(cluster, self.catalog).node_addresses) + SERVICE_ADDRESSES

    def _racks_of(self, cluster: str) -> Intervals:
        if cluster not in self.rack_slots:
            cluster_spec = next((c for c in self.region.clusters if c.name == cluster), None)
            racks = quantities.racks(cluster_spec, self.catalog) if cluster_spec else 0
            self.rack_slots[cluster] = Intervals(0, racks)
        return self.rack_slots[cluster]

    def _give(self, entry: Entry) -> None:
        self._mark(entry)
        self.missing.append(entry)
        self.held.setdefault(entry.item, []).append(entry)

    def _short(self, path: Path_, message: str, remedy: str) -> None:
        self.shortages.append(Shortage(path, message, remedy))

    def _core_racks(self) -> None:
        core = self.region.core
        for rack, nodes in quantities.core_racks(core):
            if f"core-rack/{rack}" in self.held:
                continue
            block = self.oob.allocate(nodes + 2)
            if block is None:
                self._no_room("oob_v4", f"{nodes} BMCs of {rack}", ("core", "nodes"))
                return
            self._give(CoreRackEntry(name=rack, nodes=nodes, bmc=block))

    def _no_room(self, pool: str, what: str, path: Path_) -> None:
        given = getattr(self.region.addressing, pool)
        also = "" if self.region.addressing.ula_v6 else ", or give addressing.ula_v6 to go on in IPv6"
        self._short(path, f"addressing.{pool} {given} has no room for {what}", f"give a larger pool{also}")

    def _cluster(self, cluster: spec.Cluster, path: Path_) -> None:
        if f"cluster/{cluster.name}" in self.held:
            return
        hall = cluster.hall or self._free_hall(cluster)
        if hall is None:
            self._short(
                path,
                f"no hall has room for {quantities.describe_power(cluster, self.region, self.catalog)}",
                "lower racks, or add a hall",
            )
            return
        common = {
            "name": cluster.name,
            "number": self._next_number(),
            "hall": hall,
            "system": cluster.system,
            "fabric": quantities.fabric_id(cluster, self.catalog),
            "max_racks": quantities.max_racks(cluster, self.catalog),
            "nodes_per_rack": quantities.nodes_per_rack(cluster, self.catalog),
        }
        blocks = {} if cluster.provider == "existing" else self._blocks(cluster, path)
        if blocks is not None:
            self._give(ClusterEntry.model_validate(common | blocks))

    def _next_number(self) -> int:
        numbers = [e.number for entries in self.held.values() for e in entries if isinstance(e, ClusterEntry)]
        return max(numbers, default=0) + 1

    def _next_tenant(self) -> int:
        """One above the highest: stacks hold tenants by number, so a gap costs nothing."""
        self.tenant_numbers += 1
        return self.tenant_numbers

    def _free_hall(self, cluster: spec.Cluster) -> str | None:
        placed = {e.name: e.hall for entries in self.held.values() for e in entries if isinstance(e, ClusterEntry)} | {
            c.name: c.hall for c in self.region.clusters if c.hall
        }
        for hall in self.region.site.halls:
            inside = [c for c in self.region.clusters if placed.get(c.name) == hall.name]
            if quantities.fits(hall, [*inside, cluster], self.region, self.catalog):
                return hall.name
        return None

    def _blocks(self, cluster: spec.Cluster, path: Path_) -> dict[str, object] | None:
        need = quantities.of(cluster, self.catalog)
        wanted = (
            ("nodes", self.underlay, need.node_addresses, True),
            ("service", self.underlay, SERVICE_ADDRESSES, True),
            ("hosts", self.underlay, need.link_addresses, False),
            ("loopbacks", self.underlay, need.switches, False),
            ("bmc", self.oob, need.bmc_addresses, False),
        )
        blocks: dict[str, object] = {}
        for name, pool, addresses, v4_only in wanted:
            kept = self.kept if pool is self.underlay and not v4_only else 0
            block = pool.allocate(addresses, v4_only=v4_only, keep=kept)
            if block is None:
                what = f"{addresses:,} addresses ({name} of cluster {cluster.name} for {need.max_racks} racks)"
                self._no_room(pool.name, what, path)
                return None
            blocks[name] = block
        for name, count in (("host_asns", need.host_asns), ("switch_asns", need.switch_asns)):
            start = self.asns.first_fit(count, align=1)
            if start is None:
                message = f"addressing.asn_count has no room for {count:,} AS numbers of cluster {cluster.name}"
                self._short(path, message, "raise asn_count")
                return None
            self.asns.take(start, start + count)
            blocks[name] = (start, start + count - 1)
        return blocks

    def _core_nodes(self, owner: str, count: int) -> None:
        entries = self.held.get(f"core-nodes/{owner}", [])
        have = sum(len(e.slots) for e in entries if isinstance(e, CoreNodesEntry))
        slots: list[int] = []
        while have + len(slots) < count:
            slot = self.core_slots.first_fit(1)
            if slot is None:
                return self._short(
                    ("core", "nodes"),
                    f"{self.region.core.nodes} core nodes are too few: {quantities.describe_core(self.region)}",
                    "raise core.nodes",
                )
            self.core_slots.take(slot, slot + 1)
            slots.append(slot)
        if slots:
            self._give(CoreNodesEntry(name=owner, slots=tuple(slots)))
        return None

    def _storage(self, storage: spec.Storage, path: Path_) -> None:
        if f"storage/{storage.name}" in self.held:
            return
        block = self.underlay.allocate(STORAGE_ADDRESSES, v6_prefix=64)
        if block is None:
            self._no_room("underlay_v4", f"{STORAGE_ADDRESSES} addresses of storage {storage.name}", path)
            return
        self._give(StorageEntry(name=storage.name, network=block))

    def _tenant(self, tenant: spec.Tenant, path: Path_) -> None:
        if f"tenant/{tenant.name}" not in self.held and not self._tenant_numbers(tenant, path):
            return
        if tenant.isolation == "dedicated-nodes":
            self._tenant_racks(tenant, (*path, "racks"))

    def _tenant_numbers(self, tenant: spec.Tenant, path: Path_) -> bool:
        vni = self.vnis.first_fit(1)
        if vni is None:
            self._short(path, f"addressing.vni_count has no VNI left for tenant {tenant.name}", "raise vni_count")
            return False
        pkey = self.pkeys.first_fit(1) if quantities.on_infiniband(tenant, self.region, self.catalog) else None
        network = self.underlay.allocate(TENANT_ADDRESSES, v6_prefix=64)
        if network is None:
            self._no_room("underlay_v4", f"{TENANT_ADDRESSES} addresses of tenant {tenant.name}", path)
            return False
        number = self._next_tenant()
        entry = TenantEntry(
            name=tenant.name, number=number, cluster=tenant.cluster, vni=vni, pkey=pkey, network=network
        )
        self._give(entry)
        return True

    def _tenant_racks(self, tenant: spec.Tenant, path: Path_) -> None:
        entries = self.held.get(f"tenant-racks/{tenant.name}", [])
        have = sum(e.count for e in entries if isinstance(e, TenantRacksEntry))
        want = (tenant.racks or 0) - have
        if want <= 0:
            return
        stretches = self._stretches(self._racks_of(tenant.cluster), want)
        if stretches is None:
            message = f"cluster {tenant.cluster} has too few free racks for {want} more of tenant {tenant.name}"
            self._short(path, message, "lower racks here, or raise the cluster's racks")
            return
        self._give(TenantRacksEntry(name=tenant.name, cluster=tenant.cluster, racks=tuple(stretches)))

    @staticmethod
    def _stretches(free: Intervals, want: int) -> list[tuple[int, int]] | None:
        """One stretch where there is one, since neighbours share leafs; else the lowest free racks."""
        if free.free < want:
            return None
        whole = free.first_fit(want, align=1)
        if whole is not None:
            return [(whole, whole + want - 1)]
        stretches: list[tuple[int, int]] = []
        while want:
            start = free.first_fit(1)
            if start is None:
                return None
            free.take(start, start + 1)
            want -= 1
            if stretches and stretches[-1][1] == start - 1:
                stretches[-1] = (stretches[-1][0], start)
            else:
                stretches.append((start, start))
        return stretches


def _by_name(items: Sequence[_N]) -> list[tuple[int, _N]]:
    """Items with their place in the file, by name: what is given out must not depend on the place."""
    return sorted(enumerate(items), key=lambda pair: pair[1].name)


def complete(region: spec.Region, catalog: Catalog, lock: Lock) -> tuple[Lock, list[Entry], list[Shortage]]:
    """The lock with everything that the region still needs given out and appended.

    Returns:
        The completed lock, the entries that were missing, and what could not be given out.
    """
    allocator = Allocator(region, catalog, lock)
    allocator.run()
    return allocator.full_lock, allocator.missing, allocator.shortages


def retired(region: spec.Region, lock: Lock) -> list[str]:
    """Items whose numbers are held though the region file names them no more, sorted."""
    owners = quantities.core_nodes(region)
    racks = {rack for rack, _ in quantities.core_racks(region.core)}
    alive = (
        {f"cluster/{c.name}" for c in region.clusters}
        | {f"storage/{s.name}" for s in region.storage}
        | {f"tenant/{t.name}" for t in region.tenants}
        | {f"tenant-racks/{t.name}" for t in region.tenants if t.isolation == "dedicated-nodes"}
        | {f"core-nodes/{owner}" for owner in owners}
        | {f"core-rack/{rack}" for rack in racks}
    )
    return sorted(item for item in lock.held() if item not in alive)


def release(lock: Lock, items: Iterable[str]) -> Lock:
    """The lock with items released, so that their numbers may be used again."""
    return lock.model_copy(update={"entries": (*lock.entries, *(ReleasedEntry(name=item) for item in items))})
