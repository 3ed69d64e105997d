"""The regions that exist, as far as their numbers go, and the pools that the project gives out from."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from .. import catalog as catalogue
from .. import spec
from ..catalog import Catalog, Pools
from ..plan import regions
from ..plan.addresses import IPNetwork
from ..plan.allocation.address_plan import Forecast, RegionNumbers, Space, demand_of, forecast, numbers_of
from ..spec import source
from ..spec.load import load, validate_as
from ..spec.problems import InputError, Problem
from ..spec.source import display_name

POOLS_FILE = Path("stacks") / "addressing.yaml"
"""Optional: replaces pools of the catalogue's `addressing.yaml`, key by key."""
COUNTED = 100
"""Where counting of further regions stops."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExistingRegions:
    """Regions whose files have the right shape, and the faults of those that have not."""

    regions: tuple[spec.Region, ...]
    numbers: tuple[RegionNumbers, ...]
    """Of the same regions, in the same order."""
    faults: tuple[Problem, ...]

    def space(self, pools: Pools) -> Space:
        """What they leave free."""
        return Space(pools, self.numbers, self.repeated())

    def repeated(self) -> Iterator[IPNetwork]:
        """Pod and service ranges in use, the usual ones among them."""
        usual = spec.Addressing.model_fields
        yield usual["pods_v4"].default
        yield usual["cluster_services_v4"].default
        for region in self.regions:
            yield region.addressing.pods_v4
            yield region.addressing.cluster_services_v4


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """How many more regions of the largest size fit the company's pools."""

    region: str
    """The largest region that there is, by the addresses that it asks for."""
    forecast: Forecast
    warn_below: int

    @property
    def low(self) -> bool:
        """Whether it is time to order more address space."""
        return not self.forecast.at_least and self.forecast.more < self.warn_below

    def __str__(self) -> str:
        more = f"{self.forecast.more:,}{' or more' if self.forecast.at_least else ''}"
        why = f" ({self.forecast.limited_by})" if self.low else ""
        return f"address space: {more} further regions as large as {self.region} fit{why}"


def outlook(existing: Iterable[spec.Region], space: Space, catalog: Catalog) -> Outlook | None:
    """What existing regions leave of the company's pools, in regions of the largest size; None where none can be sized.

    Args:
        existing: the regions.
        space: what they leave free; of no use afterwards.
        catalog: figures.
    """
    sized = []
    for region in existing:
        with contextlib.suppress(LookupError, ValueError):  # its own check says what is wrong with it
            need = demand_of(region, catalog, space.pools)
            sized.append((need.underlay + need.oob, region.region.name, need))
    if not sized:
        return None
    _, name, need = max(sized, key=lambda size: size[:2])
    return Outlook(region=name, forecast=forecast(space, need, at_most=COUNTED), warn_below=space.pools.warn_below)


def read_existing(root: Path) -> ExistingRegions:
    """Read the shape of every region file that exists; what goes beyond the shape is not looked at."""
    existing: list[spec.Region] = []
    numbers: list[RegionNumbers] = []
    faults: list[Problem] = []
    for name in regions.known_regions(root):
        path = root / regions.REGIONS / f"{name}.yaml"
        try:
            region, _ = load(path)
        except InputError as error:
            faults += error.problems
            continue
        existing.append(region)
        numbers.append(numbers_of(region, display_name(path)))
    return ExistingRegions(regions=tuple(existing), numbers=tuple(numbers), faults=tuple(faults))


def read_pools(root: Path) -> Pools:
    """The company-wide pools that new regions take from: the catalogue's, over them `stacks/addressing.yaml`.

    Raises:
        InputError: the file is malformed.
    """
    own = catalogue.load().pools
    usual = Pools.model_validate({name: getattr(own, name) for name in Pools.model_fields})
    path = root / POOLS_FILE
    if not path.exists():
        return usual
    document = source.read(path)
    merged = {**usual.model_dump(mode="json"), **document.data}
    return validate_as(Pools, dataclasses.replace(document, data=merged))
