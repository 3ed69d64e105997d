"""Country profiles: what a region takes from the country that it stands in. Every fact carries its grade and source.

Grades are the catalogue's, read for a country: P the law, the utility or the authority itself; S a third party quoting
it; D derived; A assumption, which the planner of the site replaces.
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from ._models import Entry, Figure, Grade

CountryCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
"""ISO 3166-1 alpha-2."""
_Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


class Fact(Entry):
    """A text with where it comes from."""

    value: _Text
    grade: Grade
    source: _Text
    note: str = ""


class Countries(Entry):
    """A list of countries with where it comes from."""

    value: tuple[CountryCode, ...] = Field(min_length=1)
    grade: Grade
    source: _Text
    note: str = ""


class CountryEntry(Entry):
    """Profile of a country."""

    id: CountryCode
    name: Fact
    currency: Fact
    """ISO 4217."""
    time_zone: Fact
    """Name in the IANA time zone database."""
    grid_hz: Figure
    """Frequency of the grid in Hz; unknown where the country has two."""
    connection_kv: Figure
    """Voltage at which a site of tens of MW is usually connected, in kV."""
    pue: Figure
    """PUE to plan with in this climate."""
    ambient_c: Figure
    """Outdoor dry-bulb temperature to design heat rejection for, in degrees Celsius."""
    law: Fact
    """Data-protection law."""
    transfer: Fact
    """What the law asks of who sends personal data abroad, in a line."""
    residency: Countries
    """Countries that data may be stored in, by default."""
    operators: Countries
    """Countries that administrators may work from, by default."""
    energy_per_mwh: Figure | None = None
    """Price of electricity for industry, in `currency` a MWh; left out where none is sourced."""

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        if self.id not in self.residency.value:
            raise ValueError(f"{self.id}: the country itself is missing from residency")
        if (self.pue.value or 0) < 1:
            raise ValueError(f"{self.id}: a PUE to plan with is needed, at least 1")
        unsourced = [name for name, figure in self.figures.items() if not figure.source.strip()]
        if unsourced:
            raise ValueError(f"{self.id}: no source is given for {', '.join(unsourced)}")
        return self

    @property
    def figures(self) -> dict[str, Figure]:
        """The numbers by name."""
        figures = {"grid_hz": self.grid_hz, "connection_kv": self.connection_kv, "pue": self.pue}
        figures["ambient_c"] = self.ambient_c
        return figures if self.energy_per_mwh is None else figures | {"energy_per_mwh": self.energy_per_mwh}
