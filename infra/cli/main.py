"""aifactory: a thin face over spec, plan, objects and engines. Exit codes: 0 good, 1 no, 2 bad input, 3 environment."""

from __future__ import annotations

import atexit
import gc
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from ..errors import BAD_INPUT, ENVIRONMENT, INTERRUPTED, REFUSED, FactoryError
from ..plan import regions
from . import ci_log, expand, fleet, gate, init, lifecycle, streams
from .faults import tell
from .options import JSON, REGION, complete_region


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="ai-factory", prog_name="aifactory")
def cli() -> None:
    """Provision AI factories from one region file.

    \b
    Examples:
      aifactory init factory                make a project to begin with
      aifactory check                       judge every region
      aifactory plan kr-ulsan               power, racks, fabric, addresses, storage
      aifactory preview kr-ulsan            what `pulumi up` would declare
      aifactory size site --power-mw 100 --system gb300-nvl72

    Shell completion: eval "$(_AIFACTORY_COMPLETE=bash_source aifactory)"  (or zsh_source, fish_source)
    """


_QUIET = click.option("-q", "--quiet", is_flag=True, help="Print problems only.")


@cli.command()
@click.argument("names", metavar="[REGION]...", nargs=-1, shell_complete=complete_region)
@JSON
@_QUIET
def check(names: tuple[str, ...], as_json: bool, quiet: bool) -> None:
    """Judge region files: shape, combinations, sizes, allocations, inventory, stack budgets.

    REGION is a name or the path of a file; all regions if left out. Exits with 0 (good), 1 (well formed but
    not to be applied: allocations missing, a stack over its budget), 2 (bad input, or no region at all) or 3 (no
    project here).

    \b
    Examples:
      aifactory check kr-ulsan
      aifactory check stacks/regions/kr-ulsan.yaml --json
    """
    from ..gate.judge import standing
    from ..show import verdicts

    region_verdicts = [standing.judge(name) for name in names or regions.every_region()]
    if as_json:
        _print_json([verdicts.verdict_data(verdict) for verdict in region_verdicts])
    else:
        verdicts.show(region_verdicts, quiet=quiet)
    sys.exit(max((verdict.exit_code for verdict in region_verdicts), default=0))


@cli.command()
@REGION
@JSON
@click.option("--no-hosts", is_flag=True, help="With --json: leave out the list of hosts and links.")
def plan(region: str, as_json: bool, no_hosts: bool) -> None:
    """Show what a region takes: power, racks, switches, cables, addresses, storage, placement.

    \b
    Examples:
      aifactory plan kr-ulsan
      aifactory plan kr-ulsan --json | jq .totals
    """
    from ..show import data, plans, tables

    loaded = _open(region)
    region_plan = loaded.plan()
    if as_json:
        _print_json(data.plan_data(region_plan, hosts=not no_hosts))
        return
    out = tables.console()
    plans.show_plan(region_plan, out)
    plans.notices(_lock_notices(loaded), out)


@cli.command()
@REGION
@JSON
@_QUIET
@click.option("--stack", help="Only this stack.")
@click.option("--objects", is_flag=True, help="List every object.")
def preview(region: str, as_json: bool, quiet: bool, stack: str | None, objects: bool) -> None:
    """Show what `pulumi up` would declare, by stack and component, without an engine or a cluster.

    Exits with 1 where a stack is over its budget.

    \b
    Examples:
      aifactory preview lab --objects
      aifactory preview kr-ulsan --stack kr-ulsan.train-a
    """
    from ..objects.budget import Preview
    from ..objects.budget import preview as preview_of
    from ..show import data, plans, tables

    region_preview = preview_of(_open(region).plan())
    if stack is not None:
        stack_names = [stack_preview.name for stack_preview in region_preview.stacks]
        if stack not in stack_names:
            raise click.BadParameter(
                f"{region} has no stack {stack}; it has {', '.join(stack_names)}", param_hint="--stack"
            )
        region_preview = Preview(
            region=region_preview.region,
            stacks=tuple(stack_preview for stack_preview in region_preview.stacks if stack_preview.name == stack),
        )
    if as_json:
        _print_json(data.preview_data(region_preview))
    elif not quiet:
        plans.show_preview(region_preview, tables.console(), objects=objects)
    sys.exit(REFUSED if any(stack_preview.over_budget for stack_preview in region_preview.stacks) else 0)


