"""What an engine's runs did, and what one would do: for a terminal, and as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from ..engine.protocol import Preview
from ..engine.report import Report
from .live_objects import differences_data, show_differences


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


def preview_data(preview: Preview) -> list[dict[str, Any]]:
    """What a run would do, as plain data: differences, or counts from an engine that tells no fields."""
    return reports_data(preview.reports) if preview.differences is None else differences_data(preview.differences)


def show_preview(preview: Preview) -> None:
    """Print what a run would do: differences, or counts from an engine that tells no fields."""
    if preview.differences is None:
        show_reports(preview.reports)
    else:
        show_differences(preview.differences, none="nothing would change")
