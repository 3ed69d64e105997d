"""A plan and a preview of a region on a terminal: in one line, and table by table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table

from ..objects.budget import Preview, StackPreview
from ..plan.model import ClusterPlan, RegionPlan
from ..plan.sizing.fabric import FabricSize
from . import tables
from .summary import headline

MAX_TENANTS = 40


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
            tables.print_table(plan_table, out)
    power = plan.power
    out.print(
        f"IT power {power.it_kw / 1000:,.2f} MW (with {power.fabric_core_share:.1%} for fabric and core), "
        f"x PUE {power.pue:g} = {power.facility_kw / 1000:,.2f} MW."
    )
    notices(plan.notices, out)


def notices(lines: Iterable[str], out: Console) -> None:
    """Print the notices of a plan, what its reader should know, a line each."""
    for line in lines:
        out.print(f"notice: {line}", style="yellow", markup=False)


def _clusters(plan: RegionPlan) -> Table:
    return tables.table(
        "Clusters",
        ("cluster", "system", "purpose", "provider", "hall", ">racks", ">of max", ">in inventory", ">nodes", ">GPUs",
         ">kW a rack"),
        ((c.name, c.system.id, c.spec.purpose, c.spec.provider, c.hall, len(c.racks), c.max_racks,
          len(c.declared_racks) if c.built else None, c.nodes, c.gpus, f"{c.rack_kw:g}") for c in plan.clusters),
    )  # fmt: skip


def _power(plan: RegionPlan) -> Table:
    return tables.table(
        "Power by hall",
        ("hall", ">racks", ">IT kW", ">of kW", ">more racks", "limited by"),
        ((h.name, h.racks, h.it_kw, h.max_it_kw, h.more_racks, h.limited_by) for h in plan.power.halls),
    )


def _fabrics(plan: RegionPlan) -> Table:
    def row(cluster: ClusterPlan, size: FabricSize) -> Sequence[object]:
        return (cluster.name, size.fabric, size.switch, size.units, size.leaf, size.spine, size.core,
                size.node_leaf_cables, size.leaf_spine_cables, size.spine_core_cables)  # fmt: skip

    return tables.table(
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
    return tables.table(
        "Networks",
        ("cluster", "host links", "BMC", "nodes", "service", "loopbacks", "host AS numbers"),
        ((c.name, n.hosts, n.bmc, n.nodes, n.service, n.loopbacks, f"{n.host_asns.start}-{n.host_asns.stop - 1}")
         for c in plan.clusters if (n := c.networks)),
    )  # fmt: skip


def _storage(plan: RegionPlan) -> Table:
    return tables.table(
        "Storage",
        ("storage", "tier", "driver", "clusters", ">TiB", ">read GB/s", ">write GB/s", "network"),
        ((s.name, s.spec.tier, s.spec.driver, ", ".join(s.clusters), s.spec.size_tib, s.read_gbps, s.write_gbps,
          s.network) for s in plan.storage),
    )  # fmt: skip


def _tenants(plan: RegionPlan) -> Table:
    shown = plan.tenants[:MAX_TENANTS]
    title = "Tenants" if len(shown) == len(plan.tenants) else f"Tenants (first {MAX_TENANTS} of {len(plan.tenants):,})"
    return tables.table(
        title,
        ("tenant", "isolation", "cluster", ">GPUs", "racks", ">VNI", ">P_Key", "network", "services"),
        ((t.name, t.spec.isolation, t.cluster, t.gpus, _rack_range(t.racks), str(t.vni),
          f"{t.pkey:#06x}" if t.pkey else None, t.network,
          ", ".join(s.name for s in t.services) or None) for t in shown),
    )  # fmt: skip


def _rack_range(racks: Sequence[str]) -> str | None:
    if not racks:
        return None
    return racks[0] if len(racks) == 1 else f"{len(racks)}: {racks[0]} .. {racks[-1].rpartition('-')[2]}"


def _pools(plan: RegionPlan) -> Table:
    return tables.table(
        "Pools",
        ("pool", ">used", ">of", ">left"),
        ((p.name, p.used, p.total, f"{(p.total - p.used) / p.total:.0%}") for p in plan.pools),
    )


def show_preview(preview: Preview, out: Console, *, objects: bool = False) -> None:
    """Print what `pulumi up` would declare, by stack and component."""
    for stack in preview.stacks:
        tables.print_table(_stack(stack), out)
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
    return tables.table(
        f"Stack {stack.name}: {stack.resources:,} resources",
        ("component", "name", ">resources", ">KB", "objects"),
        ((c.type, c.name, c.resources, c.size_bytes / 1000, ", ".join(f"{n} {kind}" for kind, n in c.kinds))
         for c in stack.components),
    )  # fmt: skip
