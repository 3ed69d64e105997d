"""Number and address pools against the simplest model: a set of numbers."""

from __future__ import annotations

import ipaddress

from hypothesis import given
from hypothesis import strategies as st

from ai_factory.infra.plan.allocation.pools import AddressPool, Intervals, whole

SIZE = 64
stretches = st.lists(st.tuples(st.integers(-4, SIZE + 4), st.integers(1, 12)), max_size=8)


@given(taken=stretches, size=st.integers(1, 20), align=st.sampled_from([None, 1, 4]))
def test_first_fit_is_the_lowest_free_aligned_place(taken: list[tuple[int, int]], size: int, align: int | None) -> None:
    free, pool = set(range(SIZE)), Intervals(0, SIZE)
    for start, length in taken:
        pool.take(start, start + length)
        free -= set(range(start, start + length))

    step = align or size
    fitting = [start for start in range(0, SIZE, step) if set(range(start, start + size)) <= free]

    assert pool.free == len(free)
    assert pool.first_fit(size, align) == (fitting[0] if fitting else None)


@given(st.lists(st.integers(1, 40), max_size=12))
def test_blocks_never_overlap_and_hold_what_was_asked(wanted: list[int]) -> None:
    network = ipaddress.IPv4Network("10.0.0.0/25")
    pool = AddressPool("p", network, None)

    blocks = [(addresses, pool.allocate(addresses)) for addresses in wanted]

    given_out = [block for _, block in blocks if block is not None]
    addresses = [address for block in given_out for address in block]
    assert len(addresses) == len(set(addresses))
    assert all(block.subnet_of(network) for block in given_out if isinstance(block, ipaddress.IPv4Network))
    assert all(block.num_addresses >= asked for asked, block in blocks if block is not None)
    for asked, block in blocks:
        if block is None:
            assert pool.free_v4.first_fit(1 << (asked - 1).bit_length()) is None


def test_ipv6_takes_over_where_ipv4_is_full_and_is_shared_between_pools() -> None:
    v6 = whole(ipaddress.IPv6Network("fd00::/48"))
    one = AddressPool("one", ipaddress.IPv4Network("10.0.0.0/28"), v6)
    two = AddressPool("two", ipaddress.IPv4Network("10.1.0.0/28"), v6)

    assert [str(one.allocate(16)), str(one.allocate(16)), str(two.allocate(32))] == [
        "10.0.0.0/28",
        "fd00::/124",
        "fd00::20/123",
    ]
    assert str(two.allocate(100, v6_prefix=64)) == "fd00:0:0:1::/64"
    assert two.allocate(100, v4_only=True) is None
