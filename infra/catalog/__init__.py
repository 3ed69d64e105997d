"""What can be built with: systems, switches, fabrics, charts, drivers, profiles, limits. Data only."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from importlib import resources
from typing import Any, TypeVar

import yaml

from ._models import (
    ChartEntry,
    DriverEntry,
    Entry,
    FabricEntry,
    FabricOption,
    Figure,
    GuidelineEntry,
    Limits,
    ServiceProfile,
    SwitchEntry,
    SystemEntry,
    Unit,
)

__all__ = [
    "Catalog",
    "ChartEntry",
    "DriverEntry",
    "FabricEntry",
    "FabricOption",
    "Figure",
    "GuidelineEntry",
    "Limits",
    "ServiceProfile",
    "SwitchEntry",
    "SystemEntry",
    "Unit",
    "UnknownEntryError",
    "load",
]

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_E = TypeVar("_E", bound=Entry)


class UnknownEntryError(LookupError):
    """No entry of that id; the message lists the known ones."""

    def __init__(self, what: str, name: str, known: tuple[str, ...]) -> None:
        super().__init__(f"there is no {what} {name}; known: {', '.join(known)}")


class Catalog:
    """All data files, each read when first asked for."""

    @functools.cached_property
    def _systems(self) -> dict[str, SystemEntry]:
        return {entry.id: entry for entry in _folder("systems", SystemEntry)}

    @functools.cached_property
    def _switches(self) -> dict[str, SwitchEntry]:
        return {entry.id: entry for entry in _folder("switches", SwitchEntry)}

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
    def _guidelines(self) -> dict[str, GuidelineEntry]:
        return {entry.grade: entry for entry in _list("guidelines.yaml", GuidelineEntry)}

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
        return tuple(self._systems)

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
        return _get("system", self._systems, name)

    def switch(self, name: str) -> SwitchEntry:
        """Switch of an id."""
        return _get("switch", self._switches, name)

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
        """Storage throughput of a grade."""
        return _get("storage grade", self._guidelines, grade)


@functools.cache
def load() -> Catalog:
    """The catalogue that comes with the package."""
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


def _folder(name: str, kind: type[_E]) -> Iterator[_E]:
    folder = resources.files(__package__).joinpath(name)
    for path in sorted(folder.iterdir(), key=lambda p: p.name):
        if path.name.endswith(".yaml"):
            yield kind.model_validate(_read(f"{name}/{path.name}"))
