"""First-fit allocation of aligned blocks from number pools, around what is taken already."""

from __future__ import annotations

import bisect
import ipaddress

from ..addresses import IPNetwork, pow2


class Intervals:
    """The free part of a range of whole numbers.

    >>> free = Intervals(0, 16)
    >>> free.take(0, 3)
    >>> free.first_fit(4), free.free
    (4, 13)
    """

    def __init__(self, start: int, stop: int) -> None:
        self._gaps = [(start, stop)]
        self.total = stop - start

    @property
    def free(self) -> int:
        """How many numbers are free."""
        return sum(stop - start for start, stop in self._gaps)

    def take(self, start: int, stop: int) -> None:
        """Mark a stretch as used; what lies outside the range is ignored."""
        at = max(0, bisect.bisect_right(self._gaps, (start, 1 << 200)) - 1)
        while at < len(self._gaps) and self._gaps[at][0] < stop:
            low, high = self._gaps[at]
            if high <= start:
                at += 1
                continue
            left = [(low, start)] if low < start else []
            right = [(stop, high)] if high > stop else []
            self._gaps[at : at + 1] = left + right
            at += len(left) + len(right)

    def first_fit(self, size: int, align: int | None = None) -> int | None:
        """First aligned place of a block, None if there is no room. A block aligns to its size unless told."""
        step = size if align is None else align
        for low, high in self._gaps:
            start = -(-low // step) * step
            if start + size <= high:
                return start
        return None


class AddressPool:
    """One address pool of the region, IPv4 first and IPv6 where IPv4 has no room left."""

    def __init__(self, name: str, v4: ipaddress.IPv4Network, v6: Intervals | None) -> None:
        """Make a pool; pools may share one IPv6 range."""
        self.name = name
        self.free_v4 = whole(v4)
        self._v6 = v6

    def take(self, network: IPNetwork) -> None:
        """Mark a network as used."""
        free = self.free_v4 if network.version == 4 else self._v6
        if free is not None:
            start = int(network.network_address)
            free.take(start, start + (1 << network.max_prefixlen - network.prefixlen))

    def allocate(
        self, addresses: int, *, v6_prefix: int | None = None, v4_only: bool = False, keep: int = 0
    ) -> IPNetwork | None:
        """Take a block of at least that many addresses, rounded up to a power of two.

        Args:
            addresses: how many addresses it must hold.
            v6_prefix: prefix length to use on IPv6 (such as 64 for a routed network); by size if left out.
            v4_only: never fall back to IPv6.
            keep: IPv4 addresses that others can't do without: where they would not fit beside the block any more, it is
                taken from IPv6. Twice as many are left, since blocks are aligned.

        Returns:
            The block, or None where no pool has room.
        """
        size = pow2(addresses)
        start = self.free_v4.first_fit(size)
        scarce = self._v6 is not None and keep > 0 and self.free_v4.free - size < 2 * keep
        if start is not None and not scarce:
            self.free_v4.take(start, start + size)
            return ipaddress.IPv4Network((start, 33 - size.bit_length()))
        if v4_only or self._v6 is None:
            return None
        size = size if v6_prefix is None else 1 << (128 - v6_prefix)
        start = self._v6.first_fit(size)
        if start is None:
            return None
        self._v6.take(start, start + size)
        return ipaddress.IPv6Network((start, 129 - size.bit_length()))


def whole(network: IPNetwork) -> Intervals:
    """The free numbers of a network of which nothing is taken yet, for first fit."""
    start = int(network.network_address)
    return Intervals(start, start + network.num_addresses)
