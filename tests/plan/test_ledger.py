"""The lock file is only ever appended to, whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_mock import MockerFixture

from ai_factory.infra.plan.allocation import ledger
from ai_factory.infra.spec.problems import InputError

from .conftest import Folder

NEW_TENANT = {"tenants[+]": {"name": "late", "isolation": "shared", "gpus": 1, "cluster": "infer"}}


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_the_first_allocation_writes_header_and_lines(folder: Folder) -> None:
    lines = folder.allocate()
    text = folder.lock.read_text(encoding="utf-8")

    assert text.startswith("# Allocations of region lab: ")
    assert text.endswith("\n".join(lines) + "\n")
    assert text.count("\n- ") == len(lines) == 10
    assert folder.lock.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("ending", [b"", b"# a reviewer's remark, with an umlaut: \xc3\xbc\n", b"# windows\r\n"])
def test_what_stands_there_stays_byte_for_byte(ending: bytes, folder: Folder) -> None:
    folder.allocate()
    folder.lock.write_bytes(folder.lock.read_bytes() + ending)
    old = folder.lock.read_bytes()

    (line,) = folder.set(NEW_TENANT).allocate()

    assert folder.lock.read_bytes() == old + line.encode() + b"\n"
    assert "name: late, number: 4, cluster: infer, vni: 16700003" in line


def test_a_last_line_without_an_end_gets_one(folder: Folder) -> None:
    folder.allocate()
    folder.lock.write_bytes(folder.lock.read_bytes().rstrip(b"\n"))

    folder.set(NEW_TENANT).allocate()

    assert len(folder.open().lock.entries) == 11


def test_a_dry_run_shows_the_same_lines_and_writes_nothing(folder: Folder) -> None:
    shown = ledger.update(folder.open(), (), write=False)

    assert names(folder.file.parent) == {"lab.yaml"}
    assert shown == folder.allocate()


@pytest.mark.parametrize("fails", ["os.fsync", "pathlib.Path.replace"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_an_interrupt_leaves_the_old_file_and_nothing_else(
    fails: str, error: BaseException, folder: Folder, mocker: MockerFixture
) -> None:
    folder.allocate()
    old = folder.lock.read_bytes()
    folder.set(NEW_TENANT)
    mocker.patch(fails, side_effect=error)

    with pytest.raises(type(error)):
        folder.allocate()

    assert folder.lock.read_bytes() == old
    assert names(folder.file.parent) == {"lab.yaml", "lab.lock.yaml"}


def test_what_was_released_is_given_out_again_by_a_line(folder: Folder) -> None:
    folder.allocate()
    old = folder.lock.read_bytes()
    folder.set({}, delete=["tenants[2]"])
    assert folder.open().retired == ("tenant/acme",)

    assert folder.allocate("tenant/acme") == ["- {kind: released, name: tenant/acme}"]
    assert folder.lock.read_bytes() == old + b"- {kind: released, name: tenant/acme}\n"
    assert folder.open().retired == ()

    (line,) = folder.set({**NEW_TENANT}, delete=["tenants[2]"]).allocate()
    assert "vni: 16700000, network: 10.250.5.0/24" in line  # what acme had


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ("tenant/blue", "tenant/blue is in use: the region file names it. Remove it there first."),
        ("tenant/nobody", "tenant/nobody holds no numbers. Items that may be released: tenant/acme."),
        ("blue", "blue holds no numbers."),
    ],
)
def test_only_what_is_held_and_unused_is_released(item: str, message: str, folder: Folder) -> None:
    folder.allocate()
    folder.set({}, delete=["tenants[2]"])

    with pytest.raises(InputError) as caught:
        folder.allocate("tenant/acme", item)

    assert [message in str(problem) for problem in caught.value.problems] == [True]


def test_a_shortage_writes_nothing(folder: Folder) -> None:
    folder.set({"addressing.vni_count": 2})

    with pytest.raises(InputError, match="has no VNI left for tenant green"):
        folder.allocate()

    assert not folder.lock.exists()
