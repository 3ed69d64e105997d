"""What may not be lost without somebody's name on it."""

from __future__ import annotations

from collections.abc import Iterator

from .. import rule
from ..impact import groups, losses
from ..impact.dependence import RUNNING, STATEFUL, effect
from ..records import Change, ClusterFacts, TenantFacts
from ..rule import Breach, ChangeView

_DELETE = "docs/adr/0004-stacks.md: a resource that leaves its stack is deleted"
_PROTECT = "https://www.pulumi.com/docs/iac/concepts/resources/options/protect/"


@rule.change(
    id="region-lost", area="destruction", severity="error", waivable=False,
    reason="a region file that goes takes every cluster, tenant and disk of the region with it",
    remedy="put the region file back, or approve it on the base first", source=_DELETE,
)  # fmt: skip
def region_lost(view: ChangeView) -> Iterator[Breach]:
    """A whole region that is removed."""
    if view.base is None or view.head is not None or not losses.protects(view):
        return
    subject = f"region/{view.region}"
    if not view.approved("delete", subject):
        base = view.base.totals
        size = f"{base.gpus:,} GPUs and {base.tenants} tenants"
        approve = f"approvals: [{{action: delete, subject: {subject}, by: .., reason: .., until: ..}}]"
        yield Breach(
            message=f"a region goes only if its file on the base approves it: {size} would",
            subject=subject,
            remedy=f"first merge {approve} into its file, then remove the file in a change of its own",
        )


@rule.change(
    id="cluster-lost", area="destruction", severity="error", waivable=False,
    reason="deleting a Cluster deletes its machines: Metal3 wipes the hosts, and jobs and local data go",
    remedy="put it back, or approve it", source="https://cluster-api.sigs.k8s.io/user/quick-start (clean up)",
)  # fmt: skip
def cluster_lost(view: ChangeView) -> Iterator[Breach]:
    """Clusters that go with a change."""
    if view.head is None and view.base is not None:
        return
    for loss in losses.unapproved(view, "delete", losses.named(view, "cluster", view.blast.clusters_lost)):
        if losses.protects(view):
            yield from losses.refused(view, "delete", [loss], "a cluster goes only with an approval", loss.name)


@rule.change(
    id="racks-lost", area="destruction", severity="error", waivable=False,
    reason="a rack that leaves the plan is drained, wiped and powered off, with the jobs and local data on it",
    remedy="put them back, or approve it",
    source="https://book.metal3.io/bmo/automated_cleaning (deprovisioning cleans the disks)",
)  # fmt: skip
def racks_lost(view: ChangeView) -> Iterator[Breach]:
    """Racks that go from clusters that stay."""
    if view.head is None and view.base is not None:
        return
    for cluster, lost in losses.racks(view).items() if losses.protects(view) else ():
        left = losses.unapproved(view, "delete", lost)
        gpus = f" ({_gpus(view, cluster, left):,} GPUs)" if view.base else ""
        what = f"racks go only with an approval, {len(left)} of {cluster} would{gpus}"
        yield from losses.refused(view, "delete", left, what, f"cluster/{cluster}")


def _gpus(view: ChangeView, cluster: str, lost: list[losses.Loss]) -> int:
    clusters = [facts for facts in view.base.clusters if facts.name == cluster] if view.base else []
    return sum(len(lost) * facts.nodes_per_rack * facts.gpus_per_node for facts in clusters)


@rule.change(
    id="tenant-lost", area="destruction", severity="error", waivable=False,
    reason="with its namespace go a tenant's jobs, volumes and secrets, and nothing brings them back",
    remedy="put it back, or approve it",
    source="https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/",
)  # fmt: skip
def tenant_lost(view: ChangeView) -> Iterator[Breach]:
    """Tenants that go with a change."""
    if (view.head is None and view.base is not None) or not losses.protects(view):
        return
    clusters = {tenant.name: tenant.cluster for tenant in view.base.tenants} if view.base else {}
    for loss in losses.named(view, "tenant", view.blast.tenants_lost):
        cluster = clusters.get(loss.name.removeprefix("tenant/"), "")
        with_cluster = (f"cluster/{cluster}",) if cluster in view.blast.clusters_lost else ()
        whole = losses.Loss(loss.name, (*with_cluster, *loss.within))
        for left in losses.unapproved(view, "delete", [whole]):
            yield from losses.refused(view, "delete", [left], "a tenant goes only with an approval", left.name)


@rule.change(
    id="storage-lost", area="destruction", severity="error", waivable=False,
    reason="volumes of a class that goes can't be made, grown or attached any more; a Ceph cluster's data go with it",
    remedy="put it back, or approve it",
    source="https://rook.io/docs/rook/latest-release/Getting-Started/ceph-teardown/",
)  # fmt: skip
def storage_lost(view: ChangeView) -> Iterator[Breach]:
    """Storage systems that go with a change."""
    if (view.head is None and view.base is not None) or not losses.protects(view):
        return
    for loss in losses.unapproved(view, "delete", losses.named(view, "storage", losses.storage(view))):
        yield from losses.refused(view, "delete", [loss], "storage goes only with an approval", loss.name)


