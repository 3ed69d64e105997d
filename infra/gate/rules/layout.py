"""How a region is laid out: its file, its stacks, and the API servers that it reaches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ... import spec
from ...objects.budget import over_budget
from ...plan.model import RegionPlan
from .. import rule
from ..records import Path_
from ..rule import Breach, RegionView

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


@rule.region(
    id="waiver-rule", area="shape", severity="error", waivable=False,
    reason="a waiver of no rule, or of one that none covers, lets nothing pass and hides that from its reader",
    remedy="name the rule as the gate prints it, or remove the waiver", source="docs/adr/0008-gate.md",
)  # fmt: skip
def waiver_rule(view: RegionView) -> Iterator[Breach]:
    """Waivers that can't cover anything."""
    for number, waiver in enumerate(view.plan.spec.waivers):
        named_rule = rule.RULES.get(waiver.rule)
        if named_rule is None:
            yield Breach(message=f"a waiver names a rule: there is none called {waiver.rule}", path=("waivers", number))
        elif not named_rule.waivable:
            message = f"a waiver names a rule that can be waived: {waiver.rule} can't"
            yield Breach(message=message, path=("waivers", number))
