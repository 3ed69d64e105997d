"""Plans a region from wherever a program has it: a file, data, or a model built in Python.

What was given out before (`lock`) and the hosts (`inventory`) come from files or from memory too.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from .. import catalog as catalogue
from .. import spec
from ..spec import data, load
from ..spec import inventory as inventories
from ..spec.inventory import Inventory
from ..spec.problems import InputError, Problem
from ..spec.source import Document, display_name, read
from . import build
from .allocation import ledger
from .allocation.lock import Entry, Lock, lock_path
from .allocation.lock import read as read_lock
from .checks import references
from .checks.context import Context
from .model import PoolUse, RegionPlan
from .regions import completed, enclosing

RegionSource = str | os.PathLike[str] | Mapping[str, Any] | spec.Region
"""A region file's path, data of the same shape, or the model."""
LockSource = str | os.PathLike[str] | Lock
"""A lock file's path, or a lock in memory."""
InventorySource = str | os.PathLike[str] | Iterable[Mapping[str, object]]
"""A CSV file's path, `"sample"`, or a mapping for each host: `rack, u, serial, bmc, mac`, and `slot` if wanted."""
Allocations = Literal["locked", "provisional", "append"]
"""What becomes of numbers that the lock lacks: an error, given out in memory, or given out and appended to its file."""
_ALLOCATIONS = ("locked", "provisional", "append")
_SHOWN = 5
"""Items that an incomplete lock's message names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A region that may be planned, with its allocations."""

    context: Context
    folder: Path
    """What an inventory that the region names is relative to: the region file's folder, or the working directory."""
    lock: Lock
    """The lock as it stands."""
    full_lock: Lock
    missing: tuple[Entry, ...]
    """What `full_lock` has and `lock` has not."""
    pools: tuple[PoolUse, ...]
    """How full the pools are with all of `full_lock`."""
    lock_file: Path | None
    """None where the lock is in memory."""
    lock_shown: str
    """What messages call the lock."""

    @property
    def region(self) -> spec.Region:
        """The region."""
        return self.context.region

    @property
    def inventory_file(self) -> Path | None:
        """Inventory that the region names; None without one, or for a sample."""
        name = self.region.inventory
        return None if name in (None, "sample") else self.folder / name

    @property
    def project(self) -> Path:
        """Folder that files of the region stand in: the project's, else that of the region."""
        return enclosing(self.folder / "region.yaml") or self.folder


def plan_region(
    source: RegionSource,
    *,
    lock: LockSource | None = None,
    allocations: Allocations | None = None,
    inventory: InventorySource | None = None,
) -> RegionPlan:
    """Compute everything that a region needs: power, racks, fabric, addresses, storage, placement.

    Needs no project, no cluster and no credentials, and takes milliseconds for a small region.

    >>> cluster = {"name": "infer-a", "provider": "existing", "system": "rtx-pro-server", "nodes": 8}
    >>> cluster |= {"nodes_per_rack": 4, "rack_kw": 30, "purpose": "inference", "access": {"context": "edge-infer"}}
    >>> edge = {
    ...     "region": {"name": "kr-edge", "country": "KR", "city": "Pohang"},
    ...     "sovereignty": {"residency": ["KR"], "operators": ["KR"]},
    ...     "addressing": {"underlay_v4": "10.80.0.0/20", "oob_v4": "10.81.0.0/20"},
    ...     "site": {"power": {"utility_mw": 1, "redundancy": "n"}, "halls": [{"name": "h1", "max_it_mw": 0.8}]},
    ...     "core": {"nodes": 4},
    ...     "management": [{"name": "management", "provider": "existing", "access": {"context": "edge-management"}}],
    ...     "clusters": [cluster],
    ... }
    >>> plan = plan_region(edge)
    >>> plan.name, plan.cluster("infer-a").gpus
    ('kr-edge', 64)
    >>> plan_region(edge | {"core": {"nodes": "four"}})
    Traceback (most recent call last):
    ai_factory.infra.spec.problems.InputError: <region kr-edge>: core.nodes: a bare number is expected: ...

    Args:
        source: path of a region file; a mapping of the same shape (`aifactory schema` prints it); or a `Region`.
        lock: where the numbers that were given out stand: the path of a lock file, or a `Lock`. `<region>.lock.yaml`
            beside the file if `source` is a path; else in memory, where the same source always gets the same numbers.
        allocations: what becomes of numbers that the lock lacks. `"locked"`, where there is a lock, refuses.
            `"provisional"`, where there is none, gives them out in this plan only. `"append"` also writes them to the
            lock file: whole or not at all, what stands there never changes.
        inventory: hosts that exist, in the place of those that the region names: the path of a CSV file, a mapping a
            host with its columns, or `"sample"` for made-up ones. `()` is a region without hosts.

    Raises:
        InputError: every fault, each with its path such as `clusters[0].racks`, and how to mend it.
        ValueError: `allocations` is none of the three, or `"append"` without a lock file.
        OSError: the lock file can't be written.
    """
    _check_use(source, lock, allocations)
    opened = open_source(source, lock=lock, allocations=allocations)
    hosts, region = _hosts(opened, inventory)
    plan = build.plan(region, opened.context.catalog, opened.full_lock, hosts, opened.pools)
    if allocations == "append" and opened.missing and opened.lock_file is not None:
        ledger.append(opened.lock_file, opened.lock, opened.missing)
    return plan


