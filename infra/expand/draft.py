"""The new region as data, all of it but its addresses, and where the sizes of its clusters come from. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .. import spec
from ..plan import quantities
from ..plan.allocation.address_plan import Blocks
from ..plan.checks.capacity import RESOURCES_PER_RACK
from . import carryover, layout, sizing
from .request import Accepted
from .sizing import Part

_PLACEHOLDER = {"underlay_v4": "10.0.0.0/8", "oob_v4": "11.0.0.0/8"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Everything of the new region but its addresses."""

    accepted: Accepted
    parts: tuple[Part, ...]
    halls: tuple[layout.HallOf, ...]
    hall_of: dict[str, str]
    managements: tuple[spec.Management, ...]
    managed_by: dict[str, str]
    core: dict[str, Any]
    core_needed: int
    storage: tuple[dict[str, Any], ...]
    tenants: tuple[dict[str, Any], ...]
    stack_layout: spec.Layout
    left_out: tuple[tuple[str, str], ...]
    """What of the source does not come along, and why."""

    @property
    def source(self) -> spec.Region:
        """The region that it is made from."""
        return self.accepted.source.region

    @property
    def clusters(self) -> list[dict[str, Any]]:
        """Data of the clusters."""
        return [_cluster(self, part) for part in self.parts]

    @property
    def power(self) -> dict[str, Any]:
        """Data of the electrical supply."""
        old = self.source.site.power
        return {
            "utility_mw": self.accepted.power_mw,
            "feeds": list(old.feeds),
            "redundancy": old.redundancy,
            "pue": self.accepted.profile.pue.value,
            "fabric_core_share": old.fabric_core_share,
        }

    @property
    def images(self) -> dict[str, Any]:
        """Data of the node images, on the new region's own server."""
        old = self.source.images
        if old is None:
            return {}
        names = self.source.region.name, self.accepted.name
        return {"gpu": carryover.image(old.gpu, *names), "core": carryover.image(old.core, *names)}

    def data(self, addressing: dict[str, Any]) -> dict[str, Any]:
        """The region file's data with these pools."""
        accepted, profile = self.accepted, self.accepted.profile
        whole = {
            "region": {"name": accepted.name, "country": profile.id, "city": accepted.city},
            "layout": self.stack_layout,
            "sovereignty": {
                "residency": list(profile.residency.value),
                "keys": self.source.sovereignty.keys,
                "operators": list(profile.operators.value),
            },
            "addressing": addressing,
            "site": {
                "power": {key: value for key, value in self.power.items() if value is not None},
                "cooling": carryover.dumped(self.source.site.cooling),
                "halls": [carryover.dumped(hall.hall) for hall in self.halls],
            },
            "inventory": "sample",
            "core": self.core,
            "bmc": carryover.dumped(self.source.bmc),
            "images": self.images,
            "management": [_management(management) for management in self.managements],
            "clusters": self.clusters,
            "storage": list(self.storage),
            "tenants": list(self.tenants),
            "services": [carryover.dumped(service) for service in self.source.services],
            "energy": self.energy,
        }
        return {key: value for key, value in whole.items() if value not in ({}, [])}

    @property
    def energy(self) -> dict[str, Any]:
        """Energy policy without what was promised to the source's grid."""
        old = self.source.energy
        return {"power_profile": old.power_profile, **({"shed_first": list(old.shed_first)} if old.shed_first else {})}

    def region(self) -> spec.Region:
        """The region with pools that hold anything: to size its real ones by."""
        return spec.Region.model_validate(self.data(dict(_PLACEHOLDER)))


def addressing(blocks: Blocks) -> dict[str, Any]:
    """Address pools of the new region as its file has them."""
    return {
        "underlay_v4": str(blocks.underlay_v4),
        "oob_v4": str(blocks.oob_v4),
        "ula_v6": str(blocks.ula_v6),
        "asn_base": blocks.asn_base,
        "asn_count": blocks.asn_count,
        "vni_base": blocks.vni_base,
        "vni_count": blocks.vni_count,
    }


