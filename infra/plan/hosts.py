"""Puts the hosts of the inventory into the planned racks, or makes a marked sample of them."""

from __future__ import annotations

import ipaddress
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..spec.inventory import MAX_U, SAMPLE_PREFIX, Inventory, Row
from ..spec.problems import InputError, Problem
from .addresses import IPAddress, IPNetwork
from .model import Host

_LINK = 2
"""Addresses of a network that has no end to lose: both ends of a link (RFC 3021), or a single one."""


@dataclass(frozen=True, slots=True)
class RackSpace:
    """A planned rack, as far as hosts are concerned."""

    name: str
    nodes: int
    bmc_block: IPNetwork
    """Out-of-band block of the rack's pool: the planned BMC address of slot n is `first_bmc + n`."""
    first_bmc: int
    number: int
    """Number of the rack in the region, for made-up MAC addresses."""
    height_u: int = 1
    """Rack units of a host; 1 where more are not published."""

    def planned_bmc(self, slot: int) -> IPAddress:
        """Planned address of the BMC in a slot."""
        value = self.first_bmc + slot
        return ipaddress.IPv4Address(value) if self.bmc_block.version == 4 else ipaddress.IPv6Address(value)


def place(inventory: Inventory, racks: Sequence[RackSpace], oob: Sequence[IPNetwork]) -> dict[str, tuple[Host, ...]]:
    """Hosts of the inventory by planned rack, each in its slot.

    A rack lists all its hosts, numbered by rack unit from the bottom, or each of its hosts gives its slot:
    otherwise a host that is added later would renumber its neighbours.

    Raises:
        InputError: every fault, by line of the inventory.
    """
    spaces = {space.name: space for space in racks}
    by_rack: dict[str, list[Row]] = {}
    problems: list[Problem] = []
    near = _stretches(spaces)
    ends = _ends(dict.fromkeys((*oob, *(space.bmc_block for space in racks))))
    for row in inventory.rows:
        if row.rack not in spaces:
            problems.append(_unknown_rack(inventory, row, near))
        else:
            by_rack.setdefault(row.rack, []).append(row)
        if row.bmc in ends or not any(_inside(row.bmc, pool) for pool in oob):
            problems += _bmc(inventory, row, oob, ends)
    placed: dict[str, tuple[Host, ...]] = {}
    for name, rows in by_rack.items():
        rows = sorted(rows, key=lambda r: r.u)
        problems += _heights(inventory, spaces[name], rows)
        result = _slots(inventory, spaces[name], rows)
        if isinstance(result, list):
            problems += result
        else:
            placed[name] = tuple(_host(row, slot) for slot, row in sorted(result.items()))
    if problems:
        raise InputError(problems)
    return placed


def _ends(blocks: Iterable[IPNetwork]) -> dict[IPAddress, str]:
    """Addresses that name a whole network, in words; the last one of an IPv6 network is one like others."""
    ends: dict[IPAddress, str] = {}
    for block in blocks:
        if block.num_addresses > _LINK:
            ends.setdefault(block.network_address, f"the network address of {block}")
            if block.version == 4:
                ends.setdefault(block.broadcast_address, f"the broadcast address of {block}")
    return ends


def _bmc(inventory: Inventory, row: Row, oob: Sequence[IPNetwork], ends: Mapping[IPAddress, str]) -> Iterator[Problem]:
    """Faults of a BMC's address: outside the pools, or one that names a whole network."""
    if not any(_inside(row.bmc, pool) for pool in oob):
        pools = ", ".join(str(pool) for pool in oob)
        remedy = "BMCs live in the out-of-band pools of the region file"
        yield _problem(inventory, row, "bmc", f"{row.bmc} is outside {pools}", remedy)
    if row.bmc in ends:
        message = f"{row.bmc} is {ends[row.bmc]}"
        yield _problem(inventory, row, "bmc", message, "give the address of the host's BMC")


