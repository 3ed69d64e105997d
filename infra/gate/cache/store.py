"""The cache: entries named by a digest of everything that they were made from, so none can be stale.

An entry that is cut off, altered or of another making is left aside with a note, and made anew. Entries are JSON,
compressed, behind a line with their key and seal (`seal`): nothing in them is ever run, and none that this user did not
make is believed.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from ...errors import UnavailableError
from ...files import PRIVATE, cache_home, write_whole
from ...objects.ids import UNKNOWN
from ...spec import plain_file
from ...spec.problems import InputError
from ..records import ObjectRecord, Outline, ShardHead
from . import seal
from .fingerprint import FORMAT, OWNERS_SINCE

_T = TypeVar("_T")
_MAGIC = "ai-factory-gate"
MAX_BYTES = 2_000_000_000
"""The cache is cut back to this size, what was not used for longest first."""
_MAX_ENTRY = 1_000_000_000
"""Largest entry, once unpacked, that is read."""
_MAX_PACKED = 128 * 1024 * 1024
"""Largest file of an entry; the objects of a cluster of 5,000 hosts take less than 1 MiB."""


def user_folder() -> Path:
    """Folder of the store of this user's entries, which all commands share.

    Raises:
        UnavailableError: the user has no home folder, and names none.
    """
    return cache_home() / "gate"


class Store:
    """A folder of entries. Safe for several processes: each entry is put in place whole."""

    def __init__(self, folder: Path, key: bytes | None = None) -> None:
        """A store.

        Args:
            folder: of the cache; nothing in it need be true.
            key: what entries are sealed with, 32 bytes; the user's own if None.
        """
        self.folder = folder / f"v{FORMAT}"
        self._seal_key = seal.user_key() if key is None else key
        self.notes: list[str] = []
        """Entries that were left aside, and why."""

    def record(self, key: str, kind: str, model: type[_T]) -> _T | None:
        """The record of a kind and key, None if there is none that can be used."""
        data = self._read(key, kind)
        if data is None:
            return None
        try:
            return msgspec.json.decode(data, type=model)
        except msgspec.MsgspecError:
            self._note(key, kind, "is of another making")
            return None

    def put_record(self, key: str, kind: str, record: msgspec.Struct) -> None:
        """Keep a record."""
        self._put(key, kind, msgspec.json.encode(record))

    def outline(self, key: str) -> Outline | None:
        """The outline of that key, None if there is none that can be used."""
        return self.record(key, "outline", Outline)

    def put_outline(self, key: str, outline: Outline) -> None:
        """Keep an outline."""
        self.put_record(key, "outline", outline)

    def shard(self, key: str) -> ShardHead | None:
        """The shard of that key without its objects; None unless the objects are there too."""
        head = self.record(key, "shard", ShardHead)
        return head if head is not None and self._path(key, "objects").is_file() else None

    def put_shard(self, head: ShardHead, objects: bytes) -> None:
        """Keep a shard: its objects, as `pack` made them, before its head."""
        self._put(head.key, "objects", objects)
        self.put_record(head.key, "shard", head)

    def objects(self, head: ShardHead) -> list[bytes] | None:
        """Objects of a shard, packed; None if they can't be used."""
        data = self._read(head.key, "objects")
        if data is None:
            return None
        if _sum(data) != head.payload:
            self._note(head.key, "objects", "is not what its shard names")
            return None
        return [line for line in data.split(b"\n") if line]

    def take_over(self, head: ShardHead, folder: Path, record_format: int) -> ShardHead | None:
        """Keep a shard that another copy of this package left in a folder; None if it is not what its head names.

        Args:
            head: as that copy answered.
            folder: of this process alone, since that copy may not seal what it writes.
            record_format: of that copy. Before `OWNERS_SINCE` owners were guessed from names: they become unknown.
        """
        objects = _objects_in(folder / f"v{record_format}", head)
        if objects is None:
            return None
        taken = head
        if record_format < OWNERS_SINCE:
            lines = unpack(line for line in objects.split(b"\n") if line)
            objects, payload = pack(msgspec.structs.replace(record, owner=UNKNOWN.path) for record in lines)
            taken = msgspec.structs.replace(head, payload=payload)
        self.put_shard(taken, objects)
        return taken

    def marked(self, key: str) -> bool:
        """Whether something was found good before."""
        return self._read(key, "good") is not None

    def mark(self, key: str) -> None:
        """Remember that something was found good."""
        self._put(key, "good", b"")

    def prune(self) -> None:
        """Cut the cache back to its size."""
        entries = list(_sizes(self.folder))
        left = sum(size for _, size, _ in entries)
        for _, size, path in sorted(entries) if left > MAX_BYTES else ():
            if left <= MAX_BYTES:
                return
            with contextlib.suppress(OSError):
                Path(path).unlink()
            left -= size

    def _path(self, key: str, kind: str) -> Path:
        return _path(self.folder, key, kind)

    def _read(self, key: str, kind: str) -> bytes | None:
        path = self._path(key, kind)
        try:
            raw = plain_file.read(path, path.name, most_bytes=_MAX_PACKED)
        except FileNotFoundError:
            return None
        except InputError as error:
            self._note(key, kind, f"can't be read ({error.problems[0].message})")
            return None
        title, _, packed = raw.partition(b"\n")
        if title.split(b" ")[0] != _MAGIC.encode():
            self._note(key, kind, "is not one of ours")
            return None
        if title != self._title(key, kind, packed):
            self._note(key, kind, "is damaged, or not of this user's making")
            return None
        data = _inflated(packed)
        if data is None:
            self._note(key, kind, "is damaged")
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return data

    def _put(self, key: str, kind: str, data: bytes) -> None:
        packed = zlib.compress(data, 1)
        path = self._path(key, kind)
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_whole(path, self._title(key, kind, packed) + b"\n" + packed, PRIVATE, durable=False)
        except OSError as error:
            raise StoreError(f"the cache {self.folder.parent} can't be written: {error.strerror}") from error

    def _title(self, key: str, kind: str, packed: bytes) -> bytes:
        about = f"{_MAGIC} {FORMAT} {kind} {key}"
        return f"{about} {seal.seal(self._seal_key, about.encode(), packed)}".encode()

    def _note(self, key: str, kind: str, why: str) -> None:
        note = f"the cache entry {key[:12]}.{kind} {why}: ignored and made anew"
        if note not in self.notes:
            self.notes.append(note)


