"""Who waits for whom: nothing begins too early, never more than the limit at once, and growth moves neighbours only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_factory.infra.fleet.order import LONGEST, WaveOrder, arrange, chained, object_name, region_names
from ai_factory.infra.objects.region import stack_names, steps
from ai_factory.infra.plan.stacks import RACKS_PER_GROUP, TENANTS_PER_GROUP
from ai_factory.infra.spec.problems import InputError
from tests.fleet.conftest import COMMIT, big, examples, settings
from tests.objects.conftest import make_plan

Needs = Mapping[str, Sequence[str]]

GROUPS = st.lists(st.integers(0, 9), min_size=1, max_size=6).map(
    lambda sizes: [[f"g{number}-{index}" for index in range(size)] for number, size in enumerate(sizes)]
)
LIMITS = st.integers(1, 5)
SHAPES = st.lists(
    st.tuples(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), min_size=1, max_size=4), st.booleans()),
    min_size=1,
    max_size=5,
)
"""Regions; each a list of clusters with groups of racks and of tenants, and whether it protects its objects."""


def shaped(name: str, clusters: Sequence[tuple[int, int]], protect: bool = True) -> Any:
    """As much of a region's plan as has to do with its stacks."""
    made = [
        SimpleNamespace(
            name=f"c{number}",
            built=True,
            declared_racks=[SimpleNamespace(index=group * RACKS_PER_GROUP) for group in range(racks)],
        )
        for number, (racks, _) in enumerate(clusters)
    ]
    tenants = [
        SimpleNamespace(cluster=f"c{number}", number=group * TENANTS_PER_GROUP + 1)
        for number, (_, groups) in enumerate(clusters)
        for group in range(groups)
    ]
    region = SimpleNamespace(region=SimpleNamespace(name=name), layout="split", protect=protect)
    return SimpleNamespace(
        name=name, spec=region, management=[], clusters=made, tenants=tenants, sample_inventory=False
    )


def needs_of(waves: Iterable[WaveOrder]) -> dict[str, tuple[str, ...]]:
    return {one.name: one.after for wave in waves for region in wave.regions for one in region.stacks}


def closure(needs: Needs) -> dict[str, set[str]]:
    """All that comes before each; refuses what is not named before it is needed."""
    found: dict[str, set[str]] = {}
    for name, after in needs.items():
        assert set(after) <= set(found), f"{name} waits for what comes later"
        found[name] = set(after).union(*(found[one] for one in after))
    return found


def most_at_once(needs: Needs, members: set[str]) -> int:
    """Members that run side by side at most, if whatever may begin does, and the last that began ends first."""
    done: set[str] = set()
    running: list[str] = []
    most = 0
    while len(done) < len(needs):
        running += [one for one, after in needs.items() if one not in done | set(running) and set(after) <= done]
        most = max(most, len(members & set(running)))
        done.add(running.pop())
    return most


@given(GROUPS, LIMITS)
def test_each_group_comes_after_all_before_and_never_more_than_the_limit_at_once(
    groups: list[list[str]], limit: int
) -> None:
    needs = chained(groups, limit)
    before = closure(needs)
    earlier: set[str] = set()
    for group in groups:
        for name in group:
            assert earlier <= before[name]
        earlier |= set(group)
    assert most_at_once(needs, set(needs)) <= limit
    assert sum(map(len, needs.values())) <= len(needs) + limit * limit * len(groups)


@given(GROUPS, LIMITS, st.data())
def test_one_more_moves_only_its_neighbours(groups: list[list[str]], limit: int, data: st.DataObject) -> None:
    old = chained(groups, limit)
    group = data.draw(st.sampled_from(groups))
    group.insert(data.draw(st.integers(0, len(group))), "new")
    new = chained(groups, limit)
    assert len([name for name in old if set(old[name]) != set(new[name])]) <= 2 * limit


@given(SHAPES, LIMITS, LIMITS)
def test_a_fleet_of_any_shape_follows_the_steps_of_its_regions(
    shapes: list[tuple[list[tuple[int, int]], bool]], stacks: int, side_by_side: int
) -> None:
    plans = [shaped(f"r{number}", clusters, protect) for number, (clusters, protect) in enumerate(shapes)]
    fleet = settings(
        stacks_at_once=stacks, regions_at_once=side_by_side, waves=[{"name": "a", "regions": ["r1"]}, {"name": "b"}]
    )
    waves = arrange(plans, fleet)
    needs = needs_of(waves)
    before = closure(needs)
    for wave in waves:
        for region in wave.regions:
            ordered = steps(region.plan, stack_names(region.plan))
            assert [[one.name for one in step] for step in region.steps] == ordered
            assert [one.name for one in region.stacks] == stack_names(region.plan)
            earlier: set[str] = set()
            for step in ordered:
                assert all(earlier <= before[name] for name in step)
                earlier |= set(step)
            assert most_at_once(needs, earlier) <= stacks
    first = {one.name for region in waves[0].regions for one in region.stacks}
    assert all(first <= before[one.name] for wave in waves[1:] for region in wave.regions for one in region.stacks)
    assert most_at_once(needs, set(needs)) <= stacks * side_by_side
    objects = [one.object for wave in waves for region in wave.regions for one in region.stacks]
    assert len(set(objects)) == len(objects) == sum(len(stack_names(plan)) for plan in plans)


