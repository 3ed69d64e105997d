"""Settings of what runs: how clusters are reached, ranges of pods, storage, what the site survives, quotas, groups.

Little of them is in objects, or nothing, so they are compared as the region file has them (`impact.settings`). Nothing
is seen of a base that was planned by code which kept no settings, and of what another file or a cluster says of them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from .. import rule
from ..impact import losses, settings
from ..impact.settings import Altered
from ..records import Path_
from ..rule import Breach, ChangeView

_PLACES = {"management": "management", "cluster": "clusters", "storage": "storage", "tenant": "tenants"}


def _place(change: Altered, *keys: str) -> Path_:
    owner = change.owner
    return (_PLACES[owner.kind], owner.name, *keys) if owner.kind in _PLACES else keys


def _words(change: Altered) -> str:
    return f"{settings.shown(change.old)} becomes {settings.shown(change.new)}"


def _altered(view: ChangeView, kind: str, *names: str) -> Iterator[Altered]:
    for change in settings.altered(view.base, view.head):
        if change.owner.kind in kind.split() and change.name in names:
            yield change


@rule.change(
    id="access-changed", area="destruction", severity="error", waivable=False,
    reason="another way to an API server may lead to another cluster: all objects are then made there, over what that "
    "cluster runs, and those of the old one are left without anybody who keeps them",
    remedy="leave it, or approve it", source="docs/adr/0005-two-engines.md and docs/adr/0008-gate.md",
)  # fmt: skip
def access_changed(view: ChangeView) -> Iterator[Breach]:
    """Running clusters, and management clusters, that are reached another way.

    It can't see a context of the same name that leads elsewhere on another machine.
    """
    for change in _altered(view, "cluster management", settings.ACCESS) if losses.protects(view) else ():
        loss = losses.Loss(change.subject, (f"region/{view.region}",))
        what = f"a cluster keeps its API server: access of {change.owner.name} changes, {_words(change)}"
        left = losses.unapproved(view, "replace", [loss])
        for breach in losses.refused(view, "replace", left, what, change.subject):
            yield dataclasses.replace(breach, path=_place(change))


@rule.change(
    id="cluster-ranges-changed", area="addresses", severity="error",
    reason="nodes keep the pod range that they were given, and pods the service addresses: new ones reach no old ones",
    remedy="keep the ranges; other ones are for new clusters in a region of their own",
    source="https://kubernetes.io/docs/setup/production-environment/tools/kubeadm/create-cluster-kubeadm-kubeadm/ "
    "(networking of a cluster is set once) and https://docs.cilium.io/en/stable/network/concepts/ipam/",
)  # fmt: skip
def cluster_ranges_changed(view: ChangeView) -> Iterator[Breach]:
    """Ranges of pods and of Kubernetes services that change under running clusters of their region."""
    for change in _altered(view, "region", settings.PODS, settings.CLUSTER_SERVICES):
        message = f"running clusters keep their ranges: {change.name} changes, {_words(change)}"
        yield Breach(message=message, subject=change.subject, path=("addressing",))


@rule.change(
    id="storage-moved", area="storage", severity="error",
    reason="volumes stay on the system that they were made on: at another endpoint none of them is found again",
    remedy="add the other system as a storage of its own, and move the data over",
    source="https://kubernetes.io/docs/concepts/storage/persistent-volumes/ (volume handles belong to their system)",
)  # fmt: skip
def storage_moved(view: ChangeView) -> Iterator[Breach]:
    """Storage systems that are looked for at another endpoint.

    It can't see that the old endpoint and the new one are the same system.
    """
    for change in _altered(view, "storage", settings.ENDPOINT):
        message = f"storage keeps its endpoint: that of {change.owner.name} changes, {_words(change)}"
        yield Breach(message=message, subject=change.subject, path=_place(change))


@rule.change(
    id="storage-shrunk", area="storage", severity="error",
    reason="quotas were promised against this capacity; Ceph loses the copies on nodes that it is taken from",
    remedy="keep it, or move the data first, and waive it with the storage team's word",
    source="https://rook.io/docs/rook/latest-release/Storage-Configuration/Advanced/ceph-osd-mgmt/ (remove an OSD)",
)  # fmt: skip
def storage_shrunk(view: ChangeView) -> Iterator[Breach]:
    """Storage that gets less capacity or fewer nodes, or says its capacity no more."""
    for change in _altered(view, "storage", settings.CAPACITY, settings.NODES):
        if change.old is not None and (change.new is None or change.new < change.old):
            message = f"storage keeps its size: {change.name} of {change.owner.name} shrinks, {_words(change)}"
            yield Breach(message=message, subject=change.subject, path=_place(change))


@rule.change(
    id="storage-withdrawn", area="storage", severity="error",
    reason="what a cluster keeps on the storage is out of its reach, and no object of the plan goes that would tell",
    remedy="keep the cluster, or waive it with the word of its tenants", source="docs/adr/0008-gate.md",
)  # fmt: skip
def storage_withdrawn(view: ChangeView) -> Iterator[Breach]:
    """Storage that serves a cluster no more, where the plan has no object of it there: elsewhere its class or driver
    goes, which `protected-lost` and `serving-lost` tell."""
    places = {(str(change.subject), change.object_id.target) for change in view.changes if change.loses}
    stays = {cluster.name for cluster in view.head.clusters} if view.head is not None else set()
    for change in _altered(view, "storage", settings.CLUSTERS):
        gone = [name for name in change.old if name not in change.new and name in stays]
        if silent := [name for name in gone if (change.subject, name) not in places]:
            message = f"storage serves the clusters that it served: {change.owner.name} leaves {', '.join(silent)}"
            yield Breach(message=message, subject=change.subject, path=_place(change))


@rule.change(
    id="encryption-dropped", area="secrets", severity="error",
    reason="data that tenants write from then on lie in the clear, under the class that promised them a cipher",
    remedy="keep encrypted: true; add other storage beside it for data that need none",
    source="Cloud Security Alliance, Cloud Controls Matrix v4, CEK-03",
)  # fmt: skip
def encryption_dropped(view: ChangeView) -> Iterator[Breach]:
    """Storage of any tier that was encrypted at rest and is to be no more."""
    for change in _altered(view, "storage", settings.ENCRYPTED):
        if change.old and not change.new:
            message = f"encrypted storage stays so: {change.owner.name} would not be"
            yield Breach(message=message, subject=change.subject, path=_place(change))


@rule.change(
    id="secret-store-changed", area="secrets", severity="error",
    reason="the passwords of all BMCs come from there: who holds the new store holds power, console and disks of hosts",
    remedy="keep bmc.secret_store, or waive it once the new store holds the same passwords",
    source="https://external-secrets.io/latest/guides/security-best-practices/",
)  # fmt: skip
def secret_store_changed(view: ChangeView) -> Iterator[Breach]:
    """Regions whose BMC passwords are to be fetched from another secret store."""
    for change in _altered(view, "region", settings.STORE):
        message = f"BMC passwords come from where they came from: {_words(change)}"
        yield Breach(message=message, subject=change.subject, path=("bmc", "secret_store"))


_STRENGTHS = {
    settings.REDUNDANCY: ("n", "n+1", "4-to-make-3", "2n"),
    settings.COOLING: ("n", "n+1", "2n"),
}
"""From weak to strong; by capacity that is left when one path or unit fails."""
_OF_SITE = {settings.FEEDS: "power", settings.REDUNDANCY: "power", settings.COOLING: "cooling"}


@rule.change(
    id="redundancy-lowered", area="power", severity="warning",
    reason="tenants run on the word that one path, feed or unit may fail: afterwards it takes their racks with it",
    remedy="keep it, or tell the tenants first",
    source="NVIDIA DSX facilities reference design, docs.nvidia.com/dsx/facilities-infra/reference-design-overview",
)  # fmt: skip
def redundancy_lowered(view: ChangeView) -> Iterator[Breach]:
    """Sites whose power or cooling is to survive less than before."""
    for change in _altered(view, "region", *_OF_SITE):
        ranks = _STRENGTHS.get(change.name)
        weaker = change.new < change.old if ranks is None else ranks.index(change.new) < ranks.index(change.old)
        if weaker:
            message = f"a site keeps what it survives: {change.name} is weaker, {_words(change)}"
            yield Breach(message=message, subject=change.subject, path=("site", _OF_SITE[change.name]))


@rule.change(
    id="quota-lowered", area="capacity", severity="warning",
    reason="what runs above a lower quota goes on, and whatever of it ends is not started again",
    remedy="agree on it with the tenant first", source="https://kubernetes.io/docs/concepts/policy/resource-quotas/",
)  # fmt: skip
def quota_lowered(view: ChangeView) -> Iterator[Breach]:
    """Tenants whose quotas of cores, memory, disk, storage, pods or balancers are lowered; GPUs are `tenant-shrunk`."""
    lowered: dict[str, list[str]] = {}
    for change in settings.altered(view.base, view.head):
        if change.name.startswith(settings.QUOTA) and _is_lower(change):
            lowered.setdefault(change.subject, []).append(
                f"{change.name.removeprefix(settings.QUOTA)}: {_words(change)}"
            )
    for subject, words in lowered.items():
        name = subject.removeprefix("tenant/")
        yield Breach(
            message=f"a tenant keeps its quotas: {name} gets less, {'; '.join(words)}",
            subject=subject,
            path=("tenants", name),
        )


def _is_lower(change: Altered) -> bool:
    """Whether a quota is less than before; None is no limit."""
    return change.new is not None and (change.old is None or change.new < change.old)


@rule.change(
    id="groups-changed", area="isolation", severity="error",
    reason="who is in a group of a tenant reads its data and secrets; who is in none any more can't even stop its jobs",
    remedy="keep the groups, or waive it for this tenant with its consent",
    source="https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
)  # fmt: skip
def groups_changed(view: ChangeView) -> Iterator[Breach]:
    """Groups that come to a running tenant, or go from it.

    It can't see who the identity provider counts among a group.
    """
    for change in _altered(view, "tenant", settings.GROUPS):
        come = [f"{group} comes" for group in change.new if group not in change.old]
        gone = [f"{group} goes" for group in change.old if group not in change.new]
        message = f"a tenant keeps its groups: {', '.join([*come, *gone])}"
        yield Breach(message=message, subject=change.subject, path=_place(change))
