"""What is given out never overlaps, never moves, and never depends on the order of the file."""

from __future__ import annotations

import copy
import ipaddress
import itertools
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_factory.infra import catalog, spec
from ai_factory.infra.plan import build
from ai_factory.infra.plan.allocation import allocate, lock
from ai_factory.infra.plan.allocation.lock import ClusterEntry, Lock, TenantEntry, TenantRacksEntry
from ai_factory.infra.plan.checks import references
from ai_factory.infra.plan.links import links_per_host
from ai_factory.infra.plan.model import RegionPlan
from tests import regionfile

pytestmark = pytest.mark.slow

CATALOG = catalog.load()
EMPTY: dict[str, Any] = {
    "region": {"name": "grow", "country": "KR", "city": "Ulsan"},
    "sovereignty": {"residency": ["KR"], "operators": ["KR"]},
    "addressing": {"underlay_v4": "10.0.0.0/8", "oob_v4": "192.168.0.0/16", "ula_v6": "fd12:3456:789a::/48"},
    "site": {"power": {"utility_mw": 900}, "halls": [{"name": "h0", "max_it_mw": 400}]},
    "core": {"nodes": 80},
    "images": {
        "gpu": {"url": "http://images.internal/gpu.qcow2", "checksum": "a" * 64},
        "core": {"url": "http://images.internal/core.qcow2", "checksum": "b" * 64},
    },
    "clusters": [],
    "storage": [],
    "tenants": [],
}
SYSTEMS = (
    {"system": "gb300-nvl72", "fabric": "quantum-x800", "purpose": "training"},
    {"system": "gb300-nvl72", "fabric": "spectrum-x", "purpose": "inference"},
    {"system": "dgx-b200", "purpose": "training"},
    {"system": "rtx-pro-server", "purpose": "physical", "provider": "existing", "rack_kw": 30},
)
STORAGE = (
    {"tier": "local", "driver": "local-nvme"},
    {"tier": "block", "driver": "rook-ceph", "nodes": 3},
    {"tier": "parallel", "driver": "weka", "endpoint": "weka.internal"},
)


def model(data: dict[str, Any]) -> spec.Region:
    region = regionfile.model(data)
    assert references.check(region, CATALOG, regionfile.document(data)) == []
    return region


def inside_the_pools(data: dict[str, Any], block: Any) -> bool:
    pools = model(data).addressing
    return any(
        pool is not None and pool.version == block.version and block.subnet_of(pool)
        for pool in (pools.underlay_v4, pools.oob_v4, pools.ula_v6)
    )


def complete(data: dict[str, Any], old: Lock | None = None) -> Lock:
    done, _, shortages = allocate.complete(model(data), CATALOG, old or Lock(region="grow"))
    assert shortages == []
    return done


def plan_of(data: dict[str, Any], held: Lock) -> RegionPlan:
    return build.plan(model(data), CATALOG, held, None)


# Regions that grow -------------------------------------------------------------------------------------------


def _free(data: dict[str, Any], key: str, prefix: str) -> str:
    taken = {item["name"] for item in data[key]}
    return next(name for n in itertools.count() if (name := f"{prefix}{n}") not in taken)


def add_cluster(data: dict[str, Any], rng: random.Random) -> None:
    racks = rng.randint(1, 3)
    cluster = {"name": _free(data, "clusters", rng.choice("abz")), **rng.choice(SYSTEMS), "racks": racks}
    cluster["max_racks"] = racks + rng.randint(0, 2)
    if cluster.get("provider") == "existing":
        cluster["access"] = {"context": cluster["name"]}
    if rng.random() < 0.5:
        cluster["hall"] = rng.choice(data["site"]["halls"])["name"]
    data["clusters"].append(cluster)


def add_tenant(data: dict[str, Any], rng: random.Random) -> None:
    cluster = rng.choice(data["clusters"])
    dedicated = sum(t.get("racks", 0) for t in data["tenants"] if t["cluster"] == cluster["name"])
    tenant = {"name": _free(data, "tenants", rng.choice("kt")), "cluster": cluster["name"]}
    if dedicated < cluster["racks"] - 1 and "provider" not in cluster:
        data["tenants"].append(tenant | {"isolation": "dedicated-nodes", "racks": 1})
    else:
        data["tenants"].append(tenant | {"isolation": "shared", "gpus": 1})


