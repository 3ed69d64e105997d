"""The text of a new region's file: every value with where it comes from, and what a person must decide."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .. import spec
from ..catalog import CountryEntry, Fact, Figure
from ..plan import quantities
from ..plan.allocation.address_plan import Blocks
from ..text import templates
from ..text.flow import comment, flow
from . import carryover
from .draft import Draft, addressing, describe
from .existing_regions import POOLS_FILE
from .layout import HallOf
from .sizing import GROWTH

_LAYOUT_WHY: dict[spec.Layout, str] = {
    "split": "computed: too many racks for a single stack",
    "wide": "computed: too many clusters for one stack of their management planes",
}


def stack_text(name: str) -> str:
    """Text of the Pulumi settings of a new region's first stack."""
    return templates.render("region/stack.yaml.j2", region=name)


def region_text(draft: Draft, blocks: Blocks) -> str:
    """Text of a new region's file: every value with a comment that says where it comes from."""
    data = draft.data(addressing(blocks))
    accepted, old = draft.accepted, draft.source.region.name
    given = "given" if accepted.city_given else "city: assumption, from the name; DECIDE"
    text = templates.render(
        "region/region.yaml.j2",
        head=_head(draft),
        region=flow(data["region"]),
        region_why=f"name, country: given; {given}",
        layout=flow(draft.stack_layout),
        layout_why="copied" if draft.stack_layout == draft.source.layout else _LAYOUT_WHY[draft.stack_layout],
        sovereignty=flow(data["sovereignty"]),
        sovereignty_why=comment(_sovereignty(accepted.profile)),
        addressing=list(_addressing(blocks)),
        addressing_why=comment(_addressing_why(blocks)),
        power=flow(draft.power),
        power_why=comment(_power(draft), "  "),
        cooling=flow({"supply_c": draft.source.site.cooling.supply_c, **data["site"].get("cooling", {})}),
        cooling_why=f"copied; DECIDE: for {accepted.profile.ambient_c.value:g} C outdoors, see above",
        halls_why=comment(
            "computed: max_it_mw is the clusters' share of the IT power, max_racks what they may grow to; rest copied",
            "  ",
        ),
        halls=[(flow(carryover.dumped(hall.hall)), _hall(draft, hall)) for hall in draft.halls],
        core=flow(draft.core),
        core_why=f"computed: {draft.core_needed} are needed, and half as many for growth, in whole racks",
        bmc=flow(data["bmc"]) if "bmc" in data else "",
        images=[(key, flow(image)) for key, image in draft.images.items()],
        images_why=comment(
            f"copied from {old}, on {accepted.name}'s own image server. DECIDE: it must serve them first"
        ),
        managements=[flow(management) for management in data["management"]],
        management_why=comment(_management(draft)),
        clusters=[
            (flow(cluster), comment(describe(draft, part), "  "))
            for cluster, part in zip(draft.clusters, draft.parts, strict=True)
        ],
        clusters_why=comment(_clusters(draft)),
        storage=[flow(storage) for storage in draft.storage],
        storage_why=comment(
            f"copied from {old}, capacity by the GPUs that use it (two digits, up); host names are assumptions. DECIDE"
        ),
        tenants=[flow(tenant) for tenant in draft.tenants],
        tenants_why=_tenants(draft),
        services=[flow(service) for service in data.get("services", [])],
        energy=flow(data["energy"]),
        energy_why=comment("copied; DECIDE: curtailable_mw, once it is agreed with the grid operator"),
    )
    return text if text.endswith("\n") else text + "\n"


def _head(draft: Draft) -> str:
    profile, name, old = draft.accepted.profile, draft.accepted.name, draft.source.region.name
    intro = (
        f"{name}, made from {old} by `aifactory expand`. Each comment says where its values come from: given (on the "
        f"command line), profile (of the country, in the catalogue), computed, copied (from {old}) or assumption. "
        "DECIDE marks what a person must decide or confirm."
    )
    facts = f"{profile.name.value} by its profile (P own text, S quoted, D derived, A assumption):"
    lines = [comment(intro), "#", comment(facts), *(comment(line, hang="    ") for line in _facts(profile))]
    return "\n".join(lines)


