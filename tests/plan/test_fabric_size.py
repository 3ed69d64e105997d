"""The fabric calculator against published tables, and the properties of a non-blocking, evenly spread fabric."""

import doctest
import os
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ai_factory.infra import catalog
from ai_factory.infra.errors import SizeError
from ai_factory.infra.plan.sizing import fabric as fabric_size
from ai_factory.infra.plan.sizing.fabric import UFM_CABLES, FabricSize, size_fabric

SHARED = Path(os.environ.get("AIFACTORY_SHARED", Path(__file__).resolve().parents[3] / "shared"))
TABLES = yaml.safe_load((Path(__file__).parent / "published_fabrics.yaml").read_text(encoding="utf-8"))
ROWS = [
    pytest.param(table, row, id=f"{table['system']}-{table.get('fabric', 'default')}-{row['units']}")
    for table in TABLES
    for row in table["rows"]
]
CATALOG = catalog.load()
OPTIONS = [(name, fabric) for name in CATALOG.system_ids for fabric in CATALOG.system(name).fabric_ids]
MOST_UNITS = 60


@pytest.mark.parametrize(("table", "row"), ROWS)
def test_published_tables(table: dict, row: dict) -> None:
    size = size_fabric(table["system"], row["units"], table.get("fabric"), table.get("ufm", False)).as_dict()
    assert {key: size[key] for key in row} == row, table["source"]


def _shared_rows() -> dict:
    path = SHARED / "data" / "reference" / "superpod-h100-b200.yaml"
    if not path.is_file():
        pytest.skip("shared reference folder absent")
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("system", ["dgx-h100", "dgx-h200", "dgx-b200"])
def test_shared_reference(system: str) -> None:
    tables = _shared_rows()
    names = {"node_leaf": "node_leaf_cables", "leaf_spine": "leaf_spine_cables", "spine_core": "spine_core_cables"}
    names |= {"su": "units", "compute_and_ufm_cables": "node_leaf_cables", "spine_leaf_cables": "leaf_spine_cables"}
    for ufm, rows in ((False, tables["scale_out"]), (True, tables["single_pod"])):
        for row in rows:
            size = size_fabric(system, row["su"], ufm=ufm).as_dict()
            assert {key: size[names.get(key, key)] for key in row} == row


def _links(size: FabricSize) -> tuple[catalog.FabricOption, int, int]:
    """Option, radix at the link's speed, links a cable."""
    option = CATALOG.system(size.system).fabric_option(size.fabric)
    switch = CATALOG.switch(size.switch)
    return option, switch.ports * switch.port_gbps // option.link_gbps, switch.port_gbps // option.link_gbps


sized = st.builds(
    lambda option, units: size_fabric(option[0], units, option[1]),
    st.sampled_from(OPTIONS),
    st.integers(min_value=1, max_value=MOST_UNITS),
)


