"""Finds projects and their region files, and opens them: the way in for the command line and the program.

A program that has a region in memory, or its lock elsewhere, comes in by `sources`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from .. import catalog as catalogue
from .. import spec
from ..catalog import Catalog
from ..files import PACKAGE
from ..spec import inventory as inventories
from ..spec.inventory import Inventory, Sheet
from ..spec.load import load
from ..spec.problems import InputError, Problem
from ..spec.source import Document, display_name
from . import build
from .allocation import contradictions
from .allocation.allocate import Shortage, complete, retired
from .allocation.lock import Entry, Lock, lock_path
from .allocation.lock import read as read_lock
from .checks import references
from .checks.context import Context
from .model import RegionPlan

REGIONS = Path("stacks") / "regions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A region file with all that belongs to it, validated."""

    file: Path
    region: spec.Region
    catalog: Catalog
    document: Document = field(repr=False)
    lock: Lock = field(repr=False)
    """The lock as it stands in its file."""
    full_lock: Lock = field(repr=False)
    """The lock with everything that is still missing appended."""
    missing: tuple[Entry, ...] = field(repr=False)
    """Allocations that the lock file lacks: provisional until `aifactory allocate`."""
    retired: tuple[str, ...]
    """Items that hold numbers though the region file names them no more."""
    sheet: Sheet | None = field(repr=False)
    """Lines of the inventory file; None without one."""
    inventory: Inventory | None = field(repr=False)
    """Hosts of the inventory file; None without one, or where they were not to be read."""

    def plan(self) -> RegionPlan:
        """The region's plan; numbers that are missing from the lock are provisional.

        Raises:
            InputError: inventory rows that fit no planned rack.
        """
        return build.plan(self.region, self.catalog, self.full_lock, self.inventory)


def project_root(start: Path | None = None) -> Path:
    """Folder with Pulumi.yaml and region files: from the working directory upwards, else the package's."""
    for folder in ((start or Path.cwd()).resolve(), *(start or Path.cwd()).resolve().parents):
        if (folder / "Pulumi.yaml").is_file() and (folder / REGIONS).is_dir():
            return folder
    return PACKAGE.parent


def region_file(name: str, root: Path | None = None) -> Path:
    """File of a region, by name or by path.

    Raises:
        InputError: there is no such region; the known ones are listed.
    """
    if "/" in name or name.endswith((".yaml", ".yml")):
        return Path(name)
    folder = (root or project_root()) / REGIONS
    path = folder / f"{name}.yaml"
    if not path.is_file():
        names = ", ".join(known_regions(root)) or "none"
        message = f"there is no region {name}"
        raise InputError([Problem(file=str(REGIONS), message=message, remedy=f"known: {names}; or give a file's path")])
    return path


def known_regions(root: Path | None = None) -> list[str]:
    """Names of the regions that have a file."""
    folder = (root or project_root()) / REGIONS
    return sorted(path.stem for path in folder.glob("*.yaml") if not path.name.endswith(".lock.yaml"))


def open_region(path: Path, *, hosts: bool = True) -> Loaded:
    """Read a region file, its lock and its inventory, and check them against each other.

    Args:
        path: the region file.
        hosts: whether the hosts of the inventory are read; else its lines only, for who plans a part of the region.

    Raises:
        InputError: every fault found.
    """
    region, document = load(path)
    catalog = catalogue.load()
    if problems := references.check(region, catalog, document):
        raise InputError(problems)
    lock = read_lock(lock_path(path), region.region.name)
    full, missing = completed(Context(region, catalog, document), lock, display_name(lock_path(path)))
    sheet = _sheet(path, region)
    return Loaded(
        file=path,
        region=region,
        catalog=catalog,
        document=document,
        lock=lock,
        full_lock=full,
        missing=missing,
        retired=tuple(retired(region, lock)),
        sheet=sheet,
        inventory=sheet.inventory() if sheet is not None and hosts else None,
    )


def completed(context: Context, lock: Lock, lock_file: str) -> tuple[Lock, tuple[Entry, ...]]:
    """A lock with what it lacks for a region given out, and what that is. Pure.

    Args:
        context: a region whose references hold.
        lock: what was given out before.
        lock_file: what messages call the lock.

    Raises:
        InputError: region and lock contradict each other, or a pool has no room.
    """
    region, catalog, document = context.region, context.catalog, context.document
    full, missing, shortages = complete(region, catalog, lock)
    place = contradictions.Held(region=region, catalog=catalog, document=document, lock=lock, lock_file=lock_file)
    problems = [*contradictions.problems(place), *_shortages(document, shortages)]
    if problems := problems or references.placed(context, full):
        raise InputError(problems)
    return full, tuple(missing)


def load_plan(path: Path) -> RegionPlan:
    """Plan of a region file (InputError if it can't be planned)."""
    return open_region(path).plan()


def _sheet(path: Path, region: spec.Region) -> Sheet | None:
    if region.inventory is None or region.inventory == "sample":
        return None
    return inventories.read(path.parent / region.inventory)


def _shortages(document: Document, shortages: list[Shortage]) -> list[Problem]:
    return [document.problem(s.path, s.message, remedy=s.remedy, rule="pools-exhausted") for s in shortages]
