"""What `doctor` finds on this machine and on clusters, and the sandbox's processes: for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

import click

from ..engine.doctor import Finding
from ..sandbox import ProcessStatus
from . import tables

_HEALTH = {True: "healthy", False: "not healthy"}
_MARKS = {"good": "ok", "note": "--", "fault": "!!"}


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