@given(sized)
def test_no_layer_blocks_and_no_switch_exceeds_its_ports(size: FabricSize) -> None:
    option, radix, per_cable = _links(size)
    up = size.leaf_spine_cables * per_cable
    assert up == size.leaf * option.nodes_per_leaf, "every leaf has as many links up as it can have down"
    assert size.node_leaf_cables <= size.leaf_spine_cables
    assert 2 * option.nodes_per_leaf <= radix
    if size.core:
        assert up <= size.spine * (radix // 2)
        assert size.spine_core_cables == size.leaf_spine_cables
        assert (size.core - option.planes) * radix < up <= size.core * radix
    else:
        assert up <= size.spine * radix
        assert size.spine_core_cables == 0


@given(sized)
def test_uplinks_spread_evenly(size: FabricSize) -> None:
    option, radix, _ = _links(size)
    assert size.leaf % (option.rails * option.planes) == 0
    assert size.spine % option.planes == 0
    if not size.core:
        spines, leafs = size.spine // option.planes, size.leaf // option.planes
        assert option.nodes_per_leaf % spines == 0
        smaller = [s for s in range(1, spines) if option.nodes_per_leaf % s == 0]
        assert all(leafs * option.nodes_per_leaf // s > radix for s in smaller), "no smaller even count holds the links"


@given(st.sampled_from(OPTIONS), st.integers(min_value=1, max_value=MOST_UNITS))
def test_more_units_never_take_less(option: tuple[str, str], units: int) -> None:
    small, large = (size_fabric(option[0], n, option[1]).as_dict() for n in (units, units + 1))
    counts = [key for key in small if key not in ("system", "fabric", "switch")]
    assert all(small[key] <= large[key] for key in counts)
    assert large["gpus"] > small["gpus"]


@given(st.sampled_from(OPTIONS), st.integers(min_value=1, max_value=MOST_UNITS))
def test_ufm_takes_one_node_out(option: tuple[str, str], units: int) -> None:
    if CATALOG.fabric(option[1]).kind == "ethernet":
        with pytest.raises(SizeError, match="leave --ufm out"):
            size_fabric(option[0], units, option[1], ufm=True)
        return
    rails = CATALOG.system(option[0]).fabric_option(option[1]).rails
    plain, with_ufm = (size_fabric(option[0], units, option[1], ufm=ufm) for ufm in (False, True))
    assert with_ufm.nodes == plain.nodes - 1
    assert with_ufm.node_leaf_cables == plain.node_leaf_cables - rails + UFM_CABLES
    same = ("leaf", "spine", "core", "leaf_spine_cables", "spine_core_cables")
    assert all(getattr(with_ufm, key) == getattr(plain, key) for key in same)


@pytest.mark.parametrize(
    ("system", "fabric", "last"),
    [("dgx-h100", None, 8), ("dgx-b300-eth", None, 16), ("dgx-b300-xdr", None, 18), ("gb300-nvl72", "spectrum-x", 64)],
)
def test_third_tier_begins_where_two_end(system: str, fabric: str | None, last: int) -> None:
    assert size_fabric(system, last, fabric).core == 0
    assert size_fabric(system, last + 1, fabric).core > 0


def test_gb200_has_three_tiers_from_the_start() -> None:
    size = size_fabric("gb200-nvl72", 1)
    assert (size.leaf, size.spine, size.core) == (32, 24, 9)


def test_partly_filled_groups_keep_a_third_tier_whole() -> None:
    size = size_fabric("gb300-nvl72", 66, "spectrum-x")
    assert (size.leaf, size.spine, size.core) == (33 * 4 * 2, 9 * 4 * 3 * 2, 38 * 2)


def test_largest_size_of_three_tiers() -> None:
    assert size_fabric("dgx-h100", 256).gpus == 64**3 // 4
    with pytest.raises(SizeError, match="65,792 endpoints a plane exceed the 65,536 of three tiers of qm9700"):
        size_fabric("dgx-h100", 257)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("dgx-h100", 0), "at least 1 unit is needed, not 0"),
        (("dgx-h100", -3), "at least 1 unit is needed, not -3"),
        (("rtx-pro-server", 1), "rtx-pro-server is published"),
        (("cpu-server", 1), "cpu-server is published"),
        (("dgx-h100", 1, "spectrum-x"), "dgx-h100 has no spectrum-x fabric; it goes with quantum-2"),
        (("gb300-nvl72", 1, "spectrum-x", True), "spectrum-x is Ethernet"),
    ],
)
def test_refusals(arguments: tuple, message: str) -> None:
    with pytest.raises(SizeError, match=message):
        size_fabric(*arguments)


def test_unknown_system_lists_the_known() -> None:
    with pytest.raises(catalog.UnknownEntryError, match=r"no system dgx-9000; known: .*dgx-h100.*vr-nvl72"):
        size_fabric("dgx-9000", 1)


def test_examples_in_docstrings() -> None:
    outcome = doctest.testmod(fabric_size)
    assert outcome.attempted > 4
    assert outcome.failed == 0
