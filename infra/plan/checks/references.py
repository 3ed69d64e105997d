"""What a region file must satisfy beyond its shape: names, references, combinations, sizes.

Small functions, each yielding faults; `check` gathers all of them.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence

from ... import spec
from ...catalog import Catalog
from ...spec.problems import Problem
from ...spec.source import Document, Path_
from .. import quantities
from ..allocation.lock import ClusterEntry, Lock
from . import capacity, combinations, counts, plausibility
from .context import Check, Context

RESERVED = frozenset(
    {"default", "ai-factory", "capi-system", "capm3-system", "baremetal-operator-system", "metal3-ipam-system"}
    | {"core", "sample"}
)
"""Namespaces and words of the platform itself, beside those of the catalogue's charts."""
RESERVED_BEGINNINGS = ("kube-", "capi-", "ai-factory-")
"""Of namespaces of Kubernetes, of Cluster API's providers, and of this package."""
PRIVATE = tuple(
    map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"))
)
"""RFC 1918, RFC 6598 (shared by carriers and their customers; pod ranges stand there) and RFC 4193."""
_PRIVATE_SOURCE = {4: "RFC 1918, RFC 6598", 6: "RFC 4193; fd00::/8 is the part to use"}
PRIVATE_ASNS = ((64_512, 65_534), (4_200_000_000, 4_294_967_294))
"""RFC 6996."""


def check(region: spec.Region, catalog: Catalog, document: Document) -> list[Problem]:
    """All faults of a region file beyond its shape: counts, names and references first, which the rest relies on."""
    context = Context(region, catalog, document)
    for group in (counts.CHECKS, _REFERENCES, _COMBINATIONS, _SIZES):
        problems = [problem for faults_of in group for problem in faults_of(context)]
        if problems:
            return problems
    return []


def placed(context: Context, lock: Lock) -> list[Problem]:
    """Faults of halls with every cluster where the lock places it: the region file alone can't tell."""
    entries = (entry for item_entries in lock.held().values() for entry in item_entries)
    halls = {entry.name: entry.hall for entry in entries if isinstance(entry, ClusterEntry)}
    clusters = tuple(c.model_copy(update={"hall": c.hall or halls[c.name]}) for c in context.region.clusters)
    settled = context.region.model_copy(update={"clusters": clusters})
    return list(capacity.halls(Context(settled, context.catalog, context.document)))


def _unique_names(context: Context) -> Iterator[Problem]:
    region = context.region
    yield from _repeated(context, ("clusters",), [c.name for c in region.clusters])
    yield from _repeated(context, ("storage",), [s.name for s in region.storage])
    yield from _repeated(context, ("tenants",), [t.name for t in region.tenants])
    yield from _repeated(context, ("services",), [s.name for s in region.services])
    yield from _repeated(context, ("site", "halls"), [hall.name for hall in region.site.halls])
    yield from _repeated(context, ("management",), [m.name for m in region.management])


def _repeated(context: Context, path: Path_, names: list[str]) -> Iterator[Problem]:
    first_at: dict[str, int] = {}
    for index, name in enumerate(names):
        first = first_at.setdefault(name, index)
        if first != index:
            yield context.problem(
                (*path, index, "name"), f"the name {name} is taken by {path[-1]}[{first}]", "choose another name"
            )


def _names_across(context: Context) -> Iterator[Problem]:
    """Clusters and tenants become namespaces, management clusters and clusters become targets."""
    region = context.region
    taken = {m.name: f"management cluster {m.name}" for m in quantities.managements(region)}
    for index, cluster in enumerate(region.clusters):
        if cluster.name in taken:
            message = f"the name {cluster.name} is taken by {taken[cluster.name]}"
            yield context.problem(("clusters", index, "name"), message, "choose another name")
    of_charts = {chart.namespace for chart in context.catalog.charts}
    for key, names in (
        ("clusters", [c.name for c in region.clusters]),
        ("tenants", [t.name for t in region.tenants]),
    ):
        for index, name in enumerate(names):
            if name in RESERVED | of_charts or name.startswith(RESERVED_BEGINNINGS):
                message = f"{name} is the platform's own namespace"
                yield context.problem((key, index, "name"), message, "choose another name")


def _references(context: Context) -> Iterator[Problem]:
    region = context.region
    halls = [hall.name for hall in region.site.halls]
    clusters = [cluster.name for cluster in region.clusters]
    managements = [m.name for m in quantities.managements(region)]
    for index, cluster in enumerate(region.clusters):
        yield from _dangling(context, ("clusters", index, "hall"), cluster.hall, halls, "hall")
        yield from _dangling(
            context, ("clusters", index, "management"), cluster.management, managements, "management cluster"
        )
        yield from _dangling(
            context, ("clusters", index, "system"), cluster.system, context.catalog.system_ids, "system"
        )
        yield from _dangling(
            context, ("clusters", index, "fabric"), cluster.fabric, context.catalog.fabric_ids, "fabric"
        )
    yield from _dangling(context, ("core", "hall"), region.core.hall, halls, "hall")
    yield from _dangling(context, ("core", "system"), region.core.system, context.catalog.system_ids, "system")
    for index, storage in enumerate(region.storage):
        for name in storage.used_by:
            key = "cluster" if storage.cluster else "clusters"
            yield from _dangling(context, ("storage", index, key), name, clusters, "cluster")
        yield from _dangling(
            context, ("storage", index, "driver"), storage.driver, context.catalog.driver_ids, "driver"
        )
    for index, tenant in enumerate(region.tenants):
        yield from _dangling(context, ("tenants", index, "cluster"), tenant.cluster, clusters, "cluster")
    yield from _service_references(context)


