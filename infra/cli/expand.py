"""The command that makes a region from another one: expand."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from .options import JSON, complete_region

if TYPE_CHECKING:
    from ..expand import Expansion


def _complete_country(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    from .. import catalog

    return [code for code in catalog.load().country_ids if code.startswith(incomplete.upper())]


def _complete_system(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    from .. import catalog

    return [name for name in catalog.load().system_ids if name.startswith(incomplete)]


@click.command()
@click.argument("source", metavar="REGION", shell_complete=complete_region)
@click.option("--to", "name", required=True, metavar="NAME", help="Name of the new region, such as jp-osaka.")
@click.option(
    "--country", required=True, metavar="CC", shell_complete=_complete_country, help="Country, ISO 3166-1, such as JP."
)
@click.option("--power-mw", required=True, metavar="MW", help="Power that the site may draw, at the meter.")
@click.option("--city", help="City or site; from the name if left out.")
@click.option("--system", shell_complete=_complete_system, help="GPU system of all clusters that are built here.")
@click.option("--rack-kw", metavar="KW", help="Planning power of a rack of --system, where none is published.")
@click.option("--dry-run", is_flag=True, help="Print the region file, write nothing.")
@JSON
def expand(
    source: str,
    name: str,
    country: str,
    power_mw: str,
    city: str | None,
    system: str | None,
    rack_kw: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Make a new region from REGION, in another country and at another power.

    Writes the region file, its lock and the settings of its first stack, or none of them; nothing is overwritten.
    Clusters keep their proportions; addresses and numbers overlap no other region; tenants come along only where their
    data may be in the new country. Each value says where it comes from, DECIDE marks what a person must decide.

    \b
    Examples:
      aifactory expand kr-ulsan --to jp-osaka --country JP --power-mw 60
      aifactory expand kr-ulsan --to in-pune --country IN --power-mw 9 --system dgx-b200 --dry-run
    """
    from .. import expand as expansions

    request = expansions.Request(
        source=source, name=name, country=country, power_mw=power_mw, city=city, system=system, rack_kw=rack_kw
    )
    expansion = expansions.expand(request)
    if not dry_run:
        expansions.write(expansion)
    if as_json:
        click.echo(json.dumps(_data(expansion, written=not dry_run), indent=2))
        return
    if dry_run:
        click.echo(expansion.files[expansion.region_file], nl=False)
    _show(expansion, written=not dry_run)


def _show(expansion: Expansion, *, written: bool) -> None:
    """What was made; beside a dry run's file it goes to stderr, so that the file can be piped."""
    from ..show import summary
    from ..spec.source import display_name

    for path in expansion.files:
        what = f": {len(expansion.lock.entries)} allocations" if path.name.endswith(".lock.yaml") else ""
        click.echo(f"{'wrote' if written else 'would write'} {display_name(path)}{what}", err=not written)
    click.echo(summary.headline(expansion.plan), err=not written)
    blocks = expansion.blocks
    click.echo(
        f"addresses: underlay {blocks.underlay_v4}, out of band {blocks.oob_v4}, IPv6 {blocks.ula_v6}, "
        f"AS numbers {blocks.asn_base}-{blocks.asn_base + blocks.asn_count - 1}, "
        f"VNIs {blocks.vni_base}-{blocks.vni_base + blocks.vni_count - 1}",
        err=not written,
    )
    for what, why in expansion.left_out:
        click.echo(f"left out: {what}: {why}", err=not written)
    for notice in expansion.notices:
        click.echo(f"notice: {notice}", err=not written)
    if expansion.outlook is not None and expansion.outlook.low:
        click.echo(f"warning: {expansion.outlook}", err=True)
    if written:
        name, file = expansion.plan.name, display_name(expansion.region_file)
        click.echo(
            f"next: settle the {expansion.decisions} places marked DECIDE in {file}, then "
            f"`aifactory check {name}` and `aifactory preview {name}`; commit the {len(expansion.files)} files together"
        )


def _data(expansion: Expansion, *, written: bool) -> dict[str, Any]:
    from ..show import data
    from ..spec.source import display_name

    outlook = expansion.outlook
    return {
        "region": expansion.plan.name,
        "source": expansion.request.source,
        "country": expansion.plan.spec.region.country,
        "written": written,
        "files": {display_name(path): text for path, text in expansion.files.items()},
        "totals": data.totals(expansion.plan),
        "addressing": data.plain(expansion.blocks),
        "allocations": len(expansion.lock.entries),
        "left_out": [{"what": what, "why": why} for what, why in expansion.left_out],
        "notices": list(expansion.notices),
        "decisions": expansion.decisions,
        "address_space": None if outlook is None else data.plain(outlook) | {"low": outlook.low},
    }


COMMANDS: tuple[click.Command, ...] = (expand,)
