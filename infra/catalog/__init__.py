"""What can be built with: systems, switches, fabrics, charts, drivers, profiles, limits, countries. Data only.

A system is a file in `systems/`, a switch a file in `switches/`, a country a file in `countries/`: adding one takes no
code. Files are read when first asked for. Charts, drivers, service profiles, guidelines, fabrics, platform limits and
address pools are a YAML file each.

Read this module for what can be asked, then the types of the data: `_models` (figures with grade and source, systems,
switches, fabrics, drivers, charts, limits), `_country` (country profiles), `_pools` (the company's address pools).

>>> load().system("gb300-nvl72").rack_plan_kw.value
150.0
>>> load().switch("qm9700").ports
64
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from importlib import resources
from typing import Any, TypeVar

import yaml

from ..errors import BAD_INPUT, FactoryError
from ._country import CountryEntry, Fact
from ._models import (
    ChartEntry,
    DriverEntry,
    Entry,
    FabricEntry,
    FabricOption,
    Figure,
    GuidelineEntry,
    Limits,
    Range,
    ServiceProfile,
    Sourced,
    SwitchEntry,
    SystemEntry,
    Unit,
    UnknownFigureError,
)
from ._pools import Pools, PoolsEntry

__all__ = [
    "Catalog",
    "ChartEntry",
    "CountryEntry",
    "DriverEntry",
    "FabricEntry",
    "FabricOption",
    "Fact",
    "Figure",
    "GuidelineEntry",
    "Limits",
    "Pools",
    "PoolsEntry",
    "Range",
    "ServiceProfile",
    "Sourced",
    "SwitchEntry",
    "SystemEntry",
    "Unit",
    "UnknownEntryError",
    "UnknownFigureError",
    "load",
]

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_E = TypeVar("_E", bound=Entry)


class UnknownEntryError(FactoryError):
    """No entry of that id; the message lists the known ones."""

    exit_code = BAD_INPUT

    def __init__(self, what: str, name: str, entry_ids: tuple[str, ...]) -> None:
        super().__init__(f"there is no {what} {name}; known: {', '.join(entry_ids)}")


class Catalog:
    """All data files, each read when first asked for."""

    @functools.cached_property
    def _fabrics(self) -> dict[str, FabricEntry]:
        return _by_id("fabrics.yaml", FabricEntry)

    @functools.cached_property
    def _drivers(self) -> dict[str, DriverEntry]:
        return _by_id("drivers.yaml", DriverEntry)

    @functools.cached_property
    def _services(self) -> dict[str, ServiceProfile]:
        return _by_id("services.yaml", ServiceProfile)

    @functools.cached_property
    def guidelines(self) -> tuple[GuidelineEntry, ...]:
        """Published storage throughput: by node, scalable unit and four scalable units."""
        return tuple(_list("guidelines.yaml", GuidelineEntry))

    @functools.cached_property
    def charts(self) -> tuple[ChartEntry, ...]:
        """Add-on charts, in file order."""
        return tuple(_list("charts.yaml", ChartEntry))

    @functools.cached_property
    def _platform(self) -> dict[str, Any]:
        data = _read("platform.yaml")
        return dict(data)

    @functools.cached_property
    def limits(self) -> Limits:
        """Bounds of the platform."""
        return Limits.model_validate(self._platform["limits"])

    @functools.cached_property
    def fabric_core_share(self) -> Figure:
        """Power of switches and core nodes as a share of the racks' power."""
        return Figure.model_validate(self._platform["fabric_core_share"])

    @functools.cached_property
    def pue(self) -> Figure:
        """PUE to plan with where none is given."""
        return Figure.model_validate(self._platform["pue"])

    @functools.cached_property
    def pools(self) -> PoolsEntry:
        """Company-wide pools of addresses and numbers, where the project names none."""
        return PoolsEntry.model_validate(_read("addressing.yaml"))

    @functools.cached_property
    def brings(self) -> dict[str, str]:
        """What brings the kinds of an API group, by group, or by `*.` and a suffix of groups."""
        return {
            **self._platform["brings"],
            **{group: name for chart in self.charts for group, name in chart.brings.items()},
        }

    @property
    def kubernetes_versions(self) -> tuple[str, ...]:
        """Kubernetes versions that may be used."""
        return tuple(self._platform["kubernetes"]["versions"])

    @property
    def kubernetes_default(self) -> str:
        """Kubernetes version of clusters that name none."""
        return str(self._platform["kubernetes"]["default"])

    @property
    def system_ids(self) -> tuple[str, ...]:
        """Ids of the systems."""
        return _names("systems")

    @property
    def switch_ids(self) -> tuple[str, ...]:
        """Ids of the switches."""
        return _names("switches")

    @property
    def country_ids(self) -> tuple[str, ...]:
        """Codes of the countries that have a profile."""
        return _names("countries")

    @property
    def fabric_ids(self) -> tuple[str, ...]:
        """Ids of the fabrics."""
        return tuple(self._fabrics)

    @property
    def driver_ids(self) -> tuple[str, ...]:
        """Ids of the storage drivers."""
        return tuple(self._drivers)

    @property
    def service_ids(self) -> tuple[str, ...]:
        """Ids of the service profiles."""
        return tuple(self._services)

    def system(self, name: str) -> SystemEntry:
        """System of an id (UnknownEntryError if there is none)."""
        return _system(name)

    def switch(self, name: str) -> SwitchEntry:
        """Switch of an id."""
        return _switch(name)

    def country(self, code: str) -> CountryEntry:
        """Profile of a country by ISO 3166-1 alpha-2 code (UnknownEntryError if it has none)."""
        return _country(code)

    def fabric(self, name: str) -> FabricEntry:
        """Fabric of an id."""
        return _get("fabric", self._fabrics, name)

    def driver(self, name: str) -> DriverEntry:
        """Storage driver of an id."""
        return _get("driver", self._drivers, name)

    def service(self, name: str) -> ServiceProfile:
        """Service profile of an id."""
        return _get("service profile", self._services, name)

    def storage_guideline(self, grade: str) -> GuidelineEntry:
        """Storage throughput of a level, for one scalable unit."""
        of_unit = {guideline.grade: guideline for guideline in self.guidelines if guideline.scope == "su"}
        return _get("storage grade", of_unit, grade)


