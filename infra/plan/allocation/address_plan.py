"""Address and number pools of a new region, around those of the regions that exist. Pure.

A region takes aligned blocks, first fit, so the result depends on which numbers are taken, not on the order of files.
IPv4 for everything is given while there is plenty; else only for what must be IPv4 (node and service networks), and a
unique local /48 serves host links, loopbacks, BMCs, storage and tenants.
"""

from __future__ import annotations

import copy
import ipaddress
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ... import spec
from ...catalog import Catalog, Pools
from ...errors import BAD_INPUT, FactoryError
from .. import quantities
from ..addresses import IPNetwork, pow2
from .allocate import SERVICE_ADDRESSES, STORAGE_ADDRESSES, TENANT_ADDRESSES
from .pools import Intervals, whole
from .region_numbers import Overlap, RegionNumbers, numbers_of, overlaps

__all__ = [
    "AddressDemand",
    "Blocks",
    "ExhaustedError",
    "Forecast",
    "Overlap",
    "RegionNumbers",
    "Space",
    "demand_of",
    "forecast",
    "numbers_of",
    "overlaps",
]

ULA_PREFIX = 48
"""65,536 networks of /64 a region (RFC 4193)."""
NUMBER_STEP = 10_000
"""AS numbers and VNIs are given in whole steps, so that a reader sees whose they are."""
LEAST_V4 = 256
"""Smallest IPv4 block: core racks and switch management of a small region."""


