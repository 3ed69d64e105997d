"""Switches and cables of a compute fabric, from its scalable units.

NVIDIA's reference architectures publish component counts for some sizes; these rules give all of them, and between:

1. Rails are the east-west adapters of a node. A leaf serves one rail (of one plane) of `nodes_per_leaf` nodes: a whole
   unit of 8-GPU systems, 4 racks of GB300 NVL72 on 144-port switches, 2 of them on split Spectrum switches, 1 rack of
   GB200 NVL72. RA-11333-001, RA-11334-001, RA-11337-001, RA-11338-001, RA-11339-001; DGX GB300 architecture;
   NVIDIA/enterprise-ras for Spectrum-X with GB300.
2. A leaf has as many links up as down, and all of them are built, even where nodes are still missing
   (NVIDIA/enterprise-ras cables 36 uplinks a leaf for the 18 trays of a first rack).
3. Two tiers: the spine count is the smallest that holds the uplinks and divides those of one leaf evenly, so 3 units of
   DGX H100 take 16 spines and not 12, 4 units of DGX B300 on Q3400 take 18 and not 16.
4. A third tier comes above radix^2 / 2 endpoints a plane, where even spread finds no spine count (leafs that use a part
   of their ports), and from the start where the option says so (GB200 NVL72: RA-11338-001's scale-out design). A spine
   then has half its ports down and half up. The leafs of one rail and one group (the unit, unless the option names
   another) share spines by rule 3 with radix / 2 in place of radix: 6 for the 8 leafs of GB200 NVL72. Full leafs take
   one spine each whatever the group. Cores hold the spines' uplinks: links / radix.
5. Three tiers end at radix^3 / 4 endpoints a plane.

Cables are counted as the architectures count them: by switch ports, so a split port with its two 400 Gb/s links is one
(RA-11337-001 has 512 from 64 nodes with 8 adapters of 2 x 400 Gb/s).

No published table was found for VR NVL72 and for DGX H200 (which shares DGX H100's chassis and fabric). For 16 units of
DGX Rubin NVL8 one table of NVIDIA's has 64 spines and one 72: 64 don't divide the 72 uplinks of a leaf.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from ... import catalog
from ...catalog import FabricOption, SwitchEntry, SystemEntry
from ...errors import SizeError

UFM_CABLES = 4
"""Cables of the UFM appliances: what RA-11333-001 and RA-11334-001, table 4, have above the nodes' own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FabricSize:
    """Counts of one compute fabric, over all its planes."""

    system: str
    fabric: str
    switch: str
    units: int
    """Scalable units as published for the system on this fabric."""
    nodes: int
    """Nodes; of rack-scale systems the compute trays."""
    gpus: int
    leaf: int
    spine: int
    core: int
    """Core switches; 0 where there are two tiers."""
    node_leaf_cables: int
    """With the UFM appliances' where they are asked for."""
    leaf_spine_cables: int
    spine_core_cables: int

    def as_dict(self) -> dict[str, str | int]:
        """The counts by name."""
        return dataclasses.asdict(self)


@dataclass(frozen=True, slots=True)
class _Plane:
    """One plane of a fabric: leafs, and the ports that they and their spines have."""

    option: FabricOption
    nodes: int
    group_nodes: int
    radix: int
    """Ports of a switch at the speed of the links."""

    @property
    def endpoints(self) -> int:
        return self.nodes * self.option.rails

    @property
    def leafs(self) -> int:
        return _ceil(self.nodes, self.option.nodes_per_leaf) * self.option.rails

    @property
    def uplinks(self) -> int:
        """Links up from one leaf."""
        return self.option.nodes_per_leaf

    @property
    def links(self) -> int:
        """Links from all leafs to all spines."""
        return self.leafs * self.uplinks


