"""What a change takes away, decision by decision: a reader approves the loss of a tenant, not of its 14 objects."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass

from ..beside import Drain
from ..records import Change
from ..rule import Breach, ChangeView, matches
from . import settings
from .dependence import guards_nobody

_ORDER = ("drain", "replace", "delete")


@dataclass(frozen=True, slots=True)
class Loss:
    """Something that goes, whole."""

    name: str
    """As approvals name it: `tenant/acme`."""
    within: tuple[str, ...]
    """What holds it: an approval of these covers it too."""

    @property
    def subjects(self) -> tuple[str, ...]:
        """All names by which an approval may cover it."""
        return (self.name, *self.within)


def protects(view: ChangeView) -> bool:
    """Whether losses need an approval: in every region but one for trying things, and in an engine's preview."""
    return view.base is None or view.base.protect


def racks(view: ChangeView) -> dict[str, list[Loss]]:
    """Losses of racks by cluster, but for those that go with their cluster."""
    lost = by_cluster(view, view.blast.racks_lost)
    return {cluster: racks for cluster, racks in lost.items() if cluster not in view.blast.clusters_lost}


def by_cluster(view: ChangeView, names: tuple[str, ...]) -> dict[str, list[Loss]]:
    """Losses of racks by the cluster that each stands in, as approvals name them."""
    clusters = _clusters(view)
    losses: dict[str, list[Loss]] = {}
    for rack in names:
        cluster = clusters[rack]
        losses.setdefault(cluster, []).append(Loss(f"rack/{rack}", (f"cluster/{cluster}", f"region/{view.region}")))
    return losses


def _clusters(view: ChangeView) -> dict[str, str]:
    """Cluster of each rack that stands, or whose objects change."""
    stands = view.base.clusters if view.base is not None else ()
    owners = (change.subject for change in view.changes)
    return {rack: cluster.name for cluster in stands for rack in cluster.rack_names} | {
        owner.name: owner.within.name for owner in owners if owner.kind == "rack" and owner.within is not None
    }


def named(view: ChangeView, kind: str, names: tuple[str, ...]) -> list[Loss]:
    """Losses of whole clusters, tenants or storage systems, as approvals name them."""
    return [Loss(f"{kind}/{name}", (f"region/{view.region}",)) for name in names]


def storage(view: ChangeView) -> tuple[str, ...]:
    """Losses of storage systems, by name; one whose class is only replaced is no loss: its volumes stay."""
    kept = {system.name for system in view.head.storage} if view.head is not None else set()
    return tuple(name for name in view.blast.storage_lost if name not in kept)


def drains(view: ChangeView) -> list[Drain]:
    """Clusters that a change drains as a whole, for the rule on all regions together; none in an unprotected region."""
    if not protects(view):
        return []
    region = f"region/{view.region}"
    return [
        Drain(region=view.region, cluster=name, approved=view.approved("drain", region))
        for name in view.blast.clusters_drained
    ]


def names_beside_objects(view: ChangeView) -> list[str]:
    """What approvals may be for and no object or rack tells: clusters that are drained or reached another way."""
    reached = [change for change in settings.altered(view.base, view.head) if change.name == settings.ACCESS]
    drained = [f"cluster/{name}" for name in view.blast.clusters_drained]
    names = [*drained, *(change.subject for change in reached)]
    return [*names, f"region/{view.region}"] if names else []


def of_object(view: ChangeView, change: Change) -> Loss:
    """The loss of an object that goes alone; an approval of what it belongs to covers it too."""
    within = (*change.subject.names, f"region/{view.region}")
    return Loss(change.id, within)


def follows_larger_loss(view: ChangeView, change: Change) -> bool:
    """Whether the loss of an object only follows from a larger one, which a rule of its own tells."""
    blast = view.blast
    if view.base is not None and view.head is None:
        return True
    if view.base is not None and view.head is not None and view.base.layout != view.head.layout:
        return True
    owner = change.subject
    if owner.kind == "rack":
        return owner.name in blast.racks_lost or (owner.within is not None and owner.within.name in blast.clusters_lost)
    lost = {"tenant": blast.tenants_lost, "cluster": blast.clusters_lost, "storage": storage(view)}.get(owner.kind, ())
    target = change.id.partition("/")[0]
    return owner.name in lost or target in blast.clusters_lost or guards_nobody(change.kind, target, view.head)


def unapproved(view: ChangeView, action: str, losses: list[Loss]) -> list[Loss]:
    """Losses that no approval in force covers."""
    return [loss for loss in losses if not view.approved(action, *loss.subjects)]


def refused(view: ChangeView, action: str, losses: list[Loss], what: str, subject: str) -> Iterator[Breach]:
    """What a rule yields for losses that no approval covers: one breach, with how to approve them."""
    if not losses:
        return
    first = losses[0].name
    names = f"{first} .. {losses[-1].name}" if len(losses) > 1 else first
    expired = [end for loss in losses if (end := _expired(view, action, loss)) is not None]
    ended = f"; the approval expired on {max(expired)}" if expired else ""
    kind, _, name = subject.partition("/")
    several = f"rack/{subject.partition('/')[2]}-r*" if first.startswith("rack/") else subject
    wanted = several if len(losses) > 1 else first
    approve = f"approvals: [{{action: {action}, subject: {wanted}, by: .., reason: .., until: ..}}]"
    yield Breach(
        message=f"{what}: {names}{ended}",
        subject=subject,
        path=_place(view, kind, name),
        remedy=f"put it back, or let the region file say who approves it: {approve}",
    )


def _place(view: ChangeView, kind: str, name: str) -> tuple[str, ...]:
    """Place of what is still there."""
    if kind == "cluster" and view.head is not None and any(cluster.name == name for cluster in view.head.clusters):
        return ("clusters", name)
    return ()


def _expired(view: ChangeView, action: str, loss: Loss) -> str | None:
    """Last day of an approval that would have covered a loss, None if there is none."""
    at_least = _ORDER[_ORDER.index(action) :]
    ends = [
        approval["until"]
        for approval in view.approvals
        if approval["action"] in at_least
        and view.today > datetime.date.fromisoformat(approval["until"])
        and any(matches(subject, approval["subject"]) for subject in loss.subjects)
    ]
    return max(ends, default=None)
