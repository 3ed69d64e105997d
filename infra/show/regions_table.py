"""All regions on one screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from ..fleet.overview import Fleet, Row, capacity, space_left
from ..plan.allocation.address_plan import Overlap
from . import data, plans, tables
from .verdicts import problems_data

LEAST_WIDTH = 100
"""Columns that the table takes; on a narrower terminal each region is a paragraph."""
SHOWN_OVERLAPS = 5


def fleet_data(fleet: Fleet) -> list[dict[str, Any]]:
    """All regions as JSON data, each as `check --json` has it, and more; `resources` are counted by `check` only."""
    return [_row_data(row, fleet) for row in fleet.rows]


def _row_data(row: Row, fleet: Fleet) -> dict[str, Any]:
    shared = [f"{o.first.region} {o.path}: {o.what}" for o in fleet.overlaps
              if row.name in (o.first.region, o.second.region)]  # fmt: skip
    outlook = fleet.outlook
    own = [str(outlook)] if outlook is not None and outlook.low and outlook.region == row.name else []
    return {
        "region": row.name,
        "verdict": row.verdict,
        "totals": data.totals(row.plan) if row.plan else None,
        "resources": None,
        "problems": problems_data(row.bad),
        "refused": list(row.refused),
        "notices": [*row.notices, *own],
        "country": row.plan.spec.region.country if row.plan else None,
        "utility_power_mw": row.plan.power.utility_kw / 1000 if row.plan else None,
        "address_space_left": round(space_left(row.plan), 4) if row.plan else None,
        "capacity": data.plain(capacity(row.plan)) if row.plan else None,
        "overlaps": shared,
    }  # fmt: skip


def show(fleet: Fleet, out: Console) -> None:
    """Print the table of all regions, a row each, and below it what concerns all of them."""
    columns = ("region", "", ">MW of", ">racks", ">GPUs", ">tenants", ">addr.", ">+racks", ">+GPUs", "verdict", "limit")
    table = _table(columns)
    rows = [_cells(row) for row in fleet.rows]
    for cells in rows:
        table.add_row(*cells)
    out.print("Regions", style="bold")
    if out.width >= LEAST_WIDTH:
        out.print(table)
    else:
        for cells in rows:
            out.print(_paragraph(cells))
        out.print()
    out.print(_sum(fleet))
    out.print("addr.: what is left of a region's own fullest pool; +racks, +GPUs: what fits before the limit.")
    if fleet.outlook is not None:
        out.print(f"{'warning: ' if fleet.outlook.low else ''}{fleet.outlook}")
    plans.notices(_overlap_lines(fleet.overlaps), out)


def _table(columns: Sequence[str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for column in columns:
        number, last = column.startswith(">"), column in (columns[0], columns[-1])
        table.add_column(
            column.lstrip(">"), justify="right" if number else "left", no_wrap=not last, overflow="fold",
            max_width=24 if column == columns[0] else None,
        )  # fmt: skip
    return table


def _cells(row: Row) -> list[str]:
    if row.plan is None:
        count = len(row.bad)
        faults = f"{count} fault{'s' if count > 1 else ''}: `aifactory check {row.name}`"
        return [row.name, *[tables.NOTHING] * 8, row.verdict, faults]
    sums, room = data.totals(row.plan), capacity(row.plan)
    limit = "; ".join(row.refused) or _short(room.limits)
    return [
        row.name, row.plan.spec.region.country,
        f"{sums['facility_power_mw']:,.1f}/{row.plan.power.utility_kw / 1000:,.0f}",
        f"{sums['racks']:,}", f"{sums['gpus']:,}", f"{sums['tenants']:,}", f"{space_left(row.plan):.0%}",
        f"{room.more_racks:,}", f"{room.more_gpus:,}", row.verdict, limit,
    ]  # fmt: skip


def _short(limits: Sequence[str]) -> str:
    """Limits in a few words: halls that have the same one are counted.

    >>> _short(["max_racks of its clusters", "power of hall h1", "power of hall h2", "power of hall h3"])
    'max_racks; power of 3 halls'
    """
    halls: dict[str, list[str]] = {}
    for limit in limits:
        kind, _, hall = limit.replace(" of its clusters", "").partition(" of hall ")
        halls.setdefault(kind, []).append(hall)
    return "; ".join(
        f"{kind} of {len(names)} halls" if len(names) > 1 else f"{kind} of {names[0]}" if names[0] else kind
        for kind, names in halls.items()
    )


def _paragraph(cells: Sequence[str]) -> str:
    name, country, power, racks, gpus, tenants, space, more, more_gpus, verdict, limit = cells
    if country == tables.NOTHING:
        return f"{name}: {verdict}, {limit}"
    return (
        f"{name}: {verdict}, {country}, {power} MW, {racks} racks, {gpus} GPUs, {tenants} tenants, {space} of "
        f"addresses left, room for {more} racks ({more_gpus} GPUs), limit {limit}"
    )


def _sum(fleet: Fleet) -> str:
    plans = [row.plan for row in fleet.rows if row.plan is not None]
    sums = [data.totals(plan) for plan in plans]
    countries = len({plan.spec.region.country for plan in plans})
    return (
        f"{len(fleet.rows)} regions in {countries} {'country' if countries == 1 else 'countries'}: "
        f"{sum(totals['gpus'] for totals in sums):,} GPUs in {sum(totals['racks'] for totals in sums):,} racks, "
        f"{sum(totals['facility_power_mw'] for totals in sums):,.1f} of "
        f"{sum(plan.power.utility_kw for plan in plans) / 1000:,.1f} MW"
    )


def _overlap_lines(overlaps: Sequence[Overlap]) -> list[str]:
    lines = [f"{overlap.first.region} {overlap.path}: {overlap.what}" for overlap in overlaps[:SHOWN_OVERLAPS]]
    more = len(overlaps) - SHOWN_OVERLAPS
    return [*lines, f"{more} further overlaps: see --json"] if more > 0 else lines
