"""What each rule cannot see: `limits.yaml`, an entry for every rule."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml


@cache
def of_rules() -> dict[str, str]:
    """What each rule can't see, by its id."""
    texts: dict[str, str] = yaml.safe_load(Path(__file__).with_name("limits.yaml").read_text(encoding="utf-8"))
    return texts


def of_rule(name: str) -> str:
    """What a rule can't see (ValueError if it does not say)."""
    if name not in of_rules():
        raise ValueError(f"the rule {name} does not say in limits.yaml what it can't see")
    return of_rules()[name]
