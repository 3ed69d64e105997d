"""The command that makes a project for another team: init."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .options import JSON

if TYPE_CHECKING:
    from ..expand.project import Project


@click.command()
@click.argument(
    "folder", metavar="[DIR]", required=False, default=Path(), type=click.Path(file_okay=False, path_type=Path)
)
@click.option("--name", metavar="PROJECT", help="Name of the Pulumi project; the folder's if left out.")
@click.option("--region", metavar="NAME", help="Name of the sample region; `lab` if left out.")
@click.option(
    "--country", metavar="CC", default="KR", show_default=True, help="Country of the sample region, ISO 3166-1."
)
@click.option("--city", default="Laptop", show_default=True, help="City of the sample region.")
@click.option("--owner", "owners", metavar="@TEAM", multiple=True, help="Who reviews, as CODEOWNERS names them.")
@click.option("--dry-run", is_flag=True, help="Show the files, write nothing.")
@JSON
def init(
    folder: Path,
    name: str | None,
    region: str | None,
    country: str,
    city: str,
    owners: tuple[str, ...],
    dry_run: bool,
    as_json: bool,
) -> None:
    """Make a project in DIR, the working directory if left out: all files that a team commits to begin.

    Pulumi.yaml with its program, a first region with its lock (a marked sample, as real ones come from `expand`),
    pipelines for GitHub and GitLab, CODEOWNERS, the policy pack. All files are written or none, and nothing is
    overwritten. Where DIR has regions already, the project is made around them.

    \b
    Examples:
      aifactory init factory --owner @acme/platform
      aifactory init --name factory --region jp-lab --country JP --dry-run
    """
    from ..expand import project

    drafted = project.draft(
        project.Request(
            folder=folder,
            version=version("ai-factory"),
            name=name,
            region=region,
            country=country,
            city=city,
            owners=owners,
        )
    )
    if not dry_run:
        project.write(drafted)
    if as_json:
        texts = {path.relative_to(folder).as_posix(): text for path, text in drafted.files.items()}
        data = {"project": drafted.name, "region": drafted.region, "written": not dry_run, "files": texts}
        click.echo(json.dumps(data, indent=2))
        return
    _show(drafted, written=not dry_run)


def _show(drafted: Project, *, written: bool) -> None:
    from ..show import summary
    from ..spec.source import display_name

    for path in drafted.files:
        click.echo(f"{'wrote' if written else 'would write'} {display_name(path)}")
    if drafted.plan is not None:
        click.echo(summary.headline(drafted.plan))
    if drafted.decisions:
        click.echo("settle CODEOWNERS: it names nobody yet")
    if written:
        enter = "" if drafted.folder.resolve() == Path.cwd() else f"cd {drafted.folder}, "
        click.echo(f"next: {enter}git init, commit, then `aifactory check` and `aifactory gate`; README.md says more")


COMMANDS: tuple[click.Command, ...] = (init,)
