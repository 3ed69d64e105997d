"""What a region declares, by stack and cluster, and in what order the stacks go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ...objects import region
from ...objects.base import HelmRelease, KubeObject
from ...plan import stacks
from ...plan.model import RegionPlan
from .errors import RefusedError


@dataclass(slots=True)
class Parts:
    """What a region declares, by stack and cluster, in plan order."""

    objects: dict[str, dict[str, list[KubeObject]]] = field(default_factory=dict)
    components: dict[str, str] = field(default_factory=dict)
    """`<Component> <name>` by object id."""
    releases: list[HelmRelease] = field(default_factory=list)

    def targets(self, names: Sequence[str]) -> list[str]:
        """Clusters that these stacks have objects on."""
        return list(dict.fromkeys(target for name in names for target in self.objects.get(name, {})))


def parts_of(plan: RegionPlan, names: Sequence[str]) -> Parts:
    """What these stacks declare."""
    parts = Parts({name: {} for name in names})
    for block in region.region_blocks(plan):
        if block.stack not in parts.objects:
            continue
        for inner in block.walk():
            for item in inner.items:
                parts.components[item.id] = f"{inner.type} {inner.name}"
                if isinstance(item, HelmRelease):
                    parts.releases.append(item)
                else:
                    parts.objects[inner.stack].setdefault(item.target, []).append(item)
    return parts


def steps(plan: RegionPlan, names: Sequence[str]) -> list[list[str]]:
    """The stacks in steps that follow each other: management plane, racks, workload planes, tenants."""
    home = stacks.region_stack(plan.spec)
    racks = {
        stacks.rack_group_stack(plan.spec, cluster.name, group)
        for cluster in plan.clusters
        for group in region.rack_groups(cluster)
    }
    workloads = {stacks.cluster_stack(plan.spec, cluster.name) for cluster in plan.clusters}
    order = [{home}, racks - {home}, workloads - racks - {home}]
    known = set().union(*order)
    return [
        step
        for step in (*([name for name in names if name in one] for one in order), [n for n in names if n not in known])
        if step
    ]


def refuse_releases(parts: Parts) -> None:
    """The direct engine installs no charts: say what is to be installed (RefusedError)."""
    if not parts.releases:
        return
    lines = [
        f"{one.target}: chart {one.chart} {one.version} of {one.repo}, as {one.namespace}/{one.name}"
        for one in parts.releases
    ]
    raise RefusedError(
        "the direct engine installs no charts, and the plan has:\n  " + "\n  ".join(lines) + "\n"
        "Use `--engine pulumi`, or install them (`aifactory render` writes each with its values) and set "
        "`management.provider: existing` in the region file."
    )
