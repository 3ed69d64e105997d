"""What a region takes, in numbers, and what a change does to them and to its stacks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from ... import spec
from ...plan.model import RegionPlan
from ..records import Change, PoolFacts, StackDelta, Totals
from .order import natural

HOURS_PER_YEAR = 8760
Number = int | float | None
Row = tuple[str, Number, Number, str]
"""Label, before, after, unit."""


def of_plan(plan: RegionPlan) -> Totals:
    """Totals of a plan; hosts do not matter. Prices are those of the region file, there are none built in."""
    sums, costs = plan.totals, plan.spec.costs
    return Totals(
        it_kw=sums.it_kw,
        facility_kw=sums.facility_kw,
        utility_kw=sums.utility_kw,
        racks=sums.racks,
        nodes=sums.nodes,
        gpus=sums.gpus,
        tenants=sums.tenants,
        currency=costs.currency if costs else None,
        hardware=_hardware(plan, costs) if costs else None,
        energy_per_year=_energy(sums.facility_kw, costs) if costs else None,
    )


def _hardware(plan: RegionPlan, costs: spec.Costs) -> float | None:
    """Price of all racks; None where a system of the region has no price."""
    prices = [costs.racks.get(cluster.system.id) for cluster in plan.clusters]
    if any(price is None for price in prices):
        return None
    return float(sum(len(cluster.racks) * (price or 0) for cluster, price in zip(plan.clusters, prices, strict=True)))


def _energy(facility_kw: float, costs: spec.Costs) -> float | None:
    """Price of a year's energy at the meter, at full load."""
    if costs.energy_per_mwh is None:
        return None
    return facility_kw / 1000 * HOURS_PER_YEAR * costs.energy_per_mwh


def delta(before: Totals | None, after: Totals | None) -> list[Row]:
    """What a change does to a region's totals, in numbers: label, before, after, unit.

    A side is None where there is no region or no price. Rows of costs are left out where neither side has one. Where
    the currency differs they are kept apart.
    """
    rows: list[Row] = [
        ("power at the meter", *_pair(before, after, "facility_kw", 1000), "MW"),
        ("IT power", *_pair(before, after, "it_kw", 1000), "MW"),
        ("racks", *_pair(before, after, "racks"), ""),
        ("nodes", *_pair(before, after, "nodes"), ""),
        ("GPUs", *_pair(before, after, "gpus"), ""),
        ("tenants", *_pair(before, after, "tenants"), ""),
    ]
    currencies = dict.fromkeys(side.currency for side in (before, after) if side and side.currency)
    for currency in currencies:
        old, new = (side if side and side.currency == currency else None for side in (before, after))
        rows.append(("hardware", *_pair(old, new, "hardware"), currency))
        rows.append(("energy", *_pair(old, new, "energy_per_year"), f"{currency} a year"))
    return [row for row in rows if row[1:3] != (None, None)]


def _pair(before: Totals | None, after: Totals | None, field: str, divisor: int = 1) -> tuple[Number, Number]:
    def value(side: Totals | None) -> Number:
        number: Number = None if side is None else getattr(side, field)
        return number / divisor if number is not None and divisor > 1 else number

    return value(before), value(after)


def pool_deltas(before: Iterable[PoolFacts], after: Iterable[PoolFacts]) -> list[Row]:
    """Pools of which the use or the size changes: label, used before, used after, unit (`of <total>`).

    A pool that is not there on a side has None there.
    """
    old, new = ({pool.name: pool for pool in side} for side in (before, after))
    rows: list[Row] = []
    for name in dict.fromkeys((*new, *old)):
        was, now = old.get(name), new.get(name)
        if was == now:
            continue
        total = (now or was or PoolFacts(name=name, total=0, used=0)).total
        rows.append((name, was.used if was else None, now.used if now else None, f"of {total:,}"))
    return rows


def stack_deltas(
    changes: Iterable[Change], resources: Mapping[str, int], order: Sequence[str]
) -> tuple[StackDelta, ...]:
    """How many objects of each stack the changes create, update, replace and delete.

    What moves counts as replaced where it was and where it goes.

    Args:
        changes: the changes of a region.
        resources: resources by stack after the change; a stack that is not there has none.
        order: stacks in the order of a first `up`; others that are touched follow.
    """
    counts: dict[str, Counter[str]] = {}
    for change in changes:
        counts.setdefault(change.stack, Counter())[_counted(change)] += 1
        former = change.former_stack
        if former is not None:
            counts.setdefault(former, Counter())["replace"] += 1
    rest = sorted(set(counts) - set(order), key=natural)
    names = [name for name in dict.fromkeys((*order, *rest)) if name in counts]
    return tuple(StackDelta(name=name, resources=resources.get(name, 0), **counts[name]) for name in names)


def _counted(change: Change) -> str:
    return "replace" if change.action == "move" else change.action
