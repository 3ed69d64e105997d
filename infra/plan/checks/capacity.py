"""Sizes that must fit: racks in halls, power of the site, core nodes, tenants in clusters, control planes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ... import spec
from ...errors import SizeError
from ...spec.problems import Problem
from ...spec.source import Path_
from .. import quantities
from ..stacks import RACKS_PER_GROUP
from .context import Check, Context

RESOURCES_PER_RACK = 23
"""Resources of a rack of 18 hosts with credentials shared per rack."""


def halls(context: Context) -> Iterator[Problem]:
    """Faults of racks that a hall can't feed, cool or place, for the clusters that name their hall."""
    for hall in context.region.site.halls:
        inside = [(i, c) for i, c in enumerate(context.region.clusters) if c.hall == hall.name]
        for index, cluster in inside:
            yield from _one_rack(context, index, cluster, hall)
        yield from _hall_power(context, hall, inside)
        yield from _hall_positions(context, hall, inside)


def _hall_power(context: Context, hall: spec.Hall, inside: Sequence[tuple[int, spec.Cluster]]) -> Iterator[Problem]:
    region, catalog = context.region, context.catalog
    limit_kw, taken_kw = hall.max_it_mw * 1000, 0.0
    for index, cluster in inside:
        kw = quantities.cluster_kw(cluster, region, catalog)
        if taken_kw + kw > limit_kw:
            room = max(0, int((limit_kw - taken_kw) / (kw / quantities.racks(cluster, catalog))))
            taken = f", of which {taken_kw:,.0f} kW are taken" if taken_kw else ""
            power = quantities.describe_power(cluster, region, catalog)
            message = f"{power} exceeds hall {hall.name} ({limit_kw:,.0f} kW{taken})"
            yield context.problem(_size_path(index, cluster), message, _lower(room), rule="power-hall")
        taken_kw += kw


def _hall_positions(context: Context, hall: spec.Hall, inside: Sequence[tuple[int, spec.Cluster]]) -> Iterator[Problem]:
    if hall.max_racks is None:
        return
    core = positions = quantities.core_racks_in(hall, context.region)
    if core > hall.max_racks:
        message = f"{core} racks of core nodes exceed the {hall.max_racks} positions of hall {hall.name}"
        path = ("core", "nodes")
        yield context.problem(path, message, "name another hall in core.hall", rule="capacity-positions")
        return
    for index, cluster in inside:
        count = quantities.racks(cluster, context.catalog)
        positions += count
        if positions > hall.max_racks:
            of_core = f" ({core} of core nodes)" if core else ""
            message = f"{positions} racks{of_core} exceed the {hall.max_racks} positions of hall {hall.name}"
            remedy = _lower(max(0, hall.max_racks - positions + count))
            yield context.problem(_size_path(index, cluster), message, remedy, rule="capacity-positions")


def _size_path(index: int, cluster: spec.Cluster) -> Path_:
    return ("clusters", index, "racks" if cluster.racks else "nodes")


def _lower(racks: int) -> str:
    to = f"lower it to {racks} racks, or " if racks else ""
    return f"{to}move racks to another hall"


def _one_rack(context: Context, index: int, cluster: spec.Cluster, hall: spec.Hall) -> Iterator[Problem]:
    kw = quantities.rack_kw(cluster, context.catalog) or 0.0
    cooling = context.catalog.system(cluster.system).cooling
    path = ("clusters", index, "hall")
    if hall.max_rack_kw is not None and kw > hall.max_rack_kw:
        message = (
            f"a rack of {cluster.system} takes {kw:g} kW, hall {hall.name} gives {hall.max_rack_kw:g} kW a position"
        )
        yield context.problem(path, message, "choose another hall", rule="power-position")
    if cooling not in hall.cooling:
        message = f"{cluster.system} is cooled by {cooling}, hall {hall.name} offers {', '.join(hall.cooling)}"
        yield context.problem(path, message, "choose another hall, or add the cooling", rule="cooling-method")


def _utility(context: Context) -> Iterator[Problem]:
    region = context.region
    it_kw = sum(quantities.cluster_kw(cluster, region, context.catalog) for cluster in region.clusters)
    power = region.site.power
    needed = it_kw * power.pue / 1000
    if needed > power.utility_mw:
        message = (
            f"the clusters need {it_kw / 1000:,.2f} MW x PUE {power.pue:g} = {needed:,.2f} MW, "
            f"the utility gives {power.utility_mw:g} MW"
        )
        remedy = "lower racks, or raise the supply"
        yield context.problem(("site", "power", "utility_mw"), message, remedy, rule="power-utility")
    curtailable = region.energy.curtailable_mw
    if curtailable is not None and curtailable > needed:
        message = f"{curtailable:g} MW are promised, the region draws {needed:,.2f} MW at most"
        yield context.problem(("energy", "curtailable_mw"), message, "promise less", rule="power-promise")


