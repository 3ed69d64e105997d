"""What a change can put in the place of a file that the gate reads neither fills memory nor holds it up."""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import pytest

from ai_factory.infra.gate.cache.computing import Computing
from ai_factory.infra.gate.cache.store import Store
from ai_factory.infra.gate.sides.git import Git
from ai_factory.infra.spec import inventory, source
from ai_factory.infra.spec.problems import InputError

from .project import Project

_TERABYTE = 1 << 40
_SECONDS = 20


@pytest.fixture(autouse=True)
def bounded() -> Iterator[None]:
    """No test here takes long or much memory; one that waits for ever, or reads all, fails instead."""

    def ring(_signal: int, _frame: FrameType | None) -> None:
        raise TimeoutError("it waits, or reads on")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(_SECONDS)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak < 400 * 1024


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(_TERABYTE)


PLACED: dict[str, Callable[[Path], None]] = {
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "a pipe": os.mkfifo,
    "a link out of the project": lambda path: path.symlink_to("/etc/passwd"),
    "a terabyte": _sparse,
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    project = Project(tmp_path / "project")
    path = project.regions / "lab.yaml"
    path.write_text(path.read_text().replace("inventory: sample", "inventory: hosts.csv"), encoding="utf-8")
    assert "inventory: hosts.csv" in path.read_text()
    return path


@pytest.mark.parametrize("what", PLACED)
@pytest.mark.parametrize("name", ["lab.yaml", "lab.lock.yaml", "hosts.csv"])
def test_a_key_is_made_within_the_bounds_of_what_is_read(file: Path, tmp_path: Path, name: str, what: str) -> None:
    place = file.with_name(name)
    place.unlink(missing_ok=True)
    PLACED[what](place)

    with pytest.raises(InputError) as caught:
        Computing(Store(tmp_path / "cache")).key(file)

    assert name in caught.value.problems[0].file


def test_a_key_without_an_inventory_is_that_of_no_hosts(file: Path, tmp_path: Path) -> None:
    computing = Computing(Store(tmp_path / "cache"))
    without = computing.key(file)
    file.with_name("hosts.csv").write_text("rack,u,serial,bmc,mac\n", encoding="utf-8")

    assert computing.key(file) != without


@pytest.mark.parametrize("what", [name for name in PLACED if "link" not in name])
def test_an_entry_of_the_cache_is_no_trap(tmp_path: Path, what: str) -> None:
    store = Store(tmp_path)
    store.mark("ab" * 20)
    (entry,) = tmp_path.rglob("*.good")
    entry.unlink()
    PLACED[what](entry)

    assert not store.marked("ab" * 20)
    assert "can't be read" in store.notes[0]


def test_of_a_blob_no_more_is_taken_than_any_reader_takes(tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    (project.folder / "big").write_bytes(b"x" * 5_000_000)
    (project.folder / "small").write_bytes(b"y" * 10)
    project.commit("files")
    names = [project.git("rev-parse", f"HEAD:{name}").strip() for name in ("big", "small", "big")]

    taken = list(Git(project.folder).blobs([*names, "0" * 40], 1000))

    assert [len(blob) for blob in taken] == [1001, 10, 1001, 0]
    assert source.MAX_BYTES < inventory.MAX_BYTES  # what a side is laid out with is the largest that anything reads
