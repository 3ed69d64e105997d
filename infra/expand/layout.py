"""Halls, management clusters and core nodes of a new region. Pure."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from .. import spec
from ..catalog import Catalog
from ..plan import quantities
from ..plan.allocation.lock import ClusterEntry, Lock
from .sizing import Part

CORE_ROOM = 1.5
"""Core nodes as a multiple of those needed: assumption, for tools, growth and a node under repair."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HallOf:
    """A hall and what stands in it."""

    hall: spec.Hall
    origin: str
    """Hall of the source that it takes after."""
    clusters: tuple[str, ...]
    widened: bool
    """Whether cooling or power of a position had to be more than the source's."""


def halls(
    source: spec.Region, lock: Lock, parts: Sequence[Part], catalog: Catalog, *, it_mw: float
) -> tuple[list[HallOf], dict[str, str]]:
    """Halls of a new region, by its clusters' power; a cluster made of several takes a hall for each further one.

    Args:
        source: the region to expand from.
        lock: its lock, which knows the halls of clusters that name none.
        parts: clusters of the new region.
        catalog: figures.
        it_mw: IT power of the site.

    Returns:
        The halls, and the hall of each cluster.
    """
    placed = {e.name: e.hall for entries in lock.held().values() for e in entries if isinstance(e, ClusterEntry)}
    names = {hall.name for hall in source.site.halls}
    inside: dict[str, list[Part]] = {}
    takes_after: dict[str, str] = {}
    for part in parts:
        old = part.origin.hall or placed[part.origin.name]
        name = old if part.number == 0 else _next_hall(names)
        names.add(name)
        inside.setdefault(name, []).append(part)
        takes_after.setdefault(name, old)
    old_halls = {hall.name: hall for hall in source.site.halls}
    total_kw = sum(part.kw for part in parts)
    new_halls = [
        _hall(
            name,
            old_halls[takes_after[name]],
            occupants,
            it_mw * sum(part.kw for part in occupants) / total_kw,
            catalog,
        )
        for name, occupants in inside.items()
    ]
    return new_halls, {part.cluster.name: name for name, occupants in inside.items() for part in occupants}


def with_core_racks(halls: Sequence[HallOf], core: Mapping[str, Any], per_rack: int) -> list[HallOf]:
    """The halls with positions for the racks of core nodes too, which stand in the first one if in none by name."""
    racks = -(-core["nodes"] // per_rack)
    home = core.get("hall") or halls[0].hall.name
    return [
        dataclasses.replace(item, hall=item.hall.model_copy(update={"max_racks": item.hall.max_racks + racks}))
        if item.hall.name == home and item.hall.max_racks is not None
        else item
        for item in halls
    ]


def _next_hall(taken: set[str]) -> str:
    number = 1
    while f"h{number}" in taken:
        number += 1
    return f"h{number}"


def _hall(name: str, old: spec.Hall, parts: Sequence[Part], it_mw: float, catalog: Catalog) -> HallOf:
    needed = [catalog.system(part.cluster.system).cooling for part in parts]
    cooling = tuple(dict.fromkeys((*old.cooling, *needed)))
    largest = max(part.rack_kw for part in parts)
    rack_kw = None if old.max_rack_kw is None else max(old.max_rack_kw, largest)
    hall = old.model_copy(
        update={
            "name": name,
            "max_it_mw": math.ceil(it_mw * 10) / 10,
            "max_racks": sum(part.max_racks for part in parts),
            "max_rack_kw": rack_kw,
            "cooling": cooling,
        }
    )
    widened = cooling != old.cooling or rack_kw != old.max_rack_kw
    clusters = tuple(part.cluster.name for part in parts)
    return HallOf(hall=hall, origin=old.name, clusters=clusters, widened=widened)


def managements(
    region: str, parts: Sequence[Part], catalog: Catalog, *, installed: bool
) -> tuple[list[spec.Management], dict[str, str]]:
    """Management clusters of a new region, each with a context of its own, filled in the order of the clusters.

    Args:
        region: name of the new region.
        parts: its clusters.
        catalog: figures.
        installed: whether the management stack is installed there; else it is all there.

    Returns:
        The management clusters, and which one owns each cluster.
    """
    most = catalog.limits.hosts_per_management
    groups: list[list[str]] = []
    left = 0
    for part in parts:
        hosts = _hosts(part, catalog)
        if not groups or hosts > left:
            groups.append([])
            left = most
        groups[-1].append(part.cluster.name)
        left -= hosts
    single = len(groups) == 1
    names = ["management" if single else f"management-{number}" for number in range(1, len(groups) + 1)]
    accesses = [spec.Access(context=f"{region}-{name}") for name in names]
    provider: Literal["install", "existing"] = "install" if installed else "existing"
    new_managements = [
        spec.Management(name=name, provider=provider, access=way) for name, way in zip(names, accesses, strict=True)
    ]
    return new_managements, {cluster: name for name, group in zip(names, groups, strict=True) for cluster in group}


def _hosts(part: Part, catalog: Catalog) -> int:
    cluster = part.cluster
    if cluster.provider == "existing":
        return 0
    return part.max_racks * quantities.nodes_per_rack(cluster, catalog) + cluster.control_plane.replicas


def core_nodes(
    per_rack: int,
    parts: Sequence[Part],
    managements: Sequence[spec.Management],
    storage: Sequence[Mapping[str, object]],
) -> tuple[int, int]:
    """Core nodes of a new region, to have and needed: control planes, management clusters, storage; whole racks."""
    planes = sum(p.cluster.control_plane.replicas for p in parts if p.cluster.provider != "existing")
    storing = sum(nodes for storage_data in storage if isinstance(nodes := storage_data.get("nodes"), int))
    needed = planes + storing + quantities.MANAGEMENT_NODES * len(managements)
    return math.ceil(needed * CORE_ROOM / per_rack) * per_rack, needed
