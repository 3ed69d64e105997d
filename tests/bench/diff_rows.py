"""The diff of two plans of a gigawatt, of which every shard differs, against decoding both as JSON."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from ai_factory.infra.gate.cache.computing import Computing, Task
from ai_factory.infra.gate.cache.store import Store, pack, unpack
from ai_factory.infra.gate.impact import diff, items
from ai_factory.infra.gate.records import ObjectRecord

from . import gigawatt
from .row import Goal, Row, Rows, made_once

RACKS, TENANTS = 5500, 2000


def _prepare(folder: Path) -> None:
    """Plan both sides into a cache. Another image touches machine templates and hosts of every cluster."""
    for side in ("base", "head"):
        (folder / side).mkdir()
        path = gigawatt.write(folder / side, RACKS, TENANTS)
        if side == "head":
            text = path.read_text(encoding="utf-8")
            path.write_text(text.replace("gpu.qcow2", "gpu-2.qcow2"), encoding="utf-8")
    computing = Computing(Store(folder / "cache"))
    for side in ("base", "head"):
        _, problems = computing.shards(_tasks(computing, folder / side))
        assert not problems, problems


def _tasks(computing: Computing, folder: Path) -> list[Task]:
    file = folder / f"{gigawatt.name(0)}.yaml"
    return [Task(file, name, key) for name, key in computing.outline(file).shards.items()]


def _sides() -> Iterator[tuple[bytes, bytes]]:
    """Packed objects of each shard on both sides, a shard at a time as the gate holds them."""
    folder = made_once("diff", _prepare)
    computing = Computing(Store(folder / "cache"))
    base, head = (_tasks(computing, folder / side) for side in ("base", "head"))
    for old, new in zip(base, head, strict=True):
        assert old.name == new.name and old.key != new.key
        yield _packed(computing, old), _packed(computing, new)


def _packed(computing: Computing, task: Task) -> bytes:
    head = computing.store.shard(task.key)
    assert head is not None
    return pack(computing.objects(task, head))[0]


def _decode() -> float:
    """The floor: both sides as plain JSON data, nothing compared."""
    seconds, count = 0.0, 0
    for sides in _sides():
        start = time.perf_counter()
        for side in sides:
            for line in side.split(b"\n"):
                msgspec.json.decode(line)
                count += 1
        seconds += time.perf_counter() - start
    assert count > 2 * 99_000
    return seconds


def _compare() -> float:
    seconds, count = 0.0, 0
    for old, new in _sides():
        start = time.perf_counter()
        count += len(diff.compare(unpack(old), unpack(new), gigawatt.name(0)))
        seconds += time.perf_counter() - start
    assert count > RACKS
    return seconds


def _compare_all() -> float:
    """As if a label of every object differed."""
    seconds, count = 0.0, 0
    for base, _ in _sides():
        old = unpack(base)
        new = [_relabelled(one) for one in old]
        start = time.perf_counter()
        count += len(diff.compare(old, new, gigawatt.name(0)))
        seconds += time.perf_counter() - start
    assert count > 99_000
    return seconds


def _relabelled(one: ObjectRecord) -> ObjectRecord:
    data = one.data()
    data["metadata"].setdefault("labels", {})["bench"] = "yes"
    return msgspec.structs.replace(
        one, manifest=msgspec.Raw(msgspec.json.encode(data)), digest=items.digest(data, one.protect)
    )


DIFF: Rows = {
    "decode-1gw": Row("two plans of 1 GW decoded as JSON by msgspec", _decode, repeat=2, slow=True),
    "diff-1gw": Row(
        "the diff of the two, every shard different", _compare, "decode-1gw", Goal(ratio=2), repeat=2, slow=True
    ),
    "diff-all-1gw": Row("the diff where every object differs by a label", _compare_all, "decode-1gw", slow=True),
}