@pytest.mark.parametrize("change", [("racks", 0), ("tenants", 1)])
def test_a_rack_group_or_tenant_group_more_changes_its_neighbours_only(change: tuple[str, int]) -> None:
    clusters = [(6, 3)] * 5
    more = list(clusters)
    more[1] = (7, 3) if change[0] == "racks" else (6, 4)
    others = [shaped("a", clusters), shaped("z", clusters)]
    fleet = settings(stacks_at_once=3, waves=[{"name": "first", "regions": ["a"]}, {"name": "rest"}])
    old = needs_of(arrange([*others, shaped("m", clusters)], fleet))
    new = needs_of(arrange([*others, shaped("m", more)], fleet))
    (added,) = set(new) - set(old)
    moved = {name for name in old if old[name] != new[name]}
    assert moved
    assert len(moved) <= 2 * 3
    assert {name.partition(".")[0] for name in moved} == {"m"}
    assert added.partition(".")[0] == "m"


def test_a_gate_stands_between_waves_only() -> None:
    plans = [shaped(name, [(1, 1)]) for name in ("a", "b", "c", "d")]
    fleet = settings(regions_at_once=1, waves=[{"name": "canary", "regions": ["b"]}, {"name": "rest"}])
    waves = arrange(plans, fleet)
    assert [(one.name, one.after, one.gated) for wave in waves for one in wave.regions] == [
        ("b", (), False), ("a", ("b",), True), ("c", ("a",), False), ("d", ("c",), False),
    ]  # fmt: skip
    assert needs_of(waves)["a"] == ("b.c0.t0",)
    assert region_names(fleet, ["d", "b", "a"]) == ["b", "a", "d"]


def test_a_wave_without_a_region_is_passed_over_and_keeps_its_number() -> None:
    fleet = settings(waves=[{"name": "a", "regions": ["x"]}, {"name": "b", "regions": ["none"]}, {"name": "c"}])
    waves = arrange([shaped("x", [(1, 0)]), shaped("y", [(1, 0)])], fleet)
    assert [(wave.number, wave.name) for wave in waves] == [(1, "a"), (3, "c")]
    assert waves[1].regions[0].after == ("x",)


OTHER = "f" * 40


@pytest.mark.parametrize(
    ("canary", "protect", "source", "found"),
    [
        ({"approval": "none"}, True, {"commit": COMMIT}, ["not needed", "awaited"]),
        ({}, False, {"commit": COMMIT}, ["not needed", "awaited"]),
        ({}, True, {"commit": COMMIT}, ["awaited", "behind"]),
        ({"approval": "required"}, False, {"commit": COMMIT}, ["awaited", "behind"]),
        ({"approved": COMMIT}, True, {"commit": COMMIT}, ["approved", "awaited"]),
        ({"approved": COMMIT}, True, {"commit": OTHER}, ["awaited", "behind"]),
        ({"approved": COMMIT}, True, {"branch": "main"}, ["awaited", "behind"]),
        ({}, True, {}, ["awaited", "behind"]),
    ],
)
def test_approval_holds_for_one_commit(canary: Any, protect: bool, source: Any, found: list[str]) -> None:
    repo = {"repo": "https://git.example/factory.git"}
    fleet = settings(source=repo | source, waves=[{"name": "canary", "regions": ["a"]} | canary, {"name": "rest"}])
    waves = arrange([shaped("a", [(1, 1)], protect), shaped("b", [(1, 1)])], fleet)
    assert [wave.approval for wave in waves] == found
    assert [wave.previews for wave in waves] == [one in ("awaited", "behind") for one in found]


def test_names_that_fall_together_are_refused_all_at_once() -> None:
    plans = [shaped("a", [(1, 0)]), shaped("a-c0", [(1, 0)]), shaped("b", [(1, 0)]), shaped("b-c0", [(0, 0)])]
    with pytest.raises(InputError) as caught:
        arrange(plans, settings(waves=[{"name": "all"}]))
    shown = str(caught.value)
    assert "the stacks a.c0 and a-c0 would both be the object a-c0" in shown
    assert "the stacks b.c0 and b-c0 would both be the object b-c0" in shown


@given(st.from_regex(r"[a-z][-a-z0-9]{0,38}[a-z0-9](\.[a-z][-a-z0-9]{0,28}[a-z0-9](\.t?[0-9]{1,3})?)?", fullmatch=True))
def test_object_names_are_dns_labels_that_leave_room_for_the_operator(stack: str) -> None:
    name = object_name(stack)
    assert len(name) <= LONGEST
    assert not set(name) - set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert name[0].isalpha()
    assert name[-1] != "-"


def test_long_names_that_begin_alike_stay_apart() -> None:
    long = "a-region-with-quite-a-long-name.and-a-cluster-of-the-same-kind"
    assert len({object_name(f"{long}.{number}") for number in range(100)}) == 100


@pytest.mark.parametrize(
    "plan", [make_plan(), make_plan(layout="split"), big(700, 90), *examples()], ids=lambda p: p.name
)
def test_real_plans(plan: Any) -> None:
    (wave,) = arrange([plan], settings(waves=[{"name": "all"}]))
    before = closure(needs_of([wave]))
    earlier: set[str] = set()
    for step in steps(plan, stack_names(plan)):
        assert all(earlier <= before[name] for name in step)
        earlier |= set(step)
    assert list(before) == stack_names(plan)
