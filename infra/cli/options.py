"""Options that several commands share."""

from __future__ import annotations

import click

from ..errors import FactoryError
from ..plan import regions


def complete_region(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Shell completion of an argument: names of regions that begin as typed; none outside a project."""
    try:
        return [name for name in regions.known_regions() if name.startswith(incomplete)]
    except FactoryError:
        return []


REGION = click.argument("region", shell_complete=complete_region)
STACK = click.option("--stack", help="Only this stack.")
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
QUIET = click.option("-q", "--quiet", is_flag=True, help="Print problems and the result only.")
YES = click.option("--yes", "-y", is_flag=True, help="Do not ask.")
ENGINE = click.option(
    "--engine",
    type=click.Choice(["auto", "pulumi", "direct"]),
    default="pulumi",
    show_default=True,
    help="What applies the plan; `auto` takes pulumi where its CLI is on PATH, else direct, and says which.",
)
FORCE = click.option("--force-protected", is_flag=True, help="Delete protected objects too.")
SAMPLES = click.option(
    "--include-samples", is_flag=True, help="Take in regions with a sample inventory, which go to a sandbox only."
)
