"""Power and cooling of the site, beyond what planning refuses."""

from __future__ import annotations

from collections.abc import Iterator

from ...plan.model import ClusterPlan, RegionPlan
from .. import rule
from ..rule import Breach, RegionView

_TIGHT = 0.98
_DSX = "NVIDIA DSX facilities reference design, docs.nvidia.com/dsx/facilities-infra/reference-design-overview"
_SUPPLY_C = 45
"""Warmest published supply for Blackwell and Rubin racks, in degrees Celsius."""
_FEEDS_2N = 2


@rule.region(
    id="power-headroom", area="power", severity="warning",
    reason="planning figures have a few percent of error: a hot day takes the site over its limit",
    remedy="leave out a rack, or raise the supply", source=_DSX,
)  # fmt: skip
def power_headroom(view: RegionView) -> Iterator[Breach]:
    """Sites whose power is planned to the last percent of their supply."""
    power = view.plan.power
    if power.facility_kw > _TIGHT * power.utility_kw:
        message = (
            f"a site is planned for at most {_TIGHT:.0%} of its supply: {power.facility_kw / 1000:,.2f} MW "
            f"of {power.utility_kw / 1000:g} MW are taken"
        )
        yield Breach(message=message, path=("site", "power", "utility_mw"))


@rule.region(
    id="power-feeds", area="power", severity="error",
    reason="2n means two independent paths from the utility on: with one feed, its loss takes both",
    remedy="name the second feed, or state the redundancy that there is",
    source="https://voltcoreelectrical.com/blog/data-center-power-redundancy-design: 2N doubles all from the feed on",
)  # fmt: skip
def power_feeds(view: RegionView) -> Iterator[Breach]:
    """Sites whose power is 2n by name and has fewer than two feeds."""
    power = view.plan.spec.site.power
    if power.redundancy == "2n" and len(power.feeds) < _FEEDS_2N:
        message = f"redundancy 2n has two feeds or more: {', '.join(power.feeds) or 'none'} is named"
        yield Breach(message=message, path=("site", "power", "feeds"))


@rule.region(
    id="power-curtailable", area="power", severity="warning",
    reason="when the grid asks for the promised load, services are stopped that nobody agreed to stop",
    remedy="name further services in energy.shed_first, or promise less",
    source="NVIDIA/dsx-exchange, schemas/asyncapi/dsx-flex",
)  # fmt: skip
def power_curtailable(view: RegionView) -> Iterator[Breach]:
    """Power promised to the grid beyond all that `shed_first` and GPUs without a tenant could ever give."""
    plan, energy = view.plan, view.plan.spec.energy
    if energy.curtailable_mw is None:
        return
    at_meter = (1 + plan.power.fabric_core_share) * plan.power.pue / 1000
    most_mw = sum(_sheddable_kw(plan, cluster) for cluster in plan.clusters) * at_meter
    if energy.curtailable_mw > most_mw:
        first = ", ".join(energy.shed_first) or "nothing"
        message = (
            f"what is promised to the grid can be shed: {energy.curtailable_mw:g} MW are promised; GPUs without "
            f"a tenant and all tenants that use what is shed first ({first}) draw {most_mw:,.2f} MW at most"
        )
        yield Breach(message=message, path=("energy", "curtailable_mw"))


def _sheddable_kw(plan: RegionPlan, cluster: ClusterPlan) -> float:
    """Upper bound: whole tenants, though some of their GPUs may serve what is not shed."""
    first = set(plan.spec.energy.shed_first)
    kept = sum(
        tenant.gpus
        for tenant in plan.tenants_of(cluster.name)
        if not first.intersection(use.name for use in tenant.services)
    )
    return len(cluster.racks) * cluster.rack_kw * (1 - kept / cluster.gpus)


@rule.region(
    id="cooling-redundancy", area="cooling", severity="warning",
    reason="without a spare distribution unit the racks behind one are off within seconds of its failure",
    remedy="plan one unit more than needed (cdu_redundancy: n+1)", source=_DSX,
)  # fmt: skip
def cooling_redundancy(view: RegionView) -> Iterator[Breach]:
    """Liquid-cooled racks on coolant distribution units without a spare."""
    liquid = _liquid(view.plan)
    if liquid and view.plan.spec.site.cooling.cdu_redundancy == "n":
        racks = sum(len(cluster.racks) for cluster in liquid)
        message = f"liquid-cooled racks have a spare coolant distribution unit: {racks} racks stand behind n"
        yield Breach(message=message, path=("site", "cooling", "cdu_redundancy"))


@rule.region(
    id="cooling-supply", area="cooling", severity="error",
    reason="warmer coolant than the racks are made for makes GPUs slow down, then shut off",
    remedy=f"supply {_SUPPLY_C} C or less",
    source="NVIDIA developer blog, Inside the NVIDIA Rubin Platform: 45 C supply; the same for Blackwell",
)  # fmt: skip
def cooling_supply(view: RegionView) -> Iterator[Breach]:
    """Temperatures of the coolant supply beyond what is published for liquid-cooled systems."""
    supply_c, liquid = view.plan.spec.site.cooling.supply_c, _liquid(view.plan)
    if liquid and supply_c > _SUPPLY_C:
        systems = ", ".join(sorted({cluster.system.id for cluster in liquid}))
        message = f"liquid-cooled racks are supplied at {_SUPPLY_C} C at most: {supply_c:g} C is planned for {systems}"
        yield Breach(message=message, path=("site", "cooling", "supply_c"))


def _liquid(plan: RegionPlan) -> list[ClusterPlan]:
    return [cluster for cluster in plan.clusters if cluster.system.cooling == "liquid"]
