"""Routed links of hosts: their names, and where their addresses lie in a cluster's block."""

from __future__ import annotations

import functools
import ipaddress
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..catalog import FabricEntry, SystemEntry
from .addresses import IPAddress, IPNetwork, pow2


@dataclass(frozen=True, slots=True, kw_only=True)
class HostLink:
    """One point-to-point host link: /31 (RFC 3021) or /127 (RFC 6164)."""

    name: str
    """`ew0` .. for east-west (rail by rail, plane by plane), `ns0` .. for north-south."""
    host: IPAddress
    """Address of the host (odd)."""
    switch: IPAddress
    """Address of the switch port (even)."""
    prefix: int
    """31 or 127."""


@dataclass(frozen=True, slots=True)
class LinkSpace:
    """Addresses of the links of a cluster's hosts: a power of two for each rack, two for each link."""

    names: Sequence[str]
    """Of the links of one host, in order."""
    block: IPNetwork
    max_racks: int

    def links(self, rack: int, slot: int) -> Iterator[HostLink]:
        """Links of the host in a slot of a rack, by the rack's number from 0."""
        make = ipaddress.IPv4Address if self.block.version == 4 else ipaddress.IPv6Address
        for name, at in self._numbers(rack, slot):
            yield HostLink(name=name, switch=make(at - 1), host=make(at), prefix=self._prefix)

    def texts(self, rack: int, slot: int, *, starting: str) -> list[str]:
        """`<name>=<host's address>/<prefix>` of the links whose name starts so.

        Written without an object for each address: a region has 100,000 hosts.
        """
        return [
            f"{name}={self._text(at)}/{self._prefix}"
            for name, at in self._numbers(rack, slot)
            if name.startswith(starting)
        ]

    @property
    def _prefix(self) -> int:
        return self.block.max_prefixlen - 1

    def _numbers(self, rack: int, slot: int) -> Iterator[tuple[str, int]]:
        """Names of a host's links with the address at the host's end as a number; the switch has the one before."""
        per_rack = self.block.num_addresses // pow2(self.max_racks)
        first = int(self.block.network_address) + rack * per_rack + slot * len(self.names) * 2 + 1
        return zip(self.names, range(first, first + 2 * len(self.names), 2), strict=True)

    def _text(self, number: int) -> str:
        """The C library writes IPv4 addresses five times as fast."""
        if self.block.version == 4:
            return socket.inet_ntoa(number.to_bytes(4, "big"))
        return str(ipaddress.IPv6Address(number))


def link_names(system: SystemEntry, fabric: FabricEntry | None) -> list[str]:
    """Names of a host's routed links: `ns0`.., then `ew<rail>p<plane>` on an Ethernet fabric.

    InfiniBand links carry no IP address.
    """
    if fabric is None or fabric.kind != "ethernet":
        return list(_names(system.north_south_links, 0, 0))
    option = system.fabric_option(fabric.id)
    return list(_names(system.north_south_links, option.rails, option.planes))


@functools.cache
def _names(north_south: int, rails: int, planes: int) -> tuple[str, ...]:
    """Asked for each host of a region: made once."""
    ns = (f"ns{n}" for n in range(north_south))
    return (*ns, *(f"ew{rail}p{plane}" for rail in range(rails) for plane in range(planes)))


def links_per_host(system: SystemEntry, fabric: FabricEntry | None) -> int:
    """How many routed links a host has, by its system and fabric."""
    return len(link_names(system, fabric))
