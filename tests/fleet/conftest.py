"""Settings and regions for the tests of the fleet."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import pytest
import yaml

from ai_factory.infra import catalog, plan_region, spec
from ai_factory.infra.fleet.settings import Fleet
from ai_factory.infra.plan import build, regions
from ai_factory.infra.plan.allocation import allocate
from ai_factory.infra.plan.allocation.lock import Lock
from ai_factory.infra.plan.model import RegionPlan
from tests.bench import gigawatt

COMMIT = "0123456789abcdef0123456789abcdef01234567"
SETTINGS: dict[str, Any] = {
    "source": {"repo": "https://git.example/factory.git", "commit": COMMIT},
    "backend": "s3://state",
    "secrets": {"PULUMI_CONFIG_PASSPHRASE": {"secret": "pulumi-state", "key": "passphrase"}},
    "workspace": {"image": "registry.example/workspace:1"},
    "waves": [{"name": "canary", "regions": ["kr-haein"]}, {"name": "production"}],
}


def settings(**changes: Any) -> Fleet:
    """Settings with other top-level keys; None removes one."""
    return Fleet.model_validate({key: value for key, value in (SETTINGS | changes).items() if value is not None})


def write_settings(root: Path, **changes: Any) -> Path:
    """The same as a file of a project."""
    file = root / "stacks" / "fleet.yaml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(yaml.safe_dump(SETTINGS | changes, sort_keys=False), encoding="utf-8")
    return file


@functools.cache
def examples() -> tuple[RegionPlan, ...]:
    """Plans of all regions of the repository."""
    return tuple(plan_region(regions.region_file(name)) for name in regions.known_regions())


@functools.cache
def big(racks: int, tenants: int) -> RegionPlan:
    """Plan of a made-up region."""
    region = spec.Region.model_validate(gigawatt.region(racks, tenants))
    known = catalog.load()
    lock, _, shortages = allocate.complete(region, known, Lock(region=region.region.name))
    assert not shortages
    return build.plan(region, known, lock, None)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of its own with the regions `north` and `south`, with real hosts in name only, as working directory."""
    (tmp_path / "stacks" / "regions").mkdir(parents=True)
    (tmp_path / "Pulumi.yaml").write_text("name: factory\nruntime: python\nmain: infra\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path
