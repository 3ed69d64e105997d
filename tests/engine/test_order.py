"""Waves on one cluster, rounds over several, steps of stacks, and the way back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_factory.infra.engine.declared import parts_of, refuse_releases
from ai_factory.infra.engine.direct.deletion import batches, ranks
from ai_factory.infra.engine.direct.live_objects import LiveObject
from ai_factory.infra.engine.direct.order import rounds, waves
from ai_factory.infra.errors import RefusedError
from ai_factory.infra.objects.ids import ObjectId
from ai_factory.infra.objects.region import stack_names, steps
from ai_factory.infra.plan.model import RegionPlan
from tests.engine.items import config_map, planned
from tests.objects.conftest import make_plan


def names(found: Any) -> list[list[str]]:
    return [[item.manifest["metadata"]["name"] for item in wave] for wave in found]


def test_each_wave_needs_only_earlier_ones() -> None:
    a, b = config_map("a"), config_map("b", after=("m/ConfigMap/a/a",))
    c = config_map("c", after=(b.id, a.id))
    assert names(waves([c, b, a])) == [["a"], ["b"], ["c"]]


def test_namespace_comes_first_unasked_and_ids_of_others_are_left_to_them() -> None:
    item = config_map("x", after=("elsewhere/ConfigMap/a/y",))
    assert names(waves([item, planned("Namespace", "a")])) == [["a"], ["x"]]


def test_circle_is_refused_with_its_ids() -> None:
    a = config_map("a", after=("m/ConfigMap/a/b",))
    b, c = config_map("b", after=("m/ConfigMap/a/a",)), config_map("c", after=("m/ConfigMap/a/a",))
    with pytest.raises(RefusedError) as caught:
        waves([c, a, b])
    assert caught.value.message.endswith("m/ConfigMap/a/a -> m/ConfigMap/a/b -> m/ConfigMap/a/a")


def test_object_that_is_planned_twice_is_refused() -> None:
    with pytest.raises(RefusedError, match="m/ConfigMap/a/a is planned twice"):
        waves([config_map("a"), config_map("a")])


@given(st.lists(st.sets(st.integers(0, 30), max_size=4), min_size=1, max_size=30))
def test_waves_keep_every_edge_and_every_object(edges: list[set[int]]) -> None:
    items = [
        config_map(f"c{n}", after=tuple(f"m/ConfigMap/a/c{need}" for need in needs if need < n))
        for n, needs in enumerate(edges)
    ]
    at = {item.id: number for number, wave in enumerate(waves(items)) for item in wave}
    assert set(at) == {item.id for item in items}
    for item in items:
        assert at[item.id] == max((at[need] + 1 for need in item.after), default=0)


@pytest.fixture(scope="module")
def plan() -> RegionPlan:
    return make_plan()


def shown(found: Any) -> list[dict[str, list[str]]]:
    return [{target: names([items])[0] for target, items in one.items()} for one in found]


def test_management_first_then_workloads_then_what_comes_after_them(plan: RegionPlan) -> None:
    home = planned("Namespace", "operator", on="train")
    release = planned("ConfigMap", "release", "operator", on="mgmt", after=(home.id,))
    policy = config_map("policy", on="train", after=(release.id,))
    facts = config_map("facts", on="mgmt")
    objects = {"train": [policy, home], "mgmt": [release, facts], "twin": [config_map("t", on="twin")]}
    assert shown(rounds(plan, objects)) == [
        {"mgmt": ["facts"]},
        {"train": ["operator"], "twin": ["t"]},
        {"mgmt": ["release"]},
        {"train": ["policy"]},
    ]


def test_objects_on_a_built_cluster_come_after_it(plan: RegionPlan) -> None:
    cluster = planned("Cluster", "train", "train", api="cluster.x-k8s.io/v1beta2", on="mgmt")
    needs_workload = config_map("late", on="mgmt", after=("train/Namespace//x",))
    objects = {"train": [planned("Namespace", "x", on="train")], "mgmt": [needs_workload, cluster]}
    assert shown(rounds(plan, objects)) == [{"mgmt": ["train"]}, {"train": ["x"]}, {"mgmt": ["late"]}]


def test_circle_over_clusters_is_refused(plan: RegionPlan) -> None:
    one = config_map("one", on="mgmt", after=("train/ConfigMap/a/two",))
    two = config_map("two", on="train", after=("mgmt/ConfigMap/a/one",))
    with pytest.raises(RefusedError, match="wait for each other: mgmt/ConfigMap/a/one -> train/ConfigMap/a/two"):
        rounds(plan, {"mgmt": [one], "train": [two]})


def test_rounds_of_a_region_keep_every_edge(plan: RegionPlan) -> None:
    stacks = stack_names(plan)
    parts = parts_of(plan, stacks)
    for name in stacks:
        done: set[str] = set()
        ids = {item.id for items in parts.objects[name].values() for item in items}
        for one in rounds(plan, parts.objects[name]):
            for items in one.values():
                for wave in waves(items):
                    assert all(need in done or need not in ids for item in wave for need in item.after)
                    done |= {item.id for item in wave}
        assert done == ids


def test_stacks_go_in_steps_and_racks_side_by_side() -> None:
    plan = make_plan(layout="split")
    found = steps(plan, stack_names(plan))
    assert found[0] == ["kr-test"]
    assert found[1] == ["kr-test.train.0"]
    assert found[2] == ["kr-test.train", "kr-test.twin"]
    assert [name for step in found for name in step] == stack_names(plan)
    assert steps(plan, ["kr-test.twin"]) == [["kr-test.twin"]]


def test_charts_are_refused_with_what_to_install(plan: RegionPlan) -> None:
    with pytest.raises(RefusedError, match=r"(?s)installs no charts.*cert-manager.*provider: existing"):
        refuse_releases(parts_of(plan, stack_names(plan)))


def live(kind: str, name: str) -> tuple[ObjectId, LiveObject]:
    key = ObjectId.parse(f"m/{kind}/{'' if kind == 'Namespace' else 'a'}/{name}")
    return key, LiveObject(resource=None, manifest={"metadata": {"name": name}}, full=False)  # type: ignore[arg-type]


def test_deletion_goes_backwards_with_namespaces_last() -> None:
    planned_waves = waves(
        [planned("Namespace", "a"), config_map("base"), planned("Secret", "top", "a", after=("m/ConfigMap/a/base",))]
    )
    doomed = dict(
        live(*each)
        for each in [
            ("Namespace", "a"), ("ConfigMap", "base"), ("Secret", "top"), ("Service", "unplanned"),
            ("ConfigMap", "left"), ("CustomResourceDefinition.apiextensions.k8s.io", "crd"),
        ]
    )  # fmt: skip
    order = [sorted(key.name for key in batch) for batch in batches(doomed, ranks(planned_waves))]
    assert order == [["unplanned"], ["top"], ["base", "left"], ["crd"], ["a"]]
