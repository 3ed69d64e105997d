"""A region's outline: facts and keys, from its files alone, in a fraction of the time that its objects take."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from ... import catalog as catalogue
from ... import spec
from ...objects.region import stack_names
from ...plan import build, quantities
from ...plan.allocation.lock import content, lock_path
from ...plan.model import ClusterPlan, RegionPlan, StoragePlan, TenantPlan
from ...plan.regions import Loaded, enclosing
from ...plan.stacks import rack_group
from ..impact import settings, totals
from ..records import ClusterFacts, Outline, PoolFacts, StorageFacts, TenantFacts
from . import shards


def light_plan(loaded: Loaded) -> RegionPlan:
    """The light plan that an outline is made of: a region's without hosts, 70 ms for a gigawatt."""
    region = loaded.region.model_copy(update={"inventory": None})
    return build.plan(region, loaded.catalog, loaded.full_lock, None, loaded.pools)


def outline(loaded: Loaded, plan: RegionPlan, parts: list[shards.Part], shown_file: str) -> Outline:
    """The outline of a region as the cache keeps it: facts, lock lines, stacks and keys of shards, without objects.

    Args:
        loaded: the region.
        plan: its light plan.
        parts: its shards.
        shown_file: name of the region file, for readers.
    """
    sheet = loaded.sheet
    return of_plan(
        plan,
        file=shown_file,
        sample=loaded.region.inventory == "sample" or (sheet is not None and sheet.is_sample),
        lock=_lock_lines(loaded),
        keys={part.name: shards.key(part, loaded) for part in parts},
        stacks=stack_names(plan, partial(_groups, loaded)),
    )


def _lock_lines(loaded: Loaded) -> tuple[str, ...]:
    """Entries of a region's lock file, line by line as they stand there: what an outline compares."""
    path = lock_path(loaded.file)
    text = content(path, enclosing(loaded.file)).decode() if path.exists() else ""
    return tuple(line for line in text.splitlines() if line.startswith("- "))


def _groups(loaded: Loaded, cluster: ClusterPlan) -> list[int]:
    """Rack groups that have hosts, as the inventory's lines say."""
    if not cluster.built:
        return []
    sheet, made_up = loaded.sheet, loaded.region.inventory == "sample"
    racks = [rack for rack in cluster.racks if made_up or (sheet is not None and rack.name in sheet.lines)]
    return sorted({rack_group(rack.index) for rack in racks})


def of_plan(
    plan: RegionPlan,
    *,
    file: str,
    sample: bool,
    lock: tuple[str, ...] = (),
    keys: dict[str, str] | None = None,
    stacks: Sequence[str] = (),
) -> Outline:
    """The outline of a plan; what does not follow from the plan is given beside it."""
    region = plan.spec
    waivers, approvals = decisions(region)
    return Outline(
        region=plan.name,
        country=region.region.country,
        file=file,
        layout=region.layout,
        protect=region.protect,
        sample=sample,
        residency=region.sovereignty.residency,
        totals=totals.of_plan(plan),
        clusters=tuple(_cluster(cluster, region) for cluster in plan.clusters),
        tenants=tuple(_tenant(tenant) for tenant in plan.tenants),
        storage=tuple(_storage(system) for system in plan.storage),
        pools=tuple(PoolFacts(name=pool.name, total=pool.total, used=pool.used) for pool in plan.pools),
        charts={chart.id: chart.version for chart in plan.charts},
        lock=lock,
        shards=keys or {},
        stacks=tuple(stacks or stack_names(plan)),
        waivers=waivers,
        approvals=approvals,
        settings=settings.of_plan(plan),
    )


Decisions = tuple[dict[str, str], ...]


def decisions(region: spec.Region) -> tuple[Decisions, Decisions]:
    """Waivers and approvals of a region file as plain text, for its outline and for judging it."""
    return tuple(map(_strings, region.waivers)), tuple(map(_strings, region.approvals))


def _tenant(tenant: TenantPlan) -> TenantFacts:
    return TenantFacts(
        name=tenant.name,
        cluster=tenant.cluster,
        isolation=tenant.spec.isolation,
        gpus=tenant.gpus,
        racks=tenant.racks,
    )


def _storage(storage: StoragePlan) -> StorageFacts:
    return StorageFacts(
        name=storage.name,
        tier=storage.spec.tier,
        driver=storage.spec.driver,
        capacity_tib=storage.spec.size_tib,
        clusters=storage.clusters,
    )


def _cluster(cluster: ClusterPlan, region: spec.Region) -> ClusterFacts:
    return ClusterFacts(
        name=cluster.name,
        system=cluster.system.id,
        purpose=cluster.spec.purpose,
        hall=cluster.hall,
        provider=cluster.spec.provider,
        management=cluster.management,
        fabric=cluster.fabric.id if cluster.fabric else None,
        kubernetes=cluster.kubernetes,
        rack_names=tuple(rack.name for rack in cluster.racks),
        nodes=cluster.nodes,
        gpus=cluster.gpus,
        gpus_per_node=cluster.system.gpus_per_node,
        nodes_per_rack=cluster.nodes_per_rack,
        rack_scale=cluster.system.rack_scale,
        max_racks=cluster.max_racks,
        it_kw=quantities.cluster_kw(cluster.spec, region, catalogue.load()),
        control_plane=cluster.spec.control_plane.replicas if cluster.built else 0,
    )


def _strings(decision: spec.Waiver | spec.Approval) -> dict[str, str]:
    return {name: str(value) for name, value in decision.model_dump(mode="json").items()}