class ExhaustedError(FactoryError):
    """A pool has no room for the region; `reasons` has a line for each such pool."""

    exit_code = BAD_INPUT

    def __init__(self, reasons: Sequence[str]) -> None:
        self.reasons = tuple(reasons)
        super().__init__("; ".join(reasons))


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressDemand:
    """Sizes of the blocks that a region needs: addresses as powers of two, numbers in whole steps."""

    underlay: int
    """All of the underlay in IPv4."""
    underlay_must: int
    """Only what must be IPv4."""
    oob: int
    """All BMCs in IPv4."""
    oob_must: int
    """Core racks."""
    asns: int
    vnis: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """What a region is given: the values of `addressing`."""

    underlay_v4: ipaddress.IPv4Network
    oob_v4: ipaddress.IPv4Network
    ula_v6: ipaddress.IPv6Network
    asn_base: int
    asn_count: int
    vni_base: int
    vni_count: int
    all_v4: bool
    """Whether IPv4 has room for everything; else IPv6 serves what need not be IPv4."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """How many more regions of a size fit."""

    more: int
    at_least: bool
    """Counting stopped at the bound: there may be more."""
    limited_by: str
    """What the next one has no room in; empty where counting stopped."""


def demand_of(region: spec.Region, catalog: Catalog, pools: Pools) -> AddressDemand:
    """What a new region asks of the company-wide pools, at `max_racks` and with room to grow.

    Args:
        region: the region; its own `addressing` is not looked at.
        catalog: figures.
        pools: company-wide pools and their rules.
    """
    needs = [quantities.of(c, catalog) for c in region.clusters if c.provider != "existing"]
    must = sum(pow2(need.node_addresses) + pow2(SERVICE_ADDRESSES) for need in needs)
    links = sum(pow2(need.link_addresses) + pow2(need.switches) for need in needs)
    tenants = max(pools.tenants, 2 * len(region.tenants))
    routed = tenants * TENANT_ADDRESSES + len(region.storage) * STORAGE_ADDRESSES
    core = sum(pow2(nodes + 2) for _, nodes in quantities.core_racks(region.core))
    bmcs = sum(pow2(need.bmc_addresses) for need in needs)
    return AddressDemand(
        underlay=_block(must + links + routed, pools),
        underlay_must=_block(must, pools),
        oob=_block(core + bmcs, pools),
        oob_must=_block(core, pools),
        asns=_steps(2 * sum(need.host_asns + need.switch_asns for need in needs)),
        vnis=_steps(2 * tenants),
    )


def _block(addresses: int, pools: Pools) -> int:
    return pow2(max(LEAST_V4, math.ceil(addresses * pools.room)))


def _steps(numbers: int) -> int:
    return max(1, -(-numbers // NUMBER_STEP)) * NUMBER_STEP


class Space:
    """What is free in the company-wide pools; giving blocks takes them."""

    def __init__(self, pools: Pools, taken: Iterable[RegionNumbers], repeated: Iterable[IPNetwork] = ()) -> None:
        """Start with everything free but what regions have.

        Args:
            pools: company-wide pools and rules.
            taken: numbers of the regions that exist.
            repeated: pod and service ranges, which no underlay may overlap.
        """
        self.pools = pools
        ranges: list[IPNetwork] = [*pools.underlay_v4, *pools.oob_v4, *pools.ula_v6]
        self._networks: Mapping[IPNetwork, Intervals] = {network: whole(network) for network in ranges}
        self._asns = Intervals(pools.asns[0], pools.asns[1] + 1)
        self._vnis = Intervals(pools.vnis[0], pools.vnis[1] + 1)
        for network in repeated:
            self._take(network)
        for numbers in taken:
            for _, network in numbers.networks:
                self._take(network)
            self._asns.take(numbers.asns[0], numbers.asns[1] + 1)
            self._vnis.take(numbers.vnis[0], numbers.vnis[1] + 1)

    def give(self, need: AddressDemand) -> Blocks:
        """Blocks for one more region.

        Raises:
            ExhaustedError: a pool has no room; nothing is taken then.
        """
        generous = self._pair(need.underlay, need.oob) if self._plenty(need) else None
        v4 = generous or self._pair(need.underlay_must, need.oob_must)
        v6 = self._fit(self.pools.ula_v6, 1 << (128 - ULA_PREFIX))
        asn, vni = (numbers.first_fit(count, align=NUMBER_STEP) for numbers, count in self._numbers(need))
        if v4 is None or v6 is None or asn is None or vni is None:
            raise ExhaustedError(list(self._reasons(need, v4, v6, asn, vni)))
        for network in (*v4, v6):
            self._take(network)
        self._asns.take(asn, asn + need.asns)
        self._vnis.take(vni, vni + need.vnis)
        return Blocks(
            underlay_v4=ipaddress.IPv4Network(v4[0]),
            oob_v4=ipaddress.IPv4Network(v4[1]),
            ula_v6=ipaddress.IPv6Network(v6),
            asn_base=asn,
            asn_count=need.asns,
            vni_base=vni,
            vni_count=need.vnis,
            all_v4=generous is not None,
        )

    def _plenty(self, need: AddressDemand) -> bool:
        free = sum(free.free for network, free in self._networks.items() if network.version == 4)
        return (need.underlay + need.oob) * self.pools.whole_share <= free

    def _numbers(self, need: AddressDemand) -> tuple[tuple[Intervals, int], tuple[Intervals, int]]:
        return (self._asns, need.asns), (self._vnis, need.vnis)

    def _pair(self, underlay: int, oob: int) -> tuple[IPNetwork, IPNetwork] | None:
        """An underlay and an out-of-band block; the second must not lie in the first, should both share a range."""
        first = self._fit(self.pools.underlay_v4, underlay)
        second = self._fit(self.pools.oob_v4, oob, beside=first) if first is not None else None
        return None if first is None or second is None else (first, second)

    def _fit(self, ranges: Sequence[IPNetwork], size: int, *, beside: IPNetwork | None = None) -> IPNetwork | None:
        for network in ranges:
            free = self._networks[network]
            if beside is not None:
                free = copy.deepcopy(free)
                _take_network(free, beside)
            start = free.first_fit(size)
            if start is not None:
                prefix = network.max_prefixlen + 1 - size.bit_length()
                return ipaddress.ip_network((start, prefix))
        return None

    def _take(self, network: IPNetwork) -> None:
        for pool, free in self._networks.items():
            if pool.version == network.version:
                _take_network(free, network)

    def _reasons(
        self, need: AddressDemand, v4: object | None, v6: object | None, asn: int | None, vni: int | None
    ) -> Iterator[str]:
        if v4 is None:
            size = (
                f"a block of {need.underlay_must:,} addresses for the underlay and one of {need.oob_must:,} out of band"
            )
            yield f"IPv4 ({_list(self.pools.underlay_v4)}; {_list(self.pools.oob_v4)}) has no room for {size}"
        if v6 is None:
            yield f"IPv6 ({_list(self.pools.ula_v6)}) has no /{ULA_PREFIX} left"
        if asn is None:
            yield f"AS numbers {self.pools.asns[0]}-{self.pools.asns[1]} have no room for {need.asns:,} in a row"
        if vni is None:
            yield f"VNIs {self.pools.vnis[0]}-{self.pools.vnis[1]} have no room for {need.vnis:,} in a row"


def _list(networks: Sequence[IPNetwork]) -> str:
    return ", ".join(map(str, networks))


def _take_network(free: Intervals, network: IPNetwork) -> None:
    start = int(network.network_address)
    free.take(start, start + network.num_addresses)


def forecast(space: Space, need: AddressDemand, *, at_most: int = 1000) -> Forecast:
    """How many more regions of a size fit the company's pools. The space is of no use afterwards: it is taken.

    Args:
        space: what is free.
        need: what each of them asks for.
        at_most: where to stop counting.
    """
    for more in range(at_most):
        try:
            space.give(need)
        except ExhaustedError as error:
            return Forecast(more=more, at_least=False, limited_by="; ".join(error.reasons))
    return Forecast(more=at_most, at_least=True, limited_by="")
