"""Racks, nodes and GPUs that a site's power holds.

racks = floor(power / PUE / (rack figure x (1 + share of fabric and core))). The rack figure is the largest published
one, since a published figure below nodes x node figure is an average and not a limit; where only nodes have a figure,
it is their largest times the nodes of a rack. Figures and the share carry grade and source in the catalogue.

Numbers are exact fractions of what was written, so that 0.1 + 0.2 never costs a rack.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from ... import catalog
from ...catalog import SystemEntry, UnknownFigureError

_MAGNITUDE = 12
"""Powers of ten that a number may have: exact arithmetic on 1e999999999 never ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSize:
    """What fits a site."""

    system: str
    racks: int
    nodes: int
    gpus: int
    it_power_mw: float
    """Racks with their share of fabric and core."""
    facility_power_mw: float
    """IT power times PUE; at most the power asked for."""
    limited_by: str
    """What stops one more rack, with the figure that decides."""
    rack_kw: float
    fabric_core_share: float
    pue: float

    def as_dict(self) -> dict[str, str | int | float]:
        """The figures by name."""
        return dataclasses.asdict(self)


def size_site(
    power_mw: str | float,
    system: str,
    pue: str | float | None = None,
    rack_kw: str | float | None = None,
    fabric_core_share: str | float | None = None,
) -> SiteSize:
    """Count the racks, nodes and GPUs of one system that a site's power holds.

    Args:
        power_mw: power at the meter in MW, above 0.
        system: catalogue id of a GPU system.
        pue: facility power over IT power, at least 1; the catalogue's figure if left out.
        rack_kw: planning power of a rack in kW, above 0; the catalogue's figure if left out.
        fabric_core_share: power of fabric and core as a share of the racks', at least 0; the catalogue's figure if
            left out.

    Raises:
        ValueError: a number that makes no sense, or a system without GPUs.
        UnknownFigureError: the rack's power is not published and not given.
        UnknownEntryError: no such system; the message lists the known ones.

    >>> size = size_site(1, "dgx-h100", pue=1.25, fabric_core_share=0)   # 800 kW of IT power, 40.8 kW a rack
    >>> size.racks, size.gpus, size.it_power_mw, size.facility_power_mw
    (19, 608, 0.7752, 0.969)
    """
    figures = catalog.load()
    entry = figures.system(system)
    if entry.gpus_per_node == 0:
        raise ValueError(f"{system} has no GPUs: choose a GPU system")
    power = _number("power-mw", power_mw, above=True)
    factor = _number("pue", figures.pue.require("pue") if pue is None else pue, least=1)
    default_share = figures.fabric_core_share.require("fabric-core-share")
    share = _number("fabric-core-share", default_share if fabric_core_share is None else fabric_core_share)
    rack, figure = _rack(entry, rack_kw)
    each = rack * (1 + share)
    racks = int(power * 1000 / factor / each)
    it_mw = racks * each / 1000
    limit = f"power: {float(rack):g} kW a rack ({figure}) + {float(share):.2%} for fabric and core"
    return SiteSize(
        system=system,
        racks=racks,
        nodes=racks * entry.nodes_per_rack_default,
        gpus=racks * entry.nodes_per_rack_default * entry.gpus_per_node,
        it_power_mw=round(float(it_mw), 6),
        facility_power_mw=round(float(it_mw * factor), 6),
        limited_by=limit if racks else f"less than one rack: {limit}",
        rack_kw=float(rack),
        fabric_core_share=float(share),
        pue=float(factor),
    )


def _rack(entry: SystemEntry, given: str | float | None) -> tuple[Fraction, str]:
    """Planning power of a rack in kW, and where it comes from."""
    if given is not None:
        return _number("rack-kw", given, above=True), "as given"
    if entry.rack_plan_kw.value is not None:
        figure = entry.rack_plan_kw
        return _number("rack-kw", entry.rack_plan_kw.value, above=True), f"{figure.grade}: {figure.source}"
    published = entry.rack_kw(entry.nodes_per_rack_default)
    if published is not None:
        note = f"D: {entry.nodes_per_rack_default} nodes x {entry.node_kw.value:g} kW"
        return _number("rack-kw", published, above=True), note
    if entry.rack_kw_range is not None:
        raise UnknownFigureError(f"{entry.id} has a published range {entry.rack_kw_range} kW: give --rack-kw")
    raise UnknownFigureError(f"{entry.id} has no published power of a rack or node: give --rack-kw")


def _number(name: str, value: str | float, *, least: int = 0, above: bool = False) -> Fraction:
    """Exact value of a number as it is written; a float's shortest form is what its writer meant."""
    try:
        written = Decimal(str(value).strip())
    except InvalidOperation:
        raise ValueError(f"--{name}: a number is expected, not {value!r}") from None
    if not written.is_finite() or abs(written.adjusted()) > _MAGNITUDE:
        raise ValueError(f"--{name}: a number of sensible size is expected, not {value!r}")
    number = Fraction(written)
    if number < least or (above and number <= least):
        raise ValueError(f"--{name}: must be {'above' if above else 'at least'} {least}, not {value}")
    return number
