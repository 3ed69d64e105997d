"""Promises that a change may not quietly take back: numbers, protection, isolation, residency."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from .. import rule
from ..impact import losses
from ..records import ClusterFacts, TenantFacts
from ..rule import Breach, ChangeView, matches

_LOCK = "docs/adr/0003-allocations.md"
_STRENGTH = ("shared", "dedicated-nodes", "dedicated-cluster", "confidential")


@rule.change(
    id="lock-append-only", area="addresses", severity="error", waivable=False,
    reason="hardware is cabled and tenants are routed by these numbers: an edited line moves them under what runs",
    remedy="restore the lock from the base, then run `aifactory allocate`", source=_LOCK,
)  # fmt: skip
def lock_append_only(view: ChangeView) -> Iterator[Breach]:
    """Lines of the lock that were changed, removed or put between others."""
    if view.base is None or view.head is None:
        return
    for number, line in enumerate(view.base.lock):
        now = view.head.lock[number] if number < len(view.head.lock) else "nothing"
        if now != line:
            message = f"the lock only grows at its end: entry {number} was {line[:100]}, now it is {now[:100]}"
            yield Breach(message=message, subject=f"region/{view.region}")
            return


@rule.change(
    id="numbers-reused-at-once", area="addresses", severity="error",
    reason="released numbers are still routed: whoever gets them at once meets the last owner's traffic",
    remedy="release in one change; let others be given them in a later one", source=_LOCK,
)  # fmt: skip
def numbers_reused_at_once(view: ChangeView) -> Iterator[Breach]:
    """Numbers that one change releases and gives out again."""
    if view.base is None or view.head is None:
        return
    new = view.head.lock[len(view.base.lock) :]
    released = [line for line in new if "kind: released" in line]
    given = [line for line in new if line not in released]
    if released and given:
        shown = ", ".join(_name(line) for line in given[:3])
        yield Breach(
            message=f"what is released is given out later: this change releases {', '.join(map(_name, released[:3]))} "
            f"and gives numbers to {shown}",
            subject=f"region/{view.region}",
        )


def _name(line: str) -> str:
    """Name in a line of the lock, `- {kind: tenant, name: acme, ..`."""
    return line.partition("name: ")[2].partition(",")[0].rstrip("}")


@rule.change(
    id="protection-off", area="destruction", severity="error",
    reason="without protection the next change deletes clusters, storage and tenants with nobody's approval",
    remedy="keep protect: true; approve each loss instead", source="docs/adr/0008-gate.md",
)  # fmt: skip
def protection_off(view: ChangeView) -> Iterator[Breach]:
    """A region that is not protected any more."""
    if view.base is not None and view.head is not None and view.base.protect and not view.head.protect:
        message = f"a region stays protected: protect is off, with {len(view.base.tenants)} tenants in it"
        yield Breach(message=message, subject=f"region/{view.region}", path=("protect",))


@rule.change(
    id="residency-widened", area="residency", severity="error",
    reason="tenants came on the promise that their data stay in these countries; law may forbid to send them abroad",
    remedy="leave it, and name the countries for those tenants that agreed; else waive it with counsel's word",
    source="PIPA (Korea) Articles 28-8 to 28-11, and the laws in infra/catalog/countries",
)  # fmt: skip
def residency_widened(view: ChangeView) -> Iterator[Breach]:
    """Countries that are added to the residency of a region with tenants."""
    if view.base is None or view.head is None or not view.base.tenants:
        return
    added = sorted(set(view.head.residency) - set(view.base.residency))
    if added:
        tenants = len(view.base.tenants)
        yield Breach(
            message=f"residency is not widened under tenants: {', '.join(added)} comes, {tenants} tenants are there",
            subject=f"region/{view.region}",
            path=("sovereignty", "residency"),
        )


@rule.change(
    id="isolation-weakened", area="isolation", severity="error",
    reason="nodes that were a tenant's own then run others' pods; nothing tells the tenant",
    remedy="keep the tier, or waive it with the tenant's consent",
    source="https://kubernetes.io/docs/concepts/security/multi-tenancy/",
)  # fmt: skip
def isolation_weakened(view: ChangeView) -> Iterator[Breach]:
    """Tenants that are kept apart less than before."""
    for was, now in _tenants(view):
        if _STRENGTH.index(now.isolation) < _STRENGTH.index(was.isolation):
            yield Breach(
                message=f"a tenant keeps its isolation: {was.isolation} becomes {now.isolation}",
                subject=f"tenant/{now.name}",
                path=("tenants", now.name, "isolation"),
            )


@rule.change(
    id="tenant-shrunk", area="capacity", severity="warning",
    reason="a quota below what runs admits nothing new until enough has ended, and jobs of its size never start again",
    remedy="agree on it with the tenant first",
    source="https://kubernetes.io/docs/concepts/policy/resource-quotas/",
)  # fmt: skip
def tenant_shrunk(view: ChangeView) -> Iterator[Breach]:
    """Tenants that get fewer GPUs."""
    for was, now in _tenants(view):
        if now.gpus < was.gpus:
            yield Breach(
                message=f"a tenant keeps its GPUs: {was.gpus:,} become {now.gpus:,}",
                subject=f"tenant/{now.name}",
                path=("tenants", now.name),
            )


def _tenants(view: ChangeView) -> Iterator[tuple[TenantFacts, TenantFacts]]:
    """Tenants that are on both sides."""
    if view.base is not None and view.head is not None:
        after = {tenant.name: tenant for tenant in view.head.tenants}
        yield from ((tenant, after[tenant.name]) for tenant in view.base.tenants if tenant.name in after)


@rule.change(
    id="name-changed", area="destruction", severity="warning",
    reason="a name is the identity of namespaces, hosts and numbers: another one deletes all of it and makes it anew",
    remedy="keep the name, or plan it as a removal and a new one", source=_LOCK,
)  # fmt: skip
def renamed(view: ChangeView) -> Iterator[Breach]:
    """A cluster or tenant that goes while one like it comes."""
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


@rule.change(
    id="approval-unused", area="destruction", severity="note",
    reason="an approval that nothing uses lets a later change lose something that nobody meant",
    remedy="remove it once the change is merged", source="docs/adr/0008-gate.md",
)  # fmt: skip
def approval_unused(view: ChangeView) -> Iterator[Breach]:
    """Approvals that cover nothing of this change."""
    blast = view.blast
    names = {f"cluster/{name}" for name in blast.clusters_lost} | {f"tenant/{name}" for name in blast.tenants_lost}
    names |= {f"rack/{name}" for name in (*blast.racks_lost, *blast.racks_drained)}
    names |= {f"cluster/{name.rpartition('-r')[0]}" for name in (*blast.racks_lost, *blast.racks_drained)}
    names |= {f"storage/{name}" for name in blast.storage_lost}
    for change in view.changes:
        if change.loses:
            names |= set(losses.of_object(view, change).subjects)
    for approval in view.approvals:
        ended = view.today > datetime.date.fromisoformat(approval["until"])
        if ended or not any(matches(name, approval["subject"]) for name in names):
            why = f"ended on {approval['until']}" if ended else "covers nothing of this change"
            message = f"approvals go once they are used: {approval['action']} of {approval['subject']} {why}"
            yield Breach(message=message, subject=f"region/{view.region}", path=("approvals",))
