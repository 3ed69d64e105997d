"""Clusters of a new region: the source's proportions at another power. Pure.

racks = floor(power / PUE / (1 + share of fabric and core) x the cluster's share of the source's rack power / rack kW),
in whole scalable units where that costs less than a tenth of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from .. import spec
from ..catalog import Catalog, SystemEntry
from ..errors import SizeError
from ..objects.budget import MAX_STATE_BYTES, STATE_FACTOR
from ..plan import quantities
from ..plan.addresses import pow2
from ..plan.links import link_names

GROWTH = 1.25
"""max_racks as a multiple of racks: assumption, as fabric and addresses are fixed once allocated."""
LEAST_GROWTH = 1.1
"""Room that a cluster at its bound keeps before another one is added: assumption."""
LINK_BYTES = 65
"""Bytes of an Ethernet link's static address in a manifest, without the cluster's name: keys, rack and unit, IPv6
prefix."""
LEAST_REPLICAS: Literal[3] = 3
"""Control-plane nodes of a new cluster, at least: fewer lose etcd's quorum with one node."""
OTHER_BYTES = 100_000
"""Bytes of everything else in a cluster's stack, resources' envelopes among them; 64,000 were measured."""
UNIT_LOSS = 0.1
"""Share of a cluster's racks that rounding to whole units may cost."""
_MARGIN = 1 - 1e-9
"""Keeps a site that is filled exactly from exceeding its supply by a rounding error."""


class TooSmallError(SizeError):
    """The power holds not even one rack."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A cluster of the new region: a cluster of the source, or one of several that take its place."""

    cluster: spec.Cluster
    """With the new name, system, fabric and size."""
    origin: spec.Cluster
    """The source's cluster."""
    number: int
    """Its place among those that take the origin's place, from 0."""
    of: int
    """How many there are."""
    racks: int
    max_racks: int
    unit_racks: int
    """Racks of a scalable unit; 1 where it is less than a rack, or none is published."""
    rack_kw: float
    share: float
    """The origin's share of the rack power, 0 to 1."""

    @property
    def kw(self) -> float:
        """Power of its racks, without fabric and core."""
        return self.racks * self.rack_kw


@dataclass(frozen=True, slots=True, kw_only=True)
class _Model:
    """A cluster of the source as the new region would build it, before its size is known."""

    origin: spec.Cluster
    cluster: spec.Cluster
    rack_kw: float
    weight: float
    """Rack power in the source, in kW."""
    unit_racks: int


def parts(
    source: spec.Region,
    catalog: Catalog,
    *,
    it_kw: float,
    system: SystemEntry | None,
    rack_kw: float | None,
) -> tuple[list[Part], list[spec.Cluster]]:
    """Clusters of a new region that its power holds, in the proportions of the source.

    Args:
        source: the region to expand from.
        catalog: figures.
        it_kw: power of racks with fabric and core.
        system: system of clusters that are built from bare metal; each cluster's own if None.
        rack_kw: planning power of its racks; the catalogue's if None.

    Returns:
        The clusters, and those of the source that are left out since their share holds no rack.

    Raises:
        TooSmallError: not even one rack fits.
    """
    budget_kw = it_kw / (1 + quantities.fabric_core_share(source, catalog)) * _MARGIN
    models = [_model(cluster, catalog, system, rack_kw) for cluster in source.clusters]
    kept = list(models)
    while kept and (far := _furthest(kept, budget_kw)) is not None:
        kept.remove(far)
    if not kept:
        least = min(model.rack_kw for model in models)
        raise TooSmallError(f"{budget_kw:,.1f} kW are left for racks, and one takes {least:g} kW")
    names = {model.cluster.name for model in kept}
    total = sum(model.weight for model in kept)
    new_parts: list[Part] = []
    for model in kept:
        new_parts += _split(model, budget_kw, model.weight / total, catalog, names)
    return new_parts, [model.origin for model in models if model not in kept]


def _furthest(models: Sequence[_Model], budget_kw: float) -> _Model | None:
    """The cluster that is furthest from a rack, of those that get none; its power then goes to the others."""
    total = sum(model.weight for model in models)
    without = [model for model in models if budget_kw * model.weight / total < model.rack_kw]
    return min(without, key=lambda model: model.weight / model.rack_kw, default=None)


