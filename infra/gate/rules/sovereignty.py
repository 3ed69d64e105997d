"""Where data may be, who holds their keys, and where those work who can see them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .. import rule
from ..impact import settings
from ..records import Outline
from ..rule import Breach, ChangeView, RegionView

_SOVEREIGN = "sovereign-training"
"""Service profile of the catalogue for data that may not leave the country."""
_CUSTOMER = "customer-held"


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
    """Countries that are added to the residency of a region with tenants, and a region that is said to be elsewhere."""
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
    if view.head.country != view.base.country:
        message = f"a region with tenants stays where it is: {view.base.country} becomes {view.head.country}"
        yield Breach(message=message, subject=f"region/{view.region}", path=("region", "country"))


@rule.change(
    id="operators-widened", area="residency", severity="error",
    reason="tenants came on the promise of who can see their data; who works from abroad is under the orders of there",
    remedy="leave sovereignty.operators, or waive it with counsel's word and that of the tenants",
    source="EDPB guidelines 05/2021 on international transfers, version 2.0, remote access",
)  # fmt: skip
def operators_widened(view: ChangeView) -> Iterator[Breach]:
    """Countries that administrators of a region with tenants may work from, and might not before."""
    tenants = len(view.base.tenants) if view.base is not None else 0
    for change in settings.altered(view.base, view.head) if tenants else ():
        added = [country for country in change.new if country not in change.old] if _of_operators(change) else []
        if added:
            message = f"operators stay where they are: {', '.join(added)} comes, under {tenants} tenants"
            yield Breach(message=message, subject=change.subject, path=("sovereignty", "operators"))


def _of_operators(change: settings.Altered) -> bool:
    return change.name == settings.OPERATORS


@rule.change(
    id="tenant-residency-widened", area="residency", severity="error",
    reason="the tenant was promised these countries alone; what has been copied abroad can't be called back",
    remedy="leave the tenant's residency as it is; else waive it for this tenant with its consent and counsel's word",
    source="PIPA (Korea) Articles 28-8 to 28-11, and the laws in infra/catalog/countries",
)  # fmt: skip
def tenant_residency_widened(view: ChangeView) -> Iterator[Breach]:
    """Tenants whose own residency is widened, or removed, so that their data may be in more countries than before.

    It can't see a tenant that goes and comes back under another name, which `tenant-lost` tells.
    """
    for change in settings.altered(view.base, view.head):
        own = change.owner.kind == "tenant" and change.name == settings.RESIDENCY
        if own and (added := _added(view, change.subject)):
            name, given = change.owner.name, settings.shown(change.new)
            what = f"{given} is given" if change.new else "its own residency goes"
            message = f"a tenant's residency is not widened: {', '.join(added)} comes for {name}, {what}"
            yield Breach(message=message, subject=change.subject, path=("tenants", name))


def _added(view: ChangeView, tenant: str) -> list[str]:
    """Countries that a tenant's data may be in after a change, and not before."""
    return sorted(set(_residency(view.head, tenant)) - set(_residency(view.base, tenant)))


def _residency(outline: Outline | None, tenant: str) -> Sequence[str]:
    """Countries that a tenant's data may be in: its own, or the region's."""
    own = next((setting.value for setting in settings.of(outline, tenant, settings.RESIDENCY)), None)
    return own or (outline.residency if outline is not None else ())


@rule.change(
    id="sovereign-service-dropped", area="residency", severity="error", waivable=False,
    reason="data that came in under a sovereign service are still there when it is dropped, and may leave the country "
    "with the same change",
    remedy="drop the service first; widen the residency in a later change, when the data are gone or released",
    source="https://eur-lex.europa.eu/eli/reg/2016/679/oj (chapter V)",
)  # fmt: skip
def sovereign_service_dropped(view: ChangeView) -> Iterator[Breach]:
    """Tenants that lose a sovereign service in the change that lets their data be in more countries.

    It can't see two changes that do the same one after the other; the second is `tenant-residency-widened`.
    """
    for change in settings.altered(view.base, view.head):
        dropped = change.name == settings.SERVICES and _SOVEREIGN in change.old and _SOVEREIGN not in change.new
        if dropped and (added := _added(view, change.subject)):
            message = (
                f"data of {_SOVEREIGN} stay where they are: {change.owner.name} drops it while {', '.join(added)} "
                "comes to its residency"
            )
            yield Breach(message=message, subject=change.subject, path=("tenants", change.owner.name))


@rule.change(
    id="keys-weakened", area="residency", severity="error",
    reason="tenants brought their data on the word that nobody but them can decrypt it: the operator then can, and who "
    "orders the operator to",
    remedy="keep keys: customer-held; else waive it with the word of every tenant",
    source="EDPB recommendations 01/2020 on supplementary measures, version 2.0, use cases 1 and 6",
)  # fmt: skip
def keys_weakened(view: ChangeView) -> Iterator[Breach]:
    """Encryption keys that customers held and the operator is to hold.

    It can't see where the key service of a storage system really keeps its keys.
    """
    for change in settings.altered(view.base, view.head):
        if change.name == settings.KEYS and change.old == _CUSTOMER:
            yield Breach(
                message=f"keys stay with who holds them: {change.old} becomes {change.new}",
                subject=change.subject,
                path=("sovereignty",),
            )