class StoreError(UnavailableError):
    """The cache can't be written."""


def _path(folder: Path, key: str, kind: str) -> Path:
    return folder / key[:2] / f"{key}.{kind}"


def _sizes(folder: Path) -> Iterator[tuple[float, int, str]]:
    """Last use, bytes and path of every entry; by `scandir`, since a store in long use has tens of thousands."""
    with contextlib.suppress(OSError):
        for part in os.scandir(folder):
            with contextlib.suppress(OSError):
                for entry in os.scandir(part):
                    with contextlib.suppress(OSError):
                        state = entry.stat(follow_symlinks=False)
                        yield state.st_mtime, state.st_size, entry.path


def _objects_in(folder: Path, head: ShardHead) -> bytes | None:
    """Objects of a shard as another copy packed them, None unless they are what its head names."""
    try:
        raw = plain_file.read(_path(folder, head.key, "objects"), "objects", most_bytes=_MAX_PACKED)
    except (FileNotFoundError, InputError):
        return None
    data = _inflated(raw.partition(b"\n")[2])
    return data if data is not None and _sum(data) == head.payload else None


def pack(records: Iterable[ObjectRecord]) -> tuple[bytes, str]:
    """Object records of a shard as the bytes that a store keeps, one a line, and their digest."""
    data = b"\n".join(msgspec.json.encode(record) for record in records)
    return data, _sum(data)


def unpack(packed: Iterable[bytes]) -> list[ObjectRecord]:
    """Object records from lines that `pack` wrote."""
    decoder = msgspec.json.Decoder(ObjectRecord)
    return [decoder.decode(line) for line in packed]


def _sum(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=20).hexdigest()


def _inflated(packed: bytes) -> bytes | None:
    """Unpacked bytes within the bound, None if they are no such thing."""
    machine = zlib.decompressobj()
    try:
        data = machine.decompress(packed, _MAX_ENTRY)
    except zlib.error:
        return None
    return data if machine.eof else None
