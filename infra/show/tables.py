"""Tables for a terminal; without one they are plain text of the same words."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

from ..plan.sizing.fabric import FabricSize
from ..plan.sizing.facility import SiteSize
from .screen import PIPE_WIDTH

NOTHING = "-"
LAST_WIDTH = 24
"""Least width of a table's last column."""
GAP = 3
"""Spaces between two columns."""


def console(*, stderr: bool = False) -> Console:
    """A console for tables that fits the terminal, and is wide enough for a pipe."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else PIPE_WIDTH
    return Console(stderr=stderr, width=width, highlight=False, soft_wrap=False, markup=False, emoji=False)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """A table for a terminal; columns that begin with `>` are aligned right."""
    named = any(column.lstrip(">") for column in columns)
    result = Table(title=title, box=box.SIMPLE_HEAD, pad_edge=False, show_header=named)
    for column in columns:
        right = column.startswith(">")
        last = column == columns[-1]
        result.add_column(column.lstrip(">"), justify="right" if right else "left", overflow="fold", no_wrap=not last)
    for row in rows:
        result.add_row(*(_cell(value) for value in row))
    return result


def print_table(shown_table: Table, out: Console) -> None:
    """Print a table; where the terminal is too narrow a paragraph a row, since numbers that are cut mislead."""
    title, shown_table.title = shown_table.title, None
    out.print(title, style="bold")
    if _width(shown_table) <= out.width:
        out.print(shown_table)
        return
    for cells in zip(*(column.cells for column in shown_table.columns), strict=True):
        pairs = zip((column.header for column in shown_table.columns), cells, strict=True)
        shown = [f"{header} {cell}".strip() for header, cell in pairs if cell != NOTHING]
        out.print(f"{cells[0]}: {', '.join(shown[1:])}")
    out.print()


def _width(shown_table: Table) -> int:
    """Columns that a table takes: only the last one wraps."""
    widths = [max(cell_len(str(cell)) for cell in (column.header, *column.cells)) for column in shown_table.columns]
    return sum(widths[:-1]) + min(widths[-1], LAST_WIDTH) + GAP * len(widths)


def _cell(value: object) -> str:
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.1f}"
    return str(value)


def show_figures(title: str, pairs: Iterable[tuple[str, object]], out: Console) -> None:
    """Print a small table of names and values, such as the sizing calculators give."""
    print_table(table(title, ("", ">"), pairs), out)


def size_figures(size: FabricSize | SiteSize) -> list[tuple[str, object]]:
    """Rows of the table of a sizing calculator, figures in full: a share of 0.09 must not show as 0.1."""
    figures = size.as_dict().items()
    return [(key.replace("_", " "), f"{value:,g}" if isinstance(value, float) else value) for key, value in figures]
