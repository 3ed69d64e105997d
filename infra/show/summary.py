"""A planned region in a line. Apart from tables, which take long to import."""

from __future__ import annotations

from ..plan.model import RegionPlan
from . import data


def headline(plan: RegionPlan) -> str:
    """A planned region in one line for a terminal: GPUs, nodes, racks, power."""
    sums = data.totals(plan)
    where = f"{plan.spec.region.city}, {plan.spec.region.country}"
    return (
        f"{plan.name} ({where}): {sums['gpus']:,} GPUs on {sums['nodes']:,} nodes in {sums['racks']:,} racks, "
        f"{sums['facility_power_mw']:,.2f} of {plan.power.utility_kw / 1000:,.2f} MW"
    )
