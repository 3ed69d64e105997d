"""`aifactory up --all`: every region, one after the other, and what was done when it ends."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import click

from ..errors import INTERRUPTED, FactoryError, InterruptedRunError
from ..fleet import order, settings
from ..fleet.members import Members, members
from ..plan import regions
from .faults import tell
from .up_request import Presenter, UpRequest

State = Literal["done", "failed", "interrupted", "not begun"]
UpOne = Callable[[str, str | None, UpRequest, Presenter], None]


@dataclass(slots=True, kw_only=True)
class Result:
    """What became of one region."""

    region: str
    state: State = "not begun"
    error: str = ""
    code: int = 0
    data: Any = None
    """What its `up` has to show, as plain data."""

    def as_dict(self) -> dict[str, Any]:
        """JSON data; `stacks` is null where the run ended before there was anything to say."""
        return {"region": self.region, "state": self.state, "error": self.error or None, "stacks": self.data}


def up_all(
    request: UpRequest,
    up_one: UpOne,
    choose: Callable[[str], str],
    *,
    keep_going: bool,
    include_samples: bool,
    as_json: bool,
) -> None:
    """Bring every region up in order; ends the process with the code of the worst.

    Args:
        request: what is asked for.
        up_one: brings one region up.
        choose: names the engine to use.
        keep_going: go on with the next region after a failure; never after an interrupt.
        include_samples: take in regions with a sample inventory.
        as_json: print one document at the end instead of words.
    """
    fleet_members = members(include_samples=include_samples)
    for line in fleet_members.notices():
        click.echo(f"notice: {line}", err=True)
    names = _in_order(fleet_members.names)
    request = dataclasses.replace(request, chosen=choose(request.engine))
    if not (request.yes or request.dry_run):
        _confirm(fleet_members, names, str(request.chosen))
        request = dataclasses.replace(request, yes=True)
    results = [Result(region=name) for name in names]
    try:
        _run(results, request, up_one, keep_going=keep_going, as_json=as_json)
    finally:
        _show(results, fleet_members, as_json=as_json)
    if not as_json and any(result.state != "done" for result in results):
        click.echo("run the same again to go on: what is as planned already is left as it is", err=True)
    sys.exit(max(result.code for result in results))


def _in_order(names: Sequence[str]) -> list[str]:
    """The regions in the order in which `up --all` takes them: the fleet's; by name where it has no settings."""
    root = regions.project_root()
    if not (root / settings.FILE).is_file():
        return sorted(names)
    return order.region_names(settings.load(root, regions.known_regions(root)), names)


def _confirm(fleet_members: Members, names: Sequence[str], engine: str) -> None:
    """Ask once for all; samples go to a sandbox only and are not asked about."""
    real = [plan.name for plan in fleet_members.plans if not plan.sample_inventory]
    if not real:
        return
    if not sys.stdin.isatty():
        raise click.UsageError(f"this would apply {', '.join(names)}: say so with --yes")
    click.confirm(f"apply {', '.join(names)}, in this order, by {engine}?", abort=True, err=True)


def _run(results: Sequence[Result], request: UpRequest, up_one: UpOne, *, keep_going: bool, as_json: bool) -> None:
    for result in results:
        click.echo(f"== {result.region}", err=as_json)
        try:
            up_one(result.region, None, request, _presenter(result, as_json))
        except FactoryError as error:
            stopped = isinstance(error, InterruptedRunError)
            result.state, result.error, result.code = "interrupted" if stopped else "failed", str(error), tell(error)
        except SystemExit as end:
            result.code = int(end.code or 0)
            result.state, result.error = ("failed", "some of the changes are refused") if result.code else ("done", "")
        except (KeyboardInterrupt, click.Abort):
            result.state, result.code = "interrupted", INTERRUPTED
        except BaseException as error:
            result.state, result.error = "failed", str(error)
            raise
        else:
            result.state = "done"
        if result.state == "interrupted" or (result.state == "failed" and not keep_going):
            return


def _presenter(result: Result, as_json: bool) -> Presenter:
    def present(data: Any, show: Callable[[], None]) -> None:
        result.data = data
        if not as_json:
            show()

    return present


def _show(results: Sequence[Result], fleet_members: Members, *, as_json: bool) -> None:
    if as_json:
        document = {"regions": [result.as_dict() for result in results], "left_out": list(fleet_members.samples)}
        click.echo(json.dumps(document, indent=2))
        return
    counts = [(state, [result for result in results if result.state == state]) for state in _STATES]
    click.echo(
        f"== {len(results)} region{'s' if len(results) > 1 else ''}: "
        + ", ".join(f"{len(in_state)} {state}" for state, in_state in counts if in_state)
    )
    for result in results:
        why = f": {result.error.splitlines()[0]}" if result.error else ""
        click.echo(f"{result.state:<11} {result.region}{why}")


_STATES: tuple[State, ...] = ("done", "failed", "interrupted", "not begun")
