"""However it is made, the verdict is the same: without a cache, with one that saw other contents, and in parallel.

Random sequences of edits are judged after each step with a cache that is kept from step to step and from sequence to
sequence, and is spoilt now and then; the last step is judged again without a cache, and by several processes.
"""

from __future__ import annotations

import copy
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ai_factory.infra.gate import run
from ai_factory.infra.gate.cache import computing
from ai_factory.infra.gate.sides import trees
from ai_factory.infra.plan import regions
from ai_factory.infra.plan.allocation import ledger
from ai_factory.infra.plan.build import sample_rows
from ai_factory.infra.spec import inventory as inventories
from ai_factory.infra.spec.problems import InputError
from tests import regionfile

SEQUENCES = 500
Data = dict[str, Any]
Edit = Callable[[random.Random, Data], None]


def racks(rng: random.Random, data: Data) -> None:
    data["clusters"][0]["racks"] = rng.randint(1, 5)  # five are more than max_racks


def tenant_gpus(rng: random.Random, data: Data) -> None:
    shared = [tenant for tenant in data["tenants"] if "gpus" in tenant]
    if shared:
        rng.choice(shared)["gpus"] = rng.choice([1, 8, 16, 36, 10_000])


def tenant_leaves(rng: random.Random, data: Data) -> None:
    if data["tenants"]:
        data["tenants"].pop(rng.randrange(len(data["tenants"])))


def tenant_comes(rng: random.Random, data: Data) -> None:
    name = rng.choice(["cyan", "teal", "acme", "lime"])
    if all(tenant["name"] != name for tenant in data["tenants"]):
        cluster = rng.choice(["train", "infer"])
        data["tenants"].append({"name": name, "isolation": "shared", "gpus": 4, "cluster": cluster})


def storage(rng: random.Random, data: Data) -> None:
    data["storage"][1]["capacity_tib"] = rng.choice([10, 100, 1000])
    data["storage"][1]["grade"] = rng.choice(["good", "better", "best"])


def version(rng: random.Random, data: Data) -> None:
    data["clusters"][0]["kubernetes"] = rng.choice(["v1.34.4", "v1.35.3", "v1.36.1", "v1.1.1"])


def image(rng: random.Random, data: Data) -> None:
    data["images"]["gpu"]["checksum"] = rng.choice("abc") * 64


def switches(rng: random.Random, data: Data) -> None:
    data["protect"] = rng.random() < 0.5
    data["bmc"] = {"verify_tls": rng.random() < 0.5, "secure_boot": rng.random() < 0.5}


def decisions(rng: random.Random, data: Data) -> None:
    until = rng.choice(["2026-01-01", "2030-01-01"])
    data["waivers"] = [{"rule": "bmc-tls", "reason": "for the time being", "until": until}]
    action = rng.choice(["delete", "replace", "drain"])
    one = {"action": action, "subject": "tenant/*", "by": "me", "reason": "it is wanted so", "until": until}
    data["approvals"] = [one]


def power(rng: random.Random, data: Data) -> None:
    data["site"]["power"]["utility_mw"] = rng.choice([0.2, 1, 2])


def unknown_key(_rng: random.Random, data: Data) -> None:
    data["flavour"] = "sweet"


def undo(_rng: random.Random, data: Data) -> None:
    data.clear()
    data.update(regionfile.base("lab"))


EDITS: list[Edit] = [
    racks, tenant_gpus, tenant_leaves, tenant_comes, storage, version, image, switches, decisions, power, unknown_key,
    undo, undo,
]  # fmt: skip


class Sides:
    """A base and a head as plain folders."""

    def __init__(self, folder: Path) -> None:
        self.base = folder / "base"
        self.head = folder / "head"
        for side in (self.base, self.head):
            (side / "stacks" / "regions").mkdir(parents=True)
        self.write(self.base, regionfile.base("lab"), allocated=True, rows=None)

    def write(self, side: Path, data: Data, *, allocated: bool, rows: int | None) -> None:
        """Write a region with the lock of the base, and where rows are given its hosts, as many left out, in a file."""
        path = side / "stacks" / "regions" / "lab.yaml"
        for name in ("lab.lock.yaml", "hosts.csv"):
            path.with_name(name).unlink(missing_ok=True)
        shutil.copy(regionfile.REGIONS / "lab.lock.yaml", path.with_name("lab.lock.yaml"))
        path.write_text(regionfile.dump(data), encoding="utf-8")
        try:
            if allocated:
                ledger.update(regions.open_region(path), (), write=True)
            if rows is not None:
                loaded = regions.open_region(path)
                hosts = sample_rows(loaded.region, loaded.catalog, loaded.full_lock)[: -rows or None]
                path.with_name("hosts.csv").write_text(inventories.write(hosts, "sample"), encoding="utf-8")
                path.write_text(regionfile.dump(data | {"inventory": "hosts.csv"}), encoding="utf-8")
        except InputError:
            return

    def judge(self, cache: Path | None, jobs: int) -> run.Verdict:
        both = trees.Trees(
            base=trees.Side(folder=self.base, words="base"), head=trees.Side(folder=self.head, words="head")
        )
        with run._folder(cache) as folder:
            request = run.Request(root=self.head, cache=folder, jobs=jobs)
            verdict = run.judged(request, both, run.Store(folder))
        return msgspec.structs.replace(verdict, notes=())


def spoil(rng: random.Random, cache: Path) -> None:
    """Cut, alter or swap some entries of the cache."""
    entries = sorted(path for path in cache.rglob("*") if path.is_file())
    for path in rng.sample(entries, min(3, len(entries))):
        data = path.read_bytes()
        kind = rng.randrange(3)
        if kind == 0:
            path.write_bytes(data[: len(data) // 2])
        elif kind == 1 and data:
            at = rng.randrange(len(data))
            path.write_bytes(data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :])
        else:
            path.write_bytes(rng.choice(entries).read_bytes())


@pytest.mark.slow
def test_cold_warm_and_parallel_agree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(computing, "_WORTH_A_FORK", 0)
    sides, cache = Sides(tmp_path), tmp_path / "cache"
    seen = set()
    for seed in range(SEQUENCES):
        rng = random.Random(seed)
        data = copy.deepcopy(regionfile.base("lab"))
        warm = None
        for _ in range(rng.randint(1, 3)):
            rng.choice(EDITS)(rng, data)
            rows = rng.choice([None, None, 0, 1])
            sides.write(sides.head, data, allocated=rng.random() < 0.8, rows=rows)
            warm = sides.judge(cache, jobs=1)
            if rng.random() < 0.1:
                spoil(rng, cache)
        cold = sides.judge(None, jobs=1)
        assert warm == cold, seed
        if seed % 10 == 0:
            assert sides.judge(None, jobs=2) == cold, seed
        seen.add((cold.exit_code, *(one.state for one in cold.regions)))
    assert {code for code, *_ in seen} == {0, 1, 2}