def _heights(inventory: Inventory, space: RackSpace, rows: Sequence[Row]) -> Iterator[Problem]:
    """Faults of hosts that stand in each other or above the rack; made-up hosts stand anywhere."""
    tall = space.height_u
    if tall == 1:  # one unit each, and no two rows have the same
        return
    real = [row for row in rows if not row.serial.startswith(SAMPLE_PREFIX)]
    for lower, row in itertools.pairwise(real):
        if lower.u < row.u < lower.u + tall:
            message = (
                f"unit {row.u} is inside the host of line {lower.line}, which takes {lower.u} to {lower.u + tall - 1}"
            )
            yield _problem(inventory, row, "u", message, f"give its lowest unit: hosts of this rack take {tall}")
    for row in real:
        if row.u + tall - 1 > MAX_U:
            message = f"a host of {tall} units from unit {row.u} on stands above the rack ({MAX_U} units)"
            yield _problem(inventory, row, "u", message, "give its lowest unit, counted from the bottom")


def _inside(address: IPAddress, pool: IPNetwork) -> bool:
    return address.version == pool.version and address in pool


def _slots(inventory: Inventory, space: RackSpace, rows: Sequence[Row]) -> dict[int, Row] | list[Problem]:
    given = [row for row in rows if row.slot is not None]
    if len(rows) > space.nodes:
        message = f"rack {space.name} holds {space.nodes} hosts, {len(rows)} are listed"
        return [_problem(inventory, rows[space.nodes], "rack", message, "check the rack names")]
    if not given and len(rows) == space.nodes:
        return dict(enumerate(rows))
    if len(given) < len(rows):
        message = f"rack {space.name} lists {len(rows)} of {space.nodes} hosts without a slot number"
        remedy = "list all of them, or give every host of the rack its slot, so that later hosts renumber nothing"
        return [_problem(inventory, rows[0], "rack", message, remedy)]
    problems: list[Problem] = []
    slots: dict[int, Row] = {}
    for row in rows:
        slot = row.slot or 0
        if slot >= space.nodes or slot in slots:
            what = "is taken" if slot in slots else f"is beyond the rack's {space.nodes} hosts"
            problems.append(
                _problem(inventory, row, "slot", f"slot {slot} of rack {space.name} {what}", "give a free one")
            )
        slots[slot] = row
    return problems or slots


def _host(row: Row, slot: int) -> Host:
    return Host(
        name=f"{row.rack}-u{row.u:02d}", rack=row.rack, slot=slot, u=row.u, serial=row.serial, bmc=row.bmc, mac=row.mac
    )


def _stretches(names: Iterable[str]) -> dict[str, tuple[str, str]]:
    """First and last planned rack by owner, and of all by the empty name."""
    stretches: dict[str, tuple[str, str]] = {}
    for name in names:
        owner = name.rpartition("-")[0]
        stretches[owner] = (stretches.get(owner, (name, name))[0], name)
        stretches.setdefault("", (name, name))
    return stretches


def _unknown_rack(inventory: Inventory, row: Row, near: Mapping[str, tuple[str, str]]) -> Problem:
    owner = row.rack.rpartition("-")[0]
    stretch = near.get(owner) if owner else None
    planned = " .. ".join(stretch) if stretch else f"{near.get('', ('no rack',))[0]} and so on"
    return _problem(inventory, row, "rack", f"there is no rack {row.rack} in the plan", f"planned: {planned}")


def _problem(inventory: Inventory, row: Row, column: str, message: str, remedy: str) -> Problem:
    return Problem(file=inventory.file, line=row.line, path=column, message=message, remedy=remedy)


def sample(racks: Iterable[RackSpace], region_number: int) -> Iterator[Row]:
    """Made-up hosts for every planned rack: marked serials, locally administered MAC addresses.

    Args:
        racks: racks to fill.
        region_number: 0..255, so that samples of two regions differ.
    """
    line = 2
    for space in racks:
        height = max(1, min(4, MAX_U // max(1, space.nodes)))
        for slot in range(space.nodes):
            line += 1
            tail = (region_number << 32 | space.number << 8 | slot) & 0xFF_FFFF_FFFF
            mac = "02:" + ":".join(f"{byte:02x}" for byte in tail.to_bytes(5, "big"))
            serial = f"{SAMPLE_PREFIX}{space.name}-{slot:02d}"
            yield Row(line, space.name, 1 + slot * height, serial, space.planned_bmc(slot), mac, None)
