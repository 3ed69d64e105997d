"""Tables for a terminal; without one they are plain text of the same words."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

from ..objects.budget import Preview, StackPreview
from ..plan.model import ClusterPlan, RegionPlan
from ..plan.sizing.fabric import FabricSize
from ..plan.sizing.facility import SiteSize
from . import data

NOTHING = "-"
PIPE_WIDTH = 120
LAST_WIDTH = 24
"""Least width of a table's last column."""
GAP = 3
"""Spaces between two columns."""


def console(*, stderr: bool = False) -> Console:
    """A console that fits the terminal, and is wide enough for a pipe."""
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


def headline(plan: RegionPlan) -> str:
    """A planned region in one line for a terminal: GPUs, nodes, racks, power."""
    sums = data.totals(plan)
    where = f"{plan.spec.region.city}, {plan.spec.region.country}"
    return (
        f"{plan.name} ({where}): {sums['gpus']:,} GPUs on {sums['nodes']:,} nodes in {sums['racks']:,} racks, "
        f"{sums['facility_power_mw']:,.2f} of {plan.power.utility_kw / 1000:,.2f} MW"
    )


def show_plan(plan: RegionPlan, out: Console) -> None:
    """Print the whole plan of a region on a terminal, a table for each part."""
    out.print(headline(plan), style="bold")
    out.print()
    for plan_table in (
        _clusters(plan),
        _power(plan),
        _fabrics(plan),
        _networks(plan),
        _storage(plan),
        _tenants(plan),
        _pools(plan),
    ):
        if plan_table.row_count:
            print_table(plan_table, out)
    power = plan.power
    out.print(
        f"IT power {power.it_kw / 1000:,.2f} MW (with {power.fabric_core_share:.1%} for fabric and core), "
        f"x PUE {power.pue:g} = {power.facility_kw / 1000:,.2f} MW."
    )
    notices(plan.notices, out)


def notices(lines: Iterable[str], out: Console) -> None:
    """Print what a reader of a plan should know, a line each."""
    for line in lines:
        out.print(f"notice: {line}", style="yellow", markup=False)


def _clusters(plan: RegionPlan) -> Table:
    return table(
        "Clusters",
        ("cluster", "system", "purpose", "provider", "hall", ">racks", ">of max", ">in inventory", ">nodes", ">GPUs",
         ">kW a rack"),
        ((c.name, c.system.id, c.spec.purpose, c.spec.provider, c.hall, len(c.racks), c.max_racks,
          len(c.declared_racks) if c.built else None, c.nodes, c.gpus, f"{c.rack_kw:g}") for c in plan.clusters),
    )  # fmt: skip


def _power(plan: RegionPlan) -> Table:
    return table(
        "Power by hall",
        ("hall", ">racks", ">IT kW", ">of kW", ">more racks", "limited by"),
        ((h.name, h.racks, h.it_kw, h.max_it_kw, h.more_racks, h.limited_by) for h in plan.power.halls),
    )


def _fabrics(plan: RegionPlan) -> Table:
    def row(cluster: ClusterPlan, size: FabricSize) -> Sequence[object]:
        return (cluster.name, size.fabric, size.switch, size.units, size.leaf, size.spine, size.core,
                size.node_leaf_cables, size.leaf_spine_cables, size.spine_core_cables)  # fmt: skip

    return table(
        "Compute fabrics, sized for max_racks",
        (
            "cluster",
            "fabric",
            "switch",
            ">units",
            ">leaf",
            ">spine",
            ">core",
            ">node-leaf",
            ">leaf-spine",
            ">spine-core",
        ),
        (row(c, c.fabric_size) for c in plan.clusters if c.fabric_size),
    )


def _networks(plan: RegionPlan) -> Table:
    return table(
        "Networks",
        ("cluster", "host links", "BMC", "nodes", "service", "loopbacks", "host AS numbers"),
        ((c.name, n.hosts, n.bmc, n.nodes, n.service, n.loopbacks, f"{n.host_asns.start}-{n.host_asns.stop - 1}")
         for c in plan.clusters if (n := c.networks)),
    )  # fmt: skip


def _storage(plan: RegionPlan) -> Table:
    return table(
        "Storage",
        ("storage", "tier", "driver", "clusters", ">TiB", ">read GB/s", ">write GB/s", "network"),
        ((s.name, s.spec.tier, s.spec.driver, ", ".join(s.clusters), s.spec.size_tib, s.read_gbps, s.write_gbps,
          s.network) for s in plan.storage),
    )  # fmt: skip


def _tenants(plan: RegionPlan) -> Table:
    shown = plan.tenants[:MAX_TENANTS]
    title = "Tenants" if len(shown) == len(plan.tenants) else f"Tenants (first {MAX_TENANTS} of {len(plan.tenants):,})"
    return table(
        title,
        ("tenant", "isolation", "cluster", ">GPUs", "racks", ">VNI", ">P_Key", "network", "services"),
        ((t.name, t.spec.isolation, t.cluster, t.gpus, _rack_range(t.racks), str(t.vni),
          f"{t.pkey:#06x}" if t.pkey else None, t.network,
          ", ".join(s.name for s in t.services) or None) for t in shown),
    )  # fmt: skip


MAX_TENANTS = 40


def _rack_range(racks: Sequence[str]) -> str | None:
    if not racks:
        return None
    return racks[0] if len(racks) == 1 else f"{len(racks)}: {racks[0]} .. {racks[-1].rpartition('-')[2]}"


def _pools(plan: RegionPlan) -> Table:
    return table(
        "Pools",
        ("pool", ">used", ">of", ">left"),
        ((p.name, p.used, p.total, f"{(p.total - p.used) / p.total:.0%}") for p in plan.pools),
    )


def show_preview(preview: Preview, out: Console, *, objects: bool = False) -> None:
    """Print what `pulumi up` would declare, by stack and component."""
    for stack in preview.stacks:
        print_table(_stack(stack), out)
        if objects:
            for component in stack.components:
                for object_id in component.ids:
                    out.print(f"  {component.type}/{component.name}  {object_id}", markup=False, soft_wrap=True)
        if stack.over_budget:
            out.print(f"over budget: {stack.over_budget}", style="red")
    out.print(
        f"{preview.resources:,} resources, {preview.size_bytes / 1e6:.2f} MB of manifests, "
        f"in {len(preview.stacks)} {'stack' if len(preview.stacks) == 1 else 'stacks'}."
    )


def _stack(stack: StackPreview) -> Table:
    return table(
        f"Stack {stack.name}: {stack.resources:,} resources",
        ("component", "name", ">resources", ">KB", "objects"),
        ((c.type, c.name, c.resources, c.size_bytes / 1000, ", ".join(f"{n} {kind}" for kind, n in c.kinds))
         for c in stack.components),
    )  # fmt: skip


def show_figures(title: str, pairs: Iterable[tuple[str, object]], out: Console) -> None:
    """Print a small table of names and values, such as the sizing calculators give."""
    print_table(table(title, ("", ">"), pairs), out)


def size_figures(size: FabricSize | SiteSize) -> list[tuple[str, object]]:
    """Rows of the sizing calculators, figures in full: a share of 0.09 must not show as 0.1."""
    figures = size.as_dict().items()
    return [(key.replace("_", " "), f"{value:,g}" if isinstance(value, float) else value) for key, value in figures]
