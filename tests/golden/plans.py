"""Plans of the golden regions. Imports nothing beyond the plan: the mutation tool loads what comes after it anew."""

from __future__ import annotations

import functools
from pathlib import Path

from ai_factory.infra import plan_region
from ai_factory.infra.plan.model import RegionPlan

FOLDER = Path(__file__).parent / "regions"
NAMES = ("strict", "open")


@functools.cache
def plan(name: str) -> RegionPlan:
    """Plan of a golden region."""
    return plan_region(FOLDER / f"{name}.yaml")
