"""All regions on one screen: size, what is left, and what stops growth. From the plan only: no objects are built."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from .. import catalog, expand
from ..plan import regions
from ..plan.allocation.address_plan import Overlap, overlaps
from ..plan.model import RegionPlan
from ..spec.problems import InputError, Problem
from . import data, tables

LEAST_WIDTH = 100
"""Columns that the table takes; on a narrower terminal each region is a paragraph."""
SHOWN_OVERLAPS = 5
_POOLS = ("underlay_v4", "oob_v4", "AS numbers", "VNIs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One region."""

    name: str
    plan: RegionPlan | None
    """None for a region with bad input."""
    bad: tuple[Problem, ...] = ()
    refused: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """`good`, `refused` or `bad input`; budgets of stacks are judged by `check`."""
        return "bad input" if self.bad else "refused" if self.refused else "good"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """All regions, and what they share."""

    rows: tuple[Row, ...]
    overlaps: tuple[Overlap, ...]
    outlook: expand.Outlook | None
    """What is left in the company's pools; None where no region can be sized."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """What still fits a region."""

    more_racks: int
    more_gpus: int
    limits: tuple[str, ...]
    """What stops growth next, hall by hall."""


def survey(root: Path | None = None) -> Fleet:
    """Plan every region.

    Raises:
        InputError: the project's own pools are malformed.
    """
    folder = root or regions.project_root()
    known = expand.read_known(folder)
    pools = expand.read_pools(folder)
    return Fleet(
        rows=tuple(_row(name, folder) for name in regions.known_regions(folder)),
        overlaps=tuple(overlaps(known.numbers)),
        outlook=expand.outlook(known.regions, known.space(pools), catalog.load()),
    )


def _row(name: str, root: Path) -> Row:
    try:
        loaded = regions.open_region(regions.region_file(name, root))
        plan = loaded.plan()
    except InputError as error:
        return Row(name=name, plan=None, bad=error.problems)
    count = len(loaded.missing)
    refused = (f"the lock file lacks {count} allocations: run `aifactory allocate {name}`",) if count else ()
    held = (f"{item} is no longer in the file; its numbers are held until released" for item in loaded.retired)
    return Row(name=plan.name, plan=plan, refused=refused, notices=(*plan.notices, *held))


def capacity(plan: RegionPlan) -> Capacity:
    """Further racks of the halls' largest systems, and what stops them.

    Halls share the utility's power, so the region may hold less than its halls one by one.
    """
    power = plan.power
    more, gpus, limits = 0, 0, []
    spare_kw = max(0.0, power.utility_kw / power.pue - power.it_kw)
    for hall in power.halls:
        inside = [cluster for cluster in plan.clusters if cluster.hall == hall.name]
        if not inside:
            continue
        largest = max(inside, key=lambda cluster: cluster.rack_kw)
        each_kw = largest.rack_kw * (1 + power.fabric_core_share)
        racks = min(hall.more_racks, int(spare_kw / each_kw))
        limits.append("utility power" if racks < hall.more_racks else hall.limited_by)
        spare_kw -= racks * each_kw
        more += racks
        gpus += racks * largest.nodes_per_rack * largest.system.gpus_per_node
    return Capacity(more_racks=more, more_gpus=gpus, limits=tuple(dict.fromkeys(limits)))


def space_left(plan: RegionPlan) -> float:
    """Free share of the address or number pool of the region that is fullest, 0 to 1."""
    return min((pool.total - pool.used) / pool.total for pool in plan.pools if pool.name in _POOLS)


def fleet_data(fleet: Fleet) -> list[dict[str, Any]]:
    """JSON data: a region each, as `check --json` has it, and more; `resources` are counted by `check` only."""
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
        "problems": [
            {"file": p.file, "line": p.line, "path": p.path, "message": p.message, "given": p.given,
             "remedy": p.remedy} for p in row.bad
        ],
        "refused": list(row.refused),
        "notices": [*row.notices, *own],
        "country": row.plan.spec.region.country if row.plan else None,
        "utility_power_mw": row.plan.power.utility_kw / 1000 if row.plan else None,
        "address_space_left": round(space_left(row.plan), 4) if row.plan else None,
        "capacity": data.plain(capacity(row.plan)) if row.plan else None,
        "overlaps": shared,
    }  # fmt: skip


def show(fleet: Fleet, out: Console) -> None:
    """The table, and below it what concerns all regions."""
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
    tables.notices(_overlap_lines(fleet.overlaps), out)


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
        f"{kind} of {len(some)} halls" if len(some) > 1 else f"{kind} of {some[0]}" if some[0] else kind
        for kind, some in halls.items()
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
        f"{sum(one['gpus'] for one in sums):,} GPUs in {sum(one['racks'] for one in sums):,} racks, "
        f"{sum(one['facility_power_mw'] for one in sums):,.1f} of "
        f"{sum(plan.power.utility_kw for plan in plans) / 1000:,.1f} MW"
    )


def _overlap_lines(found: Sequence[Overlap]) -> list[str]:
    lines = [f"{one.first.region} {one.path}: {one.what}" for one in found[:SHOWN_OVERLAPS]]
    more = len(found) - SHOWN_OVERLAPS
    return [*lines, f"{more} further overlaps: see --json"] if more > 0 else lines
