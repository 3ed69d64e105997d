"""Expansion: a new region from an existing one, in another country, at another power.

>>> request = Request(source="kr-ulsan", name="jp-osaka", country="JP", power_mw=60)
>>> expansion = expand(request)
>>> expansion.plan.name, sum(cluster.gpus for cluster in expansion.plan.clusters) > 10_000
('jp-osaka', True)

- `request`: what is asked for, every fault of it, and the paths of its region file and stack settings.
- `existing_regions`: whose numbers are taken, the company's pools and what is left of them.
- `sizing`: clusters at the new power. `layout`: halls, management clusters, core nodes.
- `carryover`: storage, tenants, host names and images of the source. `draft`: all of it as data, with address pools,
  and where its sizes come from in words.
- `text`: the region file, with a comment for each value, and the stack's settings.
- `budget`: whether its first stack is small enough. `files`: its files put in place, all or none.
- `project`: a new project with a first region, drafted and written (`aifactory init`), with `run_time.lock`, what this
  package needs at run time by hashes (`make lock`).
"""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..plan import regions
from ..plan.allocation import lock
from ..plan.allocation.address_plan import Blocks, ExhaustedError, Space, demand_of
from ..plan.allocation.allocate import complete
from ..plan.allocation.lock import Lock, lock_path
from ..plan.model import RegionPlan
from ..plan.regions import Loaded
from ..spec.load import load
from ..spec.problems import InputError, Problem
from .budget import over_budget
from .draft import Draft, draft
from .existing_regions import POOLS_FILE, ExistingRegions, Outlook, outlook, read_existing, read_pools
from .files import place
from .request import COMMAND, Accepted, Request, accept, region_path, stack_path
from .sizing import TooSmallError
from .text import region_text, stack_text

__all__ = [
    "ExistingRegions",
    "Expansion",
    "Outlook",
    "Request",
    "expand",
    "outlook",
    "read_existing",
    "read_pools",
    "write",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expansion:
    """A new region, ready to be written."""

    request: Request
    files: dict[Path, str]
    """Texts by file, in the order that they are put in place: the region file last."""
    region_file: Path
    plan: RegionPlan
    lock: Lock
    blocks: Blocks
    left_out: tuple[tuple[str, str], ...]
    """What of the source does not come along, and why."""
    notices: tuple[str, ...]
    outlook: Outlook | None
    """What is left in the company's pools afterwards."""

    @property
    def decisions(self) -> int:
        """Places in the region file that a person must decide."""
        return self.files[self.region_file].count("DECIDE") - 1


def expand(request: Request, root: Path | None = None) -> Expansion:
    """Make a region from another one; nothing is written.

    Args:
        request: what is asked for.
        root: folder of the project; found from the working directory if None.

    Raises:
        InputError: the request, a file that it rests on, or the pools don't allow it; every fault of a kind at once.
    """
    accepted = accept(request, root or regions.project_root())
    try:
        new_region = draft(accepted)
    except TooSmallError as error:
        message = f"{accepted.power_mw:g} MW at PUE {accepted.profile.pue.value:g} hold no rack: {error}"
        raise _refused("--power-mw", message, "raise it") from None
    expansion = _expansion(request, new_region)
    if over_budget(expansion.plan) is not None and new_region.stack_layout != "wide":
        expansion = _expansion(request, dataclasses.replace(new_region, stack_layout="wide"))
    if (why := over_budget(expansion.plan)) is not None:
        message = f"{accepted.power_mw:g} MW are too much for one region: {why}"
        raise _refused("--power-mw", message, "make several regions of less power")
    return expansion


def _expansion(request: Request, new_region: Draft) -> Expansion:
    accepted = new_region.accepted
    space = accepted.existing.space(accepted.pools)
    blocks = _blocks(new_region, space)
    text = region_text(new_region, blocks)
    loaded = _proven(accepted, text)
    region_file, name = region_path(accepted.root, accepted.name), accepted.name
    return Expansion(
        request=request,
        files={
            stack_path(accepted.root, name): stack_text(name),
            lock_path(region_file): lock.text(loaded.lock),
            region_file: text,
        },
        region_file=region_file,
        plan=loaded.plan(),
        lock=loaded.lock,
        blocks=blocks,
        left_out=new_region.left_out,
        notices=tuple(_notices(accepted, new_region, blocks)),
        outlook=outlook((*accepted.existing.regions, loaded.region), space, accepted.catalog),
    )


def _blocks(new_region: Draft, space: Space) -> Blocks:
    accepted = new_region.accepted
    try:
        return space.give(demand_of(new_region.region(), accepted.catalog, accepted.pools))
    except ExhaustedError as error:
        remedy = f"widen the company's pools in {POOLS_FILE}"
        raise InputError(
            _fault("", f"the address space is exhausted: {why}", remedy) for why in error.reasons
        ) from None


def write(expansion: Expansion) -> None:
    """Put the files of an expansion in place, all or none (InputError if one exists)."""
    place(expansion.files)


def _proven(accepted: Accepted, text: str) -> Loaded:
    """The region as its files will be read, with a lock that lacks nothing.

    Raises:
        InputError: the file that was made doesn't pass the checks.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{accepted.name}.yaml"
        try:
            path.write_text(text, encoding="utf-8")
            region, document = load(path)
            done, _, shortages = complete(region, accepted.catalog, Lock(region=accepted.name))
            if shortages:
                raise InputError(document.problem(s.path, s.message, remedy=s.remedy) for s in shortages)
            lock_path(path).write_text(lock.text(done), encoding="utf-8")
            return regions.open_region(path)
        except InputError as error:
            name = f"{accepted.name}.yaml (not written)"
            raise InputError(dataclasses.replace(problem, file=name) for problem in error.problems) from None


def _notices(accepted: Accepted, new_region: Draft, blocks: Blocks) -> Iterator[str]:
    code = accepted.profile.id.lower()
    if not accepted.name.startswith(f"{code}-"):
        yield f"the name {accepted.name} does not begin with {code}-: is the country right?"
    if accepted.profile.grid_hz.value is None:
        yield f"grid frequency of {accepted.profile.name.value}: {accepted.profile.grid_hz.note}"
    if not blocks.all_v4:
        yield (
            "IPv4 is kept for node and service networks, the rest takes IPv6: the region is too large for "
            f"1/{accepted.pools.whole_share} of the IPv4 that is left (whole_share, {POOLS_FILE})"
        )
    for part in new_region.parts:
        if part.of > 1 and part.number == 0:
            yield f"{part.origin.name} becomes {part.of} clusters of up to {part.max_racks} racks each"


def _fault(path: str, message: str, remedy: str) -> Problem:
    return Problem(file=COMMAND, path=path, message=message, remedy=remedy)


def _refused(path: str, message: str, remedy: str) -> InputError:
    return InputError([_fault(path, message, remedy)])