def add_storage(data: dict[str, Any], rng: random.Random) -> None:
    kind = dict(rng.choice(STORAGE))
    if "nodes" in kind:
        kind["cluster"] = rng.choice(data["clusters"])["name"]
    data["storage"].append({"name": _free(data, "storage", "s"), **kind})


def add_racks(data: dict[str, Any], rng: random.Random) -> None:
    cluster = rng.choice(data["clusters"])
    cluster["racks"] = min(cluster["racks"] + 1, cluster["max_racks"])


def add_hall(data: dict[str, Any], rng: random.Random) -> None:
    data["site"]["halls"].append({"name": f"h{len(data['site']['halls'])}", "max_it_mw": 300})


def add_core(data: dict[str, Any], rng: random.Random) -> None:
    data["core"]["nodes"] += rng.randint(1, 20)


STEPS = (add_cluster, add_cluster, add_tenant, add_tenant, add_storage, add_racks, add_hall, add_core)


def shuffle(data: dict[str, Any], rng: random.Random) -> None:
    for key in ("clusters", "tenants", "storage"):
        rng.shuffle(data[key])


@st.composite
def histories(draw: st.DrawFn, *, most: int = 6) -> list[dict[str, Any]]:
    """States of one region, each with a few things more than the one before, in another order."""
    rng = random.Random(draw(st.integers(0, 2**32)))  # one seed: the shape of a region follows from its numbers
    data = copy.deepcopy(EMPTY)
    add_cluster(data, rng)
    states = [copy.deepcopy(data)]
    for step in draw(st.lists(st.sampled_from(STEPS), min_size=1, max_size=most)):
        step(data, rng)
        shuffle(data, rng)
        states.append(copy.deepcopy(data))
    return states


def hosts(made: RegionPlan) -> dict[tuple[str, int], tuple[str, ...]]:
    """Every address of every planned host of a built cluster, by rack and slot."""
    return {
        (rack.name, slot): (
            str(cluster.bmc_address(rack, slot)),
            *(f"{link.name} {link.host} {link.switch}" for link in cluster.host_links(rack, slot)),
        )
        for cluster in made.clusters
        if cluster.networks
        for rack in cluster.racks
        for slot in range(rack.nodes)
    }


# Properties --------------------------------------------------------------------------------------------------


@given(histories())
def test_growth_in_any_order_keeps_every_line_and_every_address(states: list[dict[str, Any]]) -> None:
    held = Lock(region="grow")
    addresses: dict[tuple[str, int], tuple[str, ...]] = {}
    for state in states:
        grown = complete(state, held)
        made = plan_of(state, grown)
        now = hosts(made)

        assert grown.entries[: len(held.entries)] == held.entries
        assert now.items() >= addresses.items()
        held, addresses = grown, now
    assert complete(states[-1], held) == held


@given(histories(), st.integers())
def test_the_order_of_the_file_does_not_matter(states: list[dict[str, Any]], seed: int) -> None:
    other = copy.deepcopy(states[-1])
    shuffle(other, random.Random(seed))

    assert lock.text(complete(other)) == lock.text(complete(states[-1]))


@given(histories(most=12), st.sampled_from(["10.0.0.0/8", "10.0.0.0/18", "10.0.0.0/20"]))
def test_no_two_things_get_the_same_number(states: list[dict[str, Any]], underlay: str) -> None:
    data = states[-1]
    data["addressing"]["underlay_v4"] = underlay
    held, _, _ = allocate.complete(model(data), CATALOG, Lock(region="grow"))

    blocks = [block for entry in held.entries for block in lock.networks_of(entry)]
    clusters = [entry for entry in held.entries if isinstance(entry, ClusterEntry)]
    tenants = [entry for entry in held.entries if isinstance(entry, TenantEntry)]
    asns = [
        number
        for entry in clusters
        for stretch in (entry.host_asns, entry.switch_asns)
        if stretch
        for number in range(stretch[0], stretch[1] + 1)
    ]
    racks = [
        (entry.cluster, index)
        for entry in held.entries
        if isinstance(entry, TenantRacksEntry)
        for index in entry.indices
    ]
    for numbers in (
        asns,
        racks,
        [entry.number for entry in clusters],
        [entry.number for entry in tenants],
        [entry.vni for entry in tenants],
        [entry.pkey for entry in tenants if entry.pkey],
        [slot for entry in held.entries for slot in getattr(entry, "slots", ())],
    ):
        assert len(numbers) == len(set(numbers))
    for one, other in itertools.combinations(blocks, 2):
        assert one.version != other.version or not one.overlaps(other)
    assert all(inside_the_pools(data, block) for block in blocks)


