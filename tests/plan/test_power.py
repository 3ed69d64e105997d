"""Power and racks by hall: what they take, what stops growth next, and what storage has to deliver."""

from __future__ import annotations

from typing import Any

import pytest

from ai_factory.infra import catalog
from ai_factory.infra.plan import power, storage
from ai_factory.infra.plan.model import SitePower
from tests import regionfile

CATALOG = catalog.load()
TRAIN = {"name": "train", "system": "gb300-nvl72", "racks": 4, "max_racks": 10, "purpose": "training"}
TWIN = {
    "name": "twin", "system": "rtx-pro-server", "nodes": 8, "nodes_per_rack": 4, "rack_kw": 30, "purpose": "physical",
    "provider": "existing", "access": {"context": "twin"},
}  # fmt: skip


def site(hall: dict[str, Any], *, utility_mw: float = 100, share: float | None = 0.1, **train: Any) -> SitePower:
    """Power of a site with both clusters in hall h1, and an empty hall h2."""
    data = regionfile.base("lab") | {"clusters": [TRAIN | train, TWIN], "tenants": [], "storage": []}
    data["site"] = {
        "power": {"utility_mw": utility_mw, "pue": 1.2, "fabric_core_share": share},
        "halls": [{"name": "h1", "max_it_mw": 2, **hall}, {"name": "h2", "max_it_mw": 1}],
    }
    return power.site(regionfile.model(data), CATALOG, {"train": "h1", "twin": "h1"})


def test_a_hall_sums_racks_with_their_share_of_fabric_and_core() -> None:
    made = site({})

    assert made.halls[0].racks == 4 + 2
    assert made.halls[0].it_kw == pytest.approx((4 * 150 + 2 * 30) * 1.1)
    assert made.it_kw == made.halls[0].it_kw
    assert made.facility_kw == pytest.approx(made.it_kw * 1.2)
    assert (made.utility_kw, made.share_source) == (100_000, "region file")


def test_the_share_comes_from_the_catalogue_with_its_source() -> None:
    made = site({}, share=None)

    assert made.fabric_core_share == CATALOG.fabric_core_share.value
    assert made.share_source == CATALOG.fabric_core_share.source
    assert made.it_kw == pytest.approx(660 * (1 + made.fabric_core_share))


@pytest.mark.parametrize(
    ("changes", "more", "limited_by"),
    [
        ({"hall": {"max_it_mw": 1.2}}, 2, "power of hall h1"),  # (1200 - 726) / 165 = 2.9
        ({"hall": {"max_racks": 7}}, 1, "rack positions of hall h1"),
        ({"hall": {}, "utility_mw": 1.0}, 0, "utility power"),  # 1000 / 1.2 - 726 = 107 kW
        ({"hall": {}, "max_racks": 7}, 3, "max_racks of its clusters"),
        ({"hall": {"max_racks": 6}}, 0, "rack positions of hall h1"),
    ],
)
def test_the_smallest_limit_is_named(changes: dict[str, Any], more: int, limited_by: str) -> None:
    hall = site(**changes).halls[0]

    assert (hall.more_racks, hall.limited_by) == (more, limited_by)


def test_an_empty_hall_waits_for_its_first_cluster() -> None:
    hall = site({}).halls[1]

    assert (hall.racks, hall.it_kw, hall.more_racks, hall.limited_by) == (0, 0, 0, "no cluster yet")


@pytest.mark.parametrize(("grade", "gpus"), [("good", 256), ("better", 512), ("best", 1024)])
def test_storage_follows_the_published_guideline(grade: str, gpus: int) -> None:
    one = regionfile.model(regionfile.patched("lab", to={"storage[1].grade": grade})).storage[1]
    published = CATALOG.storage_guideline(grade)

    read, write, source = storage.throughput(one, gpus, CATALOG)

    assert read == pytest.approx(published.read_gbps * gpus / published.gpus, abs=0.1)
    assert write == pytest.approx(published.write_gbps * gpus / published.gpus, abs=0.1)
    assert source == published.source


def test_no_guideline_no_number() -> None:
    scratch = regionfile.model(regionfile.base("lab")).storage[0]

    assert storage.throughput(scratch, 256, CATALOG) == (None, None, "no guideline is published for tier local")
