"""The data files: complete, consistent with each other, and each number with its source."""

import doctest
import re
from graphlib import TopologicalSorter

import pytest
from pydantic import ValidationError

from ai_factory.infra import catalog
from ai_factory.infra.catalog import _models
from ai_factory.infra.spec import Hall, Storage

CATALOG = catalog.load()
SYSTEMS = [pytest.param(CATALOG.system(name), id=name) for name in CATALOG.system_ids]
OPTIONS = [
    pytest.param(CATALOG.system(name), option, id=f"{name}-{option.fabric}")
    for name in CATALOG.system_ids
    for option in CATALOG.system(name).fabrics
]
EXPECTED = {
    "dgx-h100", "dgx-h200", "dgx-b200", "dgx-b300-eth", "dgx-b300-xdr", "gb200-nvl72", "gb300-nvl72", "rubin-nvl8",
    "vr-nvl72", "rtx-pro-server", "cpu-server",
}  # fmt: skip


def _release(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.removeprefix("v").split(".")[:2])


def test_systems_that_are_promised() -> None:
    assert set(CATALOG.system_ids) >= EXPECTED
    assert set(CATALOG.switch_ids) >= {"qm9700", "q3400", "sn5600", "sn5610", "sn2201", "sn4600c"}


@pytest.mark.parametrize("system", SYSTEMS)
def test_system_is_consistent(system: catalog.SystemEntry) -> None:
    assert CATALOG.system(system.id) is system, "file name and id agree, and it is read once"
    assert set(system.purposes) <= {"training", "inference", "physical"}
    assert any(_release(version) >= _release(system.min_kubernetes) for version in CATALOG.kubernetes_versions)
    assert system.cooling in Hall.model_fields["cooling"].default
    assert bool(system.nvlink_switch_trays) == system.rack_scale
    assert not (system.rack_scale and system.confidential), "confidential computing stops at HGX and RTX PRO"
    assert (system.unit is None) == (not system.fabrics)
    assert system.gpus_per_node == 0 or system.gpu_product


@pytest.mark.parametrize("system", SYSTEMS)
def test_rack_is_planned_on_the_largest_figure(system: catalog.SystemEntry) -> None:
    planned, node = system.rack_plan_kw.value, system.node_kw.value
    if planned is not None and node is not None:
        assert planned >= round(node * system.nodes_per_rack_default, 6)
    if planned is None:
        assert system.rack_kw_note, "says why it is unknown"


@pytest.mark.parametrize(("system", "option"), OPTIONS)
def test_fabric_option_fits_its_switch(system: catalog.SystemEntry, option: catalog.FabricOption) -> None:
    switch, fabric = CATALOG.switch(option.switch), CATALOG.fabric(option.fabric)
    assert option.link_gbps in {switch.port_gbps // part for part in range(1, switch.split + 1)}
    assert 2 * option.nodes_per_leaf <= switch.ports * switch.port_gbps // option.link_gbps
    assert CATALOG.switch(fabric.switch).port_gbps == switch.port_gbps
    assert fabric.kind == "ethernet" or option.planes == 1
    unit = system.unit_nodes(option.fabric)
    assert unit
    assert unit % option.nodes_per_leaf == 0 or option.nodes_per_leaf % unit == 0


def test_unit_differs_by_fabric() -> None:
    gb300 = CATALOG.system("gb300-nvl72")
    assert [gb300.unit_nodes(name) for name in (None, "quantum-x800", "spectrum-x")] == [144, 144, 18]
    assert CATALOG.system("cpu-server").unit_nodes(None) is None


def test_rack_power_by_its_nodes() -> None:
    h100 = CATALOG.system("dgx-h100")
    assert [h100.rack_kw(nodes) for nodes in (1, 2, 4)] == [10.2, 20.4, 40.8]
    assert CATALOG.system("vr-nvl72").rack_kw(18) is None


def test_count_without_source_is_refused() -> None:
    data = CATALOG.system("dgx-h100").model_dump()
    data["sources"] = [one for one in data["sources"] if "cpu" not in one["fields"]]
    with pytest.raises(ValidationError, match="no source is given for gpu_memory_gb, cpu, memory_gib"):
        catalog.SystemEntry.model_validate(data)


def test_entries_are_frozen_and_closed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        CATALOG.switch("qm9700").ports = 65
    with pytest.raises(ValidationError, match="nodes or in racks"):
        catalog.Unit(nodes=8, racks=8, grade="A", source="both")
    with pytest.raises(ValidationError, match="Extra inputs"):
        catalog.Figure.model_validate({"value": 1, "grade": "P", "source": "x", "unit": "kW"})


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: CATALOG.system("gb400"), "no system gb400; known: cpu-server, .*vr-nvl72"),
        (lambda: CATALOG.system("../systems/dgx-h100"), "no system"),
        (lambda: CATALOG.switch("cisco"), "no switch cisco; known: q3400, qm9700"),
        (lambda: CATALOG.fabric("token-ring"), "no fabric token-ring; known: quantum-2"),
        (lambda: CATALOG.driver("tape"), "no driver tape; known: weka"),
        (lambda: CATALOG.service("mining"), "no service profile mining; known: sovereign-training"),
        (lambda: CATALOG.storage_guideline("huge"), "no storage grade huge; known: good"),
    ],
)
def test_unknown_ids_list_the_known(ask, message: str) -> None:
    with pytest.raises(catalog.UnknownEntryError, match=message):
        ask()


