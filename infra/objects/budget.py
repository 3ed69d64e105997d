"""What a region would declare: counts and sizes by stack and component, and the budget of a stack."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .. import catalog
from ..plan.model import RegionPlan
from . import region
from .base import Block, HelmRelease, Item
from .ids import OWNER

MAX_STATE_BYTES = 5_000_000
STATE_FACTOR = 4.15
"""Bytes of Pulumi state for a byte of manifest (inputs and outputs both hold it), and"""
STATE_ENVELOPE_BYTES = 2400
"""bytes for each resource, its recorded stack trace among them. Both fitted to two real updates: 1.02 MB for 198
resources of 131 KB, 3.96 MB for 708 of 546 KB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentPreview:
    """One component resource."""

    type: str
    name: str
    kinds: tuple[tuple[str, int], ...]
    """Kinds and how many of each, most first."""
    ids: tuple[str, ...]
    size_bytes: int
    """Bytes of its objects as JSON."""

    @property
    def resources(self) -> int:
        """Resources in the stack: the component itself and its objects."""
        return 1 + len(self.ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class StackPreview:
    """One stack."""

    name: str
    components: tuple[ComponentPreview, ...]

    @property
    def resources(self) -> int:
        """Resources of all components, and of the stack and region themselves."""
        return 2 + sum(component.resources for component in self.components)

    @property
    def size_bytes(self) -> int:
        """Bytes of its objects as JSON."""
        return sum(component.size_bytes for component in self.components)

    @property
    def over_budget(self) -> str | None:
        """Why the stack is over its budget, None if it is not."""
        return over_budget(self.resources, self.size_bytes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A whole region."""

    region: str
    stacks: tuple[StackPreview, ...]

    @property
    def resources(self) -> int:
        """Resources of all stacks."""
        return sum(stack.resources for stack in self.stacks)

    @property
    def size_bytes(self) -> int:
        """Bytes of all objects as JSON."""
        return sum(stack.size_bytes for stack in self.stacks)


def max_resources() -> int:
    """Resources that a stack's budget allows, from the catalogue's limits."""
    return catalog.load().limits.resources_per_stack


def over_budget(resources: int, size_bytes: int) -> str | None:
    """Why a stack is over its budget of resources and state, None if it is not.

    Args:
        resources: of all components, and of the stack and region themselves.
        size_bytes: bytes of its objects as JSON.
    """
    if resources > (most := max_resources()):
        return f"{resources:,} resources, more than {most:,} a stack"
    state = size_bytes * STATE_FACTOR + resources * STATE_ENVELOPE_BYTES
    if state > MAX_STATE_BYTES:
        return f"about {state / 1e6:.1f} MB of state, more than {MAX_STATE_BYTES / 1e6:.0f} MB a stack"
    return None


def preview(plan: RegionPlan) -> Preview:
    """Counts and sizes of everything that the region declares, stacks in the order of a first `up`."""
    components: dict[str, list[ComponentPreview]] = {name: [] for name in region.stack_names(plan)}
    for block in region.region_blocks(plan):
        components[block.stack] += [_component(inner) for inner in block.walk()]
    stacks = tuple(StackPreview(name=name, components=tuple(parts)) for name, parts in components.items())
    return Preview(region=plan.name, stacks=stacks)


def _component(block: Block) -> ComponentPreview:
    kinds = Counter(_kinds(block.items))
    return ComponentPreview(
        type=block.type,
        name=block.name,
        kinds=tuple(kinds.most_common()),
        ids=tuple(item.id for item in block.items),
        size_bytes=sum(_size(item) for item in block.items),
    )


def _kinds(items: Iterable[Item]) -> Iterator[str]:
    for item in items:
        yield "Chart" if isinstance(item, HelmRelease) else str(item.manifest["kind"])


def _size(item: Item) -> int:
    data = item.values if isinstance(item, HelmRelease) else item.manifest
    return len(json.dumps(data, separators=(",", ":"))) + owner_bytes(item)


def owner_bytes(item: Item) -> int:
    """Bytes that the owner's annotation adds to an object as JSON, counted in previews."""
    if isinstance(item, HelmRelease):
        return 0
    alone = "annotations" not in item.manifest["metadata"]
    return len(f'"{OWNER}":"{item.owner.path}",') + (len('"annotations":{}') if alone else 0)