def size_fabric(system: str, units: int, fabric: str | None = None, ufm: bool = False) -> FabricSize:
    """Count the switches and cables of a compute fabric; whole units are built even where nodes are missing.

    Args:
        system: catalogue id.
        units: scalable units as published for the system on that fabric, at least 1.
        fabric: compute fabric; the system's default if left out.
        ufm: leave one node out for the UFM appliances and add their cables (InfiniBand only).

    Raises:
        SizeError: a count that can't be built, or a system without a fabric or scalable unit.
        UnknownEntryError: no such system; the message lists the known ones.

    >>> [size_fabric("dgx-h100", units).spine for units in (1, 2, 3, 4)]
    [4, 8, 16, 16]
    >>> size = size_fabric("gb200-nvl72", 16)
    >>> size.gpus, size.leaf, size.spine, size.core
    (9216, 512, 384, 144)
    >>> size_fabric("dgx-b200", 4, ufm=True).node_leaf_cables
    1020
    """
    entry = catalog.load().system(system)
    option = _option(entry, fabric, ufm)
    switch = catalog.load().switch(option.switch)
    plane = _plane(entry, option, switch, units)
    spine, core = _upper_tiers(plane)
    nodes = plane.nodes - (1 if ufm else 0)
    links_per_cable = switch.port_gbps // option.link_gbps
    leaf_spine = _ceil(plane.links * option.planes, links_per_cable)
    return FabricSize(
        system=system,
        fabric=option.fabric,
        switch=option.switch,
        units=units,
        nodes=nodes,
        gpus=nodes * entry.gpus_per_node,
        leaf=plane.leafs * option.planes,
        spine=spine * option.planes,
        core=core * option.planes,
        node_leaf_cables=_ceil(nodes * option.rails * option.planes, links_per_cable) + (UFM_CABLES if ufm else 0),
        leaf_spine_cables=leaf_spine,
        spine_core_cables=leaf_spine if core else 0,
    )


def _option(entry: SystemEntry, fabric: str | None, ufm: bool) -> FabricOption:
    if not entry.fabrics:
        raise SizeError(f"no compute fabric and no scalable unit of {entry.id} is published: there is nothing to size")
    name = fabric or entry.fabrics[0].fabric
    if name not in entry.fabric_ids:
        raise SizeError(f"{entry.id} has no {name} fabric; it goes with {', '.join(entry.fabric_ids)}")
    if ufm and catalog.load().fabric(name).kind != "infiniband":
        raise SizeError(f"UFM manages InfiniBand, and {name} is Ethernet: leave --ufm out")
    return entry.fabric_option(name)


def _plane(entry: SystemEntry, option: FabricOption, switch: SwitchEntry, units: int) -> _Plane:
    if units < 1:
        raise SizeError(f"at least 1 unit is needed, not {units}")
    per_unit = entry.unit_nodes(option.fabric)
    if per_unit is None:
        raise SizeError(f"no scalable unit of {entry.id} is published: its fabric can't be sized")
    radix = switch.ports * switch.port_gbps // option.link_gbps
    return _Plane(option, units * per_unit, option.nodes_per_group or per_unit, radix)


def _upper_tiers(plane: _Plane) -> tuple[int, int]:
    """Spines and cores of one plane."""
    most = plane.radix**3 // 4
    if plane.endpoints > most:
        message = (
            f"{plane.endpoints:,} endpoints a plane exceed the {most:,} of three tiers of {plane.option.switch} "
            f"({plane.radix} ports of {plane.option.link_gbps} Gb/s): build several fabrics"
        )
        raise SizeError(message)
    if plane.option.tiers_at_least == 2 and plane.endpoints <= plane.radix**2 // 2:
        spine = _even(plane.leafs, plane.uplinks, plane.radix)
        if spine is not None:
            return spine, 0
    return _group_spines(plane), _ceil(plane.links, plane.radix)


def _group_spines(plane: _Plane) -> int:
    """Spines of three tiers: each rail of each group has its own."""
    leafs = _ceil(plane.group_nodes, plane.option.nodes_per_leaf)
    each = _even(leafs, plane.uplinks, plane.radix // 2)
    if each is None:
        raise SizeError(
            f"a group of {leafs} leafs with {plane.uplinks} uplinks each can't be spread over {plane.option.switch}"
        )
    return _ceil(plane.nodes, plane.group_nodes) * plane.option.rails * each


def _even(leafs: int, uplinks: int, ports: int) -> int | None:
    """Smallest spine count that spreads the uplinks of each leaf evenly over spines of so many ports; None if none.

    >>> _even(24, 32, 64), _even(32, 72, 144), _even(8, 18, 32), _even(132, 36, 128)
    (16, 18, 6, None)
    """
    for count in range(_ceil(leafs * uplinks, ports), uplinks + 1):
        if uplinks % count == 0 and leafs * (uplinks // count) <= ports:
            return count
    return None


def _ceil(value: int, by: int) -> int:
    return -(-value // by)