@functools.cache
def load() -> Catalog:
    """The catalogue that comes with the package: every system, switch, chart, limit and country that can be named."""
    return Catalog()


def _get(what: str, entries: dict[str, _E], name: str) -> _E:
    if name not in entries:
        raise UnknownEntryError(what, name, tuple(entries))
    return entries[name]


def _read(name: str) -> Any:
    path = resources.files(__package__).joinpath(name)
    return yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506 the C loader is safe too


def _list(name: str, kind: type[_E]) -> Iterator[_E]:
    for data in _read(name):
        yield kind.model_validate(data)


def _by_id(name: str, kind: type[_E]) -> dict[str, _E]:
    return {entry.id: entry for entry in _list(name, kind)}  # type: ignore[attr-defined]


@functools.cache
def _names(folder: str) -> tuple[str, ...]:
    files = resources.files(__package__).joinpath(folder).iterdir()
    return tuple(sorted(path.name.removesuffix(".yaml") for path in files if path.name.endswith(".yaml")))


@functools.cache
def _system(name: str) -> SystemEntry:
    return SystemEntry.model_validate(_file("systems", "system", name))


@functools.cache
def _switch(name: str) -> SwitchEntry:
    return SwitchEntry.model_validate(_file("switches", "switch", name))


@functools.cache
def _country(code: str) -> CountryEntry:
    return CountryEntry.model_validate(_file("countries", "country profile", code))


def _file(folder: str, what: str, name: str) -> Any:
    if name not in _names(folder):
        raise UnknownEntryError(what, name, _names(folder))
    return _read(f"{folder}/{name}.yaml")