def test_unknown_figure_is_asked_for() -> None:
    with pytest.raises(catalog.UnknownFigureError, match=r"power of a Q3400 is unknown \(no figure found\)"):
        CATALOG.switch("q3400").kw_max.require("power of a Q3400")


def test_charts_are_pinned_and_their_order_exists() -> None:
    charts = {chart.id: chart for chart in CATALOG.charts}
    assert len(charts) == len(CATALOG.charts), "ids are unique"
    for chart in CATALOG.charts:
        assert re.fullmatch(r"v?\d+\.\d+\.\d+", chart.version), chart.id
        assert chart.repo.startswith(("https://", "oci://")), chart.id
        assert set(chart.depends_on) <= charts.keys(), chart.id
        assert all(charts[needed].plane == chart.plane for needed in chart.depends_on), chart.id
    tuple(TopologicalSorter({chart.id: chart.depends_on for chart in CATALOG.charts}).static_order())


def test_chart_conditions_name_known_values() -> None:
    known = {
        "purpose": {"training", "inference", "physical"},
        "fabric_kind": {"infiniband", "ethernet"},
        "rack_scale": {True, False},
        "provider": {"metal3", "nico", "existing"},
        "driver": set(CATALOG.driver_ids),
    }
    for chart in CATALOG.charts:
        for key, values in chart.when.items():
            assert set(values) <= known[key], chart.id


def test_charts_never_advertise_a_gpu_twice() -> None:
    dra = next(chart for chart in CATALOG.charts if chart.chart == "dra-driver-nvidia-gpu")
    assert dra.when == {"rack_scale": [True]}
    assert dra.values["resources"]["gpus"]["enabled"] is False
    operator = next(chart for chart in CATALOG.charts if chart.chart == "gpu-operator")
    assert operator.values["devicePlugin"]["enabled"] is True
    assert operator.values["hostPaths"]["driverInstallDir"] == dra.values["nvidiaDriverRoot"]


def test_services_go_with_every_purpose() -> None:
    profiles = [CATALOG.service(name) for name in CATALOG.service_ids]
    assert {purpose for profile in profiles for purpose in profile.purposes} == {"training", "inference", "physical"}
    priorities = {profile.id: profile.priority for profile in profiles}
    assert priorities["sovereign-training"] == max(priorities.values())


def test_drivers_offer_known_tiers() -> None:
    known = set(Storage.model_fields["tier"].annotation.__args__)
    for name in CATALOG.driver_ids:
        driver = CATALOG.driver(name)
        assert set(driver.tiers) <= known
        assert set(driver.provisioners) <= set(driver.tiers)


def test_guidelines_grow_with_their_scope() -> None:
    for one in CATALOG.guidelines:
        assert one.write_gbps < one.read_gbps
    for grade in ("good", "better", "best", "standard", "enhanced"):
        unit = CATALOG.storage_guideline(grade)
        four = next(one for one in CATALOG.guidelines if one.grade == grade and one.scope == "4-su")
        assert (four.gpus, four.read_gbps) == (4 * unit.gpus, 4 * unit.read_gbps)


def test_limits_and_versions() -> None:
    assert CATALOG.limits.nodes_per_cluster == 5000
    assert CATALOG.limits.resources_per_stack == 1000
    assert CATALOG.kubernetes_default in CATALOG.kubernetes_versions
    assert 1.1 <= CATALOG.pue.require("pue") <= 1.22
    with pytest.raises(ValidationError, match="needs a grade and a source"):
        catalog.Limits.model_validate(CATALOG.limits.model_dump() | {"source": {}})


@pytest.mark.parametrize("module", [catalog, _models])
def test_examples_in_docstrings(module) -> None:
    outcome = doctest.testmod(module)
    assert outcome.attempted >= 2
    assert outcome.failed == 0
