"""Room in a region's pools of addresses and numbers, and the ranges of pods and services."""

from __future__ import annotations

from collections.abc import Iterator

from ...plan.model import ClusterPlan, RegionPlan
from .. import rule
from ..rule import Breach, RegionView

_ADR = "docs/adr/0003-allocations.md"
_KUBEADM = "kubernetes/kubernetes, cmd/kubeadm/app/apis/kubeadm/validation/validation.go"
_FULL = 0.85
"""Share of a pool from which the next cluster may not fit: blocks are powers of two, so little is left in one piece."""
_NODE_PREFIX = 24
"""Prefix of a node's pod network: kubeadm's default, which nothing here changes; Cilium takes it from the node."""
_WIDEST_PODS = _NODE_PREFIX - 16
"""kubeadm allows 16 bits between pod range and node network."""
_WIDEST_SERVICES = 12
_FEWEST_SERVICES = 10
"""kubeadm: the DNS service is always at the tenth address."""


@rule.region(
    id="addresses-headroom", area="addresses", severity="warning",
    reason="the next cluster or tenant finds no room, and a pool can't be widened into its neighbour",
    remedy="add addressing.ula_v6, or choose a larger pool while the region is small", source=_ADR,
)  # fmt: skip
def addresses_headroom(view: RegionView) -> Iterator[Breach]:
    """Pools of IPv4 addresses that are nearly full, without IPv6 to go on in."""
    if view.plan.spec.addressing.ula_v6 is None:
        yield from _nearly_full(view.plan, ("underlay_v4", "oob_v4"), "addresses", {})


@rule.region(
    id="numbers-headroom", area="addresses", severity="warning",
    reason="the next cluster gets no AS numbers, or the next tenant no network of its own",
    remedy="raise addressing.asn_count or addressing.vni_count", source=_ADR,
)  # fmt: skip
def numbers_headroom(view: RegionView) -> Iterator[Breach]:
    """AS numbers and VNIs that are nearly used up."""
    fields = {"AS numbers": "asn_count", "VNIs": "vni_count"}
    yield from _nearly_full(view.plan, tuple(fields), "numbers", fields)


def _nearly_full(plan: RegionPlan, names: tuple[str, ...], what: str, fields: dict[str, str]) -> Iterator[Breach]:
    for pool in plan.pools:
        if pool.name in names and pool.used > _FULL * pool.total:
            yield Breach(
                message=f"a pool keeps {1 - _FULL:.0%} free for growth: {pool.used:,} of {pool.total:,} {what} "
                f"of {pool.name} are given out",
                path=("addressing", fields.get(pool.name, pool.name)),
            )


@rule.region(
    id="pods-range", area="addresses", severity="error",
    reason="a node beyond the pod range gets no pod network and stays NotReady; a range that is too wide is refused",
    remedy=f"choose a pod range from /{_WIDEST_PODS} to /{_NODE_PREFIX} with a /{_NODE_PREFIX} for every node",
    source=_KUBEADM,
)  # fmt: skip
def pods_range(view: RegionView) -> Iterator[Breach]:
    """Pod ranges with no network for some node at `max_racks`, or that kubeadm refuses."""
    built = [cluster for cluster in view.plan.clusters if cluster.built]
    if not built:
        return
    pods, path = view.plan.spec.addressing.pods_v4, ("addressing", "pods_v4")
    largest = max(built, key=lambda cluster: _nodes(view.plan, cluster))
    needed = _nodes(view.plan, largest)
    room = 1 << max(0, _NODE_PREFIX - pods.prefixlen) if pods.prefixlen <= _NODE_PREFIX else 0
    if pods.prefixlen < _WIDEST_PODS:
        message = f"the pod range is no wider than /{_WIDEST_PODS}: {pods} is"
        yield Breach(message=message, path=path)
    elif needed > room:
        message = f"every node takes a /{_NODE_PREFIX} of the pod range: {pods} holds {room:,}, {largest.name} has "
        yield Breach(message=f"{message}{needed:,} nodes at max_racks", path=path)


def _nodes(plan: RegionPlan, cluster: ClusterPlan) -> int:
    """Nodes at `max_racks`, with those of its control plane and storage."""
    storage = sum(system.spec.nodes or 0 for system in plan.storage if cluster.name in system.clusters)
    return cluster.max_racks * cluster.nodes_per_rack + cluster.spec.control_plane.replicas + storage


@rule.region(
    id="services-range", area="addresses", severity="error",
    reason="kubeadm refuses the range, so the first control-plane node never starts",
    remedy=f"choose a service range from /{_WIDEST_SERVICES} to /28", source=_KUBEADM,
)  # fmt: skip
def services_range(view: RegionView) -> Iterator[Breach]:
    """Service ranges that kubeadm refuses."""
    services, path = view.plan.spec.addressing.cluster_services_v4, ("addressing", "cluster_services_v4")
    if not any(cluster.built for cluster in view.plan.clusters):
        return
    if services.prefixlen < _WIDEST_SERVICES:
        yield Breach(message=f"the service range is no wider than /{_WIDEST_SERVICES}: {services} is", path=path)
    elif services.num_addresses < _FEWEST_SERVICES:
        message = f"the service range has {_FEWEST_SERVICES} addresses or more: {services} has {services.num_addresses}"
        yield Breach(message=message, path=path)
