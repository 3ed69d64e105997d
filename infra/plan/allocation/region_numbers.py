"""Numbers that no two regions may share, and the pairs of regions that do. Pure, and fast for hundreds of regions."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ... import spec
from .. import quantities
from ..addresses import IPNetwork


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionNumbers:
    """What a region takes from the company-wide pools. Pod and service ranges repeat everywhere and are left out."""

    region: str
    file: str
    networks: tuple[tuple[str, IPNetwork], ...]
    """Path in the region file, and the network there."""
    asns: tuple[int, int]
    """First and last AS number."""
    vnis: tuple[int, int]
    """First and last VXLAN network identifier."""
    contexts: tuple[tuple[str, str], ...] = ()
    """Path in the region file, and the kubeconfig context or API server there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """Two regions that share what each must have for itself; `first` comes first by name and file."""

    first: RegionNumbers
    second: RegionNumbers
    path: str
    """Where in the first region's file, such as `addressing.underlay_v4`."""
    what: str
    """What is shared, with the second region's name and path."""


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A stretch of numbers of one region, both ends included."""

    start: int
    last: int
    owner: int
    path: str
    shown: str


def numbers_of(region: spec.Region, file: str) -> RegionNumbers:
    """Blocks, AS numbers, VNIs and accesses of a region file: what it may share with no other region.

    Args:
        region: the region.
        file: its file, as messages name it.
    """
    pools = region.addressing
    networks: list[tuple[str, IPNetwork]] = [
        ("addressing.underlay_v4", pools.underlay_v4),
        ("addressing.oob_v4", pools.oob_v4),
    ]
    if pools.ula_v6 is not None:
        networks.append(("addressing.ula_v6", pools.ula_v6))
    return RegionNumbers(
        region=region.region.name,
        file=file,
        networks=tuple(networks),
        asns=(pools.asn_base, pools.asn_base + pools.asn_count - 1),
        vnis=(pools.vni_base, pools.vni_base + pools.vni_count - 1),
        contexts=tuple(_contexts(region)),
    )


def _contexts(region: spec.Region) -> Iterator[tuple[str, str]]:
    for index, management in enumerate(quantities.managements(region)):
        yield from _access(f"management[{index}].access" if region.management else "management", management.access)
    for index, cluster in enumerate(region.clusters):
        if cluster.access is not None:
            yield from _access(f"clusters[{index}].access", cluster.access)


def _access(path: str, access: spec.Access) -> Iterator[tuple[str, str]]:
    """The Cluster API secret is left out: it is told apart by its management cluster."""
    if access.context is not None:
        yield f"{path}.context" if "." in path else path, access.context
    if access.exec is not None:
        yield f"{path}.exec.server", access.exec.server


def overlaps(regions: Iterable[RegionNumbers]) -> list[Overlap]:
    """Every pair of regions that share an address block, AS numbers, VNIs, the name or an access.

    Sorted stretches are swept once, so the time grows with the regions and with what overlaps, not with all pairs.

    Returns:
        Overlaps by first region, second region and path; the order of the input doesn't matter.
    """
    ordered = sorted(regions, key=lambda numbers: (numbers.region, numbers.file))
    shared = [*_names(ordered), *_shared_contexts(ordered)]
    for kind, stretches in (
        ("", _blocks(ordered, 4)),
        ("", _blocks(ordered, 6)),
        ("AS numbers ", _ranges(ordered, "asns", "addressing.asn_base")),
        ("VNIs ", _ranges(ordered, "vnis", "addressing.vni_base")),
    ):
        shared += [_overlap(ordered, kind, a, b) for a, b in _sweep(stretches)]
    return sorted(shared, key=lambda overlap: (overlap.first.region, overlap.second.region, overlap.path, overlap.what))


def _blocks(regions: Sequence[RegionNumbers], version: int) -> Iterator[_Stretch]:
    for owner, numbers in enumerate(regions):
        for path, network in (pair for pair in numbers.networks if pair[1].version == version):
            start = int(network.network_address)
            yield _Stretch(start, start + network.num_addresses - 1, owner, path, str(network))


def _ranges(regions: Sequence[RegionNumbers], field: str, path: str) -> Iterator[_Stretch]:
    for owner, numbers in enumerate(regions):
        first, last = getattr(numbers, field)
        yield _Stretch(first, last, owner, path, f"{first}-{last}")


def _sweep(stretches: Iterable[_Stretch]) -> Iterator[tuple[_Stretch, _Stretch]]:
    """Pairs of stretches that overlap and have different owners."""
    order = itertools.count()
    open_: list[tuple[int, int, _Stretch]] = []
    for stretch in sorted(stretches, key=lambda s: (s.start, s.last, s.owner, s.path)):
        while open_ and open_[0][0] < stretch.start:
            heapq.heappop(open_)
        yield from ((other, stretch) for _, _, other in open_ if other.owner != stretch.owner)
        heapq.heappush(open_, (stretch.last, next(order), stretch))


def _overlap(regions: Sequence[RegionNumbers], kind: str, a: _Stretch, b: _Stretch) -> Overlap:
    former, latter = sorted((a, b), key=lambda stretch: stretch.owner)
    second = regions[latter.owner]
    what = f"{kind}{former.shown} {'overlap' if kind else 'overlaps'} {latter.shown} ({latter.path} of {second.region})"
    return Overlap(first=regions[former.owner], second=second, path=former.path, what=what)


def _names(regions: Sequence[RegionNumbers]) -> Iterator[Overlap]:
    for name, namesakes in itertools.groupby(regions, key=lambda numbers: numbers.region):
        for first, second in itertools.combinations(list(namesakes), 2):
            what = f"the name {name} is borne by {second.file} too"
            yield Overlap(first=first, second=second, path="region.name", what=what)


def _shared_contexts(regions: Sequence[RegionNumbers]) -> Iterator[Overlap]:
    users: dict[str, list[tuple[RegionNumbers, str]]] = {}
    for numbers in regions:
        for path, context in numbers.contexts:
            users.setdefault(context, []).append((numbers, path))
    for context, uses in users.items():
        for (first, path), (second, other) in itertools.combinations(uses, 2):
            if first is not second:
                what = f"{context} is reached by {other} of {second.region} too"
                yield Overlap(first=first, second=second, path=path, what=what)
