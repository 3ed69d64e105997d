"""What a cluster has before a run, and what of the plan must not be done to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from ...errors import RefusedError, UnavailableError
from ...kube import discovery, readiness
from ...kube.cluster import Cluster
from ...objects.base import KubeObject
from . import ownership
from .applyset import ApplySet, Contents, members_of, owners
from .fields import PROTECT, RETAIN
from .live import Found, Key, Live, Reader, key_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What a cluster has of a stack."""

    contents: Contents
    """What the ApplySet's parent says; empty without one."""
    members: Live
    """Members of the stack's ApplySet."""
    others: Live
    """Planned objects that are there but no members."""
    planned: frozenset[Key]

    def find(self, key: Key) -> Found | None:
        """The live object of a key."""
        return self.members.get(key) or self.others.get(key)

    @property
    def leaving(self) -> Live:
        """Members that are not planned any more and not to be retained."""
        return {key: found for key, found in self.members.items() if key not in self.planned and not is_retained(found)}


def survey(cluster: Cluster, applyset: ApplySet, items: Sequence[KubeObject], pool: Executor) -> Survey:
    """Read what the cluster has of a stack's objects; members of planned kinds with all their fields.

    Args:
        cluster: the cluster.
        applyset: the stack's ApplySet there.
        items: the stack's objects there.
        pool: for requests side by side.

    Raises:
        RefusedError: the parent is somebody else's.
    """
    contents = applyset.read() or Contents()
    reader = Reader(cluster.api, cluster.discovery, pool, applyset.id, items)
    planned = {key_of(item.manifest) for item in items}
    members = reader.members(contents.group_kinds, full={key.group_kind for key in planned}.__contains__)
    others = reader.others(members)
    return Survey(contents=contents, members=members, others=others, planned=frozenset(planned))


def contents_of(items: Sequence[KubeObject]) -> Contents:
    """What the parent will say about planned objects."""
    keys = (key_of(item.manifest) for item in items)
    return members_of((key.group_kind, key.namespace or None) for key in keys)


def refuse(
    cluster: Cluster,
    applyset: ApplySet,
    seen: Survey,
    waves: Sequence[Sequence[KubeObject]],
    *,
    adopt: bool,
    force_protected: bool,
) -> None:
    """Stop before anything is changed, with every reason at once.

    Raises:
        RefusedError: objects of others are planned, or protected ones have left the plan.
        UnavailableError: kinds are not served, and nothing that is planned would bring them.
    """
    items = [item for wave in waves for item in wave]
    faults = [] if adopt else [fault for _, fault in foreign(cluster, applyset, seen, items)]
    faults += _leaving_faults(cluster, seen, force_protected=force_protected, adopt=adopt)
    faults += _unknown_waits(items)
    if faults:
        raise RefusedError.of(faults)
    refuse_missing_kinds(cluster, waves)


def foreign(
    cluster: Cluster, applyset: ApplySet, seen: Survey, items: Sequence[KubeObject]
) -> Iterator[tuple[str, str]]:
    """Planned objects that are somebody else's: id, and what to say about it."""
    known: Mapping[str, str] = owners(cluster.api) if seen.others else {}
    for item in items:
        found = seen.find(key_of(item.manifest))
        if found is not None:
            owner = ownership.foreign_owner(found.manifest["metadata"], applyset.id, known)
            if owner is not None:
                yield item.id, ownership.refusal(item.id, owner)


def _leaving_faults(cluster: Cluster, seen: Survey, *, force_protected: bool, adopt: bool) -> Iterator[str]:
    for key, found in seen.leaving.items():
        if not force_protected and is_protected(found):
            yield (
                f"{key.on(cluster.target)}: left the plan but is protected: deleting it loses state or running "
                "capacity; put it back into the plan, or delete it with --force-protected"
            )
        elif not adopt and ownership.by_pulumi(found.manifest["metadata"]):
            yield ownership.refusal(key.on(cluster.target), "the Pulumi engine, and left the plan")


def is_protected(found: Found) -> bool:
    """Whether a live object is marked as one that is not to be deleted."""
    return (found.manifest["metadata"].get("annotations") or {}).get(PROTECT) == "true"


def is_retained(found: Found) -> bool:
    """Whether a live object is marked as one that stays when it leaves the plan."""
    return (found.manifest["metadata"].get("annotations") or {}).get(RETAIN) == "true"


def _unknown_waits(items: Sequence[KubeObject]) -> Iterator[str]:
    for item in items:
        if item.wait_for is not None:
            try:
                readiness.verdict({"metadata": {}}, item.wait_for)
            except ValueError as error:
                yield f"{item.id}: {error}"


def refuse_missing_kinds(cluster: Cluster, waves: Sequence[Sequence[KubeObject]]) -> None:
    """Refuse kinds that are not served and that nothing before may bring.

    What may bring kinds is what is waited for (a release or an operator), definitions themselves, and what comes from
    another cluster or stack: a release on the management cluster, ready a moment ago.
    """
    bringing = False
    ids = {item.id for wave in waves for item in wave}
    faults: dict[str, UnavailableError] = {}
    for wave in waves:
        for item in wave:
            kind = (item.manifest["apiVersion"], item.manifest["kind"])
            if not bringing and ids.issuperset(item.after) and cluster.discovery.find(*kind) is None:
                error = discovery.missing(cluster.discovery, cluster.target, item.manifest)
                faults.setdefault(str(error), error)
        bringing = bringing or any(_brings_kinds(item) for item in wave)
    if faults:
        raise UnavailableError("\n".join(faults))


def _brings_kinds(item: KubeObject) -> bool:
    return item.wait_for is not None or item.manifest["kind"] == "CustomResourceDefinition"