def _facts(profile: CountryEntry) -> Iterator[str]:
    yield f"- grid frequency: {_figure(profile.grid_hz, 'Hz')}"
    yield f"- connection to the grid: {_figure(profile.connection_kv, 'kV')}"
    yield f"- PUE to plan with: {_figure(profile.pue, '')}"
    yield f"- outdoor design temperature: {_figure(profile.ambient_c, 'C')}"
    yield f"- data-protection law: {_fact(profile.law)}"
    yield f"- sending personal data abroad: {_fact(profile.transfer)}"
    yield f"- time zone: {profile.time_zone.value}; currency: {profile.currency.value}"
    if profile.energy_per_mwh is not None:
        yield f"- electricity for industry: {_figure(profile.energy_per_mwh, profile.currency.value + ' a MWh')}"


def _figure(figure: Figure, unit: str) -> str:
    value = "unknown" if figure.value is None else f"{figure.value:g} {unit}".strip()
    return f"{value} ({figure.grade}: {figure.source}{'; ' + figure.note if figure.note else ''})"


def _fact(fact: Fact) -> str:
    return f"{fact.value} ({fact.grade}: {fact.source}{'; ' + fact.note if fact.note else ''})"


def _sovereignty(profile: CountryEntry) -> str:
    return (
        "residency, operators: profile (the country itself: assumption); keys: copied. DECIDE with counsel: where data "
        f"may be kept and who may work on it, under {profile.law.value}"
    )


def _addressing(blocks: Blocks) -> Iterator[tuple[str, Any, str]]:
    data = addressing(blocks)
    must = "computed" if blocks.all_v4 else "computed: node and service networks only"
    oob = "computed" if blocks.all_v4 else "computed: core racks only; BMCs take IPv6"
    rest = (
        "computed: for what IPv4 has no room for" if blocks.all_v4 else "computed: host links, BMCs, storage, tenants"
    )
    why = {"underlay_v4": must, "oob_v4": oob, "ula_v6": rest}
    for key, value in data.items():
        yield key, value, why.get(key, "computed")


def _addressing_why(blocks: Blocks) -> str:
    text = "First fit in the company's pools: no block, AS number or VNI of another region file overlaps."
    if blocks.all_v4:
        return text
    return (
        f"{text} IPv4 is kept for what has no alternative (whole_share in {POOLS_FILE} says from where on); the lock "
        "file that came with this file keeps to that, so commit the two together."
    )


def _power(draft: Draft) -> str:
    pue = draft.accepted.profile.pue
    return (
        f"utility_mw: given; pue: profile ({pue.grade}: {pue.source}); feeds, redundancy: copied. DECIDE: the figure "
        "of the site's own design, and what the utility really gives"
    )


def _hall(draft: Draft, hall: HallOf) -> str:
    widened = ", with the cooling and power that the racks need" if hall.widened else ""
    return comment(
        f"for {', '.join(hall.clusters)}; after {hall.origin} of {draft.source.region.name}{widened}", "    "
    )


def _management(draft: Draft) -> str:
    most = draft.accepted.catalog.limits.hosts_per_management
    return (
        f"computed: at most {most:,} hosts each at max_racks; contexts: assumption. DECIDE: the clusters that these "
        "contexts reach must be there before the first `aifactory up`"
    )


def _clusters(draft: Draft) -> str:
    budget = draft.accepted.power_mw / (draft.accepted.profile.pue.value or 1)
    share = quantities.fabric_core_share(draft.source, draft.accepted.catalog)
    return (
        f"{budget:,.2f} MW of IT power, of which racks get 1 / (1 + {share:.2%} for fabric and core), in the "
        f"proportions of {draft.source.region.name}. DECIDE: systems, purposes and max_racks ({GROWTH:g} x racks: "
        "assumption)"
    )


def _tenants(draft: Draft) -> str:
    country = draft.accepted.profile.id
    text = f"Tenants whose data may be in {country}: "
    text += "copied; DECIDE with each." if draft.tenants else f"none of {draft.source.region.name}'s."
    left = [f"left out: {what}: {why}" for what, why in draft.left_out if what.startswith("tenant ")]
    return "\n".join([comment(text), *(comment(line, hang="  ") for line in left)])