def draft(accepted: Accepted) -> Draft:
    """Draft a new region from its source: clusters, halls, storage and tenants at the new power.

    Args:
        accepted: what is asked for.

    Raises:
        TooSmallError: the power holds not even one rack.
    """
    source, catalog = accepted.source.region, accepted.catalog
    it_mw = accepted.power_mw / (accepted.profile.pue.require("pue"))
    parts, dropped = sizing.parts(source, catalog, it_kw=it_mw * 1000, system=accepted.system, rack_kw=accepted.rack_kw)
    groups = sizing.by_origin(parts)
    halls, hall_of = layout.halls(source, accepted.source.full_lock, parts, catalog, it_mw=it_mw)
    preinstalled = bool(source.management) and all(
        management.provider == "existing" for management in source.management
    )
    managements, managed_by = layout.managements(accepted.name, parts, catalog, installed=not preinstalled)
    storage, no_storage = carryover.storage(source, groups, catalog, region=accepted.name)
    tenants, no_tenants = carryover.tenants(source, groups, catalog, country=accepted.profile.id)
    core, needed = _core(source, parts, managements, storage, hall_of)
    halls = layout.with_core_racks(halls, core, source.core.nodes_per_rack)
    left = [(f"cluster {cluster.name}", "its share of the power holds no rack") for cluster in dropped]
    left += [(f"storage {name}", "none of its clusters is there") for name in no_storage]
    left += [(f"tenant {name}", why) for name, why in no_tenants]
    return Draft(
        accepted=accepted, parts=tuple(parts), halls=tuple(halls), hall_of=hall_of, managements=tuple(managements),
        managed_by=managed_by, core=core, core_needed=needed, storage=tuple(storage), tenants=tuple(tenants),
        stack_layout=_layout(source, parts, catalog.limits.resources_per_stack), left_out=(*left, *_decisions(source)),
    )  # fmt: skip


def _decisions(source: spec.Region) -> list[tuple[str, str]]:
    """Parts of a file that hold for one region only."""
    left_out = []
    if source.energy.curtailable_mw is not None:
        left_out.append(("energy.curtailable_mw", "it is promised to the source's grid operator"))
    if source.waivers or source.approvals:
        left_out.append(("waivers and approvals", "they were given for the source"))
    if source.costs is not None:
        left_out.append(("costs", "prices differ by country and contract"))
    if not source.protect:
        left_out.append(("protect: false", "a new region is protected from deletion"))
    return left_out


def _core(
    source: spec.Region,
    parts: Sequence[Part],
    managements: Sequence[spec.Management],
    storage: Sequence[dict[str, Any]],
    hall_of: dict[str, str],
) -> tuple[dict[str, Any], int]:
    nodes, needed = layout.core_nodes(source.core.nodes_per_rack, parts, managements, storage)
    old = carryover.dumped(source.core)
    if old.get("hall") not in (*hall_of.values(), None):
        del old["hall"]
    nodes = max(nodes, source.core.nodes_per_rack)
    return {"system": source.core.system, **old, "nodes": nodes}, needed


def _layout(source: spec.Region, parts: Sequence[Part], limit: int) -> spec.Layout:
    racks = sum(part.max_racks for part in parts if part.cluster.provider != "existing")
    return "split" if source.layout == "single" and racks * RESOURCES_PER_RACK > limit else source.layout


def _management(management: spec.Management) -> dict[str, Any]:
    provider = {"provider": management.provider} if management.provider == "existing" else {}
    return {"name": management.name, **provider, "access": {"context": management.access.context}}


def _cluster(draft: Draft, part: Part) -> dict[str, Any]:
    cluster, region = part.cluster, draft.accepted.name
    several = len(draft.managements) > 1
    adopted = cluster.provider == "existing"
    named = cluster.access is not None and cluster.access.capi_secret is None
    own = carryover.dumped(cluster)
    rest = {key: value for key, value in own.items() if key not in ("name", "hall", "provider", "management", "access")}
    return {
        "name": cluster.name,
        "hall": draft.hall_of[cluster.name],
        "provider": cluster.provider,
        **({"management": draft.managed_by[cluster.name]} if several else {}),
        **({"access": {"context": f"{region}-{cluster.name}"}} if adopted or named else {}),
        **rest,
    }


def describe(draft: Draft, part: Part) -> str:
    """Where the size of a new region's cluster comes from, in words for its file."""
    cluster, units = part.cluster, part.racks // part.unit_racks
    if part.number > 0:
        return f"{part.number + 1} of {part.of} in the place of {part.origin.name}; as the first"
    power = f"{part.share:.1%} of the rack power as {part.origin.name} has in {draft.source.region.name}"
    if part.of > 1:
        power += f", 1 of {part.of} clusters that share it since one may not be so large"
    whole = part.unit_racks > 1 and part.racks % part.unit_racks == 0
    size = f"{part.racks} racks of {part.rack_kw:g} kW"
    size += f" = {units} whole scalable units of {part.unit_racks}" if whole else ""
    origin = "given" if draft.accepted.rack_kw is not None and cluster.provider != "existing" else "copied"
    figure = f"; rack_kw {origin}" if cluster.rack_kw is not None else ""
    room = f"; max_racks {part.max_racks}: {part.max_racks / part.racks - 1:.0%} more, fixed once allocated"
    fabric = quantities.fabric_id(cluster, draft.accepted.catalog)
    if part.origin.fabric is not None and fabric != part.origin.fabric:
        figure += f"; {cluster.system} has no {part.origin.fabric}, so its default fabric {fabric}"
    if cluster.control_plane != part.origin.control_plane:
        figure += f"; control plane of {cluster.control_plane.replicas} nodes, so that a loss keeps the quorum"
    decide = ". DECIDE: it adopts a cluster that must be there already" if cluster.provider == "existing" else ""
    return f"computed: {power}: {size}{figure}{room}{decide}"
