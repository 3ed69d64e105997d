"""The cache gives back what was put in, and nothing else: damage and foreign entries are left aside with a note."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from ai_factory.infra.gate.cache import store as stores
from ai_factory.infra.gate.cache.store import Store, StoreError, pack, unpack
from ai_factory.infra.gate.records import ObjectRecord, ShardHead

KEY = "ab" * 20


def record(name: str = "a") -> ObjectRecord:
    return ObjectRecord(
        id=f"m/ConfigMap//{name}", stack="s", component="C c", owner="cluster/c", digest="0", protect=False,
        manifest=msgspec.Raw(b'{"kind":"ConfigMap"}'),
    )  # fmt: skip


def kept(store: Store) -> ShardHead:
    objects, payload = pack([record("a"), record("b")])
    head = ShardHead(
        region="r", name="cluster/c", key=KEY, stacks=(), declared_racks=(), findings=(), objects=2, payload=payload
    )
    store.put_shard(head, objects)
    return head


def entry(folder: Path, kind: str) -> Path:
    return next(folder.rglob(f"*.{kind}"))


def test_gives_back_what_was_put_in(tmp_path: Path) -> None:
    head = kept(Store(tmp_path))
    store = Store(tmp_path)

    assert store.shard(KEY) == head
    assert unpack(store.objects(head) or []) == [record("a"), record("b")]
    assert store.shard("cd" * 20) is None
    assert store.notes == []


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda data: data[: len(data) // 2], "is damaged"),
        (lambda data: data[:-1] + bytes([data[-1] ^ 1]), "is damaged"),
        (lambda data: b"", "is not one of ours"),
        (lambda data: b"something else\n" + data, "is not one of ours"),
        (lambda data: data.replace(b"ai-factory-gate 2 ", b"ai-factory-gate 9 ", 1), "is damaged"),
    ],
)
@pytest.mark.parametrize("kind", ["shard", "objects"])
def test_leaves_spoilt_entries_aside_with_a_note(tmp_path: Path, spoil, why: str, kind: str) -> None:
    head = kept(Store(tmp_path))
    path = entry(tmp_path, kind)
    path.write_bytes(spoil(path.read_bytes()))
    store = Store(tmp_path)

    assert (store.shard(KEY) if kind == "shard" else store.objects(head)) is None
    assert [note for note in store.notes if why in note], store.notes


def test_leaves_the_entry_of_another_key_aside(tmp_path: Path) -> None:
    store = Store(tmp_path)
    kept(store)
    other = "cd" * 20
    for kind in ("shard", "objects"):
        path = entry(tmp_path, kind)
        target = path.parent.parent / "cd" / f"{other}.{kind}"
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(path.read_bytes())

    assert store.shard(other) is None
    assert "is damaged" in store.notes[0]


def test_leaves_records_of_another_form_aside(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store._put(KEY, "shard", b'{"region": 1}')

    assert store.shard(KEY) is None
    assert "of another making" in store.notes[0]


def test_does_not_unpack_without_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    head = kept(Store(tmp_path))
    monkeypatch.setattr(stores, "_MAX_ENTRY", 10)

    assert Store(tmp_path).objects(head) is None


def test_cuts_the_cache_back_to_its_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path)
    kept(store)
    monkeypatch.setattr(stores, "MAX_BYTES", 0)

    store.prune()

    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_says_that_a_folder_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(StoreError, match="can't be written"):
        Store(tmp_path / "file").mark(KEY)
