"""All regions side by side: size, what is left, and what stops growth. From the plan only: no objects are built."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .. import catalog, expand
from ..plan import regions
from ..plan.allocation.address_plan import Overlap, overlaps
from ..plan.model import RegionPlan
from ..spec.problems import InputError, Problem

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
    """Plan every region and set all side by side, with what overlaps and what is left in the company's pools.

    Raises:
        InputError: the project's own pools are malformed, or there is no region.
        UnavailableError: there is no project.
    """
    folder = root or regions.project_root()
    names = regions.every_region(folder)
    existing = expand.read_existing(folder)
    pools = expand.read_pools(folder)
    return Fleet(
        rows=tuple(_row(name, folder) for name in names),
        overlaps=tuple(overlaps(existing.numbers)),
        outlook=expand.outlook(existing.regions, existing.space(pools), catalog.load()),
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
    """Further racks that still fit a region, by the halls' largest systems, and what stops them.

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
