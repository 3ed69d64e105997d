"""Figures that contradict each other by far more than any design: a unit or a decimal point that slipped.

Each bound lies well outside what is published, so that an unusual site passes and a mistyped one does not.
"""

from __future__ import annotations

from collections.abc import Iterator

from ...catalog import SystemEntry
from ...spec.problems import Problem
from ...spec.source import Path_
from .. import quantities
from .context import Check, Context

OF_PUBLISHED = 2.0
"""A rack draws at least half and at most twice what is published: GPU power profiles save less than a fifth, and peaks
that are published lie within a third of the averages (DGX B300: 76 kW peak, over 50 kW average)."""
LEAST_KW_A_GPU, MOST_KW_A_GPU = 0.2, 6.0
"""Where nothing is published for a rack: an RTX PRO 6000 takes 0.3 to 0.6 kW by itself, and the published racks have
1.3 to 4.6 kW a GPU (DGX H100, Vera Rubin NVL72)."""
LEAST_NODE_KW, MOST_NODE_KW = 0.05, 30.0
"""A core node: an idle server with one socket, and more than the catalogue's strongest (Rubin NVL8, 28.1 kW)."""
HALLS_OF_UTILITY = 3.0
"""Halls are built ahead of the supply: Ulsan's last stage has 103 MW, its first 41 MW, which is 2.5 times."""
UTILITY_OF_HALLS = 100.0
"""A site with a hundredth of its halls is rare; one with a thousandth has its supply in kW."""


def _rack_figures(context: Context) -> Iterator[Problem]:
    for index, cluster in enumerate(context.region.clusters):
        system = context.catalog.system(cluster.system)
        if cluster.rack_kw is None or not system.gpus_per_node:
            continue
        per_rack = quantities.nodes_per_rack(cluster, context.catalog)
        low, high, basis = _rack_bounds(system, per_rack)
        if not low <= cluster.rack_kw <= high:
            message = f"{cluster.rack_kw:g} kW is no figure for a rack of {cluster.system}: {basis}"
            remedy = f"give kW, from {low:g} to {high:g}; or leave it out where a figure is published"
            yield context.problem(("clusters", index, "rack_kw"), message, remedy)


def _rack_bounds(system: SystemEntry, per_rack: int) -> tuple[float, float, str]:
    """Least and largest kW that a rack can have, and why."""
    published = system.rack_kw(per_rack)
    if published is not None:
        return published / OF_PUBLISHED, published * OF_PUBLISHED, f"{published:g} kW is published"
    if system.rack_kw_range is not None:
        given = system.rack_kw_range
        return given.low / OF_PUBLISHED, given.high * OF_PUBLISHED, f"{given} kW is published"
    gpus = per_rack * system.gpus_per_node
    return gpus * LEAST_KW_A_GPU, gpus * MOST_KW_A_GPU, f"it has {gpus} GPUs"


def _node_figure(context: Context) -> Iterator[Problem]:
    kw = context.region.core.node_kw
    if kw is not None and not LEAST_NODE_KW <= kw <= MOST_NODE_KW:
        message = f"{kw:g} kW is no figure for one server"
        remedy = f"give kW a node, from {LEAST_NODE_KW:g} to {MOST_NODE_KW:g}"
        yield context.problem(("core", "node_kw"), message, remedy)


def _halls_and_site(context: Context) -> Iterator[Problem]:
    site = context.region.site
    halls_mw, utility_mw = sum(hall.max_it_mw for hall in site.halls), site.power.utility_mw
    if halls_mw > HALLS_OF_UTILITY * utility_mw:
        message = f"the halls take {halls_mw:,g} MW, the site draws {utility_mw:g} MW at most"
        remedy = f"give MW; halls have at most {HALLS_OF_UTILITY:g} times the supply of their site"
        yield context.problem(("site", "halls"), message, remedy)
    if utility_mw > UTILITY_OF_HALLS * halls_mw:
        message = f"the site may draw {utility_mw:,g} MW, its halls take {halls_mw:g} MW: is it in kW?"
        yield context.problem(("site", "power", "utility_mw"), message, "give MW")


def _quotas(context: Context) -> Iterator[Problem]:
    """Quotas that no cluster of the size could ever give; storage is the gate's rule `storage-quota`."""
    clusters = {cluster.name: cluster for cluster in context.region.clusters}
    for index, tenant in enumerate(context.region.tenants):
        cluster, quota = clusters[tenant.cluster], tenant.quota
        system = context.catalog.system(cluster.system)
        nodes = quantities.nodes(cluster, context.catalog)
        most = {
            "cpu": nodes * system.cpu,
            "memory_gib": nodes * system.memory_gib,
            "pods": nodes * context.catalog.limits.pods_per_node,
        }
        for key, limit in most.items():
            given = getattr(quota, key)
            if limit and given is not None and given > limit and key in quota.model_fields_set:
                path: Path_ = ("tenants", index, "quota", key)
                message = f"{given:,g} is more than cluster {cluster.name} has ({limit:,g})"
                yield context.problem(path, message, "lower it, or raise the cluster")


def _groups(context: Context) -> Iterator[Problem]:
    for index, tenant in enumerate(context.region.tenants):
        for place, group in enumerate(tenant.groups):
            if group.startswith("system:"):
                message = f"an enclave is for groups of the identity provider: {group} is Kubernetes' own"
                path: Path_ = ("tenants", index, "groups", place)
                yield context.problem(
                    path, message, "name groups of the identity provider", rule="isolation-system-group"
                )


CHECKS: tuple[Check, ...] = (_rack_figures, _node_figure, _halls_and_site, _quotas, _groups)