@given(histories())
def test_links_are_pairs_in_the_block_of_their_cluster(states: list[dict[str, Any]]) -> None:
    made = plan_of(states[-1], complete(states[-1]))
    seen: set[object] = set()
    for cluster in made.clusters:
        if cluster.networks is None:
            with pytest.raises(ValueError, match="is adopted"):
                next(iter(cluster.host_links(cluster.racks[0], 0)))
            continue
        for rack, slot in ((each, number) for each in cluster.racks for number in range(each.nodes)):
            links = list(cluster.host_links(rack, slot))
            assert len({link.name for link in links}) == len(links) == links_per_host(cluster.system, cluster.fabric)
            for link in links:
                pair = ipaddress.ip_network((link.switch, link.prefix))
                assert list(pair) == [link.switch, link.host]
                assert pair.subnet_of(cluster.networks.hosts)  # type: ignore[arg-type]
                assert pair not in seen
                seen.add(pair)
            bmc = cluster.bmc_address(rack, slot)
            assert bmc in cluster.networks.bmc
            assert bmc != cluster.networks.bmc.network_address
            assert bmc not in seen
            seen.add(bmc)


# Removing and releasing --------------------------------------------------------------------------------------


def tenant(name: str, cluster: str = "c", **size: int) -> dict[str, Any]:
    isolation = "dedicated-nodes" if "racks" in size else "shared"
    return {"name": name, "isolation": isolation, "cluster": cluster, **size}


def with_tenants(*tenants: dict[str, Any], racks: int = 6) -> dict[str, Any]:
    cluster = {"name": "c", **SYSTEMS[0], "racks": racks, "max_racks": 8}
    return {**copy.deepcopy(EMPTY), "clusters": [cluster], "tenants": list(tenants)}


def entries(held: Lock, item: str) -> list[Any]:
    return held.held().get(item, [])


def test_what_is_removed_holds_its_numbers_until_released() -> None:
    first = complete(with_tenants(tenant("a", gpus=4), tenant("b", gpus=4)))
    without = with_tenants(tenant("b", gpus=4), tenant("d", gpus=4))

    kept = complete(without, first)
    assert entries(kept, "tenant/d")[0].vni == 100_002
    assert allocate.retired(model(without), kept) == ["tenant/a"]

    reused = complete(without, allocate.release(first, ["tenant/a"]))
    old = entries(first, "tenant/a")[0]
    new = entries(reused, "tenant/d")[0]
    assert (new.vni, new.pkey, new.network) == (old.vni, old.pkey, old.network)
    assert new.number == 3  # stacks hold tenants by number: never given to another
    assert allocate.retired(model(without), reused) == []
    assert reused.entries[: len(first.entries)] == first.entries


def test_the_number_of_a_cluster_that_left_is_no_gap_to_fill() -> None:
    three = {**copy.deepcopy(EMPTY), "clusters": [{"name": name, **SYSTEMS[2], "racks": 1} for name in "abc"]}
    two, other = {**three, "clusters": three["clusters"][:2]}, {**three, "clusters": three["clusters"][1:]}

    held = complete(other, allocate.release(complete(two), ["cluster/a", "core-nodes/cluster/a"]))

    assert [entries(held, f"cluster/{name}")[0].number for name in "bc"] == [2, 3]


def test_a_cluster_that_comes_back_finds_its_numbers() -> None:
    both = copy.deepcopy(EMPTY)
    both["clusters"] = [{"name": name, **SYSTEMS[2], "racks": 2} for name in ("a", "b")]
    one = {**both, "clusters": both["clusters"][1:]}
    held = complete(one, complete(both))

    assert {"cluster/a", "core-nodes/cluster/a"} == set(allocate.retired(model(one), held))
    assert hosts(plan_of(both, complete(both, held))) == hosts(plan_of(both, complete(both)))


def test_a_region_that_shrinks_keeps_the_places_of_what_is_left() -> None:
    held = complete(with_tenants(tenant("a", racks=3), tenant("b", racks=2)))
    fewer = with_tenants(tenant("a", racks=1), tenant("b", racks=2))

    assert complete(fewer, held) == held
    made = plan_of(fewer, held)
    assert [(t.name, t.racks) for t in made.tenants] == [
        ("a", ("c-r0001",)),
        ("b", ("c-r0004", "c-r0005")),
    ]
    again = with_tenants(tenant("a", racks=3), tenant("b", racks=2))
    assert plan_of(again, held).tenants[0].racks == ("c-r0001", "c-r0002", "c-r0003")


