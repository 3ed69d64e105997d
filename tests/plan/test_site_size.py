"""The site calculator: exact, never above the power asked for, and clear about what it doesn't know."""

import doctest
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_factory.infra import catalog
from ai_factory.infra.plan.sizing import facility
from ai_factory.infra.plan.sizing.facility import size_site

CATALOG = catalog.load()
KNOWN = [name for name in CATALOG.system_ids if CATALOG.system(name).rack_plan_kw.value is not None]

hundredths = st.integers(min_value=0, max_value=10_000).map(lambda n: f"{n / 100:.2f}")


@given(
    st.sampled_from(KNOWN),
    hundredths.filter(lambda text: float(text) > 0),
    st.integers(min_value=100, max_value=200).map(lambda n: f"{n / 100:.2f}"),
    st.integers(min_value=0, max_value=50).map(lambda n: f"{n / 100:.2f}"),
)
def test_holds_as_many_racks_as_power_allows(system: str, power: str, pue: str, share: str) -> None:
    entry = CATALOG.system(system)
    size = size_site(power, system, pue=pue, fabric_core_share=share)
    meter_kw = Fraction(str(entry.rack_plan_kw.value)) * (1 + Fraction(share)) * Fraction(pue)
    assert size.racks * meter_kw <= Fraction(power) * 1000 < (size.racks + 1) * meter_kw
    assert size.nodes == size.racks * entry.nodes_per_rack_default
    assert size.gpus == size.nodes * entry.gpus_per_node
    assert size.facility_power_mw == pytest.approx(float(size.racks * meter_kw / 1000), abs=1e-6)
    assert size.it_power_mw * float(pue) == pytest.approx(size.facility_power_mw, abs=2e-6)


@pytest.mark.parametrize("number", [float, str])
def test_no_rack_is_lost_to_rounding(number: type) -> None:
    assert int(0.0429 * 1000 / 14.3) == 2, "what floats make of 3 racks"
    size = size_site(number("0.0429"), "dgx-h100", pue=number("1"), rack_kw=number("14.3"), fabric_core_share=0)
    assert size.racks == 3


def test_defaults_come_from_the_catalogue() -> None:
    size = size_site(100, "gb300-nvl72")
    assert (size.rack_kw, size.pue, size.fabric_core_share) == (150, CATALOG.pue.value, CATALOG.fabric_core_share.value)
    assert (size.racks, size.nodes, size.gpus) == (507, 9126, 36504)
    assert size.limited_by == (
        "power: 150 kW a rack (D: 1,200 kW TDP a scalable unit (S) / 8 racks) + 9.37% for fabric and core"
    )


def test_published_example_site() -> None:
    """DSX facilities reference design: 250 MW hold 1,536 racks and 110,592 GPUs."""
    size = size_site(250, "vr-nvl72", pue=1, rack_kw="162.76", fabric_core_share=0)
    assert (size.racks, size.gpus) == (1536, 110592)


def test_share_is_what_its_source_says() -> None:
    kw = {name: CATALOG.switch(name) for name in ("qm9700", "sn4600c", "sn2201")}
    switches = 64 * kw["qm9700"].kw_max.value + 8 * kw["sn4600c"].kw_typical.value + 8 * kw["sn2201"].kw_typical.value
    beside = switches + 4 * 0.689 + 4 * 1.0
    assert round(beside / (127 * CATALOG.system("dgx-h100").node_kw.value), 4) == CATALOG.fabric_core_share.value


def test_less_than_one_rack() -> None:
    size = size_site("0.1", "gb300-nvl72")
    assert (size.racks, size.gpus, size.it_power_mw) == (0, 0, 0)
    assert size.limited_by.startswith("less than one rack: power: 150 kW")


def test_unknown_figures_are_asked_for() -> None:
    with pytest.raises(catalog.UnknownFigureError, match="vr-nvl72 has a published range 198-330 kW: give --rack-kw"):
        size_site(250, "vr-nvl72")
    with pytest.raises(catalog.UnknownFigureError, match="rtx-pro-server has no published power of a rack or node"):
        size_site(10, "rtx-pro-server")
    assert size_site(10, "rtx-pro-server", rack_kw=30).limited_by.startswith("power: 30 kW a rack (as given)")


def test_node_figure_serves_where_racks_have_none() -> None:
    entry = CATALOG.system("dgx-b300-eth")
    bare = entry.model_copy(update={"rack_plan_kw": catalog.Figure(value=None, grade="S", source="none")})
    assert facility._rack(bare, None) == (76, "D: 4 nodes x 19 kW")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"power_mw": 0}, "--power-mw: must be above 0, not 0"),
        ({"power_mw": "-5"}, "--power-mw: must be above 0, not -5"),
        ({"power_mw": "lots"}, "--power-mw: a number is expected, not 'lots'"),
        ({"power_mw": "nan"}, "--power-mw: a number of sensible size"),
        ({"power_mw": "1e999999999"}, "--power-mw: a number of sensible size"),
        ({"pue": 0.99}, "--pue: must be at least 1, not 0.99"),
        ({"rack_kw": 0}, "--rack-kw: must be above 0, not 0"),
        ({"fabric_core_share": -0.1}, "--fabric-core-share: must be at least 0, not -0.1"),
        ({"system": "cpu-server"}, "cpu-server has no GPUs"),
    ],
)
def test_refusals(arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        size_site(**{"power_mw": 1, "system": "dgx-h100"} | arguments)


def test_unknown_system_lists_the_known() -> None:
    with pytest.raises(catalog.UnknownEntryError, match="known: cpu-server, dgx-b200"):
        size_site(1, "dgx-9000")


def test_keys_of_the_result() -> None:
    keys = {"racks", "nodes", "gpus", "it_power_mw", "facility_power_mw", "limited_by"}
    assert keys <= set(size_site(1, "dgx-h100").as_dict())


def test_examples_in_docstrings() -> None:
    outcome = doctest.testmod(facility)
    assert outcome.attempted > 1
    assert outcome.failed == 0
