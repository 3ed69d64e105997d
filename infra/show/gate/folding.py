"""What is alike, shown once: objects that change alike are a family, families of the same components a section.

Stacks to which the same happens are one row, and findings that say the same of many places one finding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from ...gate.records import Change, FieldChange, Finding, StackDelta
from ...objects.ids import UNKNOWN
from . import text
from .figures import ACTIONS, NOTHING

DISTINCT = 3
"""Different values of a field that are told one by one."""
KINDS = 6
"""Kinds of a family that are told one by one."""


@dataclass(slots=True)
class FieldFold:
    """A field over the objects of a family."""

    path: str
    values: dict[Any, tuple[FieldChange, int]] = field(default_factory=dict)
    """A change with the number of objects that have it; at most `DISTINCT`, in order of appearance."""
    others: int = 0
    """Objects with yet other values."""

    def add(self, change: FieldChange) -> None:
        """Count one object's change."""
        key = (_key(change.old), _key(change.new))
        if key in self.values:
            first, count = self.values[key]
            self.values[key] = (first, count + 1)
        elif len(self.values) < DISTINCT:
            self.values[key] = (change, 1)
        else:
            self.others += 1

    def shown_changes(self) -> Iterator[tuple[FieldChange, str]]:
        """Changes to show, each with a note of how many objects it is for; empty where it is for all."""
        if len(self.values) == 1 and not self.others:
            yield next(iter(self.values.values()))[0], ""
        elif self.others:
            first, count = next(iter(self.values.values()))
            yield first, f"{count:,} of {self.objects:,}, and {self.objects - count:,} more like it"
        else:
            for change, count in self.values.values():
                yield change, f"{count:,} of {self.objects:,}"

    @property
    def objects(self) -> int:
        """Objects of the family."""
        return self.others + sum(count for _, count in self.values.values())


@dataclass(slots=True)
class Family:
    """Objects to which the same happens: of one kind, or of any where they come or go whole."""

    action: str
    protect: bool
    because: tuple[str, ...]
    ids: list[str] = field(default_factory=list)
    kinds: dict[str, int] = field(default_factory=dict)
    components: dict[str, None] = field(default_factory=dict)
    owners: dict[str, None] = field(default_factory=dict)
    stacks: dict[str, None] = field(default_factory=dict)
    fields: list[FieldFold] = field(default_factory=list)

    def add(self, change: Change) -> None:
        """Take in an object."""
        if not self.ids:
            self.fields = [FieldFold(field_change.path) for field_change in change.fields]
        self.ids.append(change.id)
        self.kinds[change.kind] = self.kinds.get(change.kind, 0) + 1
        self.components[change.component] = None
        self.owners[str(change.subject)] = None
        self.stacks[change.stack] = None
        for fold, field_change in zip(self.fields, change.fields, strict=True):
            fold.add(field_change)

    @property
    def loses(self) -> bool:
        """Whether the objects that are there now go."""
        return self.action in ("replace", "delete", "move")

    def headline(self) -> str:
        """`replace 64 Metal3MachineTemplates, protected: train-a/.. .. train-a/..`."""
        what = [text.plural(count, text.clean(text.cut(kind, 60))) for kind, count in self._kinds()]
        if len(what) == 1:
            return f"{text.clean(self.action)} {what[0]}{self._protected}: {self._names()}"
        more = f" and {len(what) - KINDS:,} more kinds" if len(what) > KINDS else ""
        listed = ", ".join(what[:KINDS]) + more
        return f"{text.clean(self.action)} {text.plural(len(self.ids), 'object')}{self._protected}: {listed}"

    def _kinds(self) -> list[tuple[str, int]]:
        """Kinds with their numbers; a namespace first, since all that is in it goes with it."""
        return sorted(self.kinds.items(), key=lambda counted: counted[0] != "Namespace")

    @property
    def _protected(self) -> str:
        return ", protected" if self.protect else ""

    def _names(self) -> str:
        if len(self.ids) == 1:
            return text.clean(text.cut(self.ids[0], 120))
        first, last = (text.clean(text.cut(_short(object_id), 80)) for object_id in (self.ids[0], self.ids[-1]))
        return f"{first}{', ' if len(self.ids) == 2 else ' .. '}{last}"

    def replacement_notes(self) -> list[str]:
        """Which field is to blame for it that an object is made anew."""
        blamed = f"because of {text.name_range(self.because)}, which can't be changed in place"
        return [blamed] if self.loses and self.because else []

    def owner_note(self) -> str:
        """Whose the objects are that go."""
        owners = [owner for owner in self.owners if owner != str(UNKNOWN)]
        words = [f"belongs to {text.name_range(owners)}"] if owners else []
        words += ["of unknown owner"] if len(owners) < len(self.owners) else []
        return "; ".join(words) if self.loses else ""


