"""Cases of rules as data: an example region with values set, judged by all rules of a scope.

A case is a YAML file below `tests/cases/rules/<rule>/`, `fail-*` or `pass-*`:

- `about`: what it shows. `base`: example region. `set`, `delete`: as in `regionfile.patched`.
- `allocate: false`: the lock stays as it is; else it is completed. `lock`: its text, in place of the base's.
- `inventory`: text of the inventory. `file`: name of the region file, without ending.
- `regions`: several regions with `base`, `set` and `delete`, for rules on the fleet. `drains`: clusters of them that a
  change drains, with `region`, `cluster` and `approved`. `files`: that it touches, with `path`, `old` and `new`.
- `expect`: parts of message and remedy of one finding. `also`: other rules that fire.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from ai_factory.infra import catalog
from ai_factory.infra.gate import rule
from ai_factory.infra.gate import rules as _registers_them  # noqa: F401
from ai_factory.infra.gate.beside import Drain, FileChange, FleetView
from ai_factory.infra.gate.cache import outline
from ai_factory.infra.gate.records import Finding, Path_, ShardHead, StackCount
from ai_factory.infra.gate.rule import ClusterView, RegionView
from ai_factory.infra.gate.rules import running
from ai_factory.infra.objects.budget import Preview, preview
from ai_factory.infra.plan import regions
from ai_factory.infra.plan.allocation import address_plan, allocate
from ai_factory.infra.plan.allocation import lock as locks
from ai_factory.infra.plan.checks import references
from ai_factory.infra.plan.model import RegionPlan
from ai_factory.infra.spec.problems import InputError
from tests import regionfile

FOLDER = regionfile.REPOSITORY / "tests" / "cases" / "rules"
SCOPES = ("input", "region", "cluster", "fleet")
KEYS = {"about", "base", "set", "delete", "allocate", "lock", "inventory", "file", "regions", "drains"}
KEYS |= {"files", "expect", "also"}
Case = Mapping[str, Any]


def files() -> list[Path]:
    """Cases of rules of these scopes."""
    return sorted(path for path in FOLDER.glob("*/*.yaml") if scope_of(path) in SCOPES)


def scope_of(path: Path) -> str | None:
    """Scope of the rule that a case is for; None where there is no such rule."""
    known = rule.RULES.get(path.parent.name)
    return known.scope if known else None


def load(path: Path) -> Case:
    """A case, of known keys only."""
    case: Case = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert case.keys() <= KEYS, case.keys() - KEYS
    return case


def judge(case: Case, scope: str, folder: Path, *, stacks: bool = False) -> list[Finding]:
    """What all rules of a case's kind say of it; for regions and clusters less what they say of its base anyway.

    Args:
        case: the case.
        scope: of the rule that it is for.
        folder: where its files may be written.
        stacks: whether the stacks are counted, which takes seconds for large regions.
    """
    if scope == "fleet":
        drains = tuple(Drain(**drain) for drain in case.get("drains", ()))
        files = tuple(FileChange(**change) for change in case.get("files", ()))
        data = [_data(region) for region in case["regions"]]
        protected = frozenset(region["region"]["name"] for region in data if region.get("protect", True))
        view = FleetView(numbers=tuple(_numbers(case)), drains=drains, files=files, protected=protected)
        return running.fleet(view)
    path = write(case, folder)
    if scope == "input":
        return list(_planning(path))
    return of_region(path, stacks=stacks)


def of_region(path: Path, *, stacks: bool = False) -> list[Finding]:
    """What rules on regions and clusters say of a region file."""
    view = view_of(path, stacks=stacks)
    found, whole = running.region(view), view.loaded.plan()
    for cluster in whole.clusters:
        found += running.clusters(ClusterView(plan=_only(whole, cluster.name), cluster=cluster), whole.name)
    return found


def view_of(path: Path, *, stacks: bool = False) -> RegionView:
    """A region as its rules see it; without the counts of its stacks unless they are asked for."""
    loaded = regions.open_region(path)
    heads = {"all": _all_in_one(preview(loaded.plan()))} if stacks else {}
    return RegionView(loaded=loaded, plan=outline.light_plan(loaded), shards=heads)


def shard(region: str, stacks: Mapping[str, tuple[int, int]]) -> ShardHead:
    """A shard that adds so many resources and bytes to stacks."""
    counts = tuple(StackCount(name=name, resources=n, size_bytes=size) for name, (n, size) in stacks.items())
    return ShardHead(
        region=region, name="", key="", stacks=counts, declared_racks=(), findings=(), objects=0, payload=""
    )


@functools.cache
def usual(base: str) -> frozenset[tuple[str, str, str]]:
    """What is said of an example region as it stands."""
    return frozenset(map(key, of_region(regionfile.REGIONS / f"{base}.yaml")))


def key(finding: Finding) -> tuple[str, str, str]:
    """What tells findings apart."""
    return finding.rule, finding.subject, finding.message


def stands_in(case: Case, path: Path_) -> bool:
    """Whether a path, with the names of list items, leads to a value of the region file that may stand there."""
    bases = case.get("regions", [case])
    return any(_leads(regionfile.model(_data(one)).model_dump(mode="json"), path) for one in bases)


def _leads(data: Any, path: Path_) -> bool:
    for part in path:
        if isinstance(data, list):
            data = {
                **dict(enumerate(data)),
                **{one["name"]: one for one in data if isinstance(one, dict) and "name" in one},
            }
        if not isinstance(data, dict) or part not in data:
            return False
        data = data[part]
    return True


def write(case: Case, folder: Path) -> Path:
    """The files of a case, laid out as in a project."""
    data, folder = _data(case), folder / regions.REGIONS
    folder.mkdir(parents=True)
    if "inventory" in case:
        (folder / "hosts.csv").write_text(case["inventory"], encoding="utf-8")
        data["inventory"] = "hosts.csv"
    path = folder / f"{case.get('file', data['region']['name'])}.yaml"
    path.write_text(regionfile.dump(data), encoding="utf-8")
    lock_path = locks.lock_path(path)
    text = case.get("lock", (regionfile.REGIONS / f"{case['base']}.lock.yaml").read_text(encoding="utf-8"))
    lock_path.write_text(text or f"region: {data['region']['name']}\n", encoding="utf-8")
    if case.get("allocate", True):
        _complete(data, lock_path)
    return path


def _data(case: Case) -> dict[str, Any]:
    return regionfile.patched(case["base"], to=case.get("set", {}), delete=case.get("delete", ()))


def _complete(data: Mapping[str, Any], path: Path) -> None:
    region = regionfile.model(data)
    if not references.check(region, catalog.load(), regionfile.document(data)):
        full, _, _ = allocate.complete(region, catalog.load(), locks.read(path, region.region.name))
        path.write_text(locks.text(full), encoding="utf-8")


def _numbers(case: Case) -> Iterator[address_plan.RegionNumbers]:
    for one in case["regions"]:
        region = regionfile.model(_data(one))
        yield address_plan.numbers_of(region, f"stacks/regions/{region.region.name}.yaml")


def _planning(path: Path) -> Iterator[Finding]:
    try:
        regions.open_region(path)
    except InputError as error:
        for one in error.problems:
            yield Finding(
                rule=one.rule, severity="error", region="", subject=one.path, message=one.message, remedy=one.remedy
            )


def _all_in_one(seen: Preview) -> ShardHead:
    counts = {one.name: (sum(part.resources for part in one.components), one.size_bytes) for one in seen.stacks}
    return shard(seen.region, counts)


def _only(plan: RegionPlan, cluster: str) -> RegionPlan:
    return dataclasses.replace(
        plan,
        clusters=(plan.cluster(cluster),),
        tenants=plan.tenants_of(cluster),
        storage=tuple(one for one in plan.storage if cluster in one.clusters),
    )
