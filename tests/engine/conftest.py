"""A region on fake API servers, with a clock that moves where somebody waits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ai_factory.infra.plan.model import RegionPlan
from tests.engine.harness import Region
from tests.fake_api.clock import Clock
from tests.objects.conftest import make_plan


@pytest.fixture(scope="session")
def region_plan() -> RegionPlan:
    return make_plan()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made_up = Clock()
    made_up.install(monkeypatch)
    return made_up


@pytest.fixture
def region(region_plan: RegionPlan, tmp_path: Path, clock: Clock) -> Iterator[Region]:
    region = Region(region_plan, tmp_path)
    yield region
    region.close()
