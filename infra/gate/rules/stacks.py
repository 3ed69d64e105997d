"""A region's file, layout and stacks, and the API servers that it reaches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ... import spec
from ...objects.budget import over_budget
from ...plan.model import RegionPlan
from .. import rule
from ..impact import losses
from ..impact.dependence import STATEFUL
from ..records import Path_
from ..rule import Breach, ChangeView, RegionView

_OF_THE_STACK = 2
"""Resources of the stack and the region themselves, beside those that shards add."""


@rule.region(
    id="name-matches-file", area="stacks", severity="error", waivable=False,
    reason="a stack finds its region file by the region's name: another file, or none, is planned in its place",
    remedy="name the file and the region alike, and the lock with them", source="docs/adr/0004-stacks.md",
)  # fmt: skip
def name_matches_file(view: RegionView) -> Iterator[Breach]:
    """Region files that bear another name than their region."""
    name, stem = view.plan.name, view.loaded.file.stem
    if name != stem:
        message = f"a region file bears the region's name: region {name} stands in {view.loaded.file.name}"
        yield Breach(message=message, path=("region", "name"))


@rule.region(
    id="stack-budget", area="stacks", severity="error",
    reason="the backend rewrites the whole state for each resource: beyond the budget an update takes hours",
    remedy="split the cluster or use layout: split; fewer racks, tenants or storage in that stack also help",
    source="docs/adr/0004-stacks.md",
)  # fmt: skip
def stack_budget(view: RegionView) -> Iterator[Breach]:
    """Stacks beyond 1,000 resources or 5 MB of state, with all that the plan declares today."""
    resources: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    for shard in view.shards.values():
        for count in shard.stacks:
            resources[count.name] += count.resources
            sizes[count.name] += count.size_bytes
    for name in sorted(resources):
        why = over_budget(resources[name] + _OF_THE_STACK, sizes[name])
        if why:
            yield Breach(message=f"a stack stays within its budget: {name} has {why}", subject=f"stack/{name}")


@rule.region(
    id="access-shared", area="isolation", severity="error", waivable=False,
    reason="two clusters that are reached the same way are one: each overwrites the other's platform and tenants",
    remedy="give each cluster an access of its own", source="docs/adr/0005-two-engines.md",
)  # fmt: skip
def access_shared(view: RegionView) -> Iterator[Breach]:
    """API servers that two clusters of the region are reached at."""
    first: dict[str, str] = {}
    for subject, path, access in _accesses(view.plan):
        target = access.context or (access.exec.server if access.exec else None)
        if target is None:
            continue
        other = first.setdefault(target, subject)
        if other != subject:
            message = f"each cluster has an API server of its own: {target} is that of {other} too"
            yield Breach(message=message, subject=subject, path=path)


def _accesses(plan: RegionPlan) -> Iterator[tuple[str, Path_, spec.Access]]:
    for management in plan.management:
        yield f"management/{management.name}", ("management", management.name, "access"), management.spec.access
    for cluster in plan.clusters:
        yield f"cluster/{cluster.name}", ("clusters", cluster.name, "access"), cluster.access


@rule.change(
    id="layout-changed", area="stacks", severity="error",
    reason="layout moves every object to another stack, which deletes and recreates it",
    remedy="set it back; a new layout is for a new region", source="docs/adr/0004-stacks.md",
)  # fmt: skip
def layout_changed(view: ChangeView) -> Iterator[Breach]:
    """A change of a region's layout, single or split: it is chosen once."""
    base, head = view.base, view.head
    if base is None or head is None or base.layout == head.layout:
        return
    if losses.protects(view) and not view.approved("delete", f"region/{view.region}"):
        message = f"layout is chosen once: it was {base.layout}, {head.layout} is given"
        yield Breach(message=message, subject=f"region/{view.region}", path=("layout",))


@rule.change(
    id="moved-between-stacks", area="stacks", severity="error", waivable=False,
    reason="an engine knows an object by its stack and component: elsewhere it is deleted and made anew",
    remedy="leave it where it is, or approve it: {action: replace}", source="docs/adr/0004-stacks.md",
)  # fmt: skip
def moved_between_stacks(view: ChangeView) -> Iterator[Breach]:
    """Unprotected objects that move to another stack, told once for each pair of stacks."""
    pairs: Counter[tuple[str, str]] = Counter()
    for change in view.changes:
        loose = not change.protect and change.kind not in STATEFUL
        alone = change.action == "move" and losses.protects(view) and not losses.follows_larger_loss(view, change)
        if alone and loose and not view.approved("replace", *losses.of_object(view, change).subjects):
            pairs[change.former_stack or change.stack, change.stack] += 1
    for (former, now), count in sorted(pairs.items()):
        where = f"from stack {former} to {now}" if former != now else f"to another component of stack {now}"
        yield Breach(message=f"an object stays in its stack: {count} move {where}", subject=f"stack/{now}")