def _service_references(context: Context) -> Iterator[Problem]:
    region, profiles = context.region, context.catalog.service_ids
    names = [*profiles, *(service.name for service in region.services)]
    for index, service in enumerate(region.services):
        yield from _dangling(context, ("services", index, "profile"), service.profile, profiles, "service profile")
        if service.name in profiles:
            message = f"the name {service.name} is a profile of the catalogue"
            yield context.problem(("services", index, "name"), message, "choose another name")
    for index, tenant in enumerate(region.tenants):
        for place, name in enumerate(tenant.services):
            yield from _dangling(context, ("tenants", index, "services", place), name, names, "service")
    for place, name in enumerate(region.energy.shed_first):
        yield from _dangling(context, ("energy", "shed_first", place), name, names, "service")


def _dangling(context: Context, path: Path_, name: str | None, names: Sequence[str], what: str) -> Iterator[Problem]:
    if name is not None and name not in names:
        yield context.problem(path, f"there is no {what} {name}", f"known: {', '.join(sorted(set(names))) or 'none'}")


def _sovereignty(context: Context) -> Iterator[Problem]:
    region = context.region
    country, residency = region.region.country, region.sovereignty.residency
    elsewhere = "place the tenant in another region"
    if country not in residency:
        yield context.problem(
            ("sovereignty", "residency"),
            f"{', '.join(residency)} leaves out {country}, where the region stands",
            f"add {country}",
            rule="residency-region",
        )
    for index, tenant in enumerate(region.tenants):
        path: Path_ = ("tenants", index, "residency")
        outside = sorted(set(tenant.residency or ()) - set(residency))
        if outside:
            message = f"{', '.join(outside)} is outside the region's residency ({', '.join(residency)})"
            yield context.problem(path, message, elsewhere, rule="residency-tenant")
        if tenant.residency and country not in tenant.residency:
            message = f"the tenant's data may not be in {country}, where the region stands"
            yield context.problem(path, message, elsewhere, rule="residency-tenant")


def _networks(context: Context) -> Iterator[Problem]:
    pools = context.region.addressing
    names = ("underlay_v4", "oob_v4", "pods_v4", "cluster_services_v4")
    for index, name in enumerate(names):
        for other in names[:index]:
            if getattr(pools, name).overlaps(getattr(pools, other)):
                message = f"{getattr(pools, name)} overlaps {other} {getattr(pools, other)}"
                yield context.problem(
                    ("addressing", name), message, "choose a range of its own", rule="addresses-overlap"
                )
    for name in (*names, "ula_v6"):
        network = getattr(pools, name)
        if network is not None and not any(network.version == p.version and network.subnet_of(p) for p in PRIVATE):
            ranges = ", ".join(str(p) for p in PRIVATE if p.version == network.version)
            message = f"{network} is not private: it is public, or kept for another use"
            remedy = f"use a part of {ranges} ({_PRIVATE_SOURCE[network.version]})"
            yield context.problem(("addressing", name), message, remedy, rule="addresses-private")
    last = next((b for a, b in PRIVATE_ASNS if a <= pools.asn_base <= b), 0)
    if not last:
        ranges = " or ".join(f"{a} to {b}" for a, b in PRIVATE_ASNS)
        message = f"{pools.asn_base} is not a private AS number (RFC 6996)"
        yield context.problem(("addressing", "asn_base"), message, f"use one of {ranges}", rule="addresses-numbers")
    elif pools.asn_base + pools.asn_count - 1 > last:
        message = f"{pools.asn_base} + {pools.asn_count} goes beyond {last}, the last private AS number"
        yield context.problem(("addressing", "asn_count"), message, "lower asn_count", rule="addresses-numbers")
    if pools.vni_base + pools.vni_count - 1 > 16_777_214:
        message = f"{pools.vni_base} + {pools.vni_count} goes beyond 16777214, the last VNI"
        yield context.problem(("addressing", "vni_count"), message, "lower vni_count", rule="addresses-numbers")


_REFERENCES: tuple[Check, ...] = (_unique_names, _names_across, _references, _sovereignty, _networks)
_COMBINATIONS: tuple[Check, ...] = (*combinations.CHECKS, *plausibility.CHECKS)
_SIZES: tuple[Check, ...] = capacity.CHECKS
