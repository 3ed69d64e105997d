"""The lock file: every number that was ever given out, append-only, one line an entry.

No function without a memory can be independent of order, free of collisions and stable under growth
(docs/adr/0003-allocations.md). `aifactory allocate` is the only writer; planning only reads.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic
import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from ...spec import plain_file, source
from ...spec.problems import InputError
from ..addresses import IPNetwork
from . import lock_lines

HEADER = """\
# Allocations of region {region}: addresses, numbers and places that were given out.
# Written by `aifactory allocate {region}`, append-only, reviewed like any change. Never edit or reorder a line:
# hardware is cabled and tenants are routed by these numbers. `--release` gives numbers free by one more line.
version: 1
region: {region}
entries:
"""


def _ordered(stretch: tuple[int, int]) -> tuple[int, int]:
    if stretch[0] > stretch[1]:
        raise ValueError(f"{stretch[0]} to {stretch[1]} runs backwards")
    return stretch


_Word = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,200}$")]
"""Visible ASCII: names are compared, and nothing may only look the same."""
_Place = Annotated[int, Field(ge=0, le=9_999)]
"""Number of a rack or core node, from 0; names of racks have four digits, and limits of the catalogue are below."""
_Asn = Annotated[int, Field(ge=1, le=4_294_967_294)]
_Places = Annotated[tuple[_Place, _Place], AfterValidator(_ordered)]
"""First and last, both included."""
_Asns = Annotated[tuple[_Asn, _Asn], AfterValidator(_ordered)]


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    kind: _Word
    name: _Word

    @property
    def item(self) -> str:
        """`<kind>/<name>`, as `--release` takes it."""
        return f"{self.kind}/{self.name}"


class ClusterEntry(_Entry):
    """Place and blocks of a GPU cluster; address blocks are None for an adopted one."""

    kind: Literal["cluster"] = "cluster"
    number: int = Field(ge=1)
    hall: _Word
    system: _Word
    fabric: _Word | None = None
    max_racks: int = Field(ge=1)
    nodes_per_rack: int = Field(ge=1)
    nodes: ipaddress.IPv4Network | None = None
    service: ipaddress.IPv4Network | None = None
    hosts: ipaddress.IPv4Network | ipaddress.IPv6Network | None = None
    bmc: ipaddress.IPv4Network | ipaddress.IPv6Network | None = None
    loopbacks: ipaddress.IPv4Network | ipaddress.IPv6Network | None = None
    host_asns: _Asns | None = None
    switch_asns: _Asns | None = None


class CoreRackEntry(_Entry):
    """Out-of-band block of a rack of core nodes."""

    kind: Literal["core-rack"] = "core-rack"
    nodes: int = Field(ge=1)
    bmc: ipaddress.IPv4Network | ipaddress.IPv6Network


class CoreNodesEntry(_Entry):
    """Core nodes given to an owner, `management/<name>`, `cluster/<name>` or `storage/<name>`, by number from 0."""

    kind: Literal["core-nodes"] = "core-nodes"
    slots: tuple[_Place, ...] = Field(min_length=1)


class StorageEntry(_Entry):
    """Network of a storage system."""

    kind: Literal["storage"] = "storage"
    network: ipaddress.IPv4Network | ipaddress.IPv6Network


class TenantEntry(_Entry):
    """Numbers of a tenant."""

    kind: Literal["tenant"] = "tenant"
    number: int = Field(ge=1)
    cluster: _Word
    vni: int = Field(ge=1, le=16_777_215)
    pkey: int | None = Field(default=None, ge=1, le=0x7FFE)
    network: ipaddress.IPv4Network | ipaddress.IPv6Network


class TenantRacksEntry(_Entry):
    """Racks dedicated to a tenant, by number in the cluster, as stretches (both ends included)."""

    kind: Literal["tenant-racks"] = "tenant-racks"
    cluster: _Word
    racks: tuple[_Places, ...] = Field(min_length=1)

    @property
    def count(self) -> int:
        """How many racks these are."""
        return sum(last - first + 1 for first, last in self.racks)

    @property
    def indices(self) -> list[int]:
        """Rack numbers, in the order given out."""
        return [index for first, last in self.racks for index in range(first, last + 1)]


class ReleasedEntry(_Entry):
    """From here on the numbers of an item may be used again; `name` is the item, `<kind>/<name>`."""

    kind: Literal["released"] = "released"


Entry = ClusterEntry | CoreRackEntry | CoreNodesEntry | StorageEntry | TenantEntry | TenantRacksEntry | ReleasedEntry


class Lock(BaseModel):
    """A lock file: entries in the order they were given out."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    version: Literal[1] = 1
    region: _Word
    entries: tuple[Annotated[Entry, Field(discriminator="kind")], ...] = ()

    def held(self) -> dict[str, list[Entry]]:
        """Entries in force by item; an item may have several (growth appends)."""
        held: dict[str, list[Entry]] = {}
        for entry in self.entries:
            if isinstance(entry, ReleasedEntry):
                held.pop(entry.name, None)
            else:
                held.setdefault(entry.item, []).append(entry)
        return held


