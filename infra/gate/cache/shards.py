"""Cuts a region into shards and computes each from no more than it may see.

A shard's region, lock and inventory are cut down before it is planned, and its key is a digest of just these: what a
shard was made from can't differ where the key does not. That the parts together are the whole region is tested.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from ... import spec
from ...objects.base import Block
from ...objects.budget import owner_bytes
from ...objects.ids import UNKNOWN, Subject
from ...objects.region import machines_blocks, platform_blocks, shared_blocks
from ...plan import build, hosts, quantities
from ...plan.allocation.lock import ClusterEntry, Entry, Lock
from ...plan.model import RegionPlan
from ...plan.regions import Loaded
from ...plan.storage import cluster_part, most_gpus
from ...spec.inventory import Inventory
from ..impact import items
from ..records import Finding, ObjectRecord, ShardHead, StackCount
from ..rule import ClusterView, ObjectView
from ..rules import running
from .fingerprint import digest, fingerprint
from .store import pack

MANAGEMENT = "management"
"""Shard of the management clusters."""
MACHINES = "machines"
"""Shard of a cluster's hosts, racks and fabric, `cluster/<name>/machines`. Its platform, storage and tenants, which are
the same whatever hosts there are, are the shard `cluster/<name>`: a change of a tenant makes no host anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one shard may see of a region."""

    name: str
    region: spec.Region
    alike: str
    """Digest of what all shards of the region see alike: of every field but `_CUT`."""
    lock: Lock
    racks: tuple[str, ...]
    """Racks whose hosts it may see."""
    blocks: Callable[[RegionPlan], Iterator[Block]] = field(repr=False)
    """What it declares."""
    machines_of: str | None = None
    """Cluster whose hosts it declares."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Computed:
    """A shard with its objects."""

    head: ShardHead
    objects: bytes
    """As `store.unpack` reads them."""


def parts(loaded: Loaded) -> list[Part]:
    """A region cut into shards: management first, then its clusters by their place in the file."""
    by_owner = _entries_by_cluster(loaded)
    common = by_owner.pop("", [])
    cutter = _Cutter(loaded)
    cut = [_management_part(cutter)]
    for cluster in loaded.region.clusters:
        entries = [*common, *by_owner.get(cluster.name, [])]
        cut += [_platform_part(cutter, cluster, entries), _machines_part(cutter, cluster, entries)]
    return cut


_CUT: set[str] = {"clusters", "inventory", "services", "storage", "tenants"}
"""Fields of a region of which shards see a part only."""


class _Cutter:
    """Makes parts of a region, without what is judged for it as a whole and never seen by an object."""

    def __init__(self, loaded: Loaded) -> None:
        self.loaded = loaded
        self.core = tuple(rack for rack, _ in quantities.core_racks(loaded.region.core))
        self.gpus = dict(_gpus(loaded))
        """GPUs of each cluster at its largest number of racks."""
        self.region = loaded.region.model_copy(update={"waivers": (), "approvals": (), "costs": None})
        self.alike = digest(self.region.model_dump_json(exclude=_CUT))

    def part(
        self,
        name: str,
        blocks: Callable[[RegionPlan], Iterator[Block]],
        entries: Iterable[Entry],
        seen: Mapping[str, Any],
        racks: tuple[str, ...] = (),
        machines_of: str | None = None,
    ) -> Part:
        """A part that sees some fields of the region as given, and all others as they are."""
        if not seen.keys() <= _CUT:
            raise ValueError(f"all shards see the same of {', '.join(sorted(seen.keys() - _CUT))}")
        return Part(
            name=name,
            region=self.region.model_copy(update=seen),
            alike=self.alike,
            lock=Lock.model_construct(version=1, region=self.loaded.full_lock.region, entries=tuple(entries)),
            racks=racks,
            blocks=blocks,
            machines_of=machines_of,
        )


def _gpus(loaded: Loaded) -> Iterator[tuple[str, int]]:
    """Clusters with the GPUs that they may have, as they are allocated."""
    held = loaded.full_lock.held()
    for cluster in loaded.region.clusters:
        allocated = (entry for entry in held.get(f"cluster/{cluster.name}", ()) if isinstance(entry, ClusterEntry))
        entry = next(allocated, None)
        racks = entry.max_racks if entry is not None else quantities.max_racks(cluster, loaded.catalog)
        per_rack = quantities.nodes_per_rack(cluster, loaded.catalog)
        yield cluster.name, most_gpus(racks, per_rack, loaded.catalog.system(cluster.system))


def _management_part(cutter: _Cutter) -> Part:
    kinds = ("cluster", "core-rack", "core-nodes")
    held = (entry for entries in cutter.loaded.full_lock.held().values() for entry in entries)
    entries = (entry for entry in held if entry.kind in kinds)
    seen = {"tenants": (), "storage": (), "services": ()}
    return cutter.part(MANAGEMENT, shared_blocks, entries, seen, cutter.core)


def group(name: str) -> str:
    """What a shard and others are cut from: objects may move between these only, whatever code cut them.

    >>> group("cluster/train-a/machines"), group("cluster/train-a"), group("management")
    ('cluster/train-a', 'cluster/train-a', 'management')
    """
    return name.removesuffix(f"/{MACHINES}")


def _platform_part(cutter: _Cutter, cluster: spec.Cluster, entries: list[Entry]) -> Part:
    """Everything of a cluster that is the same whatever hosts there are."""
    storage = tuple(
        _of_one(system, cluster.name, cutter.gpus)
        for system in cutter.region.storage
        if not system.used_by or cluster.name in system.used_by
    )
    names = {f"storage/{system.name}" for system in storage}
    seen = {
        "clusters": (cluster,),
        "storage": storage,
        "tenants": tuple(tenant for tenant in cutter.region.tenants if tenant.cluster == cluster.name),
        "inventory": None,
    }
    held = (entry for entry in entries if entry.kind != "storage" or entry.item in names)
    return cutter.part(f"cluster/{cluster.name}", platform_blocks, held, seen)


