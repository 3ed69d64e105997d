"""`make bench`: speed and memory against a floor or a peer, measured in the same run.

Each row runs in a process of its own, so that its peak memory is its own. Ratios are what to compare: absolute times
are this machine's. Nothing fails where a goal is missed: the table says so.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from rich import box
from rich.console import Console
from rich.table import Table

from . import row as rows_of
from . import rows
from .row import Row, SkipError, Taken

COMMAND = [sys.executable, "-m", "tests.bench", "--row"]
WIDTH = 110
_SKIPPED = "skipped:"
_MET = {True: ": yes", False: ": NO", None: ""}
_UNITS = ((1, "s"), (1e-3, "ms"), (1e-6, "us"))


def main() -> None:
    parser = argparse.ArgumentParser(prog="tests.bench", description=__doc__.split("\n")[0])
    parser.add_argument("--row", help="run one row in this process")
    parser.add_argument("--list", action="store_true", help="list groups and rows")
    parser.add_argument("only", nargs="*", help="rows and groups to run; all but the slow rows if left out")
    arguments = parser.parse_args()
    if arguments.list:
        _list()
    elif arguments.row:
        with _folder():
            _one(rows.ROWS[arguments.row])
    else:
        with _folder():
            _table(_chosen(arguments.only, parser))


@contextmanager
def _folder() -> Iterator[None]:
    """A folder that all rows of the run share."""
    if rows_of.FOLDER in os.environ:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="aifactory-bench-") as name:
        os.environ[rows_of.FOLDER] = name
        _with_bytecode(name)
        yield


def _with_bytecode(folder: str) -> None:
    """Programs are measured as they start the second time, whatever this shell says of bytecode, in a folder aside."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = f"{folder}/pycache"


def _list() -> None:
    for group, members in rows.GROUPS.items():
        print(group)
        for name, row in members.items():
            print(f"  {name:20} {row.what}{' (slow)' if row.slow else ''}")


def _chosen(words: list[str], parser: argparse.ArgumentParser) -> list[str]:
    """Names of the rows to run, with their floors."""
    unknown = [word for word in words if word not in rows.GROUPS and word not in rows.ROWS]
    if unknown:
        parser.error(f"no row or group is named {', '.join(unknown)}; groups: {', '.join(rows.GROUPS)}; see --list")
    wanted = {name for word in words for name in rows.GROUPS.get(word, [word])}
    wanted = wanted or {name for name, row in rows.ROWS.items() if not row.slow}
    for name in reversed(rows.ROWS):
        floor = rows.ROWS[name].floor
        if name in wanted and floor:
            wanted.add(floor)
    return [name for name in rows.ROWS if name in wanted]


def _table(names: list[str]) -> None:
    console = Console(width=WIDTH)
    table = Table("row", "what", title="Benchmarks", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("seconds", "each", "peak MB", "ratio", "goal: met"):
        table.add_column(column, justify="right")
    taken: dict[str, Taken] = {}
    load = os.getloadavg()[0]
    for block in _blocks(names):
        for name, found in _measured(block).items():
            if isinstance(found, Taken):
                taken[name] = found
                table.add_row(*_cells(name, taken))
            else:
                table.add_row(name, f"{rows.ROWS[name].what}: {found}")
    left = [name for name in rows.ROWS if name not in names]
    table.caption = f"{os.cpu_count()} cores, load {load:.1f} before, {os.getloadavg()[0]:.1f} after"
    console.print(table)
    if left:
        console.print(f"not run: {', '.join(left)}; name rows or groups to run them ({', '.join(rows.GROUPS)})")


def _cells(name: str, taken: dict[str, Taken]) -> list[str]:
    row, own = rows.ROWS[name], taken[name]
    floor = taken.get(row.floor) if row.floor else None
    ratio = own.seconds / floor.seconds if floor else None
    what = f"{row.what} (ratio to {row.floor})" if row.floor else row.what
    shown = "" if ratio is None else f"{ratio:.2f}"
    return [
        name,
        what,
        _time(own.seconds),
        f"{_each(own.seconds / row.per[0])}/{row.per[1]}" if row.per else "",
        f"{own.megabytes:,.0f}",
        shown,
        f"{row.goal}{_MET[row.goal.met(own, ratio)]}",
    ]


def _time(seconds: float) -> str:
    return f"{seconds:.3f}" if seconds < 1 else f"{seconds:.2f}"


def _each(seconds: float) -> str:
    size, unit = next((one for one in _UNITS if seconds >= one[0]), _UNITS[-1])
    return f"{seconds / size:.3g} {unit}"


def _one(row: Row) -> None:
    try:
        found = row.run()
    except SkipError as reason:
        print(_SKIPPED, reason)
        return
    if not isinstance(found, Taken):
        who = resource.RUSAGE_CHILDREN if row.process else resource.RUSAGE_SELF
        found = Taken(found, resource.getrusage(who).ru_maxrss / 1024)
    print(found.seconds, found.megabytes)


def _blocks(names: list[str]) -> list[list[str]]:
    """Rows beside their floors."""
    blocks: list[list[str]] = []
    for name in names:
        if blocks and rows.ROWS[name].floor in blocks[-1]:
            blocks[-1].append(name)
        else:
            blocks.append([name])
    return blocks


def _measured(names: list[str]) -> dict[str, Taken | str]:
    """Best of several, or why a row can't run here. In turns: the machine may be busy with other things by times."""
    runs: dict[str, list[Taken]] = {name: [] for name in names}
    skipped: dict[str, str] = {}
    for turn in range(max(rows.ROWS[name].repeat for name in names)):
        for name in names:
            if turn < rows.ROWS[name].repeat and name not in skipped:
                found = _run(name)
                if isinstance(found, Taken):
                    runs[name].append(found)
                else:
                    skipped[name] = found
    best = {name: min(found, key=lambda one: one.seconds) for name, found in runs.items() if found}
    return {name: skipped.get(name) or best[name] for name in names}


def _run(name: str) -> Taken | str:
    done = subprocess.run([*COMMAND, name], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{name} failed:\n{done.stderr}")
    last = done.stdout.splitlines()[-1]
    return last if last.startswith(_SKIPPED) else Taken(*map(float, last.split()))


if __name__ == "__main__":
    main()
