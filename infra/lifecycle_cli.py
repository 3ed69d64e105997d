"""Commands that bring regions up and down, and look at them: up, down, status, drift."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from . import diagnose_cli, sandbox_cli
from ._lazy import explained, work_on
from ._options import ENGINE, FORCE, JSON, QUIET, REGION, STACK, YES

if TYPE_CHECKING:
    from ._work import Work


@click.command()
@REGION
@ENGINE
@STACK
@click.option("--adopt", is_flag=True, help="Take over objects and fields that others own.")
@click.option("--dry-run", is_flag=True, help="Show what would change, field by field; change nothing.")
@click.option("--wait/--no-wait", default=True, help="Wait until what is applied is ready (the default).")
@FORCE
@YES
@JSON
@QUIET
@explained
def up(
    region: str,
    engine: str,
    stack: str | None,
    adopt: bool,
    dry_run: bool,
    wait: bool,
    force_protected: bool,
    yes: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Bring a region to its plan, stack by stack: management plane, racks, workload planes, tenants.

    What left the plan is deleted, but for protected objects. Regions with a sample inventory are applied to a
    sandbox only. Exits with 1 if something is refused or does not get ready, with 3 if a cluster can't be reached.

    \b
    Examples:
      aifactory up kr-ulsan
      aifactory up lab --engine direct --yes
      aifactory up kr-ulsan --engine direct --stack kr-ulsan.train-a --dry-run
    """
    from .engine.direct.run import Options

    options = Options(adopt=adopt, force_protected=force_protected, wait=wait)
    about = f"up --engine {engine}" + (" --dry-run" if dry_run else "")
    with work_on(region, stack, options, quiet=quiet or as_json, about=about) as work:
        chosen = _chosen(engine)
        if dry_run:
            _dry_run(work, chosen, as_json=as_json)
            return
        _confirm(work, "apply", chosen, yes=yes)
        if adopt and chosen == "pulumi":
            work.hand_over()
        _finish(work, work.engine(chosen), "up", as_json=as_json)


@click.command()
@REGION
@ENGINE
@STACK
@FORCE
@YES
@JSON
@QUIET
@explained
def down(
    region: str, engine: str, stack: str | None, force_protected: bool, yes: bool, as_json: bool, quiet: bool
) -> None:
    """Delete what a region has on its clusters, in reverse order, waiting for finalizers.

    Refused, before anything is deleted, if protected objects are among it.

    \b
    Example:
      aifactory down lab --engine direct --yes
    """
    from .engine.direct.run import Options

    options = Options(force_protected=force_protected)
    with work_on(region, stack, options, quiet=quiet or as_json, about=f"down --engine {engine}") as work:
        chosen = _chosen(engine)
        _confirm(work, "delete", chosen, yes=yes)
        _finish(work, work.engine(chosen), "down", as_json=as_json)


@click.command()
@REGION
@STACK
@JSON
@explained
def status(region: str, stack: str | None, as_json: bool) -> None:
    """Show how a region's objects are, by component: what is not ready, and why.

    Exits with 1 if something is missing or not ready.

    \b
    Example:
      aifactory status lab
    """
    from .show import lifecycle as shown

    with work_on(region, stack, None, quiet=True, about=None) as work:
        found = work.direct().healths(work.names)
    if as_json:
        click.echo(json.dumps(shown.status_data(found), indent=2))
    else:
        shown.show_status(found)
    sys.exit(0 if shown.all_ready(found) else 1)


@click.command()
@REGION
@STACK
@JSON
@explained
def drift(region: str, stack: str | None, as_json: bool) -> None:
    """Compare the clusters with the plan, field by field; what the plan does not say belongs to others.

    Exits with 1 if something differs.

    \b
    Example:
      aifactory drift lab --json
    """
    from .show import lifecycle as shown

    with work_on(region, stack, None, quiet=True, about=None) as work:
        found = work.direct().differences(work.names, take_back=True)
    if as_json:
        click.echo(json.dumps(shown.differences_data(found), indent=2))
    else:
        shown.show_differences(found, none="no drift: the clusters are as planned")
    sys.exit(1 if any(found.values()) else 0)


def _chosen(engine: str) -> str:
    """The engine to use, which is always named."""
    from .engine.direct.errors import UnavailableError
    from .engine.pulumi_cli import find_cli

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


def _confirm(work: Work, verb: str, engine: str, *, yes: bool) -> None:
    """Ask before clusters are changed; a sample goes to a sandbox only and is not asked about."""
    if yes or work.plan.sample_inventory:
        return
    targets = ", ".join(work.parts.targets(work.names))
    if not sys.stdin.isatty():
        raise click.UsageError(f"this would {verb} stacks of {work.plan.name} on {targets}: say so with --yes")
    count = sum(len(items) for by_target in work.parts.objects.values() for items in by_target.values())
    click.confirm(f"{verb} {count:,} objects of {work.plan.name} on {targets} by {engine}?", abort=True, err=True)


def _dry_run(work: Work, engine: str, *, as_json: bool) -> None:
    from .engine.direct.parts import refuse_releases
    from .show import lifecycle as shown

    if engine == "pulumi":
        lifecycle = work.engine(engine)
        shown.show_reports(lifecycle.preview(work.names), as_json=as_json)
        return
    refuse_releases(work.parts)
    found = work.direct().differences(work.names, take_back=False)
    if as_json:
        click.echo(json.dumps(shown.differences_data(found), indent=2))
    else:
        shown.show_differences(found, none="nothing would change")
    if any(one.kind == "refused" for some in found.values() for one in some):
        sys.exit(1)


def _finish(work: Work, lifecycle: Any, verb: str, *, as_json: bool) -> None:
    """Do it, and show what was done also if it fails."""
    from .show import lifecycle as shown

    act: Callable[[Sequence[str]], object] = getattr(lifecycle, verb)
    try:
        act(work.names)
    finally:
        shown.show_reports(lifecycle.reports, as_json=as_json)


COMMANDS: list[click.Command] = [up, down, status, drift, *diagnose_cli.COMMANDS, sandbox_cli.sandbox]
"""What reaches clusters, beside the command line's own commands."""
