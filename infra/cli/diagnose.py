"""Commands that tell what happened and what is missing: logs, doctor."""

from __future__ import annotations

import json
import sys

import click

from ..plan import regions
from .options import JSON, REGION, complete_region


@click.command()
@REGION
@click.option("--list", "listed", is_flag=True, help="List the runs that have a log.")
@click.option("--run", "chosen", metavar="TIMESTAMP", help="This run instead of the last one.")
@JSON
def logs(region: str, listed: bool, chosen: str | None, as_json: bool) -> None:
    """Show the log of the last run.

    \b
    Examples:
      aifactory logs lab
      aifactory logs lab --json | jq 'select(.what == "retry")'
    """
    from ..engine import runlog

    name = regions.open_region(regions.region_file(region)).region.region.name
    files = {file.stem: file for file in runlog.runs(name)}
    if listed:
        for stem in files:
            click.echo(stem)
        return
    if not files:
        click.echo(f"no run of {name} has a log here ({runlog.folder(name)})")
        return
    if chosen is not None and chosen not in files:
        raise click.BadParameter(f"there is no run {chosen}; see --list", param_hint="--run")
    for entry in runlog.read(files[chosen or max(files)]):
        text = json.dumps(entry, ensure_ascii=False) if as_json else runlog.readable(entry)
        if text is not None:
            click.echo(text)


@click.command()
@click.argument("region", required=False, shell_complete=complete_region)
@JSON
def doctor(region: str | None, as_json: bool) -> None:
    """Look whether all is there: tools, and for a region its clusters, rights and kinds; with what to do.

    Exits with 3 if nothing could be applied.

    \b
    Examples:
      aifactory doctor
      aifactory doctor lab
    """
    from ..engine import doctor as doctors
    from ..files import state_home
    from ..sandbox.layout import default_cache_dir
    from ..show import environment
    from .region_run import run_on

    findings = [*doctors.tools(), *doctors.state_folders(state_home(), default_cache_dir())]
    if region is not None:
        with run_on(region, None, None, quiet=True, about=None) as run:
            findings += list(doctors.clusters(run.session, run.parts))
    if as_json:
        click.echo(json.dumps([finding.as_dict() for finding in findings], indent=2))
    else:
        environment.show_findings(findings)
    sys.exit(3 if any(finding.state == "fault" for finding in findings) else 0)


COMMANDS: list[click.Command] = [logs, doctor]
