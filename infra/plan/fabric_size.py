"""Switches and cables of a compute fabric, from its scalable units.

Rules of NVIDIA's SuperPOD reference architectures (RA-11333-001 V11, RA-11334-001 V08): rail-optimised,
non-blocking, spine count by even spread, a third tier above radix^2 / 2 endpoints a plane.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from .. import catalog
from ..catalog import FabricOption, SwitchEntry, SystemEntry

UFM_CABLES = 4
"""Two UFM appliances with two links each."""


class SizeError(ValueError):
    """A size that can't be built; the message says why and what can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FabricSize:
    """Counts of one compute fabric."""

    system: str
    fabric: str
    switch: str
    units: int
    nodes: int
    gpus: int
    leaf: int
    spine: int
    core: int
    node_leaf_cables: int
    leaf_spine_cables: int
    spine_core_cables: int

    def as_dict(self) -> dict[str, str | int]:
        """The counts by name."""
        return dataclasses.asdict(self)


@dataclass(frozen=True, slots=True)
class _Plane:
    """One plane: leafs of a rail, and their uplinks."""

    leafs_per_rail: int
    rails: int
    uplinks: int
    """Uplinks of one leaf."""
    radix: int


def size_fabric(system: str, units: int, *, fabric: str | None = None, ufm: bool = False) -> FabricSize:
    """Count the switches and cables of a compute fabric; whole units are built even where nodes are missing.

    Args:
        system: catalogue id.
        units: scalable units, at least 1.
        fabric: compute fabric; the system's default if left out.
        ufm: leave one node out for the UFM appliances and add their cables.

    Raises:
        SizeError: a count that can't be built.
        UnknownEntryError: no such system.

    >>> size_fabric("dgx-h100", 4).spine, size_fabric("dgx-h100", 3).spine
    (16, 16)
    """
    entry = catalog.load().system(system)
    option = _option(entry, fabric, ufm)
    switch = catalog.load().switch(option.switch)
    if units < 1:
        raise SizeError(f"at least 1 unit is needed, not {units}")
    per_unit = entry.nodes_per_unit
    if per_unit is None:
        raise SizeError(f"no scalable unit of {system} is published")
    plane = _plane(entry, option, switch, units, per_unit)
    spine, core = _upper_tiers(plane, option, units * per_unit * option.rails)
    leaf = plane.leafs_per_rail * plane.rails
    nodes = units * per_unit - (1 if ufm else 0)
    tiers = 3 if core else 2
    links = leaf * plane.uplinks
    return FabricSize(
        system=system,
        fabric=option.fabric,
        switch=option.switch,
        units=units,
        nodes=nodes,
        gpus=nodes * entry.gpus_per_node,
        leaf=leaf * option.planes,
        spine=spine * option.planes,
        core=core * option.planes,
        node_leaf_cables=nodes * option.rails * option.planes + (UFM_CABLES if ufm else 0),
        leaf_spine_cables=links * option.planes,
        spine_core_cables=links * option.planes if tiers == 3 else 0,
    )


def _option(entry: SystemEntry, fabric: str | None, ufm: bool) -> FabricOption:
    if not entry.fabrics:
        raise SizeError(f"no compute fabric of {entry.id} is published")
    name = fabric or entry.fabrics[0].fabric
    if name not in entry.fabric_ids:
        raise SizeError(f"{entry.id} has no {name} fabric; it goes with {', '.join(entry.fabric_ids)}")
    if ufm and catalog.load().fabric(name).kind != "infiniband":
        raise SizeError(f"UFM manages InfiniBand, and {name} is Ethernet: leave --ufm out")
    return entry.fabric_option(name)


def _plane(entry: SystemEntry, option: FabricOption, switch: SwitchEntry, units: int, per_unit: int) -> _Plane:
    radix = switch.ports * (switch.split if option.link_gbps * 2 == switch.port_gbps else 1)
    down = entry.nodes_per_rack_default if option.leaf_per_rack else min(per_unit, radix // 2)
    leafs_per_unit = -(-per_unit // down)
    return _Plane(units * leafs_per_unit, option.rails, -(-per_unit // leafs_per_unit), radix)


def _upper_tiers(plane: _Plane, option: FabricOption, endpoints: int) -> tuple[int, int]:
    if endpoints <= plane.radix**2 // 2 and option.tiers_at_least == 2:
        return _even(plane.leafs_per_rail * plane.rails, plane.uplinks, plane.radix), 0
    if endpoints > plane.radix**3 // 4:
        limit = plane.radix**3 // 4
        raise SizeError(f"{endpoints:,} endpoints a plane exceed the {limit:,} of three tiers of {option.switch}")
    half = plane.radix // 2
    groups = -(-plane.leafs_per_rail // half)
    leafs = -(-plane.leafs_per_rail // groups)
    spine = _even(leafs, plane.uplinks, half) * groups * plane.rails
    return spine, -(-endpoints // plane.radix)


def _even(leafs: int, uplinks: int, ports: int) -> int:
    """Smallest spine count that spreads the uplinks of one leaf evenly and stays within a spine's down ports."""
    least = -(-leafs * uplinks // ports)
    for count in range(least, uplinks + 1):
        if uplinks % count == 0 and leafs * (uplinks // count) <= ports:
            return count
    raise SizeError(f"{leafs} leafs with {uplinks} uplinks each can't be spread over spines of {ports} ports")
