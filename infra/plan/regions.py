"""Finds projects and their region files, and opens them: the way in for the command line and the program.

A program that has a region in memory, or its lock elsewhere, comes in by `sources`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from .. import catalog as catalogue
from .. import spec
from ..catalog import Catalog
from ..errors import FactoryError, UnavailableError
from ..spec import inventory as inventories
from ..spec.inventory import Inventory, Sheet
from ..spec.load import load
from ..spec.problems import InputError, Problem
from ..spec.source import Document, display_name
from . import build
from .allocation import contradictions
from .allocation.allocate import Allocator, Shortage, retired
from .allocation.lock import Entry, Lock, lock_path
from .allocation.lock import read as read_lock
from .checks import references
from .checks.context import Context
from .model import PoolUse, RegionPlan

PROJECT = "Pulumi.yaml"
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
    pools: tuple[PoolUse, ...] = field(repr=False)
    """How full the pools are with all of `full_lock`."""
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
        return build.plan(self.region, self.catalog, self.full_lock, self.inventory, self.pools)


def project_root(start: Path | None = None) -> Path:
    """Folder of the project that a folder is in: the nearest one upwards with `Pulumi.yaml` or `stacks/regions`.

    Never one of another repository: who looks for it stops at the folder that git keeps.

    Args:
        start: the working directory if left out.

    Raises:
        UnavailableError: there is no such folder, or no `Pulumi.yaml` in it.
        InputError: the project has no folder of regions.
    """
    begin = (start or Path.cwd()).resolve()
    for folder in (begin, *begin.parents):
        is_project, has_regions = (folder / PROJECT).is_file(), (folder / REGIONS).is_dir()
        if is_project and has_regions:
            return folder
        if is_project:
            message = f"the project has no folder {REGIONS}, so there is no region to work on"
            remedy = "put region files there, or make a project for them with `aifactory init DIR`"
            raise InputError([Problem(file=str(folder / PROJECT), message=message, remedy=remedy)])
        if has_regions:
            message = f"{folder} holds {REGIONS} but no {PROJECT}: it is no project"
            raise UnavailableError(message, "restore the file, or make the project around them with `aifactory init`")
        if (folder / ".git").exists():
            break
    message = f"{begin} is in no project: no {PROJECT} with {REGIONS} beside it, there or above in its repository"
    raise UnavailableError(message, "go to a project, or make one with `aifactory init DIR`")


def root_of(name: str) -> Path:
    """Folder that what a region's file names is relative to: its project's, else the file's own.

    Args:
        name: of a region of this project, or a file's path.
    """
    if not _is_path(name):
        return project_root()
    folder = Path(name).absolute().parent
    try:
        return project_root(folder)
    except FactoryError:
        return folder


def _is_path(name: str) -> bool:
    """Whether a region is named by its file."""
    return "/" in name or name.endswith((".yaml", ".yml"))


def enclosing(file: Path) -> Path | None:
    """Folder of the project that a region's file stands in, or of a tree of a project's files; None outside of any."""
    folder = file.parent.resolve()
    return next((f for f in (folder, *folder.parents) if (f / PROJECT).is_file() or (f / REGIONS).is_dir()), None)


def region_file(name: str, root: Path | None = None) -> Path:
    """File of a region, by name or by path.

    Raises:
        InputError: there is no such region; the known ones are listed.
        UnavailableError: a name is given, and there is no project (see `project_root`).
    """
    if _is_path(name):
        return Path(name)
    folder = (root or project_root()) / REGIONS
    path = folder / f"{name}.yaml"
    if not path.is_file():
        names = ", ".join(known_regions(root)) or "none"
        message = f"there is no region {name}"
        raise InputError([Problem(file=str(REGIONS), message=message, remedy=f"known: {names}; or give a file's path")])
    return path


def known_regions(root: Path | None = None) -> list[str]:
    """Names of the regions that have a file; none is no fault here (see `every_region`)."""
    folder = (root or project_root()) / REGIONS
    return sorted(path.stem for path in folder.glob("*.yaml") if not path.name.endswith(".lock.yaml"))


def every_region(root: Path | None = None) -> list[str]:
    """Names of all regions, for what works on all of them: to have nothing to judge is no success.

    Raises:
        InputError: there is none, or a region file that no command would read.
        UnavailableError: there is no project (see `project_root`).
    """
    root = root or project_root()
    if problems := overlooked(root):
        raise InputError(problems)
    if names := known_regions(root):
        return names
    raise InputError([nothing()])


def nothing() -> Problem:
    """The fault of a project without a region."""
    remedy = "add one like that of `aifactory init --dry-run`, or go to the project that has them"
    return Problem(file=str(REGIONS), message="there is no region file here (<region>.yaml)", remedy=remedy)


def overlooked(root: Path) -> list[Problem]:
    """Region files that no command reads, because of their place or ending."""
    folder = root / REGIONS
    files = (path for path in sorted(folder.rglob("*")) if path.suffix.lower() in (".yaml", ".yml", ".json"))
    strays = (path for path in files if path.parent != folder or path.suffix != ".yaml")
    return [
        Problem(
            file=str(path.relative_to(root)),
            message="looks like a region file, and no command reads it",
            remedy=f"name it {REGIONS / path.with_suffix('.yaml').name}, or take it away",
        )
        for path in strays
        if path.is_file() and _REGION.search(_beginning(path))
    ]


def _beginning(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(_MOST_BYTES)


_MOST_BYTES = 1024 * 1024
_REGION = re.compile(rb'^\s*\{?\s*"?region"?:', re.MULTILINE)


def open_region(path: Path, *, hosts: bool = True) -> Loaded:
    """Read a region file, its lock and its inventory, and check them against each other.

    Args:
        path: the region file.
        hosts: whether the hosts of the inventory are read; else its lines only, for who plans a part of the region.

    Raises:
        InputError: every fault found.
    """
    project = enclosing(path)
    region, document = load(path, project)
    catalog = catalogue.load()
    if problems := references.check(region, catalog, document):
        raise InputError(problems)
    lock = read_lock(lock_path(path), region.region.name, project)
    full = completed(Context(region, catalog, document), lock, display_name(lock_path(path)))
    sheet = _sheet(path, region)
    return Loaded(
        file=path,
        region=region,
        catalog=catalog,
        document=document,
        lock=lock,
        full_lock=full.lock,
        missing=full.missing,
        pools=full.pools,
        retired=tuple(retired(region, lock)),
        sheet=sheet,
        inventory=sheet.inventory() if sheet is not None and hosts else None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """A lock with what it lacked for a region given out."""

    lock: Lock
    missing: tuple[Entry, ...]
    """What was given out."""
    pools: tuple[PoolUse, ...]
    """How full the pools then are."""


def completed(context: Context, lock: Lock, lock_file: str) -> Completed:
    """A lock with what it lacks for a region given out. Pure.

    Args:
        context: a region whose references hold.
        lock: what was given out before.
        lock_file: what messages call the lock.

    Raises:
        InputError: region and lock contradict each other, or a pool has no room.
    """
    region, catalog, document = context.region, context.catalog, context.document
    allocator = Allocator(region, catalog, lock)
    allocator.run()
    locked = contradictions.LockedRegion(
        region=region, catalog=catalog, document=document, lock=lock, lock_file=lock_file
    )
    problems = [*contradictions.problems(locked), *_shortages(document, allocator.shortages)]
    full = allocator.full_lock
    if problems := problems or references.placed(context, full):
        raise InputError(problems)
    return Completed(lock=full, missing=tuple(allocator.missing), pools=allocator.pools())


def _sheet(path: Path, region: spec.Region) -> Sheet | None:
    if region.inventory is None or region.inventory == "sample":
        return None
    return inventories.read(path.parent / region.inventory, enclosing(path) or path.parent)


def _shortages(document: Document, shortages: list[Shortage]) -> list[Problem]:
    return [document.problem(s.path, s.message, remedy=s.remedy, rule="pools-exhausted") for s in shortages]
