"""Commands that bring regions up and down, and look at them: up, down, status, drift."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from . import diagnose, sandbox
from .options import ENGINE, FORCE, JSON, QUIET, REGION, SAMPLES, STACK, YES, complete_region
from .up_request import Presenter, UpRequest

if TYPE_CHECKING:
    from ..engine.protocol import Engine
    from .region_run import RegionRun


@click.command()
@click.argument("region", required=False, shell_complete=complete_region)
@click.option("--all", "every", is_flag=True, help="Every region, one after the other, in the fleet's order.")
@ENGINE
@STACK
@click.option("--adopt", is_flag=True, help="Take over objects and fields that others own.")
@click.option("--dry-run", is_flag=True, help="Show what would change, field by field; change nothing.")
@click.option("--wait/--no-wait", default=True, help="Wait until what is applied is ready (the default).")
@click.option("--keep-going", is_flag=True, help="With --all: go on with the next region after a failure.")
@SAMPLES
@FORCE
@YES
@JSON
@QUIET
def up(
    region: str | None,
    every: bool,
    engine: str,
    stack: str | None,
    adopt: bool,
    dry_run: bool,
    wait: bool,
    keep_going: bool,
    include_samples: bool,
    force_protected: bool,
    yes: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Bring a region to its plan, stack by stack: management plane, racks, workload planes, tenants.

    What left the plan is deleted, but for protected objects. Regions with a sample inventory are applied to a
    sandbox only. Exits with 1 if something is refused or does not get ready, with 3 if a cluster can't be reached.

    With --all every region goes, in the order of stacks/fleet.yaml, else by name; it ends at the first failure, and
    a second run goes on where it ended. Approvals of the fleet are for its operator: here you confirm. There is no
    `down --all`: regions are taken away one by one.

    \b
    Examples:
      aifactory up kr-ulsan
      aifactory up lab --engine direct --yes
      aifactory up kr-ulsan --engine direct --stack kr-ulsan.train-a --dry-run
      aifactory up --all --keep-going
    """
    from ..engine.options import Options

    _one_or_all(region, stack, every=every, keep_going=keep_going, include_samples=include_samples)
    options = Options(adopt=adopt, force_protected=force_protected, wait=wait)
    request = UpRequest(engine=engine, options=options, dry_run=dry_run, yes=yes, quiet=quiet or as_json)
    if region is not None:
        _up(region, stack, request, _presenter(as_json))
        return
    from . import up_all

    up_all.up_all(request, _up, _chosen, keep_going=keep_going, include_samples=include_samples, as_json=as_json)


def _one_or_all(region: str | None, stack: str | None, *, every: bool, keep_going: bool, include_samples: bool) -> None:
    """Refuse options that do not go together (UsageError)."""
    if (region is None) != every:
        raise click.UsageError("give either a region or --all")
    if every and stack is not None:
        raise click.UsageError("--stack is a part of one region: name the region instead of --all")
    if not every and (keep_going or include_samples):
        raise click.UsageError("--keep-going and --include-samples go with --all only")


def _up(region: str, stack: str | None, request: UpRequest, present: Presenter) -> None:
    """Bring one region up, or show what that would change."""
    from .region_run import run_on

    about = f"up --engine {request.engine}" + (" --dry-run" if request.dry_run else "")
    with run_on(region, stack, request.options, quiet=request.quiet, about=about) as run:
        chosen = request.chosen or _chosen(request.engine)
        if request.dry_run:
            _dry_run(run, chosen, present)
            return
        _confirm(run, "apply", chosen, yes=request.yes)
        if request.options.adopt and chosen == "pulumi":
            run.hand_over()
        if chosen == "pulumi":
            run.refuse_unfit()
        applying = run.engine(chosen)
        _finish(applying, lambda: applying.up(run.names), present)