def _model(origin: spec.Cluster, catalog: Catalog, system: SystemEntry | None, rack_kw: float | None) -> _Model:
    old_kw = quantities.rack_kw(origin, catalog) or 0.0
    cluster = origin
    if system is not None and origin.provider != "existing" and (system.id != origin.system or rack_kw is not None):
        cluster = _changed(origin, system, rack_kw)
    if cluster.provider != "existing" and cluster.control_plane.replicas < LEAST_REPLICAS:
        cluster = cluster.model_copy(update={"control_plane": spec.ControlPlane(replicas=LEAST_REPLICAS)})
    per_unit = quantities.nodes_per_unit(cluster, catalog) or 1
    return _Model(
        origin=origin,
        cluster=cluster,
        rack_kw=quantities.rack_kw(cluster, catalog) or old_kw,
        weight=quantities.racks(origin, catalog) * old_kw,
        unit_racks=max(1, per_unit // quantities.nodes_per_rack(cluster, catalog)),
    )


def _changed(origin: spec.Cluster, system: SystemEntry, rack_kw: float | None) -> spec.Cluster:
    """A cluster of another system: what belonged to the old one is left out."""
    same = system.id == origin.system
    return origin.model_copy(
        update={
            "system": system.id,
            "rack_kw": rack_kw,
            "nodes_per_rack": origin.nodes_per_rack if same else None,
            "fabric": origin.fabric if origin.fabric in system.fabric_ids else None,
            "kubernetes": origin.kubernetes if same else None,
        }
    )


def _split(model: _Model, budget_kw: float, share: float, catalog: Catalog, names: set[str]) -> Iterator[Part]:
    """The cluster at its new size, as several where one may not be so large."""
    racks = _whole_units(int(budget_kw * share / model.rack_kw), model.unit_racks)
    cap = _cap(model, catalog)
    count = -(-math.ceil(racks * LEAST_GROWTH) // cap)
    step = model.unit_racks if racks % model.unit_racks == 0 and racks // model.unit_racks >= count else 1
    steps = racks // step
    for number in range(count):
        here = (steps // count + (number < steps % count)) * step
        most = max(here, min(cap, _room(here, model.unit_racks)))
        name = model.cluster.name if number == 0 else _free_name(model.cluster.name, number + 1, names)
        names.add(name)
        part = Part(
            cluster=model.cluster, origin=model.origin, number=number, of=count, racks=here, max_racks=most,
            unit_racks=model.unit_racks, rack_kw=model.rack_kw, share=share,
        )  # fmt: skip
        yield replace(part, cluster=_sized(part, name, catalog))


def _sized(part: Part, name: str, catalog: Catalog) -> spec.Cluster:
    per_rack = quantities.nodes_per_rack(part.cluster, catalog)
    by_nodes = part.origin.nodes is not None and not catalog.system(part.cluster.system).rack_scale
    size = {"racks": None if by_nodes else part.racks, "nodes": part.racks * per_rack if by_nodes else None}
    return part.cluster.model_copy(update={"name": name, "max_racks": part.max_racks, **size})


def _whole_units(racks: int, unit: int) -> int:
    whole = racks // unit * unit
    return whole if whole >= racks * (1 - UNIT_LOSS) else racks


def _room(racks: int, unit: int) -> int:
    return math.ceil(racks * GROWTH / unit) * unit


def _cap(model: _Model, catalog: Catalog) -> int:
    """Racks that one cluster may have, by nodes, hosts of a management cluster, fabric, and the state of its stack."""
    limits = catalog.limits
    nodes = min(limits.nodes_per_cluster, limits.hosts_per_management - model.cluster.control_plane.replicas)
    most = nodes // quantities.nodes_per_rack(model.cluster, catalog)
    cap = min(pow2(most + 1) // 2, _stateful(model.cluster, catalog))  # address blocks are powers of two
    while cap > 1 and not _buildable(model.cluster, cap, catalog):
        cap //= 2
    return cap // model.unit_racks * model.unit_racks or cap


def _stateful(cluster: spec.Cluster, catalog: Catalog) -> int:
    """Racks whose Ethernet links fit the state of one stack; what IPv4 links take is less."""
    fabric = quantities.fabric_id(cluster, catalog)
    if cluster.provider == "existing" or fabric is None or catalog.fabric(fabric).kind != "ethernet":
        return catalog.limits.nodes_per_cluster
    links = sum(name.startswith("ew") for name in link_names(catalog.system(cluster.system), catalog.fabric(fabric)))
    rack_bytes = quantities.nodes_per_rack(cluster, catalog) * links * (LINK_BYTES + len(cluster.name))
    return max(1, int((MAX_STATE_BYTES / STATE_FACTOR - OTHER_BYTES) / rack_bytes))


def _buildable(cluster: spec.Cluster, racks: int, catalog: Catalog) -> bool:
    try:
        quantities.fabric_size(cluster.model_copy(update={"racks": racks, "nodes": None, "max_racks": racks}), catalog)
    except SizeError:
        return False
    return True


def _free_name(name: str, number: int, taken: set[str]) -> str:
    """`train-a-2` for the second of `train-a`; cut so that it stays a legal name."""
    while (free := f"{name[:35].rstrip('-')}-{number}") in taken:
        number += 1
    return free


def by_origin(new_parts: Sequence[Part]) -> Mapping[str, list[Part]]:
    """The new region's clusters by the cluster of the source whose place they take."""
    groups: dict[str, list[Part]] = {}
    for part in new_parts:
        groups.setdefault(part.origin.name, []).append(part)
    return groups
