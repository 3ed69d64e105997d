"""Commands of the sandbox: up, down, status, kubeconfig, logs."""

from __future__ import annotations

import json
import sys
from contextlib import nullcontext
from pathlib import Path

import click

from .options import JSON, QUIET, REGION


@click.group()
def sandbox() -> None:
    """A local control plane that plays a region's clusters and hardware."""


@sandbox.command("up")
@REGION
@click.option(
    "--crds",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with the real definitions of the custom kinds; stand-ins with an open schema if left out.",
)
@QUIET
def sandbox_up(region: str, crds: Path | None, quiet: bool) -> None:
    """Start an API server for each cluster of a region, with its kinds and simulated nodes.

    The programs are built once from pinned Go modules, which takes some minutes.

    \b
    Examples:
      aifactory sandbox up lab
      export KUBECONFIG=$(aifactory sandbox kubeconfig)
      aifactory up lab --engine direct
    """
    from ..sandbox import display, silent
    from ..simulation.region import sandbox_up as start
    from .region_run import open_region

    plan, _ = open_region(region, None)
    with nullcontext(silent) if quiet else display() as progress:
        played_region = start(plan, crds=crds, progress=progress)
    for target, context in played_region.clusters.items():
        nodes = f", {played_region.nodes[target]} simulated nodes" if target in played_region.nodes else ""
        click.echo(f"{target}: context {context}{nodes}")
    click.echo(f"export KUBECONFIG={played_region.kubeconfig}")


@sandbox.command("down")
@click.option("--purge", is_flag=True, help="Remove its objects, credentials and logs as well.")
@QUIET
def sandbox_down(purge: bool, quiet: bool) -> None:
    """Stop the sandbox; its objects stay unless purged.

    \b
    Example:
      aifactory sandbox down --purge
    """
    from ..sandbox import Sandbox, display, silent

    with nullcontext(silent) if quiet else display() as progress:
        Sandbox().down(purge=purge, progress=progress)


@sandbox.command("status")
@JSON
def sandbox_status(as_json: bool) -> None:
    """Show the sandbox's processes. Exits with 1 if one is not healthy, or none runs.

    \b
    Example:
      aifactory sandbox status
    """
    from dataclasses import asdict

    from ..sandbox import Sandbox
    from ..show import environment

    processes = Sandbox().status()
    if as_json:
        click.echo(json.dumps([asdict(process) for process in processes], indent=2))
    else:
        environment.show_processes(processes)
    sys.exit(0 if processes and all(process.healthy for process in processes) else 1)


@sandbox.command("kubeconfig")
def sandbox_kubeconfig() -> None:
    """Print the path of the sandbox's kubeconfig.

    \b
    Example:
      export KUBECONFIG=$(aifactory sandbox kubeconfig)
    """
    from ..sandbox import Sandbox

    click.echo(Sandbox().kubeconfig())


@sandbox.command("logs")
@click.argument("process")
@click.option("-n", "--lines", default=50, show_default=True, help="How many of the last lines.")
def sandbox_logs(process: str, lines: int) -> None:
    """Print the last lines of a process's log; PROCESS is `etcd` or `<cluster>/<program>`.

    \b
    Example:
      aifactory sandbox logs lab-management/kube-apiserver
    """
    from ..sandbox import Sandbox

    for line in Sandbox().logs(process, lines):
        click.echo(line)
