"""The command that judges a change: gate."""

from __future__ import annotations

import datetime
import importlib
import json
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import UnavailableError
from ..plan import regions
from .options import JSON, QUIET

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..engine.report import Difference
    from ..gate.judge.verdict import Verdict

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("stacks", metavar="[STACK]...", nargs=-1)
@click.option("--base", metavar="REF", help="What to compare with; the default branch if left out.")
@click.option("--no-base", is_flag=True, help="Compare with nothing: judge every region as it stands.")
@click.option("--live", is_flag=True, help="Add what differs between the plan and the clusters.")
@click.option("--pulumi", "preview", type=_FILE, help="Judge the steps of `pulumi preview --json` in this file.")
@click.option("--markdown", type=_FILE, help="Write a pull-request comment.")
@click.option("--sarif", type=_FILE, help="Write SARIF 2.1.0, for code scanning.")
@click.option("--junit", type=_FILE, help="Write JUnit XML, for test reports.")
@click.option("--details", is_flag=True, help="Show every object and field.")
@click.option("--cache", type=click.Path(file_okay=False, path_type=Path), help="Folder of the cache.")
@click.option("--no-cache", is_flag=True, help="Plan everything anew and keep nothing.")
@click.option("--jobs", type=click.IntRange(1, 256), help="Processes at most; as many as there are cores if left out.")
@click.option("--date", "today", type=click.DateTime(["%Y-%m-%d"]), help="Judge waivers and approvals as of this day.")
@click.option("--rules", "list_rules", is_flag=True, help="List the rules with their reasons, and judge nothing.")
@JSON
@QUIET
def gate(
    stacks: tuple[str, ...],
    base: str | None,
    no_base: bool,
    live: bool,
    preview: Path | None,
    markdown: Path | None,
    sarif: Path | None,
    junit: Path | None,
    details: bool,
    cache: Path | None,
    no_cache: bool,
    jobs: int | None,
    today: datetime.datetime | None,
    list_rules: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Judge a change: what it does, which rules it breaks, whether it may be made.

    Compares the work tree, merged with the base in memory, with the base: object by object and field by field, for the
    regions that the change touches. Needs no cluster and no credentials; nothing is written but the files that you name
    and the cache.

    Exits with 0 (good), 1 (refused), 2 (bad input) or 3 (no git repository, no such base).

    \b
    Examples:
      aifactory gate
      aifactory gate --base origin/main --markdown comment.md --sarif gate.sarif
      aifactory gate kr-ulsan.train-a --details
      aifactory gate --no-base
    """
    if list_rules:
        _list_rules(as_json=as_json)
        return
    if base and no_base:
        raise click.UsageError("give --base or --no-base, not both")
    day = today.date() if today else datetime.date.today()
    if preview is not None:
        verdict = _of_preview(preview, day)
    else:
        with _progress(quiet or as_json) as progress:
            verdict = _judged(
                root=_project(base) if not no_base else regions.project_root(),
                base=base,
                compare=not no_base,
                stacks=stacks,
                cache=None if no_cache else cache or _cache_folder(),
                jobs=jobs,
                today=day,
                progress=progress,
            )
    _write(verdict, {"markdown": markdown, "sarif": sarif, "junit": junit})
    if as_json:
        _print_json(verdict, live=live)
    else:
        _show(verdict, quiet=quiet, details=details, live=live)
    sys.exit(verdict.exit_code)


def _list_rules(*, as_json: bool) -> None:
    from ..show import tables
    from ..show.gate import listing

    if as_json:
        click.echo(json.dumps(listing.rules_data(), indent=2))
    else:
        listing.show_rules(tables.console().width)


def _of_preview(preview: Path, day: datetime.date) -> Verdict:
    from ..gate.preview import verdict

    return verdict.judge(preview, regions.project_root(), day)


def _judged(**request: Any) -> Verdict:
    from ..gate import run

    return run.gate(run.Request(**request))


def _project(base: str | None) -> Path:
    from ..gate.sides import project

    return project.of_change(Path.cwd(), base)


def _cache_folder() -> Path:
    """Folder of the gate's cache for the user of the command line (XDG base directories)."""
    from ..gate.cache.store import user_folder

    try:
        return user_folder()
    except UnavailableError as error:
        raise UnavailableError(error.message, "give --cache DIR or --no-cache") from None


@contextmanager
def _bar() -> Iterator[Callable[[int, int, str], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("planning"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
    # Without a thread of its own, since planning forks.
    with Progress(*columns, console=Console(stderr=True), transient=True, auto_refresh=False) as bar:
        task = bar.add_task("", total=None)

        def tell(done: int, total: int, name: str) -> None:
            bar.update(task, completed=done, total=total, description=name, refresh=True)

        yield tell


def _progress(quiet: bool) -> AbstractContextManager[Callable[[int, int, str], None]]:
    from ..gate.cache.computing import silent

    return nullcontext(silent) if quiet or not sys.stderr.isatty() else _bar()


def _write(verdict: Verdict, files: dict[str, Path | None]) -> None:
    for name, path in files.items():
        if path is not None:
            render = importlib.import_module(f"..show.gate.{name}", __package__).render
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(render(verdict), encoding="utf-8")


def _print_json(verdict: Verdict, *, live: bool) -> None:
    from ..show.gate.data import verdict_data

    whole = verdict_data(verdict)
    if live:
        from ..show import live_objects

        whole["live"] = {name: live_objects.differences_data(differences) for name, differences in _live(verdict)}
    click.echo(json.dumps(whole, indent=2))


def _show(verdict: Verdict, *, quiet: bool, details: bool, live: bool) -> None:
    from ..show.gate import terminal

    if not quiet or verdict.exit_code:
        terminal.show(verdict, details=details, brief=quiet)
    if live:
        _show_live(verdict)


def _show_live(verdict: Verdict) -> None:
    from ..show import live_objects  # brings the Kubernetes client, which takes longer to import than a verdict to show

    for name, differences in _live(verdict):
        click.echo(f"\n{name}: the clusters beside the plan")
        live_objects.show_differences(differences, none="  the clusters are as planned")


def _live(verdict: Verdict) -> Iterator[tuple[str, dict[str, list[Difference]]]]:
    """What the clusters lack, or have other than planned, for the regions that the change touches."""
    from .region_run import run_on

    for judged in verdict.regions:
        if judged.state != "removed" and not judged.faults:
            with run_on(judged.region, None, None, quiet=True, about=None) as run:
                yield judged.region, run.direct().differences(run.names, take_back=False)


COMMANDS = (gate,)
