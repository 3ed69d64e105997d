"""A small region for tests: one cluster built from bare metal, one adopted, storage, and three tenants."""

from __future__ import annotations

import copy
import functools
import json
import tempfile
from pathlib import Path
from typing import Any

import yaml

from ai_factory.infra.plan import regions
from ai_factory.infra.plan.model import RegionPlan

REGION: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "region.yaml").read_text(encoding="utf-8"))


def region_plan(layout: str = "single", **changes: Any) -> RegionPlan:
    """Plan of the test region; keys of the region file may be given anew."""
    return _plan(json.dumps({**REGION, "layout": layout, **changes}))


@functools.lru_cache(maxsize=32)
def _plan(text: str) -> RegionPlan:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "demo.yaml"
        file.write_text(text, encoding="utf-8")
        return regions.open_region(file).plan()


def clusters(**train: Any) -> list[dict[str, Any]]:
    """The clusters of the test region, with changes to the first."""
    changed = copy.deepcopy(REGION["clusters"])
    changed[0].update(train)
    return changed
