"""Types of addresses and blocks, and how blocks are sized."""

from __future__ import annotations

import ipaddress

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network


def pow2(value: int) -> int:
    """Smallest power of two at or above a positive number; blocks of addresses are sized by it.

    >>> [pow2(n) for n in (1, 2, 3, 72, 128)]
    [1, 2, 4, 128, 128]
    """
    return 1 << (value - 1).bit_length()
