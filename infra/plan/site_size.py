"""Racks, nodes and GPUs that a site's power holds."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from fractions import Fraction

from .. import catalog


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSize:
    """What fits a site."""

    system: str
    racks: int
    nodes: int
    gpus: int
    it_power_mw: float
    facility_power_mw: float
    limited_by: str
    rack_kw: float
    fabric_core_share: float
    pue: float

    def as_dict(self) -> dict[str, str | int | float]:
        """The figures by name."""
        return dataclasses.asdict(self)


def size_site(
    power_mw: str | float,
    system: str,
    *,
    pue: str | float | None = None,
    rack_kw: str | float | None = None,
    fabric_core_share: str | float | None = None,
) -> SiteSize:
    """Size a site: racks = floor(power / PUE / (rack figure x (1 + share of fabric and core))).

    Args:
        power_mw: power at the meter in MW.
        system: catalogue id.
        pue: facility power over IT power; the catalogue's figure if left out.
        rack_kw: planning power of a rack in kW; the catalogue's figure if left out.
        fabric_core_share: power of fabric and core as a share of the racks'; the catalogue's figure if left out.

    Raises:
        ValueError: a number that makes no sense, or a figure that is not published and not given.
        UnknownEntryError: no such system.
    """
    figures = catalog.load()
    entry = figures.system(system)
    power = _number("power-mw", power_mw, above=0)
    factor = _number("pue", figures.pue.value if pue is None else pue, least=1)
    share = _number("fabric-core-share", figures.fabric_core_share.value if fabric_core_share is None else fabric_core_share)
    published = entry.rack_kw(entry.nodes_per_rack_default)
    if rack_kw is None and published is None:
        raise ValueError(f"no planning power is published for a rack of {system} ({entry.rack_kw_note}): give --rack-kw")
    rack = _number("rack-kw", published if rack_kw is None else rack_kw, above=0)
    each = rack * (1 + share)
    racks = int(power * 1000 / factor / each)
    it_mw = racks * each / 1000
    return SiteSize(
        system=system,
        racks=racks,
        nodes=racks * entry.nodes_per_rack_default,
        gpus=racks * entry.nodes_per_rack_default * entry.gpus_per_node,
        it_power_mw=round(float(it_mw), 6),
        facility_power_mw=round(float(it_mw * factor), 6),
        limited_by="power" if racks else f"power: one rack takes {float(each):g} kW of IT power",
        rack_kw=float(rack),
        fabric_core_share=float(share),
        pue=float(factor),
    )


def _number(name: str, value: str | float | None, *, least: int = 0, above: int | None = None) -> Fraction:
    try:
        number = Fraction(str(value))
    except (ValueError, ZeroDivisionError):
        raise ValueError(f"--{name}: a number is expected, not {value!r}") from None
    if number < least or (above is not None and number <= above):
        bound = f"above {above}" if above is not None else f"at least {least}"
        raise ValueError(f"--{name}: must be {bound}, not {value}")
    return number
