"""A project of its own for each test: the example regions in a folder that may be written to."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.regionfile import REGIONS, REPOSITORY


def make_project(folder: Path) -> Path:
    """Copy Pulumi.yaml and the example regions."""
    (folder / "stacks").mkdir()
    shutil.copy(REPOSITORY / "Pulumi.yaml", folder)
    shutil.copytree(REGIONS, folder / "stacks" / "regions")
    return folder


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory of the test."""
    monkeypatch.chdir(make_project(tmp_path))
    monkeypatch.delenv("COLUMNS", raising=False)
    return tmp_path
