"""Blocks for new regions: around what is taken, in any order, for hundreds of regions, and exhaustion in time."""

from __future__ import annotations

import functools
import random
import time
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_factory.infra import catalog, spec
from ai_factory.infra.catalog import Pools
from ai_factory.infra.expand.draft import Draft, addressing, draft
from ai_factory.infra.expand.request import Request, accept
from ai_factory.infra.plan.allocation import lock
from ai_factory.infra.plan.allocation.address_plan import (
    AddressDemand,
    Blocks,
    ExhaustedError,
    Overlap,
    RegionNumbers,
    Space,
    demand_of,
    forecast,
    numbers_of,
    overlaps,
)
from ai_factory.infra.plan.allocation.allocate import complete
from tests.regionfile import REPOSITORY

pytestmark = pytest.mark.slow

FIGURES = catalog.load()
POOLS = Pools.model_validate({name: getattr(FIGURES.pools, name) for name in Pools.model_fields})
SMALL = AddressDemand(underlay=1024, underlay_must=256, oob=512, oob_must=256, asns=10_000, vnis=10_000)


def numbers(name: str, blocks: Blocks) -> RegionNumbers:
    return RegionNumbers(
        region=name,
        file=f"{name}.yaml",
        networks=(("u", blocks.underlay_v4), ("o", blocks.oob_v4), ("v", blocks.ula_v6)),
        asns=(blocks.asn_base, blocks.asn_base + blocks.asn_count - 1),
        vnis=(blocks.vni_base, blocks.vni_base + blocks.vni_count - 1),
    )


def region(name: str = "a", file: str | None = None, **update: object) -> RegionNumbers:
    """Numbers that nobody else has, by the name's letter."""
    at = ord(name[0])
    usual = {
        "networks": (("addressing.underlay_v4", IPv4Network((10 << 24 | at << 16, 24))),),
        "asns": (at * 1000, at * 1000 + 999),
        "vnis": (at * 10, at * 10 + 9),
    }
    return RegionNumbers(region=name, file=file or f"{name}.yaml", **(usual | update))  # type: ignore[arg-type]


# What overlaps ------------------------------------------------------------------------------------------------


def said(found: Sequence[Overlap]) -> list[tuple[str, str, str, str]]:
    return [(one.first.region, one.second.region, one.path, one.what) for one in found]


def test_every_kind_of_overlap_is_found_with_both_sides() -> None:
    oob, underlay, v6 = "addressing.oob_v4", "addressing.underlay_v4", "addressing.ula_v6"
    a = region("a", networks=((oob, IPv4Network("10.1.0.0/16")), (v6, IPv6Network("fd00::/48"))))
    b = region("b", networks=((underlay, IPv4Network("10.1.2.0/24")), (v6, IPv6Network("fd00::/40"))))
    c = region("c", asns=(97_999, 98_000), contexts=(("management", "shared"),))
    d = region("d", vnis=(970, 980), contexts=(("clusters[0].access.context", "shared"),))

    assert said(overlaps([d, c, b, a])) == [
        ("a", "b", "addressing.oob_v4", "10.1.0.0/16 overlaps 10.1.2.0/24 (addressing.underlay_v4 of b)"),
        ("a", "b", "addressing.ula_v6", "fd00::/48 overlaps fd00::/40 (addressing.ula_v6 of b)"),
        ("a", "c", "addressing.asn_base", "AS numbers 97000-97999 overlap 97999-98000 (addressing.asn_base of c)"),
        ("a", "d", "addressing.vni_base", "VNIs 970-979 overlap 970-980 (addressing.vni_base of d)"),
        ("b", "c", "addressing.asn_base", "AS numbers 98000-98999 overlap 97999-98000 (addressing.asn_base of c)"),
        ("b", "d", "addressing.vni_base", "VNIs 980-989 overlap 970-980 (addressing.vni_base of d)"),
        ("c", "d", "management", "shared is reached by clusters[0].access.context of d too"),
    ]


def test_one_name_in_two_files_is_an_overlap() -> None:
    first, second = region("a"), region("a", "z.yaml", networks=(), asns=(1, 1), vnis=(1, 1))

    (found,) = overlaps([second, first])

    assert (found.first, found.second, found.path) == (first, second, "region.name")
    assert found.what == "the name a is borne by z.yaml too"


def test_a_region_does_not_overlap_itself() -> None:
    networks = (
        ("addressing.underlay_v4", IPv4Network("10.0.0.0/8")),
        ("addressing.oob_v4", IPv4Network("10.1.0.0/16")),
    )

    assert overlaps([region("a", networks=networks, contexts=(("x", "c"), ("y", "c")))]) == []