def lock_path(region_file: Path) -> Path:
    """Lock file of a region file: `<region>.lock.yaml` beside it."""
    return region_file.with_suffix(".lock.yaml")


def read(path: Path, region: str, within: Path | None = None) -> Lock:
    """The lock file at a path; an empty lock where there is no file.

    Args:
        path: the file.
        region: name of the region that it must be of.
        within: folder that it must stand in with all links followed; any if None.

    Raises:
        InputError: the file is not a lock of this region, or an entry is malformed.
    """
    if not path.exists():
        return Lock(region=region)
    return _as_written(path, region, within) or _as_yaml(path, region, within)


def _as_written(path: Path, region: str, within: Path | None) -> Lock | None:
    """The lock as `line` writes it; None if it is in another form or at fault, which the YAML reader says better."""
    try:
        data = lock_lines.read(content(path, within).decode())
        lock = None if data is None else Lock.model_validate(data)
    except (OSError, UnicodeDecodeError, pydantic.ValidationError):
        return None
    return lock if lock is not None and lock.region == region else None


def content(path: Path, within: Path | None = None) -> bytes:
    """Bytes of a lock file, within the bounds of `read` (InputError beyond them; FileNotFoundError without a file)."""
    return plain_file.read(path, source.display_name(path), most_bytes=source.MAX_BYTES, within=within)


def _as_yaml(path: Path, region: str, within: Path | None) -> Lock:
    document = source.read(path, within)
    data = dict(document.data)
    data["entries"] = data.get("entries") or []
    try:
        lock = Lock.model_validate(data)
    except pydantic.ValidationError as error:
        raise InputError(
            document.problem(
                tuple(part for part in details["loc"] if not _is_tag(part)),
                details["msg"],
                remedy="the lock is written by `aifactory allocate` only: restore it from version control",
            )
            for details in error.errors(include_url=False)
        ) from None
    if lock.region != region:
        message = f"the lock is of region {lock.region}, the region file of {region}"
        remedy = f"restore {path.name} from version control, or name the region {lock.region}"
        problem = document.problem(("region",), message, remedy=remedy)
        raise InputError([problem])
    return lock


def _is_tag(part: Any) -> bool:
    """Pydantic puts the discriminator's value into the location."""
    return isinstance(part, str) and part in _TAGS


_TAGS = {"cluster", "core-rack", "core-nodes", "storage", "tenant", "tenant-racks", "released"}


def text(lock: Lock) -> str:
    """A lock file's text: the header, then one line an entry."""
    return header(lock.region) + "".join(line(entry) for entry in lock.entries)


def header(region: str) -> str:
    """First lines of a region's lock file; a name such as `on` is quoted, since YAML reads it as another thing."""
    shown = yaml.safe_dump(region, default_flow_style=True).splitlines()[0]
    return HEADER.replace("region: {region}", f"region: {shown}").format(region=region)


def line(entry: Entry) -> str:
    """One entry of the lock file as a line of YAML."""
    data = entry.model_dump(mode="json", exclude_none=True)
    ordered = {"kind": data.pop("kind"), "name": data.pop("name"), **data}
    flow = yaml.dump(ordered, Dumper=_DUMPER, default_flow_style=True, sort_keys=False, width=10_000)
    return f"- {flow.strip()}\n"


_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def networks_of(entry: Entry) -> Iterator[IPNetwork]:
    """Address blocks of an entry of the lock."""
    if isinstance(entry, ClusterEntry):
        for block in (entry.nodes, entry.service, entry.hosts, entry.bmc, entry.loopbacks):
            if block is not None:
                yield block
    elif isinstance(entry, CoreRackEntry):
        yield entry.bmc
    elif isinstance(entry, StorageEntry | TenantEntry):
        yield entry.network