@click.command()
@REGION
@ENGINE
@STACK
@FORCE
@YES
@JSON
@QUIET
def down(
    region: str, engine: str, stack: str | None, force_protected: bool, yes: bool, as_json: bool, quiet: bool
) -> None:
    """Delete what a region has on its clusters, in reverse order, waiting for finalizers.

    Refused, before anything is deleted, if protected objects are among it.

    \b
    Example:
      aifactory down lab --engine direct --yes
    """
    from ..engine.options import Options
    from .region_run import run_on

    options = Options(force_protected=force_protected)
    with run_on(region, stack, options, quiet=quiet or as_json, about=f"down --engine {engine}") as run:
        chosen = _chosen(engine)
        _confirm(run, "delete", chosen, yes=yes)
        applying = run.engine(chosen)
        _finish(applying, lambda: applying.down(run.names), _presenter(as_json))


@click.command()
@REGION
@STACK
@JSON
def status(region: str, stack: str | None, as_json: bool) -> None:
    """Show how a region's objects are, by component: what is not ready, and why.

    Exits with 1 if something is missing or not ready.

    \b
    Example:
      aifactory status lab
    """
    from ..show import live_objects
    from .region_run import run_on

    with run_on(region, stack, None, quiet=True, about=None) as run:
        healths = run.engine("direct").status(run.names)
    if as_json:
        click.echo(json.dumps(live_objects.status_data(healths), indent=2))
    else:
        live_objects.show_status(healths)
    sys.exit(0 if live_objects.all_ready(healths) else 1)


@click.command()
@REGION
@STACK
@JSON
def drift(region: str, stack: str | None, as_json: bool) -> None:
    """Compare the clusters with the plan, field by field; what the plan does not say belongs to others.

    Exits with 1 if something differs.

    \b
    Example:
      aifactory drift lab --json
    """
    from ..show import live_objects
    from .region_run import run_on

    with run_on(region, stack, None, quiet=True, about=None) as run:
        differences = run.engine("direct").drift(run.names)
    if as_json:
        click.echo(json.dumps(live_objects.differences_data(differences), indent=2))
    else:
        live_objects.show_differences(differences, none="no drift: the clusters are as planned")
    sys.exit(1 if any(differences.values()) else 0)


def _presenter(as_json: bool) -> Presenter:
    """Shows a result at once: as JSON, or in words."""

    def present(data: Any, show: Callable[[], None]) -> None:
        if as_json:
            click.echo(json.dumps(data, indent=2))
        else:
            show()

    return present


def _chosen(engine: str) -> str:
    """The engine to use, which is always named."""
    from ..engine.automation.cli import find_cli
    from ..errors import UnavailableError

    if engine == "direct":
        click.echo("engine: direct", err=True)
        return engine
    try:
        click.echo(f"engine: pulumi ({find_cli()})", err=True)
    except UnavailableError as error:
        if engine == "pulumi":
            raise
        click.echo(f"engine: direct ({error.message})", err=True)
        return "direct"
    return "pulumi"


def _confirm(run: RegionRun, verb: str, engine: str, *, yes: bool) -> None:
    """Ask before clusters are changed; a sample goes to a sandbox only and is not asked about."""
    if yes or run.plan.sample_inventory:
        return
    targets = ", ".join(run.parts.targets(run.names))
    if not sys.stdin.isatty():
        raise click.UsageError(f"this would {verb} stacks of {run.plan.name} on {targets}: say so with --yes")
    count = sum(len(items) for by_target in run.parts.objects.values() for items in by_target.values())
    click.confirm(f"{verb} {count:,} objects of {run.plan.name} on {targets} by {engine}?", abort=True, err=True)


def _dry_run(run: RegionRun, engine: str, present: Presenter) -> None:
    from ..show import runs

    preview = run.engine(engine).preview(run.names)
    present(runs.preview_data(preview), lambda: runs.show_preview(preview))
    if preview.refused:
        sys.exit(1)


def _finish(engine: Engine, act: Callable[[], object], present: Presenter) -> None:
    """Do it, and show what was done also if it fails."""
    from ..show import runs

    try:
        act()
    finally:
        reports = engine.reports
        present(runs.reports_data(reports), lambda: runs.show_reports(reports))


COMMANDS: list[click.Command] = [up, down, status, drift, *diagnose.COMMANDS, sandbox.sandbox]
"""What reaches clusters, beside the command line's own commands."""
