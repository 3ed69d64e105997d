"""Where a region file contradicts what was given out, and locks that were edited or merged badly. Pure."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from ... import spec
from ...catalog import Catalog
from ...spec.problems import Problem
from ...spec.source import Document, Path_
from .. import quantities
from ..addresses import IPNetwork
from .lock import ClusterEntry, CoreNodesEntry, CoreRackEntry, Entry, Lock, TenantEntry, TenantRacksEntry, networks_of

_GROWING = ("core-nodes", "tenant-racks")
"""Kinds of which an item may have several entries: growth appends one."""
_CONTRADICTED, _GIVEN_OUT, _DAMAGED = "lock-contradicted", "lock-given-out", "lock-damaged"
"""Rules of the gate: fixed when allocated; still in use by others; the lock contradicts itself."""
_RESTORE = "restore the lock from version control, then run `aifactory allocate`"


@dataclass(frozen=True, kw_only=True)
class LockedRegion:
    """A region, its lock, and the names that messages give them. What is in force is looked up once for all checks."""

    region: spec.Region
    catalog: Catalog
    document: Document
    """The region file."""
    lock: Lock
    lock_file: str

    @functools.cached_property
    def in_force(self) -> dict[str, list[Entry]]:
        """Entries in force by item."""
        return self.lock.held()

    @functools.cached_property
    def numbered(self) -> list[tuple[int, Entry]]:
        """Entries in force with their place in the lock."""
        in_force = {id(entry) for entries in self.in_force.values() for entry in entries}
        return [(number, entry) for number, entry in enumerate(self.lock.entries) if id(entry) in in_force]

    def problem(self, path: Path_, message: str, remedy: str, rule: str = "") -> Problem:
        """A fault at a path of the region file, and the gate's rule that it breaks."""
        return self.document.problem(path, message, remedy=remedy, rule=rule)

    def fault(self, number: int, message: str, remedy: str = _RESTORE, rule: str = "") -> Problem:
        """A fault at an entry of the lock, and the gate's rule that it breaks."""
        return Problem(file=self.lock_file, path=f"entries[{number}]", message=message, remedy=remedy, rule=rule)


def problems(locked: LockedRegion) -> list[Problem]:
    """All contradictions between a region file and its lock, and all faults of the lock itself."""
    return [
        problem
        for check in (_clusters, _tenants, _core, _repeated, _outside, _numbers_outside, _given_twice)
        for problem in check(locked)
    ]


def _clusters(locked: LockedRegion) -> Iterator[Problem]:
    for index, cluster in enumerate(locked.region.clusters):
        for entry in locked.in_force.get(f"cluster/{cluster.name}", []):
            if isinstance(entry, ClusterEntry):
                yield from _fixed(locked, ("clusters", index), cluster, entry)
                yield from _place(locked, ("clusters", index), cluster, entry)


def _fixed(locked: LockedRegion, path: Path_, cluster: spec.Cluster, entry: ClusterEntry) -> Iterator[Problem]:
    """What racks are cabled and addressed for."""
    catalog = locked.catalog
    wanted = {
        "system": cluster.system,
        "fabric": quantities.fabric_id(cluster, catalog),
        "max_racks": quantities.max_racks(cluster, catalog) if cluster.max_racks else entry.max_racks,
        "nodes_per_rack": quantities.nodes_per_rack(cluster, catalog),
        "hall": cluster.hall or entry.hall,
    }
    for key, value in wanted.items():
        was = getattr(entry, key)
        if was != value:
            message = f"{was} is allocated, {value} is given: racks are cabled and addressed for {was}"
            remedy = f"set it back, add a cluster, or release cluster/{cluster.name} (which renumbers it)"
            yield locked.problem((*path, key), message, remedy, rule=_CONTRADICTED)
    racks = quantities.racks(cluster, catalog)
    if racks > entry.max_racks:
        message = f"{racks} racks exceed the {entry.max_racks} that fabric and addresses were allocated for"
        yield locked.problem((*path, "racks"), message, "add another cluster", rule=_CONTRADICTED)


def _place(locked: LockedRegion, path: Path_, cluster: spec.Cluster, entry: ClusterEntry) -> Iterator[Problem]:
    halls = [hall.name for hall in locked.region.site.halls]
    if cluster.hall is None and entry.hall not in halls:
        message = f"{cluster.name} stands in hall {entry.hall}, which the file names no more"
        remedy = f"add the hall again (known: {', '.join(halls)})"
        yield locked.problem((*path, "hall"), message, remedy, rule=_CONTRADICTED)
    adopted = cluster.provider == "existing"
    if adopted != (entry.hosts is None):
        message = f"{cluster.name} was allocated as {'one to build' if adopted else 'an adopted cluster'}"
        remedy = f"set it back, or remove it, release cluster/{cluster.name}, and add it anew"
        yield locked.problem((*path, "provider"), message, remedy, rule=_CONTRADICTED)


def _tenants(locked: LockedRegion) -> Iterator[Problem]:
    in_force = locked.in_force
    places = {cluster.name: (index, cluster) for index, cluster in enumerate(locked.region.clusters)}
    for index, tenant in enumerate(locked.region.tenants):
        entries = [*in_force.get(f"tenant/{tenant.name}", []), *in_force.get(f"tenant-racks/{tenant.name}", [])]
        placed = [entry for entry in entries if isinstance(entry, TenantEntry | TenantRacksEntry)]
        elsewhere = [entry for entry in placed if entry.cluster != tenant.cluster]
        for entry in elsewhere[:1]:
            message = f"the lock places {tenant.name} on {entry.cluster}, the file on {tenant.cluster}"
            items = " and ".join(dict.fromkeys(entry.item for entry in elsewhere))
            remedy = f"moving loses its racks and numbers: remove it, release {items}, and add it anew, or rename it"
            yield locked.problem(("tenants", index, "cluster"), message, remedy, rule=_CONTRADICTED)
        if tenant.isolation == "dedicated-nodes" and not elsewhere:
            yield from _racks_gone(locked, tenant, entries, *places[tenant.cluster])


