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
from .request import Ask, Put

State = Literal["done", "failed", "interrupted", "not begun"]
UpOne = Callable[[str, str | None, Ask, Put], None]


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
    ask: Ask,
    up_one: UpOne,
    choose: Callable[[str], str],
    *,
    keep_going: bool,
    include_samples: bool,
    as_json: bool,
) -> None:
    """Bring every region up in order; ends the process with the code of the worst.

    Args:
        ask: what is asked for.
        up_one: brings one region up.
        choose: names the engine to use.
        keep_going: go on with the next region after a failure; never after an interrupt.
        include_samples: take in regions with a sample inventory.
        as_json: print one document at the end instead of words.
    """
    found = members(include_samples=include_samples)
    for line in found.notices():
        click.echo(f"notice: {line}", err=True)
    names = in_order(found.names)
    ask = dataclasses.replace(ask, chosen=choose(ask.engine))
    if not (ask.yes or ask.dry_run):
        _confirm(found, names, str(ask.chosen))
        ask = dataclasses.replace(ask, yes=True)
    results = [Result(region=name) for name in names]
    try:
        _run(results, ask, up_one, keep_going=keep_going, as_json=as_json)
    finally:
        _show(results, found, as_json=as_json)
    if not as_json and any(one.state != "done" for one in results):
        click.echo("run the same again to go on: what is as planned already is left as it is", err=True)
    sys.exit(max(one.code for one in results))


def in_order(names: Sequence[str]) -> list[str]:
    """The regions in the order of the fleet's settings; by name where there are none."""
    root = regions.project_root()
    if not (root / settings.FILE).is_file():
        return sorted(names)
    return order.region_names(settings.load(root, regions.known_regions(root)), names)


def _confirm(found: Members, names: Sequence[str], engine: str) -> None:
    """Ask once for all; samples go to a sandbox only and are not asked about."""
    real = [plan.name for plan in found.plans if not plan.sample_inventory]
    if not real:
        return
    if not sys.stdin.isatty():
        raise click.UsageError(f"this would apply {', '.join(names)}: say so with --yes")
    click.confirm(f"apply {', '.join(names)}, in this order, by {engine}?", abort=True, err=True)


def _run(results: Sequence[Result], ask: Ask, up_one: UpOne, *, keep_going: bool, as_json: bool) -> None:
    for one in results:
        click.echo(f"== {one.region}", err=as_json)
        try:
            up_one(one.region, None, ask, _put(one, as_json))
        except FactoryError as error:
            stopped = isinstance(error, InterruptedRunError)
            one.state, one.error, one.code = "interrupted" if stopped else "failed", str(error), tell(error)
        except SystemExit as end:
            one.code = int(end.code or 0)
            one.state, one.error = ("failed", "some of the changes are refused") if one.code else ("done", "")
        except (KeyboardInterrupt, click.Abort):
            one.state, one.code = "interrupted", INTERRUPTED
        except BaseException as error:
            one.state, one.error = "failed", str(error)
            raise
        else:
            one.state = "done"
        if one.state == "interrupted" or (one.state == "failed" and not keep_going):
            return


def _put(result: Result, as_json: bool) -> Put:
    def put(data: Any, show: Callable[[], None]) -> None:
        result.data = data
        if not as_json:
            show()

    return put


def _show(results: Sequence[Result], found: Members, *, as_json: bool) -> None:
    if as_json:
        document = {"regions": [one.as_dict() for one in results], "left_out": list(found.samples)}
        click.echo(json.dumps(document, indent=2))
        return
    counts = [(state, [one for one in results if one.state == state]) for state in _STATES]
    click.echo(
        f"== {len(results)} region{'s' if len(results) > 1 else ''}: "
        + ", ".join(f"{len(some)} {state}" for state, some in counts if some)
    )
    for one in results:
        why = f": {one.error.splitlines()[0]}" if one.error else ""
        click.echo(f"{one.state:<11} {one.region}{why}")


_STATES: tuple[State, ...] = ("done", "failed", "interrupted", "not begun")
