"""Clusters of a new region: proportions, units, bounds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_factory.infra import catalog, spec
from ai_factory.infra.expand import sizing
from ai_factory.infra.expand.carryover import new_host
from ai_factory.infra.plan import quantities
from ai_factory.infra.spec.load import load
from tests.regionfile import REGIONS

FIGURES = catalog.load()
NAMES = ("kr-dsx-1", "kr-haein", "kr-ulsan", "lab")
SOURCES = {name: load(REGIONS / f"{name}.yaml")[0] for name in NAMES}


def parts(source: spec.Region, it_kw: float, system: str | None = None) -> list[sizing.Part]:
    entry = FIGURES.system(system) if system else None
    return sizing.parts(source, FIGURES, it_kw=it_kw, system=entry, rack_kw=None)[0]


@given(st.sampled_from(NAMES), st.floats(500, 900_000))
def test_racks_fill_the_power_and_never_exceed_it(name: str, it_kw: float) -> None:
    source = SOURCES[name]
    found = parts(source, it_kw)

    budget = it_kw / (1 + quantities.fabric_core_share(source, FIGURES))
    used = sum(part.kw for part in found)
    lost = sum(max(part.rack_kw, sizing.UNIT_LOSS * part.kw / (1 - sizing.UNIT_LOSS)) + part.rack_kw for part in found)
    assert used <= budget
    assert used >= budget - lost
    assert len({part.cluster.name for part in found}) == len(found)
    for part in found:
        assert 1 <= part.racks <= part.max_racks
        nodes = part.max_racks * quantities.nodes_per_rack(part.cluster, FIGURES)
        assert nodes + 5 <= FIGURES.limits.nodes_per_cluster or part.max_racks == 1


@given(st.sampled_from(NAMES), st.floats(20_000, 900_000))
def test_clusters_keep_their_proportions(name: str, it_kw: float) -> None:
    source = SOURCES[name]
    found = sizing.by_origin(parts(source, it_kw))
    total = sum(part.kw for some in found.values() for part in some)
    old = {c.name: quantities.racks(c, FIGURES) * (quantities.rack_kw(c, FIGURES) or 0) for c in source.clusters}

    for origin, some in found.items():
        assert sum(part.kw for part in some) / total == pytest.approx(old[origin] / sum(old.values()), abs=0.08)


def test_whole_units_where_they_cost_less_than_a_tenth() -> None:
    (one,) = [part for part in parts(SOURCES["kr-ulsan"], 50_000) if part.cluster.name == "train-a"]
    (small,) = [part for part in parts(SOURCES["kr-ulsan"], 8_000) if part.cluster.name == "train-a"]

    assert (one.racks, one.racks % 8, one.max_racks % 8) == (176, 0, 0)
    assert (small.racks, small.max_racks) == (28, 40)


def test_a_share_without_a_rack_goes_to_the_others() -> None:
    found, dropped = sizing.parts(SOURCES["kr-ulsan"], FIGURES, it_kw=400, system=None, rack_kw=None)

    assert [one.name for one in dropped] == ["infer-a"]
    assert {part.cluster.name for part in found} == {"train-a", "physical-a"}


def test_another_system_drops_what_belonged_to_the_old_one() -> None:
    found = parts(SOURCES["kr-ulsan"], 50_000, "dgx-b200")

    assert [(p.cluster.system, p.cluster.fabric) for p in found] == [
        ("dgx-b200", None), ("dgx-b200", None), ("rtx-pro-server", None),
    ]  # fmt: skip
    assert [p.rack_kw for p in found] == [28.6, 28.6, 30]


def test_a_long_name_stays_legal_when_a_cluster_is_split() -> None:
    source = SOURCES["kr-haein"]
    long = source.clusters[0].model_copy(update={"name": "h" * 40})
    found = parts(source.model_copy(update={"clusters": (long,)}), 500_000)

    assert len(found) > 3
    assert all(len(part.cluster.name) <= 40 for part in found)
    assert len({part.cluster.name for part in found}) == len(found)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("weka.kr-ulsan.internal", "weka.jp-osaka.internal"),
        ("kr-ulsan", "jp-osaka"),
        ("weka.example", "weka.jp-osaka.internal"),
        ("fd00::1", "weka.jp-osaka.internal"),
    ],
)
def test_a_host_of_the_source_is_never_taken_over(host: str, expected: str) -> None:
    assert new_host(host, "kr-ulsan", "jp-osaka", "weka") == expected
