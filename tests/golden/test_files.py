"""Golden files themselves: their form, what a difference looks like, and which are left over."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from . import files

SHARED = {"b": ("x", 1), "a": "two\nlines\n"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(files, "FOLDER", tmp_path)
    return tmp_path


def test_text_is_sorted_whole_and_without_anchors() -> None:
    written = files.text([{"z": SHARED, "y": SHARED}, {"last": "1"}])

    assert written.startswith("y:\n  a: |\n    two\n    lines\n  b:\n  - x\n  - 1\nz:\n  a: |\n")
    assert written.endswith("---\nlast: '1'\n")
    plain = {"b": ["x", 1], "a": "two\nlines\n"}
    assert list(yaml.safe_load_all(written)) == [{"y": plain, "z": plain}, {"last": "1"}]


@pytest.mark.parametrize("now", [{"a": 2}, {"a": "1"}, {"a": True}, {"a": 1, "b": None}, {}])
def test_any_other_value_is_a_difference(folder: Path, now: dict[str, object]) -> None:
    files.write("blocks/x", [{"a": 1}])

    assert files.difference("blocks/x", [{"a": 1}]) == ""
    lines = files.difference("blocks/x", [now]).splitlines()
    assert lines[:2] == ["--- blocks/x.yaml", "+++ emitted now"]
    assert any(line.startswith(("-a", "+a", "+b")) for line in lines[2:])


def test_a_missing_file_is_a_difference(folder: Path) -> None:
    assert "+a: 1" in files.difference("blocks/x", [{"a": 1}])


def test_what_no_case_makes_is_stale(folder: Path) -> None:
    for name in ("blocks/kept", "blocks/gone"):
        files.write(name, [{"a": 1}])
    assert files.stale(["blocks/kept", "blocks/new"]) == [folder / "blocks" / "gone.yaml"]
