"""All rows, by group. Those of planning, components and small commands are here, the others in modules of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from . import diff_rows, engine_rows, gate_rows, gigawatt, growth_rows, render_rows, typing_rows
from .row import Goal, Row, Rows, scratch

if TYPE_CHECKING:
    from ai_factory.infra.plan.model import RegionPlan

GROUP_STACK = "kr-ulsan.train-a.0"
GIGAWATT_RACKS = 5500
HOSTS = 99_000


def _plain_objects() -> float:
    """The floor: as many plain pydantic objects as the region has hosts."""
    from pydantic import BaseModel, ConfigDict

    class Host(BaseModel):
        model_config = ConfigDict(frozen=True)
        name: str
        rack: str
        slot: int
        u: int
        serial: str
        bmc: str
        mac: str

    start = time.perf_counter()
    hosts = [
        Host(name=f"h{n}", rack="r", slot=1, u=1, serial=f"s{n}", bmc=f"10.0.0.{n}", mac=f"02:{n}")
        for n in range(HOSTS)
    ]
    assert len(hosts) == HOSTS
    return time.perf_counter() - start


def _plan() -> float:
    from ai_factory.infra import plan_region

    with scratch() as folder:
        path = gigawatt.write(folder, GIGAWATT_RACKS)
        start = time.perf_counter()
        plan = plan_region(path, allocations="provisional")
        seconds = time.perf_counter() - start
    assert sum(cluster.gpus for cluster in plan.clusters) == 396_000
    return seconds


def _objects() -> float:
    from ai_factory.infra import plan_region
    from ai_factory.infra.objects import base, region

    with scratch() as folder:
        plan = plan_region(gigawatt.write(folder, GIGAWATT_RACKS), allocations="provisional")
    start = time.perf_counter()
    count = sum(1 for _ in base.items_of(region.region_blocks(plan)))
    seconds = time.perf_counter() - start
    assert count > HOSTS
    return seconds


def _preview() -> float:
    from ai_factory.infra import plan_region
    from ai_factory.infra.objects.budget import preview

    with scratch() as folder:
        path = gigawatt.write(folder, GIGAWATT_RACKS)
        start = time.perf_counter()
        made = preview(plan_region(path, allocations="provisional"))
        seconds = time.perf_counter() - start
    assert made.resources > HOSTS
    return seconds


def _python() -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import pydantic, yaml, click, rich"], check=True)
    return time.perf_counter() - start


def _check(*, before: int) -> Callable[[], float]:
    """`aifactory check` after so many runs with the same cache, which begins empty."""
    command = [str(Path(sys.executable).with_name("aifactory")), "check", "kr-ulsan"]

    def run() -> float:
        with scratch() as cache:
            environment = {**os.environ, "XDG_CACHE_HOME": str(cache)}
            for _ in range(before + 1):
                start = time.perf_counter()
                subprocess.run(command, check=True, capture_output=True, env=environment)
                seconds = time.perf_counter() - start
        return seconds

    return run


def _group_plan() -> RegionPlan:
    """One group of racks of kr-ulsan: the largest stack there is."""
    from ai_factory.infra import plan_region
    from ai_factory.infra.plan import regions

    return plan_region(regions.region_file("kr-ulsan"))


def _under_mocks(program: Callable[[], None]) -> float:
    from tests.components import harness

    start = time.process_time()  # no waiting in it: CPU time is what other load leaves alone
    harness.run(program)
    return time.process_time() - start


def _bare_program() -> float:
    """The floor: a program that registers the same objects by hand, with the same provider and dependencies."""
    import pulumi
    import pulumi_kubernetes as kubernetes

    from ai_factory.components._manifest import type_token
    from ai_factory.infra.objects import base, region

    plan = _group_plan()

    def program() -> None:
        provider = kubernetes.Provider("management", context="management")
        made: dict[str, pulumi.Resource] = {}
        for item in base.items_of(region.blocks_of(plan, GROUP_STACK)):
            assert isinstance(item, base.KubeObject)
            before = [made[one] for one in item.after if one in made]
            opts = pulumi.ResourceOptions(provider=provider, depends_on=before)
            name = base.resource_name("bare", item)
            made[item.id] = pulumi.CustomResource(type_token(item.manifest), name, item.manifest, opts)

    return _under_mocks(program)


def _components() -> float:
    from ai_factory.components import ClusterProviders, Region, RegionArgs, Registry

    plan = _group_plan()

    def program() -> None:
        registry = Registry()
        providers = ClusterProviders(plan, registry, root=Path("/"))
        Region(plan.name, RegionArgs(plan=plan, stack=GROUP_STACK, providers=providers, registry=registry))

    return _under_mocks(program)


_PLAN: Rows = {
    "pydantic-floor": Row("99,000 plain pydantic objects", _plain_objects),
    "plan-1gw": Row(
        "read and plan 5,500 racks, 99,000 hosts", _plan, "pydantic-floor", Goal(seconds=5, megabytes=1000)
    ),
    "objects-1gw": Row("all objects of that region", _objects, "pydantic-floor", Goal(seconds=30)),
    "preview-1gw": Row("plan and preview that region", _preview, "pydantic-floor", Goal(seconds=30), repeat=1),
}
_CHECK: Rows = {
    "python-floor": Row("a Python process that imports the same libraries", _python, repeat=3, process=True),
    "check-kr-ulsan": Row(
        "`aifactory check kr-ulsan` as a process", _check(before=1), "python-floor", Goal(seconds=0.4), 5, True
    ),
    "check-cold-kr-ulsan": Row("the same, nothing cached", _check(before=0), "python-floor", repeat=3, process=True),
}
_COMPONENTS: Rows = {
    "bare-program": Row("704 objects registered by hand, under mocks", _bare_program, repeat=4),
    "components": Row("the same by the components", _components, "bare-program", Goal(ratio=1.2), repeat=4),
}
_APPLY: Rows = {
    "apply-bare-1000": Row("1,000 objects applied by a bare loop of the client", engine_rows.bare(1000)),
    "apply-1000": Row("the same by the direct engine", engine_rows.direct(1000), "apply-bare-1000", Goal(ratio=1.3)),
    "apply-again-1000": Row("the same again: nothing to change", engine_rows.again(1000), "apply-bare-1000", repeat=1),
    "apply-5000": Row(
        "5,000 objects: linear growth is 5", engine_rows.direct(5000), "apply-1000", Goal(ratio=5), 1, slow=True
    ),
    "apply-20000": Row(
        "20,000 objects: linear growth is 20", engine_rows.direct(20000), "apply-1000", Goal(ratio=20), 1, slow=True
    ),
}
GROUPS: dict[str, Rows] = {
    "plan": _PLAN,
    "check": _CHECK,
    "components": _COMPONENTS,
    "typing": typing_rows.TYPING,
    "apply": _APPLY,
    "render": render_rows.RENDER,
    "gate": gate_rows.GATE,
    "diff": diff_rows.DIFF,
    "growth": growth_rows.GROWTH,
    "fleet": gate_rows.FLEET,
    "peers": render_rows.PEERS,
}
"""Rows by group; a floor stands above the rows that are measured against it."""
ROWS: Rows = {name: row for group in GROUPS.values() for name, row in group.items()}
