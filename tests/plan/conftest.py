"""A region file in a folder of its own, to be changed, allocated and opened again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from ai_factory.infra.plan import regions
from ai_factory.infra.plan.allocation import ledger
from ai_factory.infra.spec.problems import InputError
from tests import regionfile


class Folder:
    """`lab.yaml` and its lock; `set` starts from the example region `lab` each time."""

    def __init__(self, path: Path) -> None:
        self.file = path / "lab.yaml"
        self.lock = path / "lab.lock.yaml"
        self.set({})

    def set(self, to: Mapping[str, Any], delete: Iterable[str] = ()) -> Folder:
        """Write the region with values at paths changed."""
        return self.write(regionfile.patched("lab", to=to, delete=delete))

    def write(self, data: Mapping[str, Any]) -> Folder:
        """Write a region's data."""
        self.file.write_text(regionfile.dump(data), encoding="utf-8")
        return self

    def open(self) -> regions.Loaded:
        """Open the region with its lock."""
        return regions.open_region(self.file)

    def allocate(self, *released: str) -> list[str]:
        """Complete the lock file; returns the new lines."""
        return ledger.update(self.open(), released, write=True)

    def faults(self) -> list[str]:
        """Why the region can't be opened, without the folder's name; fails if it can."""
        with pytest.raises(InputError) as caught:
            self.open()
        return [str(problem).replace(f"{self.file.parent}/", "") for problem in caught.value.problems]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """The example region `lab` without a lock."""
    return Folder(tmp_path)