def _clusters(context: Context) -> Iterator[Problem]:
    limits = context.catalog.limits
    for index, cluster in enumerate(context.region.clusters):
        racks, most = quantities.racks(cluster, context.catalog), quantities.max_racks(cluster, context.catalog)
        if racks > most:
            message = f"{cluster.nodes} nodes take {racks} racks, more than max_racks ({most})"
            yield context.problem(
                ("clusters", index, "max_racks"), message, "raise it, or lower nodes", rule="capacity-max-racks"
            )
        nodes = quantities.max_racks(cluster, context.catalog) * quantities.nodes_per_rack(cluster, context.catalog)
        if nodes > limits.nodes_per_cluster:
            per_rack = quantities.nodes_per_rack(cluster, context.catalog)
            message = f"{nodes:,} nodes at max_racks exceed the {limits.nodes_per_cluster:,} that a cluster may have"
            remedy = f"split it: at most {limits.nodes_per_cluster // per_rack} racks a cluster"
            path = ("clusters", index, "max_racks" if cluster.max_racks else "racks")
            yield context.problem(path, message, remedy, rule="capacity-cluster-nodes")
        try:
            quantities.fabric_size(cluster, context.catalog)
        except SizeError as error:
            yield context.problem(("clusters", index, "max_racks"), str(error), "split the cluster", rule="fabric-size")
    first = quantities.managements(context.region)[0].name
    hosts: dict[str, int] = {}
    for cluster in context.region.clusters:
        if cluster.provider != "existing":
            most = quantities.max_racks(cluster, context.catalog) * quantities.nodes_per_rack(cluster, context.catalog)
            owner = cluster.management or first
            hosts[owner] = hosts.get(owner, 0) + most + cluster.control_plane.replicas
    for name, count in hosts.items():
        if count > limits.hosts_per_management:
            message = (
                f"management cluster {name} would look after {count:,} hosts, more than {limits.hosts_per_management:,}"
            )
            remedy = "add a management cluster and name it in clusters[].management"
            yield context.problem(("management",), message, remedy, rule="capacity-management-hosts")


def _tenants(context: Context) -> Iterator[Problem]:
    region, catalog = context.region, context.catalog
    fewer = "lower it, or raise the cluster's racks"
    by_cluster: dict[str, list[tuple[int, spec.Tenant]]] = {}
    for place, placed in enumerate(region.tenants):
        by_cluster.setdefault(placed.cluster, []).append((place, placed))
    for cluster in region.clusters:
        inside = by_cluster.get(cluster.name, [])
        racks = quantities.racks(cluster, catalog)
        system = catalog.system(cluster.system)
        taken = 0
        for index, tenant in inside:
            taken += tenant.racks or 0
            if tenant.racks and taken > racks:
                message = f"{taken} dedicated racks exceed the {racks} of cluster {cluster.name}"
                yield context.problem(("tenants", index, "racks"), message, fewer, rule="capacity-tenants")
        per_rack = quantities.nodes_per_rack(cluster, catalog) * system.gpus_per_node
        free = max(0, quantities.nodes(cluster, catalog) * system.gpus_per_node - taken * per_rack)
        shared = 0
        for index, tenant in inside:
            shared += tenant.gpus or 0
            if tenant.gpus and shared > free:
                message = f"{shared:,} shared GPUs exceed the {free:,} undedicated ones of cluster {cluster.name}"
                yield context.problem(("tenants", index, "gpus"), message, fewer, rule="capacity-tenants")


def _core(context: Context) -> Iterator[Problem]:
    region = context.region
    if sum(quantities.core_nodes(region).values()) > region.core.nodes:
        message = f"{region.core.nodes} core nodes are too few: {quantities.describe_core(region)}"
        yield context.problem(("core", "nodes"), message, "raise it", rule="capacity-core-nodes")


def _single_layout(context: Context) -> Iterator[Problem]:
    region = context.region
    if region.layout != "single":
        return
    limit = context.catalog.limits.resources_per_stack
    racks = sum(quantities.max_racks(c, context.catalog) for c in region.clusters if c.provider != "existing")
    if racks * RESOURCES_PER_RACK > limit:
        resources = racks * RESOURCES_PER_RACK
        message = f"{racks} racks at max_racks are about {resources:,} resources, more than {limit:,} a stack"
        remedy = f"use split: one stack for {RACKS_PER_GROUP} racks"
        yield context.problem(("layout",), message, remedy, rule="stacks-single-layout")


CHECKS: tuple[Check, ...] = (halls, _utility, _clusters, _tenants, _core, _single_layout)