def test_numbers_of_a_region_file() -> None:
    from ai_factory.infra.spec.load import load

    found, _ = load(REPOSITORY / "stacks/regions/kr-ulsan.yaml")
    made = numbers_of(found, "kr-ulsan.yaml")

    assert made.networks == (
        ("addressing.underlay_v4", IPv4Network("10.64.0.0/15")),
        ("addressing.oob_v4", IPv4Network("10.66.0.0/16")),
        ("addressing.ula_v6", IPv6Network("fd64:6b72:2::/48")),
    )
    assert (made.asns, made.vnis) == ((4_201_000_000, 4_201_999_999), (110_000, 119_999))
    assert made.contexts == (("management", "kr-ulsan-management"), ("clusters[2].access.context", "physical-a"))


blocks_v4 = st.builds(
    lambda prefix, at: IPv4Network((10 << 24 | at >> (32 - prefix) << (32 - prefix), prefix)),
    st.integers(10, 28), st.integers(0, 0xFFFFFF),
)  # fmt: skip
ranges = st.tuples(st.integers(1, 400), st.integers(0, 20)).map(lambda pair: (pair[0], pair[0] + pair[1]))


@given(st.lists(st.tuples(blocks_v4, ranges, ranges), max_size=12), st.randoms(use_true_random=False))
def test_the_sweep_finds_what_comparing_all_pairs_finds(
    taken: list[tuple[IPv4Network, tuple[int, int], tuple[int, int]]], shuffle: random.Random
) -> None:
    known = [
        RegionNumbers(region=f"r{i:02}", file="f", networks=(("n", network),), asns=asns, vnis=vnis)
        for i, (network, asns, vnis) in enumerate(taken)
    ]
    expected = set()
    for i, a in enumerate(known):
        for b in known[i + 1 :]:
            shared = {"n": a.networks[0][1].overlaps(b.networks[0][1])}
            shared["addressing.asn_base"] = a.asns[0] <= b.asns[1] and b.asns[0] <= a.asns[1]
            shared["addressing.vni_base"] = a.vnis[0] <= b.vnis[1] and b.vnis[0] <= a.vnis[1]
            expected |= {(a.region, b.region, path) for path, is_so in shared.items() if is_so}

    found = overlaps(known)
    shuffled = list(known)
    shuffle.shuffle(shuffled)

    assert {(one.first.region, one.second.region, one.path) for one in found} == expected
    assert len(found) == len(expected)
    assert overlaps(shuffled) == found


def test_two_thousand_regions_are_compared_in_a_moment() -> None:
    space = Space(POOLS.model_copy(update={"asns": (1, 4_294_967_294)}), ())
    known = [numbers(f"r{i}", space.give(SMALL)) for i in range(1600)]

    start = time.process_time()
    assert overlaps(known) == []
    assert time.process_time() - start < 1


# What is given ------------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(blocks_v4, ranges, ranges), max_size=10), st.randoms(use_true_random=False))
def test_blocks_overlap_nothing_and_do_not_depend_on_the_order(
    taken: list[tuple[IPv4Network, tuple[int, int], tuple[int, int]]], shuffle: random.Random
) -> None:
    known = [
        RegionNumbers(
            region=f"r{i}", file="f", networks=(("n", network),),
            asns=(4_200_000_000 + asns[0] * 1000, 4_200_000_000 + asns[1] * 1000),
            vnis=(100_000 + vnis[0] * 100, 100_000 + vnis[1] * 100),
        )
        for i, (network, asns, vnis) in enumerate(taken)
    ]  # fmt: skip
    others = list(known)
    shuffle.shuffle(others)

    made = Space(POOLS, known).give(SMALL)

    assert Space(POOLS, others).give(SMALL) == made
    new = numbers("new", made)
    assert [one for one in overlaps([*known, new]) if "new" in (one.first.region, one.second.region)] == []
    assert not made.underlay_v4.overlaps(made.oob_v4)
    assert (made.asn_base % 10_000, made.vni_base % 10_000) == (0, 0)


def test_pod_and_service_ranges_are_kept_clear() -> None:
    pools = POOLS.model_copy(update={"underlay_v4": (IPv4Network("172.16.0.0/12"),)})

    made = Space(pools, (), [IPv4Network("172.16.0.0/13")]).give(SMALL)

    assert made.underlay_v4 == IPv4Network("172.24.0.0/22")


