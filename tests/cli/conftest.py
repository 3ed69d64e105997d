"""A region of the test's own, with its lock."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests import regionfile
from tests.conftest import Outcome


@pytest.fixture
def lab(tmp_path: Path, aifactory: Callable[..., Outcome]) -> Path:
    """File of the example region `lab`, allocated, under a name that no region of the repository has."""
    file = tmp_path / "mine.yaml"
    file.write_text(regionfile.dump(regionfile.patched("lab", to={"region.name": "mine"})), encoding="utf-8")
    assert aifactory("allocate", file).code == 0
    return file
