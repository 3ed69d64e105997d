"""Where data may be, and where those work who can see them."""

from __future__ import annotations

from collections.abc import Iterator

from .. import rule
from ..rule import Breach, ChangeView, RegionView

_SOVEREIGN = "sovereign-training"
"""Service profile of the catalogue for data that may not leave the country."""


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
    """Tenants of a sovereign service whose data's residency takes in other countries too."""
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
