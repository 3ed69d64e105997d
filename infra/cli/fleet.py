"""The fleet on the command line: its order, and its objects for the Pulumi Kubernetes Operator."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..plan import regions
from .options import JSON, SAMPLES, complete_region

if TYPE_CHECKING:
    from ..fleet.order import WaveOrder
    from ..fleet.settings import Fleet


@click.command()
@click.argument("names", metavar="[REGION]...", nargs=-1, shell_complete=complete_region)
@click.option(
    "-o", "--output", metavar="DIR", type=click.Path(file_okay=False, path_type=Path), help="Write the objects there."
)
@click.option("--commit", metavar="SHA", help="Commit to deploy, instead of the one or the branch in the settings.")
@SAMPLES
@JSON
def fleet(
    names: tuple[str, ...], output: Path | None, commit: str | None, include_samples: bool, as_json: bool
) -> None:
    """Show the order of all stacks of all regions, or write it as Stack objects of the Pulumi Kubernetes Operator.

    What the owner decides stands in stacks/fleet.yaml: repository, state, waves of regions, limits, approvals. With
    -o a file a region is written, the same from run to run; DIR must be new, empty, or an earlier tree. REGION
    picks the files to write, all if left out; the order is always that of the whole fleet. Regions with a sample
    inventory are left out. Exits with 1 if a region is not to be applied, with 2 for bad input.

    \b
    Examples:
      aifactory fleet
      aifactory fleet -o rendered/fleet --commit "$(git rev-parse HEAD)"
    """
    from ..fleet import files, members, order, settings

    region_names = regions.every_region()
    _refuse_unknown(names, region_names)
    fleet = settings.load(regions.project_root(), region_names)
    if commit is not None:
        fleet = fleet.at(_commit(commit))
    if output is not None and not (fleet.source.commit or fleet.source.branch):
        raise click.UsageError('which commit? Give --commit "$(git rev-parse HEAD)", or source.commit in the settings')
    fleet_members = members.members(include_samples=include_samples)
    if left := [name for name in names if name in fleet_members.samples]:
        raise click.UsageError(f"{', '.join(left)}: the inventory is a sample; in a sandbox add --include-samples")
    waves = order.arrange(fleet_members.plans, fleet)
    texts = files.files(waves, fleet, names)
    partial = [_PARTIAL] if names and output is not None else []
    for line in (*fleet_members.notices(), *_notices(waves, fleet), *partial):
        click.echo(f"notice: {line}", err=True)
    if output is not None:
        _write(texts, output)
    if as_json:
        written = sorted(texts) if output is not None else []
        click.echo(json.dumps(_data(waves, written, list(fleet_members.samples)), indent=2))
        return
    click.echo("\n".join(files.summary(waves, fleet)))
    if output is not None:
        click.echo(f"{len(texts)} files in {output}")


_PARTIAL = "the tree holds the named regions only; do not let a syncer prune the others' objects by it"


def _refuse_unknown(names: tuple[str, ...], region_names: list[str]) -> None:
    if unknown := [name for name in names if name not in region_names]:
        message = (
            f"there is no region {', '.join(unknown)} in {regions.REGIONS}; known: {', '.join(region_names) or 'none'}"
        )
        raise click.BadParameter(message, param_hint="REGION")


def _commit(text: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{40}", text):
        message = f"not a commit: {text!r}. Give its whole hash of 40 hex digits (git rev-parse HEAD)"
        raise click.BadParameter(message, param_hint="--commit")
    return text


def _notices(waves: tuple[WaveOrder, ...], fleet: Fleet) -> list[str]:
    if fleet.source.branch:
        return [
            f"the operator follows the branch {fleet.source.branch}: it holds the order at the first update of each "
            "stack only, not from commit to commit, and nothing can be approved; --commit does both"
        ]
    awaited = [wave.name for wave in waves if wave.approval == "awaited"]
    if awaited and fleet.source.commit:
        line = f"approved: {fleet.source.commit}"
        return [f"wave {name} is previewed only; `{line}` in its settings approves it" for name in awaited]
    return []


def _write(texts: dict[str, str], directory: Path) -> None:
    from ..engine.render import replace_tree
    from ..fleet.files import MARKER

    def fill(root: Path) -> int:
        for name, text in {**texts, MARKER: "fleet\n"}.items():
            (root / name).write_text(text, encoding="utf-8")
        return len(texts)

    replace_tree(directory, MARKER, fill)


def _data(waves: tuple[WaveOrder, ...], written: list[str], samples: list[str]) -> dict[str, Any]:
    return {
        "waves": [
            {
                "wave": wave.name,
                "approval": wave.approval,
                "previews": wave.previews,
                "regions": [
                    {
                        "region": region.name,
                        "after": list(region.after),
                        "steps": [
                            [
                                {"stack": stack.name, "object": stack.object, "after": list(stack.after)}
                                for stack in step
                            ]
                            for step in region.steps
                        ],
                    }
                    for region in wave.regions
                ],
            }
            for wave in waves
        ],
        "left_out": samples,
        "files": written,
    }


COMMANDS: list[click.Command] = [fleet]
"""Commands for all regions at once."""
