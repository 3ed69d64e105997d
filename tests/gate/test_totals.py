"""What a region takes: numbers of the plan, prices of the region file, and what a change does to them."""

from __future__ import annotations

import pytest

from ai_factory.infra.gate.impact import totals
from ai_factory.infra.gate.records import PoolFacts, Totals
from ai_factory.infra.plan.model import RegionPlan
from tests.objects.conftest import make_plan

PRICES = {"gb300-nvl72": 4_000_000, "rtx-pro-server": 300_000}


def _plan(**costs: object) -> RegionPlan:
    return make_plan(hosts=False, costs={"currency": "KRW", **costs})


def test_totals_count_the_plan() -> None:
    plan = make_plan(hosts=False)
    found = totals.of_plan(plan)
    assert (found.racks, found.nodes, found.gpus, found.tenants) == (4, 2 * 18 + 8, 2 * 72 + 8 * 8, 2)
    assert (found.it_kw, found.facility_kw, found.utility_kw) == (
        plan.power.it_kw,
        plan.power.facility_kw,
        plan.power.utility_kw,
    )
    assert (found.currency, found.hardware, found.energy_per_year) == (None, None, None)


def test_costs_are_racks_by_system_and_a_year_of_energy() -> None:
    plan = _plan(racks=PRICES, energy_per_mwh=100)
    found = totals.of_plan(plan)
    racks = {cluster.name: len(cluster.racks) for cluster in plan.clusters}
    assert found.currency == "KRW"
    assert found.hardware == racks["train"] * 4_000_000 + racks["twin"] * 300_000
    assert found.energy_per_year == pytest.approx(plan.power.facility_kw * 8.76 * 100)


def test_a_system_without_price_leaves_hardware_without_price() -> None:
    assert totals.of_plan(_plan(racks={"gb300-nvl72": 1})).hardware is None


def test_no_energy_price_no_energy_cost() -> None:
    assert totals.of_plan(_plan(racks=PRICES)).energy_per_year is None


def test_delta_has_a_row_for_each_number() -> None:
    before = Totals(it_kw=1000, facility_kw=1200, racks=2, nodes=36, gpus=144, tenants=1)
    after = Totals(it_kw=2000, facility_kw=2400, racks=4, nodes=72, gpus=288, tenants=1)
    assert totals.delta(before, after) == [
        ("power at the meter", 1.2, 2.4, "MW"),
        ("IT power", 1.0, 2.0, "MW"),
        ("racks", 2, 4, ""),
        ("nodes", 36, 72, ""),
        ("GPUs", 144, 288, ""),
        ("tenants", 1, 1, ""),
    ]


def test_delta_of_a_new_region_has_nothing_before() -> None:
    rows = totals.delta(None, Totals(racks=1, currency="KRW", hardware=5.0))
    assert ("racks", None, 1, "") in rows
    assert ("hardware", None, 5.0, "KRW") in rows
    assert "energy" not in {row[0] for row in rows}


def test_another_currency_is_not_compared() -> None:
    rows = totals.delta(Totals(currency="KRW", hardware=5.0), Totals(currency="USD", hardware=1.0))
    assert ("hardware", 5.0, None, "KRW") in rows
    assert ("hardware", None, 1.0, "USD") in rows


def test_nothing_to_compare_has_no_rows() -> None:
    assert totals.delta(None, None) == []


def test_pool_deltas_name_what_changes() -> None:
    before = [PoolFacts(name="vni", total=100, used=1), PoolFacts(name="old", total=8, used=8)]
    after = [PoolFacts(name="asn", total=9, used=9), PoolFacts(name="vni", total=100, used=2)]
    same = PoolFacts(name="same", total=1, used=1)
    assert totals.pool_deltas([same, *before], [same, *after]) == [
        ("asn", None, 9, "of 9"),
        ("vni", 1, 2, "of 100"),
        ("old", 8, None, "of 8"),
    ]
