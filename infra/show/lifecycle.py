"""What runs did, how objects are, what differs: for a terminal, and as plain data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import click

from ..engine.direct.compare import Difference
from ..engine.direct.health import Health
from ..engine.doctor import Finding
from ..engine.report import Report
from ..sandbox import ProcessStatus
from . import tables

_MARKS = {"good": "ok", "note": "--", "fault": "!!"}
_WORDS = {"missing": "create", "changed": "change", "leaving": "delete", "refused": "refused"}


def reports_data(reports: Sequence[Report]) -> list[dict[str, Any]]:
    """What each run did, as plain data."""
    return [_report(one) for one in reports]


def show_reports(reports: Sequence[Report]) -> None:
    """What each run did."""
    for one in reports:
        where = f"{one.stack} on {one.target}" if one.target else one.stack
        click.echo(f"{where}: {one}")


def _report(one: Report) -> dict[str, Any]:
    objects = {result: [] for result in ("created", "changed", "repaired", "adopted")}  # type: dict[str, list[str]]
    for object_id, result in one.results.items():
        if result != "unchanged":
            objects[result].append(object_id)
    counts = {"planned": one.planned, "unchanged": one.count("unchanged")}
    return {"stack": one.stack, "cluster": one.target, **counts, **objects, "deleted": one.deleted}


def all_ready(found: Mapping[str, Sequence[Health]]) -> bool:
    """Whether every object is there and ready."""
    return all(one.state == "ready" for some in found.values() for one in some)


def status_data(found: Mapping[str, Sequence[Health]]) -> list[dict[str, Any]]:
    """Status as plain data."""
    return [{"component": name, "objects": [one.as_dict() for one in some]} for name, some in found.items()]


def show_status(found: Mapping[str, Sequence[Health]]) -> None:
    """Counts and conditions by component, then what is not ready and why."""
    out = tables.console()
    rows = []
    for name, some in found.items():
        counts = Counter(one.state for one in some)
        numbers = (len(some), counts["ready"], counts["not ready"], counts["missing"], counts["going"])
        rows.append((name, *numbers, _conditions(some)))
    columns = ("Component", ">Objects", ">Ready", ">Not ready", ">Missing", ">Going", "Conditions")
    tables.put(tables.table("Status", columns, rows), out)
    for some in found.values():
        for one in some:
            if one.state != "ready":
                out.print(f"{one.state}: {one.id}: {one.why}", soft_wrap=True)
    if all_ready(found):
        out.print("everything is there and ready")


def _conditions(some: Sequence[Health]) -> str:
    """How many objects have which condition at which status: `Ready=True 23, Ready=False 1`."""
    counts = Counter(f"{name}={status}" for one in some for name, status in (one.conditions or {}).items())
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))


def differences_data(found: Mapping[str, Sequence[Difference]]) -> list[dict[str, Any]]:
    """Differences as plain data."""
    return [{"stack": name, "differences": [one.as_dict() for one in some]} for name, some in found.items()]


def show_differences(found: Mapping[str, Sequence[Difference]], *, none: str) -> None:
    """Every difference with its fields."""
    for name, some in found.items():
        for one in some:
            note = f" ({one.note})" if one.note and one.kind != "refused" else ""
            click.echo(f"{_WORDS[one.kind]:<8} {one.note if one.kind == 'refused' else one.id}{note}")
            for change in one.changes:
                click.echo(f"           {change}")
        if some:
            counts = Counter(one.kind for one in some)
            click.echo(f"{name}: " + ", ".join(f"{count} to {_WORDS[kind]}" for kind, count in counts.items()))
    if not any(found.values()):
        click.echo(none)


def show_findings(found: Sequence[Finding]) -> None:
    """What the doctor found."""
    for one in found:
        remedy = f"; {one.remedy}" if one.remedy else ""
        click.echo(f"{_MARKS[one.state]} {one.subject}: {one.detail}{remedy}")


def show_processes(found: Sequence[ProcessStatus]) -> None:
    """The sandbox's processes."""
    if not found:
        click.echo("the sandbox is down")
        return
    rows = [
        (one.name, one.pid, one.port, "healthy" if one.healthy else "not healthy", one.rss_mb, one.uptime_seconds)
        for one in found
    ]
    columns = ("Process", ">PID", ">Port", "Health", ">MB", ">Up (s)")
    tables.put(tables.table("Sandbox", columns, rows), tables.console())