def allocate(source: RegionSource, *, lock: LockSource | None = None) -> Lock:
    """Give out what a region lacks, in memory: its lock, to keep and to plan with.

    A region that has grown keeps its numbers if it is planned with the lock that it had:
    `lock = allocate(grown, lock=lock)`.

    Args:
        source: see `plan_region`.
        lock: what was given out before; beside the file if `source` is a path, else nothing.

    Returns:
        The whole lock: all of `lock`, unchanged and in its order, then what is new.

    Raises:
        InputError: every fault of the region or the lock; a pool that has no room.
    """
    return open_source(source, lock=lock, allocations="provisional").full_lock


def open_source(source: RegionSource, *, lock: LockSource | None, allocations: Allocations | None) -> Given:
    """Read and check a region and its lock, in the way of `plan_region`.

    Raises:
        InputError: every fault; a lock that lacks numbers, where it must not.
    """
    document, catalog = _document(source), catalogue.load()
    region = load.validate(document)
    if problems := references.check(region, catalog, document):
        raise InputError(problems)
    context, path = Context(region, catalog, document), _path(source)
    lock_file = _lock_file(path, lock)
    shown = display_name(lock_file) if lock_file is not None else f"<lock of {region.region.name}>"
    before = _lock(region.region.name, lock, lock_file, shown)
    full = completed(context, before, shown)
    if full.missing and (allocations or _usual(source, lock)) == "locked":
        raise InputError([_incomplete(shown, full.missing, path, lock_file)])
    return Given(
        context=context,
        folder=path.parent if path is not None else Path.cwd(),
        lock=before,
        full_lock=full.lock,
        missing=full.missing,
        pools=full.pools,
        lock_file=lock_file,
        lock_shown=shown,
    )


def name_of(source: RegionSource) -> str:
    """What a source goes by where it can't be opened: the region's name as it gives it, else its file's."""
    if isinstance(source, spec.Region):
        return source.region.name
    return _name(source) if isinstance(source, Mapping) else display_name(Path(source))


def _path(source: RegionSource) -> Path | None:
    return Path(source) if isinstance(source, str | os.PathLike) else None


def _check_use(source: RegionSource, lock: LockSource | None, allocations: str | None) -> None:
    if allocations is not None and allocations not in _ALLOCATIONS:
        raise ValueError(f"allocations is one of {', '.join(_ALLOCATIONS)}, not {allocations!r}")
    if allocations == "append" and (isinstance(lock, Lock) or (lock is None and _path(source) is None)):
        raise ValueError('allocations="append" writes to a lock file: give its path as lock=')


def _usual(source: RegionSource, lock: LockSource | None) -> Allocations:
    """Numbers that were given out somewhere must not be made up elsewhere."""
    return "provisional" if lock is None and _path(source) is None else "locked"


def _document(source: RegionSource) -> Document:
    if isinstance(source, spec.Region):
        # What the program left out stays left out, so that the plan is that of the same region in a file.
        given = source.model_dump(mode="json", exclude_unset=True, warnings=False)
        return data.document(given, _name(given))
    if isinstance(source, Mapping):
        return data.document(source, _name(source))
    if isinstance(source, str | os.PathLike):
        return read(Path(source))
    raise TypeError(f"a region is a path, a mapping or a Region, not {type(source).__name__}")


def _name(given: Mapping[str, Any]) -> str:
    """What messages call a region in memory."""
    info = given.get("region")
    name = info.get("name") if isinstance(info, Mapping) else None
    return f"<region {name}>" if isinstance(name, str) and name.isprintable() else "<region>"


def _lock_file(path: Path | None, lock: LockSource | None) -> Path | None:
    if isinstance(lock, Lock):
        return None
    if lock is not None:
        return Path(lock)
    return lock_path(path) if path is not None else None


def _lock(region: str, lock: LockSource | None, lock_file: Path | None, shown: str) -> Lock:
    if lock_file is not None:
        return read_lock(lock_file, region)
    if not isinstance(lock, Lock):
        return Lock(region=region)
    if lock.region != region:
        message = f"the lock is of region {lock.region}, the region is {region}"
        raise InputError([Problem(file=shown, path="region", message=message, remedy="give the region's own lock")])
    return lock


def _incomplete(shown: str, missing: Sequence[Entry], path: Path | None, lock_file: Path | None) -> Problem:
    items = list(dict.fromkeys(entry.item for entry in missing))
    more = f" and {len(items) - _SHOWN} more" if len(items) > _SHOWN else ""
    if path is not None and lock_file == lock_path(path):
        remedy = f"run `aifactory allocate {display_name(path)}` and commit the lock"
    elif lock_file is not None:
        remedy = 'plan once with allocations="append" and commit the lock'
    else:
        remedy = "complete it by allocate(region, lock=lock)"
    return Problem(
        file=shown,
        message=f"the lock lacks {', '.join(items[:_SHOWN])}{more}",
        remedy=f'{remedy}; allocations="provisional" plans with numbers that may change',
    )


def _hosts(opened: Given, inventory: InventorySource | None) -> tuple[Inventory | None, spec.Region]:
    """The hosts to plan with, and the region as it then is."""
    region = opened.region
    wanted = region.inventory if inventory is None else inventory
    if wanted is None:
        return None, region
    if not isinstance(wanted, str | os.PathLike):
        name = f"<inventory of {region.region.name}>"
        return inventories.of_rows(wanted, name), region.model_copy(update={"inventory": None})
    region = region.model_copy(update={"inventory": os.fspath(wanted)})
    if wanted == "sample":
        return None, region
    if inventory is None:
        return inventories.load(opened.folder / wanted, opened.project), region
    return inventories.load(Path.cwd() / wanted), region
