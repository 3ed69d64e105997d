"""Where data and hands may be, and who may work in a tenant's enclave."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from .. import rule
from ..rule import Breach, RegionView

_SOVEREIGN = "sovereign-training"
"""Service profile of the catalogue for data that may not leave the country."""
_RBAC = "https://kubernetes.io/docs/concepts/security/rbac-good-practices/"


@rule.region(
    id="residency-operators", area="residency", severity="warning",
    reason="who looks at data from abroad exports it, whatever disk it lies on",
    remedy="take the country out of sovereignty.operators, or add it to sovereignty.residency",
    source="EDPB guidelines 05/2021 on international transfers, version 2.0, remote access",
)  # fmt: skip
def residency_operators(view: RegionView) -> Iterator[Breach]:
    """Countries that administrators work from and data may not be in."""
    sovereignty = view.plan.spec.sovereignty
    outside = [country for country in sovereignty.operators if country not in sovereignty.residency]
    if outside:
        message = (
            f"administrators work from where data may be: {', '.join(outside)} is outside the residency "
            f"({', '.join(sovereignty.residency)})"
        )
        yield Breach(message=message, path=("sovereignty", "operators"))


@rule.region(
    id="residency-service", area="residency", severity="error", waivable=False,
    reason="the service is for data that may not leave the country, while the tenant's may be stored in another",
    remedy="give the tenant residency: its region's country alone",
    source="https://eur-lex.europa.eu/eli/reg/2016/679/oj (chapter V)",
)  # fmt: skip
def residency_service(view: RegionView) -> Iterator[Breach]:
    """Tenants of a sovereign service whose data may be in other countries too."""
    region = view.plan.spec
    for tenant in view.plan.tenants:
        allowed = tenant.spec.residency or region.sovereignty.residency
        abroad = [country for country in allowed if country != region.region.country]
        names = [use.name for use in tenant.services if use.profile.id == _SOVEREIGN]
        if abroad and names:
            message = f"data of {names[0]} stays in {region.region.country}: the tenant's may be in {', '.join(abroad)}"
            yield Breach(
                message=message, subject=f"tenant/{tenant.name}", path=("tenants", tenant.name),
                remedy=f"give the tenant residency: [{region.region.country}]",
            )  # fmt: skip


@rule.region(
    id="isolation-system-group", area="isolation", severity="error", waivable=False,
    reason="groups of Kubernetes hold everyone who is signed in, every pod or every node: all of them get the enclave",
    remedy="name groups of the identity provider", source=_RBAC,
)  # fmt: skip
def isolation_system_group(view: RegionView) -> Iterator[Breach]:
    """Tenants whose enclave is open to a group of Kubernetes itself."""
    for tenant in view.plan.tenants:
        for group in tenant.groups:
            if group.startswith("system:"):
                message = f"an enclave is for groups of the identity provider: {group} is Kubernetes' own"
                yield Breach(message=message, subject=f"tenant/{tenant.name}", path=("tenants", tenant.name, "groups"))


@rule.region(
    id="isolation-shared-group", area="isolation", severity="warning",
    reason="a group of two tenants reads the data of both; mostly it is a copied line",
    remedy="give each tenant groups of its own", source=_RBAC,
)  # fmt: skip
def isolation_shared_group(view: RegionView) -> Iterator[Breach]:
    """Groups that may work in the enclaves of several tenants."""
    tenants: dict[str, list[str]] = defaultdict(list)
    for tenant in view.plan.tenants:
        for group in dict.fromkeys(tenant.groups):
            tenants[group].append(tenant.name)
    for group, names in tenants.items():
        for name in names[1:]:
            message = f"a group works in one enclave: {group} works in that of {names[0]} too"
            yield Breach(message=message, subject=f"tenant/{name}", path=("tenants", name, "groups"))
