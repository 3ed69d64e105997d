"""No rule on objects says anything of what the package itself declares for the example regions."""

from __future__ import annotations

import pytest

from ai_factory.infra import plan_region
from ai_factory.infra.gate import rules as _registers_them  # noqa: F401
from ai_factory.infra.gate.impact import items
from ai_factory.infra.gate.rule import ObjectView
from ai_factory.infra.gate.rules import running
from ai_factory.infra.objects.base import HelmRelease, Item, items_of
from ai_factory.infra.objects.region import region_blocks
from ai_factory.infra.plan import regions

pytestmark = pytest.mark.slow


def view(item: Item) -> ObjectView:
    protect = not isinstance(item, HelmRelease) and item.protect
    return ObjectView(id=item.id, manifest=items.manifest_of(item), protect=protect)


@pytest.mark.parametrize("name", regions.known_regions())
def test_all_objects_of_a_region_pass_all_rules_on_objects(name: str) -> None:
    plan = plan_region(regions.region_file(name))
    views = [view(item) for item in items_of(region_blocks(plan))]

    assert len(views) > 100
    assert running.objects(views, name) == []