def _racks_gone(
    locked: LockedRegion, tenant: spec.Tenant, entries: list[Entry], index: int, cluster: spec.Cluster
) -> Iterator[Problem]:
    indices = (rack for entry in entries if isinstance(entry, TenantRacksEntry) for rack in entry.indices)
    needed = max(itertools.islice(indices, tenant.racks or 0), default=-1) + 1
    racks = quantities.racks(cluster, locked.catalog)
    if needed > racks:
        message = f"{racks} racks leave out rack {needed}, which is dedicated to tenant {tenant.name}"
        path = ("clusters", index, "racks" if cluster.racks else "nodes")
        remedy = f"keep {needed} racks, or remove the tenant and release its racks"
        yield locked.problem(path, message, remedy, rule=_GIVEN_OUT)


def _core(locked: LockedRegion) -> Iterator[Problem]:
    core = locked.region.core
    entries = [entry for item_entries in locked.in_force.values() for entry in item_entries]
    cabled = next((e.nodes for e in entries if isinstance(e, CoreRackEntry) and e.nodes != core.nodes_per_rack), None)
    if cabled is not None:
        message = f"{cabled} is allocated, {core.nodes_per_rack} is given: core racks are addressed for {cabled}"
        yield locked.problem(("core", "nodes_per_rack"), message, "set it back", rule=_CONTRADICTED)
    owners = quantities.core_nodes(locked.region)
    slots = [slot for e in entries if isinstance(e, CoreNodesEntry) and e.name in owners for slot in e.slots]
    needed = max(slots, default=-1) + 1
    if needed > core.nodes:
        message = f"{core.nodes} core nodes leave out node {needed}, which is given out"
        yield locked.problem(("core", "nodes"), message, f"keep {needed}", rule=_GIVEN_OUT)


def _repeated(locked: LockedRegion) -> Iterator[Problem]:
    seen: set[str] = set()
    for number, entry in locked.numbered:
        if entry.item in seen and entry.kind not in _GROWING:
            yield locked.fault(number, f"{entry.item} is given out twice", rule=_DAMAGED)
        seen.add(entry.item)


def _outside(locked: LockedRegion) -> Iterator[Problem]:
    given = locked.region.addressing
    pools = [_stretch(pool) for pool in (given.underlay_v4, given.oob_v4, given.ula_v6) if pool is not None]
    for number, entry in locked.numbered:
        for block in networks_of(entry):
            version, start, stop = _stretch(block)
            if not any(version == of and low <= start and stop <= high for of, low, high in pools):
                message = f"{block} of {entry.item} lies outside the region's address pools"
                remedy = "widen addressing to hold what is allocated"
                yield locked.fault(number, message, remedy, rule=_CONTRADICTED)


def _numbers_outside(locked: LockedRegion) -> Iterator[Problem]:
    pools = locked.region.addressing
    ends = {"AS numbers": ("asn", pools.asn_base, pools.asn_count), "VNI": ("vni", pools.vni_base, pools.vni_count)}
    for number, entry in locked.numbered:
        for space, start, stop, shown in _claims(entry):
            pool, first, count = ends.get(space, ("", 0, 0))
            if pool and not (first <= start and stop <= first + count):
                message = f"{space} {shown} of {entry.item} lie outside {pool}_base and {pool}_count of the region"
                yield locked.fault(number, message, "widen addressing to hold what is allocated", rule=_CONTRADICTED)


def _given_twice(locked: LockedRegion) -> Iterator[Problem]:
    claims = sorted(
        (space, start, stop, number, entry.item, shown)
        for number, entry in locked.numbered
        for space, start, stop, shown in _claims(entry)
    )
    last_space, last_stop, last_item = "", 0, ""
    for space, start, stop, number, item, shown in claims:
        if space == last_space and start < last_stop:
            yield locked.fault(number, f"{space} {shown} of {item} overlaps with {last_item}", rule=_DAMAGED)
        if space != last_space or stop > last_stop:
            last_space, last_stop, last_item = space, stop, item


def _claims(entry: Entry) -> Iterator[tuple[str, int, int, str]]:
    """Stretches of numbers that only this entry may hold: what of, first, one after the last, and in words."""
    for block in networks_of(entry):
        version, start, stop = _stretch(block)
        yield f"IPv{version} block", start, stop, str(block)
    if isinstance(entry, ClusterEntry | TenantEntry):
        yield f"{entry.kind} number", entry.number, entry.number + 1, str(entry.number)
    if isinstance(entry, ClusterEntry):
        for first, last in filter(None, (entry.host_asns, entry.switch_asns)):
            yield "AS numbers", first, last + 1, f"{first}-{last}"
    elif isinstance(entry, TenantEntry):
        yield "VNI", entry.vni, entry.vni + 1, str(entry.vni)
        if entry.pkey is not None:
            yield "P_Key", entry.pkey, entry.pkey + 1, f"{entry.pkey:#06x}"
    elif isinstance(entry, CoreNodesEntry):
        for slot in entry.slots:
            yield "core node", slot, slot + 1, str(slot)
    elif isinstance(entry, TenantRacksEntry):
        for first, last in entry.racks:
            yield f"racks of {entry.cluster}", first, last + 1, f"{first}-{last}"


def _stretch(network: IPNetwork) -> tuple[int, int, int]:
    """A network as numbers: IP version, first address, one after the last."""
    start = int(network.network_address)
    return network.version, start, start + (1 << network.max_prefixlen - network.prefixlen)
