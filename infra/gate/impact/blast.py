"""What a change takes away or drains: clusters, racks, hosts, GPUs, tenants and storage that stand before it.

What is lost is read from the objects that go, because a rack without inventory is planned, not running. Objects that
move to another stack go too: they are deleted and made anew. Adopted clusters have no host objects: there a rack is
lost when the region file names it no more. What serves a cluster that stays, such as an add-on, is named by its id.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..records import Blast, Change, ClusterFacts, Outline, TenantFacts
from . import drivers, settings
from .dependence import effect, guards_nobody
from .order import natural

_ROLLS = ("version", "bootstrap", "infrastructureRef", "failureDomain")
"""Fields of a machine deployment's template that make Cluster API replace its machines; all others are propagated in
place (cluster-api v1.14, mdutil.MachineTemplateUpToDate; docs/book, machine deployment, In-place propagation)."""
_DATA_KINDS = ("CephBlockPool", "CephFilesystem", "CephObjectStore")
"""Objects that hold a storage system's data."""
_BUILT = "metal3"


def blast(base: Outline | None, head: Outline | None, changes: Sequence[Change]) -> Blast:
    """What the changes of a region take away or drain.

    Args:
        base: the region as it stands; None for a new one.
        head: the region as it is to be; None for one that is removed. With neither, as for an engine's preview, names
            are read from the changes alone, and GPUs are not counted.
        changes: its changes, as `diff.compare` has them.
    """
    if base is None and head is not None:
        return Blast()
    losing = [change for change in changes if change.loses]
    losses = _losses(base, head, losing)
    drained = {_name(change) for change in changes if _rolls(change)}
    clusters_drained = _staying(base, head, drivers.clusters_drained(changes)) - losses.clusters
    region_goes = head is None and base is not None
    serving = [change for change in losing if not region_goes and _serves(change, losses, head)]
    sizes = _Sizes(base)
    return Blast(
        clusters_lost=_sorted(losses.clusters),
        racks_lost=_sorted(losses.racks),
        hosts_lost=_sorted(losses.hosts),
        gpus_lost=sizes.lost(losses, losing),
        racks_drained=_sorted(drained),
        clusters_drained=_sorted(clusters_drained),
        gpus_drained=sizes.drained(drained, clusters_drained),
        tenants_lost=_sorted(losses.tenants),
        tenants_affected=_sorted(
            (_affected(base, losses, drained, losing) | _served(base, clusters_drained | _reached(base, head), serving))
            - losses.tenants
        ),
        storage_lost=_sorted(losses.storage),
        serving_lost=_sorted(change.id for change in serving),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Losses:
    clusters: set[str]
    racks: set[str]
    hosts: set[str]
    tenants: set[str]
    storage: set[str]


def _losses(base: Outline | None, head: Outline | None, losing: Iterable[Change]) -> _Losses:
    """Names that the region file has no more, and those whose own object goes."""
    return _Losses(
        clusters={_name(change) for change in losing if _is_cluster(change)} | _gone(base, head, "clusters"),
        racks={_name(change) for change in losing if _is_owned(change, "rack", "MachineDeployment")}
        | _adopted_racks(base, head),
        hosts={change.object_id.name for change in losing if change.kind == "BareMetalHost"},
        tenants={_name(change) for change in losing if _is_owned(change, "tenant", "Namespace")}
        | _gone(base, head, "tenants"),
        storage={_name(change) for change in losing if _is_storage(change, head)} | _gone(base, head, "storage"),
    )


def _name(change: Change) -> str:
    return change.subject.name


def _is_owned(change: Change, owner: str, *kinds: str) -> bool:
    return change.kind in kinds and change.subject.kind == owner


def _is_cluster(change: Change) -> bool:
    """Its Cluster API object, or the namespace with all of it, which is named like the cluster."""
    return _is_owned(change, "cluster", "Cluster", "Namespace") and change.object_id.name == _name(change)


def _is_storage(change: Change, head: Outline | None) -> bool:
    """What holds its data, or its class; a class also goes where the storage is withdrawn from one of its clusters."""
    if _is_owned(change, "storage", *_DATA_KINDS):
        return True
    if not _is_owned(change, "storage", "StorageClass"):
        return False
    kept = {system.name: system.clusters for system in head.storage} if head is not None else {}
    withdrawn = change.action == "delete" and change.object_id.target not in kept.get(_name(change), ())
    return not (withdrawn and _name(change) in kept)


def _gone(base: Outline | None, head: Outline | None, field: str) -> set[str]:
    if base is None:
        return set()
    return {facts.name for facts in getattr(base, field)} - {facts.name for facts in getattr(head, field, ())}


def _adopted_racks(base: Outline | None, head: Outline | None) -> set[str]:
    if base is None:
        return set()
    kept = {name for cluster in head.clusters for name in cluster.rack_names} if head is not None else set()
    adopted = (cluster for cluster in base.clusters if cluster.provider != _BUILT)
    return {name for cluster in adopted for name in cluster.rack_names} - kept


def _staying(base: Outline | None, head: Outline | None, names: set[str]) -> set[str]:
    """Clusters among these that are there before and after; all where that is not known."""
    for side in (base, head):
        names = names & {cluster.name for cluster in side.clusters} if side is not None else names
    return names


def _serves(change: Change, losses: _Losses, head: Outline | None) -> bool:
    """Whether an object that serves what runs goes by itself, and not with a larger loss."""
    if change.action == "move" or effect(change.kind) is None:
        return False
    lost = {"cluster": losses.clusters, "rack": losses.racks, "tenant": losses.tenants, "storage": losses.storage}
    owners, owner = [change.subject], change.subject.within
    owners += [owner] if owner is not None else []
    with_owner = any(subject.name in lost.get(subject.kind, ()) for subject in owners)
    target = change.id.partition("/")[0]
    return not with_owner and target not in losses.clusters and not guards_nobody(change.kind, target, head)


def _reached(base: Outline | None, head: Outline | None) -> set[str]:
    """Clusters that stay and are reached another way."""
    owners = [change.owner for change in settings.altered(base, head) if change.name == settings.ACCESS]
    return {owner.name for owner in owners if owner.kind == "cluster"}


def _served(base: Outline | None, clusters: set[str], serving: Iterable[Change]) -> set[str]:
    """Tenants of clusters that are hit as a whole, or that lose what serves them."""
    hit = clusters | {_name(change) for change in serving if change.subject.kind == "cluster"}
    return {tenant.name for tenant in (base.tenants if base is not None else ()) if tenant.cluster in hit}


def _rolls(change: Change) -> bool:
    if change.action != "update" or not _is_owned(change, "rack", "MachineDeployment"):
        return False
    above = tuple(f"spec.template.spec.{field}" for field in _ROLLS)
    return any(
        field.path in above or field.path.startswith(tuple(f"{path}." for path in above)) for field in change.fields
    )


class _Sizes:
    """GPUs of racks and hosts as they stand."""

    def __init__(self, base: Outline | None) -> None:
        clusters = base.clusters if base is not None else ()
        self.clusters: dict[str, ClusterFacts] = {name: cluster for cluster in clusters for name in cluster.rack_names}

    def rack(self, name: str) -> int:
        """GPUs of a complete rack; the last of a cluster may hold fewer nodes. 0 for a rack that is not known."""
        cluster = self.clusters.get(name)
        if cluster is None:
            return 0
        last = cluster.rack_names[-1] == name
        nodes = (
            cluster.nodes - cluster.nodes_per_rack * (len(cluster.rack_names) - 1) if last else cluster.nodes_per_rack
        )
        return nodes * cluster.gpus_per_node

    def drained(self, racks: set[str], clusters: set[str]) -> int:
        """GPUs of racks and of whole clusters that are drained; those of both count once."""
        whole = {cluster.name: cluster.gpus for cluster in self.clusters.values() if cluster.name in clusters}
        rest = (name for name in racks if name not in self.clusters or self.clusters[name].name not in clusters)
        return sum(whole.values()) + sum(map(self.rack, rest))

    def lost(self, losses: _Losses, losing: Iterable[Change]) -> int:
        """GPUs of hosts that go, and of racks that go while their hosts stay."""
        hosts = Counter(_name(change) for change in losing if _is_owned(change, "rack", "BareMetalHost"))
        standing = {name: count for name, count in hosts.items() if name in self.clusters}
        of_hosts = sum(count * self.clusters[name].gpus_per_node for name, count in standing.items())
        return of_hosts + sum(self.rack(name) for name in losses.racks - set(hosts))


def _affected(base: Outline | None, losses: _Losses, drained: set[str], losing: Sequence[Change]) -> set[str]:
    """Tenants with racks or clusters among what is hit, and whose own objects go."""
    own = {_name(change) for change in losing if change.subject.kind == "tenant"}
    if base is None:
        return own
    hit = losses.racks | drained | {_name(change) for change in losing if _is_owned(change, "rack", "BareMetalHost")}
    dedicated = {rack for tenant in base.tenants for rack in tenant.racks}
    shared = {cluster.name for cluster in base.clusters if (hit & set(cluster.rack_names)) - dedicated}
    return own | {tenant.name for tenant in base.tenants if _hits(tenant, losses.clusters, hit, shared)}


def _hits(tenant: TenantFacts, clusters: set[str], racks: set[str], shared: set[str]) -> bool:
    if tenant.cluster in clusters:
        return True
    return bool(racks.intersection(tenant.racks)) if tenant.racks else tenant.cluster in shared


def _sorted(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(names, key=natural))
