"""What a tenant was promised and a change may not quietly take back: its GPUs, its isolation."""

from __future__ import annotations

from collections.abc import Iterator

from .. import rule
from ..records import TenantFacts
from ..rule import Breach, ChangeView

_STRENGTH = ("shared", "dedicated-nodes", "dedicated-cluster", "confidential")


@rule.change(
    id="tenant-shrunk", area="capacity", severity="warning",
    reason="a quota below what runs admits nothing new until enough has ended, and jobs of its size never start again",
    remedy="agree on it with the tenant first",
    source="https://kubernetes.io/docs/concepts/policy/resource-quotas/",
)  # fmt: skip
def tenant_shrunk(view: ChangeView) -> Iterator[Breach]:
    """Tenants that get fewer GPUs by a change than they were promised."""
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
    id="isolation-weakened", area="isolation", severity="error",
    reason="nodes that were a tenant's own then run others' pods; nothing tells the tenant",
    remedy="keep the tier, or waive it with the tenant's consent",
    source="https://kubernetes.io/docs/concepts/security/multi-tenancy/",
)  # fmt: skip
def isolation_weakened(view: ChangeView) -> Iterator[Breach]:
    """Tenants that a change keeps apart less than was promised."""
    for was, now in _tenants(view):
        if _STRENGTH.index(now.isolation) < _STRENGTH.index(was.isolation):
            yield Breach(
                message=f"a tenant keeps its isolation: {was.isolation} becomes {now.isolation}",
                subject=f"tenant/{now.name}",
                path=("tenants", now.name, "isolation"),
            )