@dataclass(frozen=True, slots=True)
class Section:
    """Families of the same components, or of the same stacks."""

    names: tuple[str, ...]
    stacks: tuple[str, ...]
    families: tuple[Family, ...]

    @property
    def components(self) -> str:
        """`RackGroup train-a-0 .. train-a-1`."""
        kinds: dict[str, list[str]] = {}
        for name in self.names:
            kind, _, own = name.partition(" ")
            kinds.setdefault(kind, []).append(own)
        names = [f"{text.clean(text.cut(kind, 60))} {text.name_range(own)}".strip() for kind, own in kinds.items()]
        return ", ".join(names[: text.NAMES_SHOWN]) + (" and others" if len(names) > text.NAMES_SHOWN else "")

    def shown_families(self, most: int | None) -> Iterator[tuple[Family, list[str]]]:
        """Families, at most so many, each with what a reader asks of it; an owner is not named twice in a row."""
        before = ""
        for family in self.families[:most]:
            belongs = family.owner_note()
            yield family, [*family.replacement_notes(), *([belongs] if belongs and belongs != before else [])]
            before = belongs

    def counts(self) -> str:
        """`2 replace, 64 update`."""
        counts: dict[str, int] = {}
        for family in self.families:
            counts[family.action] = counts.get(family.action, 0) + len(family.ids)
        return ", ".join(f"{count:,} {text.clean(action)}" for action, count in counts.items())


def families(changes: Iterable[Change]) -> list[Family]:
    """Changes folded into families, in the order of their first objects: what goes first, protected before others."""
    by_likeness: dict[Any, Family] = {}
    for change in changes:
        kind_of_component = change.component.partition(" ")[0]
        paths = tuple([changed.path for changed in change.fields])
        # A component that comes or goes whole is one event, of however many kinds it is.
        kind = change.kind if paths or change.because or change.action in ("update", "replace") else ""
        key = (change.action, change.protect, kind, kind_of_component, change.because, paths)
        family = by_likeness.get(key)
        if family is None:
            by_likeness[key] = family = Family(change.action, change.protect, change.because)
        family.add(change)
    return list(by_likeness.values())


def singles(changes: Iterable[Change]) -> list[Family]:
    """Changes with every object as a family of its own: what `--details` shows."""
    return [family for change in changes for family in families((change,))]


def by_components(families: Sequence[Family]) -> list[Section]:
    """Families of changes put into sections by the components that they are of."""
    return _sections(families, lambda family: tuple(family.components))


def by_stacks(families: Sequence[Family]) -> list[Section]:
    """Families of changes put into sections by the stacks that they are in."""
    return _sections(families, lambda family: tuple(family.stacks))


def _sections(families: Sequence[Family], key: Callable[[Family], tuple[str, ...]]) -> list[Section]:
    groups: dict[tuple[str, ...], list[Family]] = {}
    for family in families:
        groups.setdefault(key(family), []).append(family)
    return [
        Section(
            tuple(text.unique(name for family in group for name in family.components)),
            tuple(text.unique(name for family in group for name in family.stacks)),
            tuple(group),
        )
        for group in groups.values()
    ]


def _short(object_id: str) -> str:
    """The part of an id after the kind: the kind is said already."""
    target, *rest = object_id.split("/", 2)
    return rest[-1].lstrip("/") if len(rest) == 2 else target


def _key(given: Any) -> Any:
    """A value as a key: 1, 1.0, true and "1" are not the same, and lists can't be keys."""
    return given if isinstance(given, str) else (type(given), given is msgspec.UNSET or repr(given))


def stack_rows(stacks: Sequence[StackDelta], most: int) -> list[tuple[str, ...]]:
    """Rows of stacks: name, numbers by action, resources; of many, those to which the same happens are one row."""
    groups: dict[object, list[StackDelta]] = {}
    for number, stack in enumerate(stacks):
        alike = (stack.replace, stack.delete, stack.update, stack.create)
        groups.setdefault(alike if len(stacks) > most else number, []).append(stack)
    return [_stack_row(group) for group in groups.values()]


def _stack_row(group: Sequence[StackDelta]) -> tuple[str, ...]:
    many = f" ({len(group):,} stacks)" if len(group) > 1 else ""
    sums = [sum(getattr(stack, name) for stack in group) for name in (*ACTIONS, "resources")]
    return (
        text.name_range([stack.name for stack in group]) + many,
        *(f"{number:,}" if number else NOTHING for number in sums),
    )


def places(findings: Iterable[Finding]) -> list[tuple[Finding, int]]:
    """Findings that say the same as one, with the number of further places that it is said of."""
    groups: dict[object, list[Finding]] = {}
    for finding in findings:
        words = (finding.rule, finding.region, finding.message, finding.remedy, finding.waived)
        groups.setdefault(words, []).append(finding)
    return [(group[0], len(group) - 1) for group in groups.values()]
