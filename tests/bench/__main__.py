"""`make bench`: speed and memory against a floor or a peer, measured in the same run.

Each row runs in a process of its own, so that its peak memory is its own. Ratios are what to compare: absolute times
are this machine's.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys

from rich.console import Console
from rich.table import Table

from . import rows

COMMAND = [sys.executable, "-m", "tests.bench", "--row"]


def main() -> None:
    parser = argparse.ArgumentParser(prog="tests.bench", description=__doc__)
    parser.add_argument("--row", help="run one row in this process")
    parser.add_argument("only", nargs="*", help="rows to run; all if left out")
    arguments = parser.parse_args()
    if arguments.row:
        _one(rows.ROWS[arguments.row])
        return
    table = Table("row", "what", "floor or peer", title="Benchmarks")
    for column in ("seconds", "peak MB", "ratio", "target"):
        table.add_column(column, justify="right")
    times: dict[str, float] = {}
    for name, row in rows.ROWS.items():
        if arguments.only and name not in arguments.only and name not in _floors(arguments.only):
            continue
        seconds, megabytes = _measure(name)
        times[name] = seconds
        ratio = f"{seconds / times[row.floor]:.2f}" if row.floor else ""
        table.add_row(name, row.what, row.floor or "", f"{seconds:.2f}", f"{megabytes:.0f}", ratio, row.target)
    Console(width=140).print(table)


def _floors(names: list[str]) -> set[str]:
    return {floor for name in names if (floor := rows.ROWS[name].floor)}


def _one(row: rows.Row) -> None:
    seconds = row.run()
    who = resource.RUSAGE_CHILDREN if row.process else resource.RUSAGE_SELF
    print(seconds, resource.getrusage(who).ru_maxrss / 1024)


def _measure(name: str) -> tuple[float, float]:
    """Best of three: the machine may be busy with other things."""
    runs = []
    for _ in range(rows.ROWS[name].repeat):
        done = subprocess.run([*COMMAND, name], capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"{name} failed:\n{done.stderr}")
        seconds, megabytes = done.stdout.split()[-2:]
        runs.append((float(seconds), float(megabytes)))
    return min(runs)


if __name__ == "__main__":
    main()
