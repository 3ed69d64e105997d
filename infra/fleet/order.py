"""The order of a fleet: waves of regions, steps of stacks, and what each stack waits for.

A limit of n at once is n chains: each stack waits for the one n places before it, so that one more stack changes what
its n neighbours wait for and nobody else. The first n of a step wait for the last n of the step before, which stand for
all of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ..objects.region import stack_names, steps
from ..plan.model import RegionPlan
from ..spec.problems import InputError, Problem
from . import settings
from .settings import Fleet, Wave

LONGEST = 42
"""Characters of an object's name: the operator's StatefulSet adds `-workspace`, and Kubernetes a dash and a hash of 10
to its pods' label controller-revision-hash, which may have 63."""
_HASH = 8

Approval = Literal["not needed", "approved", "awaited", "behind"]
"""Whether a wave may be applied: `awaited` and what is `behind` such a wave is previewed only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """One stack and what it waits for."""

    name: str
    """Name of the Pulumi stack, such as `kr-ulsan.train-a.0`."""
    object: str
    """Name of its Stack object, such as `kr-ulsan-train-a-0`."""
    after: tuple[str, ...]
    """Stacks that must have succeeded, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionOrder:
    """The stacks of a region in order."""

    plan: RegionPlan
    steps: tuple[tuple[Stack, ...], ...]
    """Steps follow each other; stacks of a step go side by side, within the limit."""
    after: tuple[str, ...]
    """Regions that must have succeeded."""
    gated: bool
    """Whether those are of an earlier wave, which must have succeeded lately."""

    @property
    def name(self) -> str:
        """Name of the region."""
        return self.plan.name

    @property
    def stacks(self) -> tuple[Stack, ...]:
        """All stacks, in the order of a first `up`."""
        return tuple(stack for step in self.steps for stack in step)


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveOrder:
    """Regions that go after every wave before."""

    number: int
    """From 1, by place in the settings."""
    name: str
    approval: Approval
    regions: tuple[RegionOrder, ...]

    @property
    def previews(self) -> bool:
        """Whether its stacks are previewed only."""
        return self.approval in ("awaited", "behind")


def chained(groups: Iterable[Sequence[str]], at_once: int) -> dict[str, tuple[str, ...]]:
    """What each stack or region waits for, where groups follow each other and a limit holds within each.

    >>> chained([["a"], ["b", "c", "d"], ["e"]], 2)
    {'a': (), 'b': ('a',), 'c': ('a',), 'd': ('b',), 'e': ('c', 'd')}
    """
    after: dict[str, tuple[str, ...]] = {}
    tails: tuple[str, ...] = ()
    for group in groups:
        for index, name in enumerate(group):
            after[name] = (group[index - at_once],) if index >= at_once else tails
        tails = tuple(group[-at_once:]) or tails
    return after


def region_names(fleet: Fleet, names: Sequence[str]) -> list[str]:
    """These regions in the order of the fleet's waves, by name within a wave."""
    return [name for _, members in fleet.members(names) for name in members]


def arrange(plans: Iterable[RegionPlan], fleet: Fleet) -> tuple[WaveOrder, ...]:
    """The whole order of a fleet, waves, regions and stacks; waves without a region are left out.

    Raises:
        InputError: two stacks would have the same object.
    """
    by_name = {plan.name: plan for plan in plans}
    waves = [(number, wave, names) for number, (wave, names) in enumerate(fleet.members(list(by_name)), 1) if names]
    after = chained([names for _, _, names in waves], fleet.regions_at_once)
    objects = _objects([stack for plan in by_name.values() for stack in stack_names(plan)])
    ends = {name: steps(plan, stack_names(plan))[-1][-fleet.stacks_at_once :] for name, plan in by_name.items()}
    wave_of = {name: number for number, _, names in waves for name in names}
    wave_orders = []
    approvals = _approvals([(wave, [by_name[name] for name in names]) for _, wave, names in waves], fleet)
    for (number, wave, names), approval in zip(waves, approvals, strict=True):
        regions = tuple(
            RegionOrder(
                plan=by_name[name],
                steps=_steps(by_name[name], fleet, objects, [end for earlier in after[name] for end in ends[earlier]]),
                after=after[name],
                gated=any(wave_of[earlier] != number for earlier in after[name]),
            )
            for name in names
        )
        wave_orders.append(WaveOrder(number=number, name=wave.name, approval=approval, regions=regions))
    return tuple(wave_orders)


def _steps(
    plan: RegionPlan, fleet: Fleet, objects: Mapping[str, str], entry: Sequence[str]
) -> tuple[tuple[Stack, ...], ...]:
    ordered = steps(plan, stack_names(plan))
    after = chained(ordered, fleet.stacks_at_once)
    return tuple(
        tuple(Stack(name=name, object=objects[name], after=after[name] or tuple(entry)) for name in step)
        for step in ordered
    )


def _approvals(waves: Sequence[tuple[Wave, Sequence[RegionPlan]]], fleet: Fleet) -> Iterator[Approval]:
    held = False
    for wave, plans in waves:
        needed = wave.approval or ("required" if any(plan.spec.protect for plan in plans) else "none")
        if held:
            yield "behind"
        elif needed == "none":
            yield "not needed"
        elif wave.approved is not None and wave.approved == fleet.source.commit:
            yield "approved"
        else:
            held = True
            yield "awaited"


def object_name(stack: str) -> str:
    """Name of a stack's `Stack` object: dots become dashes, and what is too long ends in a hash of the whole.

    >>> object_name("kr-ulsan.train-a.0")
    'kr-ulsan-train-a-0'
    >>> object_name("kr-a-place-with-a-long-name.and-its-cluster.12")
    'kr-a-place-with-a-long-name-and-i-cd8c010e'
    """
    name = stack.replace(".", "-")
    if len(name) <= LONGEST:
        return name
    digest = hashlib.sha256(stack.encode()).hexdigest()[:_HASH]
    return f"{name[: LONGEST - _HASH - 1].rstrip('-')}-{digest}"


def _objects(stacks: Sequence[str]) -> dict[str, str]:
    owners: dict[str, str] = {}
    problems = []
    for stack in stacks:
        name = object_name(stack)
        if name in owners:
            message = f"the stacks {owners[name]} and {stack} would both be the object {name}"
            remedy = "give the newer of the two regions or clusters another name"
            problems.append(Problem(file=str(settings.FILE), message=message, remedy=remedy))
        owners[name] = stack
    if problems:
        raise InputError(problems)
    return {stack: name for name, stack in owners.items()}
