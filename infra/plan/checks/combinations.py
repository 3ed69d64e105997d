"""Combinations that do not go together: refused with the list of what does, never planned in part."""

from __future__ import annotations

from collections.abc import Iterator

from ... import spec
from ...spec.problems import Problem
from .. import quantities
from .context import Check, Context

PROVIDERS = ("metal3", "existing")
ISOLATIONS = ("shared", "dedicated-nodes")
_MISFIT, _VERSION, _DRIVER = "capacity-system", "versions-kubernetes", "storage-driver"
"""Rules of the gate that several faults break."""


def _providers(context: Context) -> Iterator[Problem]:
    for index, cluster in enumerate(context.region.clusters):
        if cluster.provider not in PROVIDERS:
            message = f"provider {cluster.provider} is not supported yet"
            yield context.problem(("clusters", index, "provider"), message, f"use one of {', '.join(PROVIDERS)}")
        if cluster.provider == "metal3" and context.region.images is None:
            message = f"images are missing: cluster {cluster.name} is built from bare metal"
            yield context.problem(("images",), message, "add images.gpu and images.core, each with url and checksum")


def _isolations(context: Context) -> Iterator[Problem]:
    for index, tenant in enumerate(context.region.tenants):
        if tenant.isolation not in ISOLATIONS:
            message = f"isolation {tenant.isolation} is not supported yet"
            yield context.problem(("tenants", index, "isolation"), message, f"use one of {', '.join(ISOLATIONS)}")


def _adopted(context: Context) -> Iterator[Problem]:
    """Nodes of an adopted cluster are not ours to taint, so no tenant can have some for itself."""
    adopted = {cluster.name for cluster in context.region.clusters if cluster.provider == "existing"}
    for index, tenant in enumerate(context.region.tenants):
        if tenant.isolation == "dedicated-nodes" and tenant.cluster in adopted:
            message = f"isolation dedicated-nodes needs a cluster that is built here; {tenant.cluster} is adopted"
            yield context.problem(
                ("tenants", index, "isolation"), message, "use shared, or another cluster", rule="isolation-adopted"
            )


def _systems(context: Context) -> Iterator[Problem]:
    for index, cluster in enumerate(context.region.clusters):
        path = ("clusters", index)
        system = context.catalog.system(cluster.system)
        if system.gpus_per_node == 0:
            message = f"{cluster.system} has no GPUs"
            yield context.problem((*path, "system"), message, "it is for core nodes; choose a GPU system", rule=_MISFIT)
            continue
        if cluster.purpose not in system.purposes:
            message = f"{cluster.system} does not serve {cluster.purpose}"
            yield context.problem((*path, "purpose"), message, f"it serves {', '.join(system.purposes)}", rule=_MISFIT)
        fabrics = system.fabric_ids
        if cluster.fabric is not None and cluster.fabric not in fabrics:
            message = f"{cluster.system} has no {cluster.fabric} fabric"
            yield context.problem(
                (*path, "fabric"), message, f"it goes with {', '.join(fabrics) or 'none'}", rule=_MISFIT
            )
        options = system.nodes_per_rack
        if cluster.nodes_per_rack is not None and cluster.nodes_per_rack not in options:
            message = (
                f"{cluster.system} comes {', '.join(map(str, options))} nodes a rack, not {cluster.nodes_per_rack}"
            )
            yield context.problem((*path, "nodes_per_rack"), message, "use one of these", rule=_MISFIT)
        if cluster.nodes is not None and system.rack_scale:
            message = f"{cluster.system} is a rack-scale system of {options[0]} trays, sized by racks"
            remedy = f"give racks: {-(-cluster.nodes // options[0])}"
            yield context.problem((*path, "nodes"), message, remedy, rule="domain-sized-by-racks")


def _core_system(context: Context) -> Iterator[Problem]:
    name = context.region.core.system
    if gpus := context.catalog.system(name).gpus_per_node:
        servers = [id_ for id_ in context.catalog.system_ids if not context.catalog.system(id_).gpus_per_node]
        message = f"{name} has {gpus} GPUs a node: nothing on core nodes uses them"
        yield context.problem(("core", "system"), message, f"use {' or '.join(servers)}", rule=_MISFIT)