@cli.command()
@REGION
@click.argument("directory", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@_QUIET
def render(region: str, directory: Path, quiet: bool) -> None:
    """Write every object of a region as a YAML tree that Flux or Argo CD can sync.

    The tree is the same, byte for byte, from run to run. DIR must be new, empty, or an earlier tree.

    \b
    Example:
      aifactory render lab rendered/lab
    """
    from ..engine.render import write_tree

    files = write_tree(_open(region).plan(), directory)
    if not quiet:
        click.echo(f"{files} files in {directory}")


@cli.command()
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write to a file.")
def schema(output: Path | None) -> None:
    """Print the JSON Schema of region files, for editors.

    \b
    Example:
      aifactory schema -o stacks/region.schema.json
    """
    from ..spec.schema import schema_text

    _write(schema_text(), output)


@cli.command()
@REGION
@click.option(
    "--release", "released", multiple=True, metavar="ITEM", help="Give an item's numbers free, such as tenant/acme."
)
@click.option("--dry-run", is_flag=True, help="Show the new lines, write nothing.")
def allocate(region: str, released: tuple[str, ...], dry_run: bool) -> None:
    """Give out the addresses, numbers and places that a region's lock file lacks.

    Appends to the lock file beside the region file; what stands there never changes. Review the new lines and
    commit them with the region file.

    \b
    Examples:
      aifactory allocate kr-ulsan
      aifactory allocate kr-ulsan --release tenant/acme
    """
    from ..plan.allocation import ledger

    loaded = _open(region)
    lines = ledger.update(loaded, released, write=not dry_run)
    for line in lines:
        click.echo(line)
    verb = "would be written" if dry_run else "written"
    click.echo(f"{len(lines)} new allocations {verb}" if lines else "nothing to allocate: the lock is complete")


@cli.group()
def inventory() -> None:
    """Work with host inventories."""


@inventory.command("sample")
@REGION
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write to a file.")
def inventory_sample(region: str, output: Path | None) -> None:
    """Make a marked sample inventory of every planned rack, for trying things.

    Serial numbers begin with SAMPLE- and MAC addresses are locally administered. Nothing outside a sandbox is
    ever applied from a sample.

    \b
    Example:
      aifactory inventory sample kr-haein -o stacks/regions/inventory/kr-haein.csv
    """
    from ..plan.build import sample_rows
    from ..spec import inventory as inventories

    loaded = _open(region)
    rows = sample_rows(loaded.region, loaded.catalog, loaded.full_lock)
    note = f"sample inventory of {loaded.region.region.name}: made up, applied in a sandbox only"
    _write(inventories.write(rows, note), output)


@cli.command("regions")
@JSON
def list_regions(as_json: bool) -> None:
    """List the regions: size, tenants, address space left, room to grow and what limits it.

    A region with bad input shows as such. Budgets of stacks are judged by `check`.

    \b
    Example:
      aifactory regions --json
    """
    from ..fleet import overview
    from ..show import regions_table, tables

    survey = overview.survey()
    if as_json:
        _print_json(regions_table.fleet_data(survey))
    else:
        regions_table.show(survey, tables.console())


@cli.group()
def size() -> None:
    """Sizing calculators: a fabric from its units, a site from its power."""


def _complete_system(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> Sequence[str]:
    from .. import catalog

    return [name for name in catalog.load().system_ids if name.startswith(incomplete)]


_SYSTEM = click.option(
    "--system", required=True, shell_complete=_complete_system, help="GPU system, such as gb300-nvl72."
)


@size.command("fabric")
@_SYSTEM
@click.option("--units", type=int, required=True, help="Scalable units, as published for the system.")
@click.option("--fabric", help="Compute fabric, where the system has several.")
@click.option("--ufm", is_flag=True, help="Leave one node out for the UFM appliances and add their cables.")
@JSON
def size_fabric(system: str, units: int, fabric: str | None, ufm: bool, as_json: bool) -> None:
    """Count the switches and cables of a compute fabric.

    Rail-optimised and non-blocking: a leaf runs half its ports down and half up; the spine count is the smallest
    that spreads the uplinks of one leaf evenly; above radix^2/2 endpoints a core tier is added.

    \b
    Examples:
      aifactory size fabric --system dgx-h100 --units 4
      aifactory size fabric --system dgx-b200 --units 3 --ufm --json
    """
    from ..plan.sizing.fabric import size_fabric as sized
    from ..show import tables

    result = _sized(lambda: sized(system, units, fabric=fabric, ufm=ufm))
    if as_json:
        _print_json(result.as_dict())
    else:
        tables.show_figures(
            f"Compute fabric of {units} units of {system}", tables.size_figures(result), tables.console()
        )


@size.command("site")
@_SYSTEM
@click.option("--power-mw", type=str, required=True, help="Power at the meter, in MW.")
@click.option("--pue", type=str, help="Power usage effectiveness; the catalogue's if left out.")
@click.option("--rack-kw", type=str, help="Planning power of a rack, where none is published or yours differs.")
@click.option("--fabric-core-share", type=str, help="Power of fabric and core as a share of the racks' (0.09 is 9 %).")
@JSON
def size_site(
    system: str, power_mw: str, pue: str | None, rack_kw: str | None, fabric_core_share: str | None, as_json: bool
) -> None:
    """Count the racks, nodes and GPUs that a site's power holds.

    \b
    racks = floor(power / PUE / (rack figure x (1 + share of fabric and core)))

    The rack figure is the largest published one; the share is derived from the published component counts of a
    SuperPOD of four units.

    \b
    Examples:
      aifactory size site --power-mw 100 --system gb300-nvl72
      aifactory size site --power-mw 250 --system vr-nvl72 --rack-kw 198 --pue 1.1 --json
    """
    from ..plan.sizing.facility import size_site as sized
    from ..show import tables

    result = _sized(lambda: sized(power_mw, system, pue=pue, rack_kw=rack_kw, fabric_core_share=fabric_core_share))
    if as_json:
        _print_json(result.as_dict())
    else:
        tables.show_figures(f"{power_mw} MW of {system}", tables.size_figures(result), tables.console())


def _sized(calculate: Any) -> Any:
    try:
        return calculate()
    except (FactoryError, ValueError) as error:
        raise click.UsageError(str(error)) from None


def _open(name: str) -> regions.Loaded:
    return regions.open_region(regions.region_file(name))


def _lock_notices(loaded: regions.Loaded) -> list[str]:
    lines = []
    if loaded.missing:
        lines.append(
            f"{len(loaded.missing)} allocations are not in the lock file: provisional until "
            f"`aifactory allocate {loaded.region.region.name}`"
        )
    if loaded.retired:
        lines.append(f"numbers are held by items no longer in the file: {', '.join(loaded.retired)}")
    return lines


def _write(text: str, output: Path | None) -> None:
    if output is None:
        click.echo(text, nl=False)
        return
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(text, encoding="utf-8")
    click.echo(f"wrote {output}")


def _print_json(value: Any) -> None:
    click.echo(json.dumps(value, indent=2))


for _command in (*gate.COMMANDS, *lifecycle.COMMANDS, *fleet.COMMANDS, *expand.COMMANDS, *init.COMMANDS):
    cli.add_command(_command)


def main() -> None:
    """Entry point: no traceback for anything that a user can cause."""
    streams.outlive_readers()
    ci_log.guard()
    # What is left at the end goes with the process: to look for cycles among a gigawatt's values first takes 0.1 s.
    atexit.register(gc.freeze)
    try:
        cli.main(prog_name="aifactory", standalone_mode=False)
    except FactoryError as error:
        sys.exit(tell(error))
    except click.ClickException as error:
        error.show()
        sys.exit(BAD_INPUT)
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        sys.exit(INTERRUPTED)
    except OSError as error:
        click.echo(f"error: {error.filename or ''}: {error.strerror}", err=True)
        sys.exit(ENVIRONMENT)