def _of_one(system: spec.Storage, cluster: str, gpus: Mapping[str, int]) -> spec.Storage:
    """A storage as one of its clusters sees it: its own part of the capacity is what its tenants share."""
    users = {name: gpus[name] for name in system.used_by or gpus}
    size = {"capacity_pib": None, "capacity_tib": cluster_part(system.size_tib, cluster, users)}
    return system.model_copy(update={"clusters": (cluster,), "cluster": None, **size})


def _machines_part(cutter: _Cutter, cluster: spec.Cluster, entries: list[Entry]) -> Part:
    """A cluster's hosts, and of its tenants only whose racks are whose."""
    owners = {
        tenant.name: tenant.model_copy(update=_NOT_OF_RACKS)
        for tenant in cutter.region.tenants
        if tenant.cluster == cluster.name and tenant.racks
    }
    seen = {"clusters": (cluster,), "storage": (), "services": (), "tenants": tuple(owners.values())}
    kinds: dict[str, Collection[str]] = {"storage": (), "tenant": owners, "tenant-racks": owners}
    held = (entry for entry in entries if entry.name in kinds.get(entry.kind, (entry.name,)))
    count = quantities.racks(cluster, cutter.loaded.catalog)
    racks = (*cutter.core, *(quantities.rack_name(cluster.name, index) for index in range(count)))
    name = f"cluster/{cluster.name}/{MACHINES}"
    return cutter.part(name, machines_blocks, held, seen, racks, machines_of=cluster.name)


_NOT_OF_RACKS = {"services": (), "groups": (), "residency": None, "quota": spec.Quota()}
"""Settings of a tenant that say nothing of its racks."""


def _entries_by_cluster(loaded: Loaded) -> dict[str, list[Entry]]:
    """Entries in force by the cluster that may see them; under the empty name what all may see."""
    by_owner: dict[str, list[Entry]] = {}
    for item, entries in loaded.full_lock.held().items():
        for entry in entries:
            if item.startswith("core-nodes/"):
                kind, _, name = entry.name.partition("/")
                owner = name if kind == "cluster" else None
            elif entry.kind == "cluster":
                owner = entry.name
            else:
                owner = getattr(entry, "cluster", "")
            if owner is not None:
                by_owner.setdefault(owner, []).append(entry)
    return by_owner


def key(part: Part, loaded: Loaded) -> str:
    """Key of a shard in the cache: digest of all that it is made from, the code included."""
    sheet = loaded.sheet
    rows: Iterable[str] = ()
    if sheet is not None:
        rows = (raw for rack in part.racks for _, raw in sheet.lines.get(rack, ()))
    header = sheet.header if sheet is not None and part.racks else ()
    return digest(
        fingerprint(),
        part.name,
        part.alike,
        part.region.model_dump_json(include=_CUT),
        part.lock.model_dump_json(),
        ",".join(header),
        "\n".join(rows),
    )


def compute(part: Part, loaded: Loaded, made_key: str) -> Computed:
    """Plan a shard, and have its clusters and objects judged.

    Raises:
        InputError: inventory rows that fit no planned rack.
    """
    plan = _plan_of(part, loaded)
    records: list[ObjectRecord] = []
    views: list[ObjectView] = []
    owners: dict[str, Subject] = {}
    counts: dict[str, list[int]] = {}
    for block in part.blocks(plan):
        for inner in block.walk():
            count = counts.setdefault(inner.stack, [0, 0])
            count[0] += 1 + len(inner.items)
            for item in inner.items:
                record = items.record(item, inner)
                records.append(record)
                count[1] += len(memoryview(record.manifest)) + owner_bytes(item)
                owners[record.id] = item.owner
                views.append(ObjectView(id=record.id, manifest=items.manifest_of(item), protect=record.protect))
    objects, payload = pack(records)
    head = ShardHead(
        region=plan.name,
        name=part.name,
        key=made_key,
        stacks=tuple(StackCount(name=name, resources=n, size_bytes=size) for name, (n, size) in counts.items()),
        declared_racks=tuple(
            rack.name
            for cluster in plan.clusters
            if part.machines_of == cluster.name
            for rack in cluster.declared_racks
        ),
        findings=tuple(_findings(plan, part, views, owners)),
        objects=len(records),
        payload=payload,
    )
    return Computed(head=head, objects=objects)


def _plan_of(part: Part, loaded: Loaded) -> RegionPlan:
    """The plan of what a shard may see."""
    inventory: Inventory | None = None
    if loaded.sheet is not None and part.racks:
        inventory = loaded.sheet.inventory(part.racks)
    elif part.name == MANAGEMENT and part.region.inventory == "sample":
        spaces = [
            space for space in build.rack_spaces(part.region, loaded.catalog, part.lock) if space.name in part.racks
        ]
        inventory = Inventory("sample inventory", tuple(hosts.sample(spaces, build.region_number(part.region))))
    return build.plan(part.region, loaded.catalog, part.lock, inventory, pools=())  # no object says how full they are


def _findings(plan: RegionPlan, part: Part, views: list[ObjectView], owners: dict[str, Subject]) -> Iterator[Finding]:
    for cluster in plan.clusters:
        if part.machines_of == cluster.name:
            yield from running.clusters(ClusterView(plan=plan, cluster=cluster), plan.name)
    for finding in running.objects(views, plan.name):
        owner = owners.get(finding.subject, UNKNOWN)
        yield finding if finding.path else msgspec.structs.replace(finding, path=running.place_of(owner, plan.spec))
