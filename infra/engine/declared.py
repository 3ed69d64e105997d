"""What a region declares, by stack and cluster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ..errors import RefusedError
from ..objects import region
from ..objects.base import HelmRelease, KubeObject
from ..plan.model import RegionPlan


@dataclass(slots=True)
class Parts:
    """What a region declares, by stack and cluster, in plan order."""

    objects: dict[str, dict[str, list[KubeObject]]] = field(default_factory=dict)
    components: dict[str, str] = field(default_factory=dict)
    """`<Component> <name>` by object id."""
    releases: list[HelmRelease] = field(default_factory=list)

    def pairs(self, names: Sequence[str]) -> list[tuple[str, str]]:
        """Each of these stacks with each of its clusters, in plan order."""
        return [(name, target) for name in names for target in self.objects[name]]

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


def refuse_releases(parts: Parts) -> None:
    """The direct engine installs no charts: say what is to be installed (RefusedError)."""
    if not parts.releases:
        return
    lines = [
        f"{release.target}: chart {release.chart} {release.version} of {release.repo}, "
        f"as {release.namespace}/{release.name}"
        for release in parts.releases
    ]
    raise RefusedError(
        "the direct engine installs no charts, and the plan has:\n  " + "\n  ".join(lines) + "\n"
        "Use `--engine pulumi`, or install them (`aifactory render` writes each with its values) and set "
        "`management.provider: existing` in the region file."
    )