def _kubernetes(context: Context) -> Iterator[Problem]:
    versions = context.catalog.kubernetes_versions
    for index, cluster in enumerate(context.region.clusters):
        path = ("clusters", index, "kubernetes")
        version = cluster.kubernetes
        if version is None:
            continue
        if version not in versions:
            message = f"Kubernetes {version} is not tested"
            yield context.problem(path, message, f"use one of {', '.join(versions)}", rule=_VERSION)
            continue
        floor = context.catalog.system(cluster.system).min_kubernetes
        fitting = [v for v in versions if _release(v) >= _release(floor)]
        if version not in fitting:
            message = f"{cluster.system} needs Kubernetes {floor} or later, not {version}"
            yield context.problem(path, message, f"use one of {', '.join(fitting)}", rule=_VERSION)


def _release(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.removeprefix("v").split(".")[:2])


def _drivers(context: Context) -> Iterator[Problem]:
    for index, storage in enumerate(context.region.storage):
        if storage.driver is None:
            continue
        driver = context.catalog.driver(storage.driver)
        path = ("storage", index)
        if storage.tier not in driver.tiers:
            message = f"driver {storage.driver} has no {storage.tier} tier"
            yield context.problem((*path, "tier"), message, f"it offers {', '.join(driver.tiers)}", rule=_DRIVER)
        if driver.external and storage.endpoint is None:
            message = f"driver {storage.driver} needs the endpoint of the storage system"
            yield context.problem((*path, "endpoint"), message, "add endpoint: host name or address")
        if driver.on_core_nodes and len(storage.used_by or context.region.clusters) != 1:
            message = f"driver {storage.driver} runs inside the one cluster that uses it"
            yield context.problem((*path, "cluster"), message, "name that cluster", rule=_DRIVER)
        if driver.on_core_nodes and storage.nodes is None:
            message = f"driver {storage.driver} runs on core nodes"
            yield context.problem((*path, "nodes"), message, "add nodes: how many (3 or more)")
        if not driver.on_core_nodes and storage.nodes is not None:
            message = f"driver {storage.driver} does not run on core nodes"
            yield context.problem((*path, "nodes"), message, "leave nodes out", rule=_DRIVER)


def _services(context: Context) -> Iterator[Problem]:
    own = {service.name: service for service in context.region.services}
    clusters = {cluster.name: cluster for cluster in context.region.clusters}
    for index, tenant in enumerate(context.region.tenants):
        purpose = clusters[tenant.cluster].purpose
        for place, name in enumerate(tenant.services):
            purposes = _purposes(context, own.get(name), name)
            if purpose not in purposes:
                message = (
                    f"service {name} needs a cluster for {' or '.join(purposes)}; {tenant.cluster} is for {purpose}"
                )
                remedy = "move the tenant, or choose another service"
                yield context.problem(("tenants", index, "services", place), message, remedy, rule="capacity-service")


def _purposes(context: Context, own: spec.Service | None, name: str) -> tuple[str, ...]:
    profile = context.catalog.service(own.profile if own else name)
    return (own.purposes if own and own.purposes else None) or profile.purposes


def _unknown_power(context: Context) -> Iterator[Problem]:
    for index, cluster in enumerate(context.region.clusters):
        if quantities.rack_kw(cluster, context.catalog) is None:
            why = context.catalog.system(cluster.system).rack_kw_note
            message = f"no planning power is published for a rack of {cluster.system} ({why})"
            remedy = "add rack_kw: the figure of your racks"
            yield context.problem(("clusters", index, "rack_kw"), message, remedy, rule="power-rack")


CHECKS: tuple[Check, ...] = (
    _providers,
    _isolations,
    _adopted,
    _systems,
    _core_system,
    _kubernetes,
    _drivers,
    _services,
    _unknown_power,
)
