"""Whatever is expanded and grown, in whatever order: regions share nothing, and what was given out stays."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import yaml
from hypothesis import strategies as st

from ai_factory.infra.expand import Request, expand, read_existing, write
from ai_factory.infra.plan import regions
from ai_factory.infra.plan.allocation import ledger
from ai_factory.infra.plan.allocation.address_plan import overlaps
from ai_factory.infra.plan.allocation.lock import ClusterEntry, TenantEntry, lock_path, networks_of
from tests.expand.conftest import make_project

pytestmark = pytest.mark.slow

EXPANSIONS = st.tuples(
    st.just("expand"),
    st.integers(0, 9),  # which region to expand from
    st.sampled_from(["ID", "IN", "JP", "KR", "MY", "SG", "TH", "TW", "VN"]),
    st.sampled_from([0.5, 3.0, 12.0, 60.0, 150.0]),
)
GROWTH = st.tuples(
    st.sampled_from(["racks", "cluster", "tenant"]),
    st.integers(0, 9),  # which region grows
    st.integers(1, 12),  # by how much
    st.just(0.0),
)


def grown(data: dict[str, Any], what: str, count: int) -> None:
    """More of a region; halls and supply grow along, so that only numbers can run out."""
    data["site"]["power"]["utility_mw"] += 50
    for hall in data["site"]["halls"]:
        hall["max_it_mw"] += 40
        hall["max_racks"] = hall.get("max_racks", 0) + 100
    built = next((c for c in data["clusters"] if c["provider"] == "metal3"), data["clusters"][0])
    if what == "racks" and "racks" in built:
        built["racks"] = min(built.get("max_racks", built["racks"]), built["racks"] + count)
    elif what == "cluster":
        data["core"]["nodes"] += 16
        name = f"more-{len(data['clusters'])}"
        data["clusters"].append(
            {"name": name, "system": built["system"], "racks": 1 + count % 2, "purpose": "training"}
            | {"hall": built["hall"]}
            | ({"management": built["management"]} if "management" in built else {})
        )
    else:
        name = f"tenant-{len(data.get('tenants') or [])}"
        data.setdefault("tenants", []).append(
            {"name": name, "isolation": "shared", "gpus": 1, "cluster": built["name"], "services": []}
        )


def grow(root: Path, name: str, what: str, count: int) -> None:
    """Change a region's file and allocate; what the lock held before stays, byte for byte."""
    path = root / regions.REGIONS / f"{name}.yaml"
    before = lock_path(path).read_text(encoding="utf-8")
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    grown(data, what, count)
    path.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
    lines = ledger.update(regions.open_region(path), (), write=True)
    after = lock_path(path).read_text(encoding="utf-8")
    assert after.startswith(before)
    assert lines or what == "racks"
    assert not regions.open_region(path).missing


def stretches(root: Path) -> Iterator[tuple[str, int, int]]:
    """Everything that locks give out: kind, first, last."""
    for name in regions.known_regions(root):
        for some in regions.open_region(root / regions.REGIONS / f"{name}.yaml").lock.held().values():
            for entry in some:
                for network in networks_of(entry):
                    start = int(network.network_address)
                    yield f"v{network.version}", start, start + network.num_addresses - 1
                if isinstance(entry, ClusterEntry):
                    yield from (("asn", *pair) for pair in (entry.host_asns, entry.switch_asns) if pair)
                if isinstance(entry, TenantEntry):
                    yield "vni", entry.vni, entry.vni


def assert_disjoint(root: Path) -> None:
    existing = read_existing(root)
    assert not existing.faults
    assert overlaps(existing.numbers) == []
    taken = sorted(stretches(root))
    for (kind, _, last), (other, start, _) in itertools.pairwise(taken):
        assert kind != other or last < start


@hypothesis.settings(max_examples=12, suppress_health_check=[hypothesis.HealthCheck.too_slow])
@hypothesis.given(st.lists(EXPANSIONS | GROWTH, min_size=3, max_size=7))
def test_regions_stay_apart_and_locks_only_grow(steps: list[tuple[str, int, Any, float]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = make_project(Path(folder))
        for number, (what, at, more, power_mw) in enumerate(steps):
            names = regions.known_regions(root)
            name = names[at % len(names)]
            if what == "expand":
                new = f"{more.lower()}-{number}"
                write(expand(Request(source=name, name=new, country=more, power_mw=power_mw), root))
            else:
                grow(root, name, what, more)
        assert_disjoint(root)
