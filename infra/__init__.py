"""From a region file to everything that has to exist: spec, catalogue, plan, objects, engines.

For another team's program. What stands in `__all__` is the public API and changes with a new version only; the Pulumi
components are `ai_factory.components`. Nothing is imported before it is used.

Data flows down the rooms: `spec` and `catalog`, `plan`, `objects`, then `engine`; `gate`, `expand` and `fleet` judge
and multiply; `show` and `cli` face people. Below all: `errors` (what a user can mend, with exit code, words and remedy)
and `files` (folders of the user, files written whole or not at all). `apiserver` is what objects and sandbox share: the
settings of an API server. The Pulumi program is `__main__`.

>>> import pathlib, tempfile
>>> from ai_factory.infra import blocks, judge, plan_region, render
>>> cluster = {"name": "infer-a", "provider": "existing", "system": "rtx-pro-server", "nodes": 8}
>>> cluster |= {"nodes_per_rack": 4, "rack_kw": 30, "purpose": "inference", "access": {"context": "edge-infer"}}
>>> region = {
...     "region": {"name": "kr-edge", "country": "KR", "city": "Pohang"},
...     "layout": "single",
...     "sovereignty": {"residency": ["KR"], "operators": ["KR"]},
...     "addressing": {"underlay_v4": "10.80.0.0/20", "oob_v4": "10.81.0.0/20"},
...     "site": {"power": {"utility_mw": 1, "redundancy": "n"}, "halls": [{"name": "h1", "max_it_mw": 0.8}]},
...     "core": {"nodes": 4},
...     "management": [{"name": "management", "provider": "existing", "access": {"context": "edge-management"}}],
...     "clusters": [cluster],
... }
>>> plan = plan_region(region)                      # or the path of a region file, or a Region
>>> [block.type for block in blocks(plan)][:2]      # Kubernetes objects, as components register them
['ManagementCluster', 'GpuCluster']
>>> judge(region).exit_code                         # every rule that needs no change to look at
0
>>> with tempfile.TemporaryDirectory() as folder:   # what Flux or Argo CD can sync
...     render(plan, pathlib.Path(folder) / "kr-edge") > 10
True
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .engine.render import write_tree as render
    from .errors import FactoryError, UnavailableError
    from .gate.judge.standing import Verdict
    from .gate.judge.standing import judge_source as judge
    from .objects.base import Block, HelmRelease, KubeObject, items_of
    from .objects.region import blocks, stack_names
    from .plan.allocation.lock import Lock
    from .plan.model import ClusterPlan, ManagementPlan, RegionPlan, StoragePlan, TenantPlan
    from .plan.sources import allocate, plan_region
    from .spec import Region
    from .spec.problems import InputError, Problem

__all__ = [
    "Block",
    "ClusterPlan",
    "FactoryError",
    "HelmRelease",
    "InputError",
    "KubeObject",
    "Lock",
    "ManagementPlan",
    "Problem",
    "Region",
    "RegionPlan",
    "StoragePlan",
    "TenantPlan",
    "UnavailableError",
    "Verdict",
    "allocate",
    "blocks",
    "items_of",
    "judge",
    "plan_region",
    "render",
    "stack_names",
]

_HOMES = {
    "allocate": "plan.sources:allocate",
    "Block": "objects.base:Block",
    "blocks": "objects.region:blocks",
    "ClusterPlan": "plan.model:ClusterPlan",
    "FactoryError": "errors:FactoryError",
    "HelmRelease": "objects.base:HelmRelease",
    "InputError": "spec.problems:InputError",
    "items_of": "objects.base:items_of",
    "judge": "gate.judge.standing:judge_source",
    "KubeObject": "objects.base:KubeObject",
    "Lock": "plan.allocation.lock:Lock",
    "ManagementPlan": "plan.model:ManagementPlan",
    "plan_region": "plan.sources:plan_region",
    "Problem": "spec.problems:Problem",
    "Region": "spec:Region",
    "RegionPlan": "plan.model:RegionPlan",
    "render": "engine.render:write_tree",
    "stack_names": "objects.region:stack_names",
    "StoragePlan": "plan.model:StoragePlan",
    "TenantPlan": "plan.model:TenantPlan",
    "UnavailableError": "errors:UnavailableError",
    "Verdict": "gate.judge.standing:Verdict",
}

if not TYPE_CHECKING:  # a checker that saw it would take every name for one that is here

    def __getattr__(name: str) -> Any:
        """A public name, from its home when it is first asked for."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        home, _, attribute = _HOMES[name].partition(":")
        globals()[name] = getattr(import_module(f"{__name__}.{home}"), attribute)
        return globals()[name]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
