"""Values of a region file that what runs was built on, and that no object shows, or only in part.

A cluster that is reached another way is another cluster, pods keep the range that they were given, data stay on the
storage system that they were written to: the objects of the plan say little of it, or nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from ... import spec
from ...objects.ids import Subject
from ...plan.model import RegionPlan, StoragePlan, TenantPlan
from ...plan.storage import tenant_limit
from ..records import Outline, Setting

ACCESS, COUNTRY, GROUPS, KEYS, RESIDENCY, SERVICES = "access", "country", "groups", "keys", "residency", "services"
ENDPOINT, CAPACITY, NODES = "endpoint", "capacity_tib", "nodes"
PODS, CLUSTER_SERVICES = "pods_v4", "cluster_services_v4"
OPERATORS, STORE = "operators", "bmc secret store"
FEEDS, REDUNDANCY, COOLING = "feeds", "redundancy", "cdu_redundancy"
CLUSTERS, ENCRYPTED = "clusters", "encrypted"
QUOTA = "quota."
"""How names of a tenant's quotas start."""


class Altered(msgspec.Struct, frozen=True, kw_only=True):
    """A setting of something that is there before and after, with another value."""

    subject: str
    name: str
    old: Any
    new: Any

    @property
    def owner(self) -> Subject:
        """What it is of."""
        return Subject.parse(self.subject)


def of_plan(plan: RegionPlan) -> tuple[Setting, ...]:
    """The settings of a plan, with defaults filled in: what is left out and what is given alike are the same."""
    return tuple(_settings(plan))


def _settings(plan: RegionPlan) -> Iterator[Setting]:
    region, sovereignty = f"region/{plan.name}", plan.spec.sovereignty
    values: dict[str, Any] = {
        COUNTRY: plan.spec.region.country,
        RESIDENCY: list(sovereignty.residency),
        KEYS: sovereignty.keys,
        PODS: str(plan.spec.addressing.pods_v4),
        CLUSTER_SERVICES: str(plan.spec.addressing.cluster_services_v4),
        OPERATORS: list(sovereignty.operators),
        STORE: plan.spec.bmc.secret_store,
        FEEDS: len(plan.spec.site.power.feeds),
        REDUNDANCY: plan.spec.site.power.redundancy,
        COOLING: plan.spec.site.cooling.cdu_redundancy,
    }
    yield from _of(region, values)
    for management in plan.management:
        yield from _of(f"management/{management.name}", {ACCESS: _access(management.spec.access)})
    for cluster in plan.clusters:
        yield from _of(f"cluster/{cluster.name}", {ACCESS: _access(cluster.access)})
    for system in plan.storage:
        yield from _of(f"storage/{system.name}", _of_storage(system))
    for tenant in plan.tenants:
        yield from _of(f"tenant/{tenant.name}", _of_tenant(plan, tenant))


def _of(subject: str, values: dict[str, Any]) -> Iterator[Setting]:
    return (Setting(subject=subject, name=name, value=value) for name, value in values.items())


def _access(access: spec.Access) -> dict[str, Any]:
    return access.model_dump(mode="json", exclude_none=True)


def _of_storage(system: StoragePlan) -> dict[str, Any]:
    return {
        ENDPOINT: system.spec.endpoint,
        CAPACITY: system.spec.size_tib,
        NODES: system.spec.nodes,
        CLUSTERS: sorted(system.clusters),
        ENCRYPTED: system.spec.encrypted,
    }


def _of_tenant(plan: RegionPlan, tenant: TenantPlan) -> dict[str, Any]:
    quota = tenant.quota
    return {
        GROUPS: sorted(tenant.spec.groups or (f"tenant:{tenant.name}",)),
        RESIDENCY: list(tenant.spec.residency or ()),
        SERVICES: sorted({use.profile.id for use in tenant.services}),
        f"{QUOTA}cpu": quota.cpu,
        f"{QUOTA}memory_gib": quota.memory_gib,
        f"{QUOTA}storage_tib": tenant_limit(plan, tenant),
        f"{QUOTA}ephemeral_gib": quota.ephemeral_gib,
        f"{QUOTA}pods": quota.pods,
        f"{QUOTA}load_balancers": quota.load_balancers,
    }


def of(outline: Outline | None, subject: str, name: str) -> Iterator[Setting]:
    """The setting of a side by that name, none where the side is not there or knows of none."""
    settings = (outline.settings or ()) if outline is not None else ()
    return (setting for setting in settings if setting.subject == subject and setting.name == name)


def altered(before: Outline | None, after: Outline | None) -> tuple[Altered, ...]:
    """Settings of what is there on both sides that differ, in the order of the region file."""
    if before is None or after is None or before.settings is None or after.settings is None:
        return ()
    if not (_LATEST and _LATEST[0][0] is before and _LATEST[0][1] is after):
        _LATEST[:] = [(before, after, tuple(_differing(before.settings, after.settings)))]
    return _LATEST[0][2]


_LATEST: list[tuple[Outline, Outline, tuple[Altered, ...]]] = []
"""The two sides that were compared last, and how they differ: a dozen rules ask for the same, one after another."""


def _differing(before: tuple[Setting, ...], after: tuple[Setting, ...]) -> Iterator[Altered]:
    old = {(setting.subject, setting.name): setting.value for setting in before}
    for now in after:
        place = (now.subject, now.name)
        if place in old and old[place] != now.value:
            yield Altered(subject=now.subject, name=now.name, old=old[place], new=now.value)


def shown(value: Any) -> str:
    """A setting's value for readers, in a few words.

    >>> shown(None), shown(["KR", "JP"]), shown({"context": "train-a"})
    ('none', 'KR, JP', 'context train-a')
    """
    if value is None or value in ("", [], {}):
        return "none"
    if isinstance(value, dict):
        return ", ".join(f"{key} {shown(inner)}" for key, inner in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