def test_a_tenant_gets_neighbouring_racks_where_there_are_some() -> None:
    held = complete(with_tenants(tenant("a", racks=1), tenant("b", racks=1), tenant("c", racks=1)))
    freed = allocate.release(held, ["tenant/b", "tenant-racks/b"])

    next_to = complete(with_tenants(tenant("a", racks=1), tenant("c", racks=1), tenant("d", racks=2)), freed)
    assert entries(next_to, "tenant-racks/d")[0].racks == ((3, 4),)

    scattered = complete(with_tenants(tenant("a", racks=1), tenant("c", racks=1), tenant("d", racks=4)), freed)
    assert entries(scattered, "tenant-racks/d")[0].racks == ((1, 1), (3, 5))


def test_racks_of_a_tenant_are_whole_and_nobody_elses() -> None:
    data = with_tenants(tenant("a", racks=2), tenant("b", racks=3), tenant("s", gpus=72))
    made = plan_of(data, complete(data))

    owners = {rack.name: rack.tenant for rack in made.clusters[0].racks}
    assert list(owners.values()) == ["a", "a", "b", "b", "b", None]
    assert [(t.name, t.gpus) for t in made.tenants] == [("a", 144), ("b", 216), ("s", 72)]


# Pools that run out ------------------------------------------------------------------------------------------


def test_ipv6_takes_over_where_ipv4_runs_out() -> None:
    data = with_tenants(tenant("a", gpus=4))
    data["addressing"] |= {"underlay_v4": "10.0.0.0/23", "oob_v4": "192.168.0.0/30"}
    held = complete(data)
    cluster = entries(held, "cluster/c")[0]

    assert [block.version for block in (cluster.nodes, cluster.service, cluster.hosts, cluster.bmc)] == [4, 4, 6, 6]
    assert entries(held, "tenant/a")[0].network.prefixlen == 64
    made = plan_of(data, held)
    link = next(iter(made.clusters[0].host_links(made.clusters[0].racks[1], 3)))
    assert (link.prefix, link.host.version, int(link.host) - int(link.switch)) == (127, 6, 1)
    assert len(set(hosts(made).values())) == 6 * 18
    rows = build.sample_rows(model(data), CATALOG, held)
    assert {str(row.bmc) for row in rows if row.rack.startswith("c-")} == {
        addresses[0] for addresses in hosts(made).values()
    }


@pytest.mark.parametrize(
    ("pool", "message", "path"),
    [
        ({"underlay_v4": "10.0.0.0/27"}, "addressing.underlay_v4 10.0.0.0/27 has no room for", ("clusters", 0)),
        ({"asn_count": 9}, "addressing.asn_count has no room for 144 AS numbers of cluster c", ("clusters", 0)),
        ({"vni_count": 1}, "addressing.vni_count has no VNI left for tenant b", ("tenants", 0)),
    ],
)
def test_a_pool_that_is_empty_is_named(pool: dict[str, Any], message: str, path: tuple[object, ...]) -> None:
    data = with_tenants(tenant("b", gpus=4), tenant("a", gpus=4))
    data["addressing"] |= pool

    held, missing, shortages = allocate.complete(model(data), CATALOG, Lock(region="grow"))

    assert [shortage for shortage in shortages if message in shortage.message and shortage.path == path]
    assert held.entries == tuple(missing)
    assert all(entry.item != "cluster/c" for entry in missing) == (path[0] == "clusters")


def test_an_ipv6_pool_that_is_full_is_no_pool() -> None:
    data = with_tenants(tenant("a", gpus=4))
    data["addressing"] |= {"underlay_v4": "10.0.0.0/23", "ula_v6": "fd00::/120"}

    _, _, shortages = allocate.complete(model(data), CATALOG, Lock(region="grow"))

    assert [(shortage.path, shortage.remedy) for shortage in shortages][-1] == (("tenants", 0), "give a larger pool")


def test_racks_held_by_a_tenant_that_left_are_not_free() -> None:
    held = complete(with_tenants(tenant("a", racks=5)))
    data = with_tenants(tenant("b", racks=2))

    _, _, shortages = allocate.complete(model(data), CATALOG, held)

    assert [shortage.message for shortage in shortages] == ["cluster c has too few free racks for 2 more of tenant b"]
