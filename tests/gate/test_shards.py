"""The shards of a region, each planned from what it alone may see, are the whole region; keys follow the content."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ai_factory.infra.gate.cache import shards
from ai_factory.infra.gate.cache.store import unpack
from ai_factory.infra.gate.impact import diff, items
from ai_factory.infra.objects.region import region_blocks
from ai_factory.infra.plan import regions
from ai_factory.infra.plan.allocation import ledger
from ai_factory.infra.plan.regions import Loaded
from ai_factory.infra.spec import inventory as inventories
from tests import regionfile
from tests.bench import gigawatt

pytestmark = pytest.mark.slow

REGIONS = ["lab", "kr-haein", "kr-ulsan", "kr-dsx-1"]


def opened(folder: Path, data: dict[str, Any], *, hosts: bool = False) -> Loaded:
    path = folder / "region.yaml"
    path.write_text(regionfile.dump(data), encoding="utf-8")
    ledger.update(regions.open_region(path), (), write=True)
    return regions.open_region(path, hosts=hosts)


def whole(loaded: Loaded) -> list[diff.ObjectRecord]:
    return [
        items.record(item, inner)
        for block in region_blocks(loaded.plan())
        for inner in block.walk()
        for item in inner.items
    ]


def in_parts(loaded: Loaded) -> list[diff.ObjectRecord]:
    made = [shards.compute(part, loaded, "k") for part in shards.parts(loaded)]
    return [record for one in made for record in unpack(one.objects.split(b"\n"))]


def by_id(records: list[diff.ObjectRecord]) -> dict[str, diff.ObjectRecord]:
    found = {record.id: record for record in records}
    assert len(found) == len(records)
    return found


def assert_same(loaded: Loaded) -> None:
    alone, together = by_id(in_parts(loaded)), by_id(whole(loaded))
    assert alone.keys() == together.keys()
    assert [one for one in together if alone[one] != together[one]] == []


@pytest.mark.parametrize("name", REGIONS)
def test_parts_are_the_whole(name: str) -> None:
    assert_same(regions.open_region(regionfile.REGIONS / f"{name}.yaml"))


def test_parts_are_the_whole_with_several_management_clusters_and_tenants(tmp_path: Path) -> None:
    assert_same(opened(tmp_path, gigawatt.region(560, tenants=25), hosts=True))


@pytest.mark.parametrize("name", ["kr-haein", "kr-ulsan"])
def test_parts_are_the_whole_with_an_inventory_file(name: str, tmp_path: Path) -> None:
    from ai_factory.infra.plan.build import sample_rows

    data = regionfile.base(name)
    loaded = opened(tmp_path, data)
    rows = sample_rows(loaded.region, loaded.catalog, loaded.full_lock)
    (tmp_path / "hosts.csv").write_text(inventories.write(rows, "sample"), encoding="utf-8")
    path = tmp_path / "region.yaml"
    path.write_text(regionfile.dump(data | {"inventory": "hosts.csv"}), encoding="utf-8")

    alone = in_parts(regions.open_region(path, hosts=False))

    assert by_id(alone) == by_id(whole(regions.open_region(path)))


EVERY = {"management"} | {
    f"cluster/{name}{of}" for name in ("train-a", "infer-a", "physical-a") for of in ("", "/machines")
}


def keys(loaded: Loaded) -> dict[str, str]:
    return {part.name: shards.key(part, loaded) for part in shards.parts(loaded)}


@pytest.mark.parametrize(
    ("to", "changed"),
    [
        ({"clusters[1].racks": 30}, {"management", "cluster/infer-a", "cluster/infer-a/machines"}),
        ({"tenants[2].gpus": 64}, {"cluster/infer-a"}),
        ({"tenants[0].racks": 5}, {"cluster/train-a", "cluster/train-a/machines"}),
        ({"tenants[0].quota.pods": 5}, {"cluster/train-a"}),
        ({"storage[1].grade": "best"}, {"cluster/infer-a"}),
        ({"bmc": {"verify_tls": False}}, EVERY),
        ({"waivers": [{"rule": "x", "reason": "for a while only", "until": "2027-01-01"}]}, set()),
        ({"costs": {"currency": "KRW"}}, set()),
    ],
)
def test_only_what_a_change_touches_gets_another_key(to: dict[str, Any], changed: set[str], tmp_path: Path) -> None:
    before = keys(opened(tmp_path, regionfile.base("kr-ulsan")))
    after = keys(opened(tmp_path, regionfile.patched("kr-ulsan", to=to)))

    assert {name for name in before if before[name] != after[name]} == changed


def test_a_host_changes_the_key_of_its_own_shard(tmp_path: Path) -> None:
    from ai_factory.infra.plan.build import sample_rows

    data = regionfile.base("kr-haein") | {"inventory": "hosts.csv"}
    loaded = opened(tmp_path, data | {"inventory": "sample"})
    text = inventories.write(sample_rows(loaded.region, loaded.catalog, loaded.full_lock), "sample")
    (tmp_path / "region.yaml").write_text(regionfile.dump(data), encoding="utf-8")
    (tmp_path / "hosts.csv").write_text(text, encoding="utf-8")
    first = keys(regions.open_region(tmp_path / "region.yaml", hosts=False))
    rack = f"{loaded.region.clusters[0].name}-r0001"
    (tmp_path / "hosts.csv").write_text(text.replace(f"SAMPLE-{rack}-00", "AB12345", 1), encoding="utf-8")
    second = keys(regions.open_region(tmp_path / "region.yaml", hosts=False))

    assert {name for name in first if first[name] != second[name]} == {
        f"cluster/{loaded.region.clusters[0].name}/machines"
    }


def test_code_is_part_of_every_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = opened(tmp_path, regionfile.base("lab"))
    before = keys(loaded)
    monkeypatch.setattr(shards, "fingerprint", lambda: "other code")

    assert not set(before.values()) & set(keys(loaded).values())
