"""Line and branch coverage by folder, from what `coverage json` writes: FILE."""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from rich.console import Console
from rich.table import Table

COUNTS = ("num_statements", "covered_lines", "num_branches", "covered_branches")


def by_folder(files: Mapping[str, Mapping[str, Any]]) -> dict[str, Counter[str]]:
    """Counts of all files of a folder, without its folders.

    >>> by_folder({"a/b.py": {"num_statements": 2}, "a/c.py": {"num_statements": 3}})
    {'a': Counter({'num_statements': 5, 'files': 2})}
    """
    folders: dict[str, Counter[str]] = defaultdict(Counter)
    for file, totals in sorted(files.items()):
        counts = {key: totals.get(key, 0) for key in COUNTS}
        folders[str(PurePosixPath(file).parent)] += Counter({**counts, "files": 1})
    return dict(folders)


def percent(part: int, whole: int) -> str:
    """A share in percent.

    >>> percent(2, 3), percent(0, 0)
    ('66.7', '-')
    """
    return f"{100 * part / whole:.1f}" if whole else "-"


def row(name: str, counts: Counter[str]) -> tuple[str, ...]:
    """A folder's row."""
    lines, branches = counts["num_statements"], counts["num_branches"]
    shares = percent(counts["covered_lines"], lines), percent(counts["covered_branches"], branches)
    return name, str(counts["files"]), str(lines), shares[0], str(branches), shares[1]


def table(rows: Iterable[tuple[str, ...]]) -> Table:
    """The rows with their heads."""
    result = Table(box=None)
    result.add_column("Folder")
    for head in ("Files", "Lines", "% run", "Branches", "% taken"):
        result.add_column(head, justify="right")
    for cells in rows:
        result.add_row(*cells)
    return result


def main() -> None:
    (name,) = sys.argv[1:]
    report = json.loads(Path(name).read_text(encoding="utf-8"))
    folders = by_folder({file: entry["summary"] for file, entry in report["files"].items()})
    total = sum(folders.values(), Counter())
    rows = [row(folder, counts) for folder, counts in folders.items()]
    Console().print(table([*rows, row("all", total)]))


if __name__ == "__main__":
    main()
