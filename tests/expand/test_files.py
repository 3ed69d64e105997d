"""Files are put in place all together or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pytest_mock import MockerFixture

from ai_factory.infra.expand import files
from ai_factory.infra.spec.problems import InputError


def wanted(folder: Path) -> dict[Path, str]:
    (folder / "below").mkdir()
    return {folder / "a.yaml": "a\n", folder / "below" / "b.yaml": "ü\n", folder / "c.yaml": "c\n"}


def left(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_all_are_written_and_nothing_else_is_left(tmp_path: Path) -> None:
    files.place(wanted(tmp_path))

    assert left(tmp_path) == ["a.yaml", "below/b.yaml", "c.yaml"]
    assert (tmp_path / "below" / "b.yaml").read_text(encoding="utf-8") == "ü\n"
    assert (tmp_path / "a.yaml").stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "a.yaml").stat().st_nlink == 1


def test_a_file_that_appeared_meanwhile_is_kept_and_the_others_taken_back(tmp_path: Path) -> None:
    texts = wanted(tmp_path)
    (tmp_path / "c.yaml").write_text("mine\n", encoding="utf-8")

    with pytest.raises(InputError, match=r"c\.yaml: the file exists"):
        files.place(texts)

    assert left(tmp_path) == ["c.yaml"]
    assert (tmp_path / "c.yaml").read_text(encoding="utf-8") == "mine\n"


@pytest.mark.parametrize("fault", [OSError(28, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("number", [0, 1, 2])
def test_nothing_stays_when_linking_fails(
    number: int, fault: BaseException, tmp_path: Path, mocker: MockerFixture
) -> None:
    real, calls = Path.hardlink_to, iter(range(3))

    def link(path: Path, target: Path) -> None:
        if next(calls) == number:
            raise fault
        real(path, target)

    mocker.patch.object(Path, "hardlink_to", link)
    with pytest.raises(type(fault)):
        files.place(wanted(tmp_path))
    assert left(tmp_path) == []


def test_nothing_stays_when_writing_fails(tmp_path: Path, mocker: MockerFixture) -> None:
    mocker.patch.object(os, "fsync", side_effect=[None, OSError(5, "Input/output error")])

    with pytest.raises(OSError, match="Input/output error"):
        files.place(wanted(tmp_path))
    assert left(tmp_path) == []
