"""What runs did, how objects are, what differs: for a terminal, and as plain data."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import click
import msgspec

from ..engine.doctor import Finding
from ..engine.protocol import Preview
from ..engine.report import Difference, Health, Report
from ..objects.fields import FieldChange
from ..sandbox import ProcessStatus
from . import tables

_HEALTH = {True: "healthy", False: "not healthy"}
MOST_CHARACTERS = 120
"""Of a value in a line."""
_MARKS = {"good": "ok", "note": "--", "fault": "!!"}
_WORDS = {"missing": "create", "changed": "change", "leaving": "delete", "refused": "refused"}


def reports_data(reports: Sequence[Report]) -> list[dict[str, Any]]:
    """Reports of an engine's runs as plain data: what each created, changed and deleted."""
    return [_report(report) for report in reports]


def show_reports(reports: Sequence[Report]) -> None:
    """Print the reports of an engine's runs, a line each."""
    for report in reports:
        where = f"{report.stack} on {report.target}" if report.target else report.stack
        click.echo(f"{where}: {report}")


def _report(report: Report) -> dict[str, Any]:
    objects = {result: [] for result in ("created", "changed", "repaired", "adopted")}  # type: dict[str, list[str]]
    for object_id, result in report.results.items():
        if result != "unchanged":
            objects[result].append(object_id)
    counts = {"planned": report.planned, "unchanged": report.count("unchanged")}
    return {"stack": report.stack, "cluster": report.target, **counts, **objects, "deleted": report.deleted}


def all_ready(status: Mapping[str, Sequence[Health]]) -> bool:
    """Whether `status` has every object there and ready."""
    return all(health.state == "ready" for of_component in status.values() for health in of_component)


def status_data(status: Mapping[str, Sequence[Health]]) -> list[dict[str, Any]]:
    """What `status --json` prints: health of the objects by component."""
    return [
        {"component": name, "objects": [health.as_dict() for health in of_component]}
        for name, of_component in status.items()
    ]


def show_status(status: Mapping[str, Sequence[Health]]) -> None:
    """Print the health of a region: counts and conditions by component, then what is not ready and why."""
    out = tables.console()
    rows = []
    for name, of_component in status.items():
        counts = Counter(health.state for health in of_component)
        numbers = (len(of_component), counts["ready"], counts["not ready"], counts["missing"], counts["going"])
        rows.append((name, *numbers, _conditions(of_component)))
    columns = ("Component", ">Objects", ">Ready", ">Not ready", ">Missing", ">Going", "Conditions")
    tables.print_table(tables.table("Status", columns, rows), out)
    for of_component in status.values():
        for health in of_component:
            if health.state != "ready":
                out.print(f"{health.state}: {health.id}: {health.why}", soft_wrap=True)
    if all_ready(status):
        out.print("everything is there and ready")


def _conditions(of_component: Sequence[Health]) -> str:
    """How many objects have which condition at which status: `Ready=True 23, Ready=False 1`."""
    counts = Counter(
        f"{name}={status}" for health in of_component for name, status in (health.conditions or {}).items()
    )
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))


def differences_data(differences: Mapping[str, Sequence[Difference]]) -> list[dict[str, Any]]:
    """What `drift --json` prints: differences of live objects from the plan, by stack."""
    return [
        {"stack": name, "differences": [difference.as_dict() for difference in of_stack]}
        for name, of_stack in differences.items()
    ]


def show_differences(differences: Mapping[str, Sequence[Difference]], *, none: str) -> None:
    """Print every difference of a live object from the plan, with its fields."""
    for name, of_stack in differences.items():
        for difference in of_stack:
            note = f" ({difference.note})" if difference.note and difference.kind != "refused" else ""
            subject = difference.note if difference.kind == "refused" else difference.id
            click.echo(f"{_WORDS[difference.kind]:<8} {subject}{note}")
            for change in difference.changes:
                click.echo(f"           {change_line(change)}")
        if of_stack:
            counts = Counter(difference.kind for difference in of_stack)
            click.echo(f"{name}: " + ", ".join(f"{count} to {_WORDS[kind]}" for kind, count in counts.items()))
    if not any(differences.values()):
        click.echo(none)


def preview_data(preview: Preview) -> list[dict[str, Any]]:
    """What a run would do, as plain data: differences, or counts from an engine that tells no fields."""
    return reports_data(preview.reports) if preview.differences is None else differences_data(preview.differences)


def show_preview(preview: Preview) -> None:
    """What a run would do."""
    if preview.differences is None:
        show_reports(preview.reports)
    else:
        show_differences(preview.differences, none="nothing would change")


def change_line(change: FieldChange) -> str:
    """A field with its old and new value.

    >>> change_line(FieldChange(path="spec.a", new=[1]))
    'spec.a: (none) -> [1]'
    """
    return f"{change.path}: {_value(change.old)} -> {_value(change.new)}"


def _value(value: Any) -> str:
    """A value as JSON, cut to fit a line."""
    text = "(none)" if value is msgspec.UNSET else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MOST_CHARACTERS else text[: MOST_CHARACTERS - 3] + "..."


def show_findings(findings: Sequence[Finding]) -> None:
    """Print what `doctor` finds missing or in order, a line each."""
    for finding in findings:
        remedy = f"; {finding.remedy}" if finding.remedy else ""
        click.echo(f"{_MARKS[finding.state]} {finding.subject}: {finding.detail}{remedy}")


def show_processes(processes: Sequence[ProcessStatus]) -> None:
    """Print the processes of the sandbox as a table."""
    if not processes:
        click.echo("the sandbox is down")
        return
    rows = [
        (process.name, process.pid, process.port, _HEALTH[process.healthy], process.rss_mb, process.uptime_seconds)
        for process in processes
    ]
    columns = ("Process", ">PID", ">Port", "Health", ">MB", ">Up (s)")
    tables.print_table(tables.table("Sandbox", columns, rows), tables.console())
