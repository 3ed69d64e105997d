"""Changes folded: objects of a kind that change alike are one family, families of the same components one section."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from ...gate.records import Change, FieldChange
from ...objects.ids import UNKNOWN
from . import text

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

    def told(self) -> Iterator[tuple[FieldChange, str]]:
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
            self.fields = [FieldFold(one.path) for one in change.fields]
        self.ids.append(change.id)
        self.kinds[change.kind] = self.kinds.get(change.kind, 0) + 1
        self.components[change.component] = None
        self.owners[str(change.subject)] = None
        self.stacks[change.stack] = None
        for fold, one in zip(self.fields, change.fields, strict=True):
            fold.add(one)

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
        told = ", ".join(what[:KINDS]) + more
        return f"{text.clean(self.action)} {text.plural(len(self.ids), 'object')}{self._protected}: {told}"

    def _kinds(self) -> list[tuple[str, int]]:
        """Kinds with their numbers; a namespace first, since all that is in it goes with it."""
        return sorted(self.kinds.items(), key=lambda one: one[0] != "Namespace")

    @property
    def _protected(self) -> str:
        return ", protected" if self.protect else ""

    def _names(self) -> str:
        if len(self.ids) == 1:
            return text.clean(text.cut(self.ids[0], 120))
        first, last = (text.clean(text.cut(_short(one), 80)) for one in (self.ids[0], self.ids[-1]))
        return f"{first}{', ' if len(self.ids) == 2 else ' .. '}{last}"

    def why(self) -> list[str]:
        """Which field is to blame for it that an object is made anew."""
        blamed = f"because of {text.span(self.because)}, which can't be changed in place"
        return [blamed] if self.loses and self.because else []

    def belongs(self) -> str:
        """Whose the objects are that go."""
        owners = [owner for owner in self.owners if owner != str(UNKNOWN)]
        words = [f"belongs to {text.span(owners)}"] if owners else []
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
        told = [f"{text.clean(text.cut(kind, 60))} {text.span(own)}".strip() for kind, own in kinds.items()]
        return ", ".join(told[: text.NAMES_SHOWN]) + (" and others" if len(told) > text.NAMES_SHOWN else "")

    def told(self, most: int | None) -> Iterator[tuple[Family, list[str]]]:
        """Families, at most so many, each with what a reader asks of it; an owner is not named twice in a row."""
        before = ""
        for one in self.families[:most]:
            belongs = one.belongs()
            yield one, [*one.why(), *([belongs] if belongs and belongs != before else [])]
            before = belongs

    def counts(self) -> str:
        """`2 replace, 64 update`."""
        counts: dict[str, int] = {}
        for one in self.families:
            counts[one.action] = counts.get(one.action, 0) + len(one.ids)
        return ", ".join(f"{count:,} {text.clean(action)}" for action, count in counts.items())


def families(changes: Iterable[Change]) -> list[Family]:
    """Families in the order in which their first objects come: what goes first, protected ones before others."""
    found: dict[Any, Family] = {}
    for one in changes:
        kind_of_component = one.component.partition(" ")[0]
        paths = tuple([changed.path for changed in one.fields])
        # A component that comes or goes whole is one event, of however many kinds it is.
        kind = one.kind if paths or one.because or one.action in ("update", "replace") else ""
        key = (one.action, one.protect, kind, kind_of_component, one.because, paths)
        family = found.get(key)
        if family is None:
            found[key] = family = Family(one.action, one.protect, one.because)
        family.add(one)
    return list(found.values())


def singles(changes: Iterable[Change]) -> list[Family]:
    """Every object by itself."""
    return [family for one in changes for family in families((one,))]


def by_components(found: Sequence[Family]) -> list[Section]:
    """Sections by what components families are of."""
    return _sections(found, lambda one: tuple(one.components))


def by_stacks(found: Sequence[Family]) -> list[Section]:
    """Sections by what stacks families are in."""
    return _sections(found, lambda one: tuple(one.stacks))


def _sections(found: Sequence[Family], key: Callable[[Family], tuple[str, ...]]) -> list[Section]:
    groups: dict[tuple[str, ...], list[Family]] = {}
    for one in found:
        groups.setdefault(key(one), []).append(one)
    return [
        Section(
            tuple(text.unique(name for one in group for name in one.components)),
            tuple(text.unique(name for one in group for name in one.stacks)),
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
