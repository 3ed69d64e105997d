"""What a new region takes over from its source: storage, tenants that may come, image servers. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from .. import spec
from ..catalog import Catalog
from ..plan import quantities
from .sizing import Part

_TIB_PER_PIB = 1024


def dumped(model: Any) -> dict[str, Any]:
    """A part of a region as its file would say it, to be taken over: only what was set, as plain data."""
    data: dict[str, Any] = model.model_dump(mode="json", exclude_defaults=True, exclude_none=True)
    return data


def storage(
    source: spec.Region, groups: Mapping[str, Sequence[Part]], catalog: Catalog, *, region: str
) -> tuple[list[dict[str, Any]], list[str]]:
    """Storage systems of the source, scaled by the GPUs that they serve in the new region.

    Returns:
        Data of the systems, and the names of those left out since none of their clusters is there.
    """
    systems: list[dict[str, Any]] = []
    left: list[str] = []
    for original in source.storage:
        users = [name for name in (original.used_by or [c.name for c in source.clusters]) if groups.get(name)]
        if not users:
            left.append(original.name)
            continue
        clusters = [part.cluster.name for name in users for part in groups[name]]
        data = dumped(original) | _capacity(original, _ratio(original, source, users, groups, catalog))
        if original.endpoint is not None:
            data["endpoint"] = new_host(original.endpoint, source.region.name, region, original.driver or "storage")
        systems += _placed(original, data, clusters, catalog)
    return systems, left


def _placed(
    original: spec.Storage, data: dict[str, Any], clusters: Sequence[str], catalog: Catalog
) -> Iterator[dict[str, Any]]:
    """On the clusters that use it: a system inside a cluster comes once for each."""
    for key in ("cluster", "clusters"):
        data.pop(key, None)
    if original.driver is not None and catalog.driver(original.driver).on_core_nodes:
        for number, name in enumerate(clusters, start=1):
            yield data | {"name": original.name if number == 1 else f"{original.name}-{number}", "cluster": name}
    elif not original.used_by:
        yield data
    elif len(clusters) == 1:
        yield data | {"cluster": clusters[0]}
    else:
        yield data | {"clusters": list(clusters)}


def _ratio(
    original: spec.Storage,
    source: spec.Region,
    users: Sequence[str],
    groups: Mapping[str, Sequence[Part]],
    catalog: Catalog,
) -> float:
    names = original.used_by or tuple(cluster.name for cluster in source.clusters)
    old = sum(gpus(cluster, catalog) for cluster in source.clusters if cluster.name in names)
    return sum(gpus(part.cluster, catalog) for name in users for part in groups[name]) / old


def gpus(cluster: spec.Cluster, catalog: Catalog) -> int:
    """GPUs of a cluster of the source or of the new region, by which storage is scaled."""
    return quantities.nodes(cluster, catalog) * catalog.system(cluster.system).gpus_per_node


def _capacity(original: spec.Storage, ratio: float) -> dict[str, Any]:
    """Capacity at a ratio, two digits, rounded up; below a PiB in TiB."""
    if original.size_tib is None:
        return {}
    tib = original.size_tib * ratio
    if original.capacity_pib is not None and tib >= _TIB_PER_PIB:
        return {"capacity_pib": _two_digits(tib / _TIB_PER_PIB)}
    return {"capacity_pib": None, "capacity_tib": _two_digits(tib)}


def _two_digits(value: float) -> float:
    step = 10.0 ** (math.floor(math.log10(value)) - 1)
    rounded = round(math.ceil(round(value / step, 6)) * step, 9)
    return int(rounded) if rounded == int(rounded) else rounded


def new_host(host: str, old: str, new: str, service: str) -> str:
    """A host name of the new region: the source's with the region's name replaced, else `<service>.<region>.internal`.

    >>> new_host("weka.kr-ulsan.internal", "kr-ulsan", "jp-osaka", "weka")
    'weka.jp-osaka.internal'
    >>> new_host("10.1.2.3", "kr-ulsan", "jp-osaka", "weka")
    'weka.jp-osaka.internal'
    """
    labels = host.split(".")
    if old not in labels:
        return f"{service}.{new}.internal"
    return ".".join(new if label == old else label for label in labels)


def image(original: spec.Image, old: str, new: str) -> dict[str, Any]:
    """A node image on the new region's own server, over TLS; a checksum in hex stays, since it is the same image."""
    data = dumped(original) | {"url": _url(original.url, old, new)}
    if "://" in original.checksum:
        data["checksum"] = _url(original.checksum, old, new)
    return data


def _url(url: str, old: str, new: str) -> str:
    parts = urlsplit(url)
    host = new_host(parts.hostname or "", old, new, "images")
    return parts._replace(scheme="https", netloc=f"{host}:{parts.port}" if parts.port else host).geturl()


def tenants(
    source: spec.Region, groups: Mapping[str, Sequence[Part]], catalog: Catalog, *, country: str
) -> tuple[list[dict[str, Any]], list[tuple[str, str]]]:
    """Tenants of the source whose data may be in the new country and who fit, at the size that they have.

    Returns:
        Data of those that come along, and name and reason of those that don't.
    """
    free = {part.cluster.name: [part.racks, 0] for same_origin in groups.values() for part in same_origin}
    coming: list[dict[str, Any]] = []
    left: list[tuple[str, str]] = []
    for tenant in source.tenants:
        allowed = tenant.residency or source.sovereignty.residency
        if country not in allowed:
            whose = "its residency" if tenant.residency else f"the residency of {source.region.name}"
            left.append((tenant.name, f"its data may be in {', '.join(allowed)} only ({whose})"))
            continue
        place = _place(tenant, groups.get(tenant.cluster, ()), free, catalog)
        if place is None:
            left.append((tenant.name, "no cluster of the new region has room for it"))
            continue
        data = dumped(tenant) | {"cluster": place}
        if tenant.residency:
            data["residency"] = [country]
        coming.append(data)
    return coming, left


def _place(tenant: spec.Tenant, parts: Sequence[Part], free: Mapping[str, list[int]], catalog: Catalog) -> str | None:
    """The first cluster with room; shared GPUs and dedicated racks never count twice."""
    for part in parts:
        name = part.cluster.name
        per_rack = quantities.nodes_per_rack(part.cluster, catalog) * catalog.system(part.cluster.system).gpus_per_node
        racks, shared = free[name]
        racks -= tenant.racks or 0
        shared += tenant.gpus or 0
        if racks >= 0 and shared <= racks * per_rack:
            free[name][:] = [racks, shared]
            return name
    return None