def test_ipv4_for_everything_only_while_there_is_plenty() -> None:
    plenty, scarce = (
        POOLS.model_copy(update={name: (IPv4Network(block),) for name in ("underlay_v4", "oob_v4")})
        for block in ("10.0.0.0/14", "10.0.0.0/15")
    )

    assert Space(plenty, ()).give(SMALL).all_v4
    made = Space(scarce, ()).give(SMALL)
    assert (made.all_v4, made.underlay_v4.num_addresses, made.oob_v4.num_addresses) == (False, 256, 256)


def test_exhaustion_names_every_pool_and_takes_nothing() -> None:
    tight = Pools(
        underlay_v4=(IPv4Network("10.0.0.0/24"),), oob_v4=(IPv4Network("10.0.0.0/24"),),
        ula_v6=(IPv6Network("fd00::/48"),), asns=(4_200_000_000, 4_200_000_009), vnis=(100_000, 100_009),
        room=1, whole_share=2, tenants=1, warn_below=3,
    )  # fmt: skip
    space = Space(tight, ())

    with pytest.raises(ExhaustedError) as caught:
        space.give(SMALL)
    assert [reason.split()[0] for reason in caught.value.reasons] == ["IPv4", "AS", "VNIs"]
    with pytest.raises(ExhaustedError) as again:
        space.give(SMALL)
    assert again.value.reasons == caught.value.reasons


def test_forecast_counts_exactly_what_still_fits() -> None:
    three = POOLS.model_copy(update={"vnis": (100_000, 139_999)})

    first = Space(three, ())
    first.give(SMALL)
    found = forecast(first, SMALL)
    assert (found.more, found.at_least) == (3, False)
    assert found.limited_by.startswith("VNIs 100000-139999")
    bounded = forecast(Space(three, ()), SMALL, at_most=2)
    assert (bounded.more, bounded.at_least, bounded.limited_by) == (2, True, "")


# The first lock -----------------------------------------------------------------------------------------------


@functools.cache
def sized(power_mw: float, country: str = "MY") -> Draft:
    root = Path(REPOSITORY)
    return draft(accept(Request(source="kr-ulsan", name="my-new", country=country, power_mw=power_mw), root))


def with_blocks(made: Draft, name: str, blocks: Blocks) -> spec.Region:
    data = made.data(addressing(blocks))
    return spec.Region.model_validate(data | {"region": {"name": name, "country": "MY", "city": "New"}})


@pytest.mark.parametrize("power_mw", [2, 40, 400])
def test_both_ways_of_giving_ipv4_hold_the_whole_region(power_mw: float) -> None:
    made = sized(power_mw)
    need = demand_of(made.region(), FIGURES, POOLS)
    wide, narrow = (POOLS.model_copy(update={"whole_share": share}) for share in (2, 1_000_000))

    for pools, all_v4 in ((wide, True), (narrow, False)):
        blocks = Space(pools, ()).give(need)
        assert blocks.all_v4 is all_v4
        done, _, shortages = complete(with_blocks(made, "my-new", blocks), FIGURES, lock.Lock(region="my-new"))
        assert shortages == []
        given_v6 = [entry for entry in done.entries if ":" in lock.line(entry).replace(": ", "")]
        assert bool(given_v6) is not all_v4
        again, missing, _ = complete(with_blocks(made, "my-new", blocks), FIGURES, done)
        assert (again, missing) == (done, [])


# Two hundred regions ------------------------------------------------------------------------------------------

MIX = [1000.0] * 10 + [100.0] * 40 + [10.0] * 50 + [5.0] * 50 + [1.0] * 50


def shuffled(mix: Sequence[float]) -> list[float]:
    some = list(mix)
    random.Random(7).shuffle(some)
    return some


@pytest.mark.parametrize("order", [MIX, MIX[::-1], shuffled(MIX)], ids=["large first", "small first", "mixed"])
def test_two_hundred_regions_fit_beside_the_examples(order: list[float]) -> None:
    made = {power: sized(power) for power in set(MIX)}
    needs = {power: demand_of(one.region(), FIGURES, POOLS) for power, one in made.items()}
    existing = made[1000.0].accepted.existing
    space = existing.space(POOLS)

    start = time.process_time()
    new = [(f"r{i:03}", power, space.give(needs[power])) for i, power in enumerate(order)]
    assert time.process_time() - start < 5

    everyone = [*existing.numbers, *(numbers(name, blocks) for name, _, blocks in new)]
    assert overlaps(everyone) == []
    assert all(blocks.underlay_v4.subnet_of(IPv4Network("10.0.0.0/8")) for _, _, blocks in new)
    for name, power, blocks in new:
        assert complete(with_blocks(made[power], name, blocks), FIGURES, lock.Lock(region=name))[2] == []
    assert forecast(space, needs[1000.0], at_most=1).more == 1
