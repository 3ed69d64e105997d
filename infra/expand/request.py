"""What is asked for, and everything that is wrong with it, at once."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .. import catalog as catalogue
from .. import spec
from ..catalog import Catalog, CountryEntry, Pools, SystemEntry, UnknownEntryError
from ..plan import regions
from ..plan.allocation.lock import lock_path
from ..plan.regions import Loaded
from ..spec.load import validate_as
from ..spec.problems import InputError, Problem
from ..spec.source import Document, display_name
from ..text.flow import is_plain
from .existing_regions import ExistingRegions, read_existing, read_pools

COMMAND = "aifactory expand"
_OPTIONS = {"name": "--to", "country": "--country", "city": "--city"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A region to be made from another one."""

    source: str
    """Name or file of the region to expand from."""
    name: str
    country: str
    """ISO 3166-1 alpha-2."""
    power_mw: str | float
    """Power at the meter."""
    city: str | None = None
    """From the name if None."""
    system: str | None = None
    """System of all clusters that are built from bare metal; the source's if None."""
    rack_kw: str | float | None = None
    """Planning power of a rack of `system` in kW; the catalogue's if None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A request that makes sense, with all that it refers to."""

    root: Path
    source: Loaded
    name: str
    city: str
    city_given: bool
    profile: CountryEntry
    power_mw: float
    system: SystemEntry | None
    rack_kw: float | None
    pools: Pools
    existing: ExistingRegions

    @property
    def catalog(self) -> Catalog:
        """Figures."""
        return self.source.catalog


def region_path(root: Path, name: str) -> Path:
    """File of the region that is asked for."""
    return root / regions.REGIONS / f"{name}.yaml"


def stack_path(root: Path, name: str) -> Path:
    """File with the Pulumi settings of the new region's first stack."""
    return root / "stacks" / f"Pulumi.{name}.yaml"


def accept(request: Request, root: Path) -> Accepted:
    """Check a request to expand a region: every fault of it at once.

    Raises:
        InputError: every fault of the options, and of the files that it rests on.
    """
    faults: list[Problem] = []
    source, existing, pools = _source(request, root, faults), read_existing(root), _pools(root, faults)
    faults += (
        _fault("", f"the addresses of a region are not known: {problem}", "mend its file first")
        for problem in existing.faults
        if source is not None or problem.file != display_name(region_path(root, request.source))
    )
    city = _city(request.name) if request.city is None else request.city
    faults += _identity(request, city, root, existing)
    profile = _profile(request.country, faults)
    power_mw = _number("--power-mw", request.power_mw, 100_000, faults)
    rack_kw = None if request.rack_kw is None else _number("--rack-kw", request.rack_kw, 10_000, faults)
    system = _system(request, source, faults)
    if faults or source is None or profile is None or power_mw is None or pools is None:
        raise InputError(faults)
    return Accepted(
        root=root, source=source, name=request.name, city=city, city_given=request.city is not None, profile=profile,
        power_mw=power_mw, system=system, rack_kw=rack_kw, pools=pools, existing=existing,
    )  # fmt: skip


def _fault(path: str, message: str, remedy: str = "") -> Problem:
    return Problem(file=COMMAND, path=path, message=message, remedy=remedy)


def _source(request: Request, root: Path, faults: list[Problem]) -> Loaded | None:
    try:
        return regions.open_region(regions.region_file(request.source, root))
    except InputError as error:
        faults += error.problems
        return None


def _pools(root: Path, faults: list[Problem]) -> Pools | None:
    try:
        return read_pools(root)
    except InputError as error:
        faults += error.problems
        return None


def _city(name: str) -> str:
    """The part of a region's name after the country, as a name: `jp-osaka` is Osaka."""
    tail = name.partition("-")[2] or name
    return " ".join(word.capitalize() for word in tail.split("-"))


def _identity(request: Request, city: str, root: Path, existing: ExistingRegions) -> Iterator[Problem]:
    """Faults of name, country code and city, by the rules of region files; and whether the name is free."""
    data = {"name": request.name, "country": request.country, "city": city}
    try:
        validate_as(spec.RegionInfo, Document(COMMAND, data, {}))
    except InputError as error:
        for problem in error.problems:
            if problem.path == "name" or request.city is not None or problem.path == "country":
                yield _fault(
                    _OPTIONS[problem.path], f"{problem.message} (given: {data[problem.path]!r})", problem.remedy
                )
    legal = not any(sign in request.name for sign in "/\\\0")
    if request.name.isalpha() and not is_plain(request.name):
        yield _fault("--to", f"YAML reads {request.name} as yes, no or nothing", "choose another name")
    file = region_path(root, request.name)
    for path in (file, lock_path(file), stack_path(root, request.name)) if legal else ():
        if path.exists() or path.is_symlink():
            yield _fault("--to", f"{display_name(path)} exists, and nothing is overwritten", "choose another name")
    for numbers in existing.numbers:
        if numbers.region == request.name and numbers.file != display_name(file):
            yield _fault("--to", f"the name {request.name} is borne by {numbers.file}", "choose another name")


def _profile(country: str, faults: list[Problem]) -> CountryEntry | None:
    try:
        return catalogue.load().country(country)
    except UnknownEntryError:
        if not (len(country) == 2 and country.isascii() and country.isupper()):
            return None  # the rules of region files say so already
        country_ids = ", ".join(catalogue.load().country_ids)
        remedy = f"known: {country_ids}; or add infra/catalog/countries/<code>.yaml"
        faults.append(_fault("--country", f"there is no profile of the country {country}", remedy))
        return None


def _number(option: str, value: str | float, most: float, faults: list[Problem]) -> float | None:
    try:
        number = float(str(value).strip())
    except ValueError:
        number = math.nan
    if not 0 < number <= most:
        faults.append(_fault(option, f"a number above 0 and at most {most:,} is expected, not {value!r}"))
        return None
    return number


def _system(request: Request, source: Loaded | None, faults: list[Problem]) -> SystemEntry | None:
    if request.system is None:
        if request.rack_kw is not None:
            faults.append(_fault("--rack-kw", "needs --system: it is the power of a rack of that system"))
        return None
    try:
        system = catalogue.load().system(request.system)
    except UnknownEntryError as error:
        faults.append(_fault("--system", str(error.args[0])))
        return None
    faults += _misfits(system, source, rack_kw=request.rack_kw)
    return system


def _misfits(system: SystemEntry, source: Loaded | None, *, rack_kw: str | float | None) -> Iterator[Problem]:
    if system.gpus_per_node == 0:
        yield _fault("--system", f"{system.id} has no GPUs", "choose a GPU system")
        return
    if rack_kw is None and system.rack_kw(system.nodes_per_rack_default) is None:
        why = system.rack_kw_note
        remedy = "give --rack-kw, the figure of your racks"
        yield _fault("--system", f"no planning power is published for a rack of {system.id} ({why})", remedy)
    for cluster in source.region.clusters if source is not None else ():
        if cluster.provider != "existing" and cluster.purpose not in system.purposes:
            message = f"{system.id} does not serve {cluster.purpose}, as cluster {cluster.name} of the source does"
            yield _fault("--system", message, f"it serves {', '.join(system.purposes)}")