@rule.change(
    id="protected-lost", area="destruction", severity="error", waivable=False,
    reason="engines refuse to delete what is protected, so the update would stop half way, or lose it by force",
    remedy="keep it, or approve it", source=_PROTECT,
)  # fmt: skip
def protected_lost(view: ChangeView) -> Iterator[Breach]:
    """Protected objects that go alone, not with what they belong to."""
    what = "a protected object goes only with an approval"
    yield from groups.refused(view, ((change, what) for change in view.changes if change.loses and change.protect))


@rule.change(
    id="stateful-lost", area="destruction", severity="error", waivable=False,
    reason="state goes with some kinds of objects though nothing protects them",
    remedy="keep it, or approve it", source="https://kubernetes.io/docs/concepts/architecture/garbage-collection/",
)  # fmt: skip
def stateful_lost(view: ChangeView) -> Iterator[Breach]:
    """Unprotected objects that hold state and go alone, not with what they belong to."""
    yield from groups.refused(
        view,
        (
            (change, f"an object that holds state goes only with an approval ({STATEFUL[change.kind]})")
            for change in view.changes
            if change.loses and not change.protect and change.kind in STATEFUL
        ),
    )


@rule.change(
    id="replaced-in-use", area="destruction", severity="error", waivable=False,
    reason="an immutable field can't be changed: the object is deleted and made anew under what uses it",
    remedy="make a new object of another name beside it, move over, then remove the old one; or approve it",
    source="docs/adr/0008-gate.md and infra/gate/immutable.yaml, with a source for each field",
)  # fmt: skip
def replaced_in_use(view: ChangeView) -> Iterator[Breach]:
    """Unprotected objects that something running depends on, and that are replaced."""
    what = "what runs loses an object that is replaced"
    replaced = (change for change in view.changes if change.action == "replace" and change.kind in RUNNING)
    alone = (change for change in replaced if not change.protect and change.kind not in STATEFUL)
    yield from groups.refused(view, ((change, what) for change in alone))


@rule.change(
    id="serving-lost", area="destruction", severity="error", waivable=False,
    reason="add-ons, policies of operators, queues and guards run nothing themselves: everything that they serve stops",
    remedy="keep it, or approve it",
    source="https://fluxcd.io/flux/components/helm/helmreleases/ (uninstall) and infra/gate/impact/dependence.py",
)  # fmt: skip
def serving_lost(view: ChangeView) -> Iterator[Breach]:
    """Unprotected objects that serve what stays: they go, or are replaced, and what was installed by them with them.

    It can't see what is no Kubernetes object, what a chart's own values take away, and network policies that only
    allowed something.
    """
    yield from groups.refused(
        view,
        (
            (change, f"what serves others goes only with an approval ({what})")
            for change in view.changes
            if not change.protect and _goes(change) and (what := effect(change.kind)) is not None
        ),
    )


def _goes(change: Change) -> bool:
    return change.action == "delete" or (change.action == "replace" and change.kind not in RUNNING)


@rule.change(
    id="name-changed", area="destruction", severity="warning",
    reason="a name is the identity of namespaces, hosts and numbers: another one deletes all of it and makes it anew",
    remedy="keep the name, or plan it as a removal and a new one", source="docs/adr/0003-allocations.md",
)  # fmt: skip
def renamed(view: ChangeView) -> Iterator[Breach]:
    """Clusters and tenants that go while one like it comes under another name."""
    if view.base is None or view.head is None:
        return
    yield from _swapped(view, "tenant", view.base.tenants, view.head.tenants)
    yield from _swapped(view, "cluster", view.base.clusters, view.head.clusters)


def _swapped(
    view: ChangeView,
    kind: str,
    before: tuple[TenantFacts, ...] | tuple[ClusterFacts, ...],
    after: tuple[TenantFacts, ...] | tuple[ClusterFacts, ...],
) -> Iterator[Breach]:
    was, now = {old.name for old in before}, {new.name for new in after}
    gone = [old for old in before if old.name not in now]
    come = [new for new in after if new.name not in was]
    for old in gone:
        new = next((candidate for candidate in come if _alike(candidate) == _alike(old)), None)
        if new is not None:
            message = f"a name stays: {kind} {old.name} goes and {new.name} of the same size comes"
            yield Breach(message=message, subject=f"{kind}/{new.name}", path=(f"{kind}s", new.name))


def _alike(facts: TenantFacts | ClusterFacts) -> tuple[object, ...]:
    if isinstance(facts, TenantFacts):
        return (facts.cluster, facts.isolation, facts.gpus)
    return (facts.system, facts.purpose, facts.gpus)
