"""How `check` and `gate` grow with the parts of a region: CPU seconds at three sizes, against the smallest.

What takes as long for each part as before has twice or four times the time of the smallest size, or less where
something is the same for all. CPU time, of this process and those that it forks: other load does not change it much.
"""

from __future__ import annotations

import datetime
import os
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from ai_factory.infra.plan import regions
from ai_factory.infra.plan.allocation import ledger
from ai_factory.infra.plan.build import sample_rows
from ai_factory.infra.spec import inventory as inventories
from tests.gate.project import Project

from . import gigawatt
from .row import Goal, Row, Rows, Taken, scratch

CLUSTERS = 4
RACKS = 8
"""Racks of a cluster."""
_MORE = 1.1
"""What is still called linear: caches of the processor are smaller than what grows."""
HOSTS = "hosts.csv"
UNTIL = datetime.date.today() + datetime.timedelta(days=90)
Make = Callable[[int], dict[str, Any]]


def _region(
    *, clusters: int = CLUSTERS, racks: int = RACKS, tenants: int = 100, storages: int = 1, waivers: int = 0
) -> dict[str, Any]:
    data = gigawatt.region(clusters * gigawatt.RACKS_PER_CLUSTER, tenants)
    for cluster in data["clusters"]:
        cluster["racks"] = racks
    for tenant in data["tenants"]:
        tenant["gpus"] = 1
    data["storage"] = [{"name": f"scratch-{n}", "tier": "local", "driver": "local-nvme"} for n in range(storages)]
    data["waivers"] = [
        {"rule": "image-pinned", "subject": f"tenant/tenant-{n}", "reason": "signed elsewhere", "until": str(UNTIL)}
        for n in range(waivers)
    ]
    return data


def _with_hosts(hosts: int) -> dict[str, Any]:
    """Clusters of 5,000 hosts, or less: as many as the hosts fill."""
    racks = hosts // 18
    data = gigawatt.region(racks, 100)
    for tenant in data["tenants"]:
        tenant["gpus"] = 1
    return data | {"inventory": HOSTS}


_KINDS: dict[str, tuple[Make, tuple[int, ...]]] = {
    "tenants": (lambda count: _region(tenants=count), (500, 1000, 2000)),
    "clusters": (lambda count: _region(clusters=count, tenants=4), (25, 50, 100)),
    "storages": (lambda count: _region(storages=count), (25, 50, 100)),
    "waivers": (lambda count: _region(waivers=count), (250, 500, 1000)),
    "hosts": (_with_hosts, (9_900, 19_800, 39_600)),
}


def _write(folder: Path, data: dict[str, Any]) -> Path:
    """A region's file, its lock and, where it names one, its inventory, which is a marked sample."""
    path = folder / f"{gigawatt.name(0)}.yaml"
    made_up = data | ({"inventory": "sample"} if data["inventory"] == HOSTS else {})
    path.write_text(yaml.dump(made_up, Dumper=_dumper(), sort_keys=False), encoding="utf-8")
    ledger.update(regions.open_region(path), (), write=True)
    if data["inventory"] == HOSTS:
        loaded = regions.open_region(path)
        rows = sample_rows(loaded.region, loaded.catalog, loaded.full_lock)
        (folder / HOSTS).write_text(inventories.write(rows, "a sample"), encoding="utf-8")
        path.write_text(yaml.dump(data, Dumper=_dumper(), sort_keys=False), encoding="utf-8")
    return path


def _dumper() -> Any:
    return getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def _cpu_seconds() -> float:
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)


def _taken(run: Callable[[], Any]) -> Taken:
    start = _cpu_seconds()
    run()
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return Taken(_cpu_seconds() - start, peak / 1024)


def _check(make: Make, count: int) -> Callable[[], Taken]:
    """`aifactory check`, nothing cached."""

    def run() -> Taken:
        from ai_factory.infra.gate.judge import standing

        with scratch() as folder:
            os.environ |= {"XDG_CACHE_HOME": str(folder / "cache"), "XDG_STATE_HOME": str(folder / "state")}
            path = _write(folder, make(count))
            verdict = standing.judge(str(path))  # models are built, and what is the same for all is read
            assert not verdict.bad, verdict.bad[:3]
            os.environ["XDG_CACHE_HOME"] = str(folder / "another")
            return _taken(lambda: standing.judge(str(path)))

    return run


def _gate(make: Make, count: int) -> Callable[[], Taken]:
    """`aifactory gate` on a change of one line, the base cached."""

    def run() -> Taken:
        from ai_factory.infra.gate import run as gates

        with scratch() as folder:
            os.environ |= {"XDG_STATE_HOME": str(folder / "state")}
            project = Project(folder / "project", ())
            path = _write(project.regions, make(count))
            project.commit("region")
            project.branch("change")
            text = path.read_text(encoding="utf-8")
            request = gates.Request(root=project.folder, base="main", cache=folder / "cache", today=UNTIL)
            for gpus in (2, 3):  # the first of them plans all of it
                path.write_text(text.replace("gpus: 1\n", f"gpus: {gpus}\n", 1), encoding="utf-8")
                taken = _taken(lambda: _expect_change(gates.gate(request)))
            return taken

    return run


def _expect_change(verdict: Any) -> None:
    (region,) = verdict.regions
    assert not region.faults, region.faults[:3]
    assert [change.action for change in region.changes] == ["update", "update"], region.changes


def _rows() -> Rows:
    rows: Rows = {}
    for kind, (make, sizes) in _KINDS.items():
        for command, measure in (("check", _check), ("gate", _gate)):
            first = f"{command}-{sizes[0]}-{kind}"
            for count in sizes:
                name, times = f"{command}-{count}-{kind}", count / sizes[0]
                what = f"CPU of `{command}`, {count:,} {kind}" + (f": linear growth is {times:g}" if times > 1 else "")
                goal = Goal(ratio=times * _MORE) if times > 1 else Goal()
                floor = first if times > 1 else None
                rows[name] = Row(
                    what, measure(make, count), floor, goal, slow=True, per=(count, kind.removesuffix("s"))
                )
    return rows


GROWTH: Rows = _rows()
