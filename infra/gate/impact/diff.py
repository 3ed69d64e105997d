"""What differs between two plans of a region: fields of an object, objects of a region, objects of a stack.

Objects are compared as data, by id. Two with the same digest are the same and are not decoded, so that a region of
100,000 objects of which ten differ costs little more than its index.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Any

import msgspec

from ...objects.base import Block, HelmRelease, Item, Manifest
from ...objects.fields import FieldChange
from ...objects.fields import field_changes as field_changes
from ...objects.ids import UNKNOWN, ObjectId
from ..records import Change, ObjectRecord, StackDelta
from . import immutable

RELEASE_API, RELEASE_KIND = "helm.sh/v3", "Release"
"""How a Helm release that the engine installs itself is written as an object."""

_SORTED = msgspec.json.Encoder(order="sorted")

_ACTIONS = ("replace", "delete", "move", "update", "create")
"""In the order in which they are shown."""
_NUMBERS = re.compile(r"(\d+)", re.ASCII)


def digest(manifest: Manifest, protect: bool) -> str:
    """16 hex digits (BLAKE2b) of an object and of what an engine is told beside it, whatever the order of its keys.

    >>> digest({"a": 1, "b": 2}, False) == digest({"b": 2, "a": 1}, False)
    True
    """
    return _digest(_SORTED.encode(manifest), protect)


def _digest(text: bytes, protect: bool) -> str:
    return blake2b(text + b"1" if protect else text, digest_size=8).hexdigest()


def manifest_of(item: Item) -> Manifest:
    """An item as an object; a Helm release becomes one of kind `Release`, group `helm.sh`."""
    if not isinstance(item, HelmRelease):
        return item.manifest
    return {
        "apiVersion": RELEASE_API,
        "kind": RELEASE_KIND,
        "metadata": {"name": item.name, "namespace": item.namespace},
        "spec": {"repo": item.repo, "chart": item.chart, "version": item.version, "values": item.values},
    }


def record(item: Item, block: Block) -> ObjectRecord:
    """The record of an item of a block: the object as it is compared, judged and kept."""
    text = _SORTED.encode(manifest_of(item))
    protect = False if isinstance(item, HelmRelease) else item.protect
    return ObjectRecord(
        id=item.id,
        stack=block.stack,
        component=f"{block.type} {block.name}",
        owner=item.owner.path,
        digest=_digest(text, protect),
        protect=protect,
        retain=not isinstance(item, HelmRelease) and item.retain,
        manifest=msgspec.Raw(text),
    )


def compare(base: Iterable[ObjectRecord], head: Iterable[ObjectRecord], region: str) -> list[Change]:
    """What happens to each object between two plans of a region, in no order; see `ordered`.

    An object of another stack or component is moved: engines that keep state know it by both, so it is deleted and
    made anew. `fields` then says so first (`stack`, `component`). `protect` among the fields is the engine's option.
    Objects that engines leave where they are (`KubeObject.retain`) are never deleted.

    Args:
        base: objects of the plan that stands.
        head: objects of the plan that is to be.
        region: the region's name.
    """
    before = {record.id: record for record in base}
    changes = []
    for after in head:
        old = before.pop(after.id, None)
        if old is None:
            changes.append(_change("create", after, region))
        elif (old.digest, old.stack, old.component) != (after.digest, after.stack, after.component):
            changes.append(_changed(old, after, region))
    return changes + [_change("delete", record, region) for record in before.values() if not record.retain]


def _changed(old: ObjectRecord, new: ObjectRecord, region: str) -> Change:
    places = [
        FieldChange(path=path, old=was, new=now)
        for path, was, now in (("stack", old.stack, new.stack), ("component", old.component, new.component))
        if was != now
    ]
    options = [FieldChange(path="protect", old=old.protect, new=new.protect)] if old.protect != new.protect else []
    before, after = old.data(), new.data()
    fields = field_changes(before, after)
    because = immutable.broken(immutable.kind_of(after), fields, before, after)
    action = "move" if places else "replace" if because else "update"
    return _change(
        action,
        new,
        region,
        protect=old.protect,
        fields=(*places, *options, *fields),
        because=because,
        owner=_owner(old, new),
    )


def _owner(old: ObjectRecord, new: ObjectRecord) -> str:
    """Whose an object is that stands; what was planned before objects said so is told by what is to be."""
    return new.owner if old.owner == UNKNOWN.path else old.owner


def _change(action: str, record: ObjectRecord, region: str, **given: Any) -> Change:
    kind = ObjectId.parse(record.id).kind
    values = {"protect": record.protect and action != "create", "owner": record.owner, **given}
    return Change(
        action=action, id=record.id, kind=kind, region=region, stack=record.stack, component=record.component, **values
    )


def ordered(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Changes in the order in which a reader needs them: what is lost first, and what is protected before the rest."""
    return tuple(sorted(changes, key=_place))


def _place(change: Change) -> tuple[Any, ...]:
    names = (change.stack, change.component, change.id)
    return (_ACTIONS.index(change.action), not change.protect, *map(natural, names))


def natural(text: str) -> tuple[str | int, ...]:
    """Sort key with numbers by value.

    >>> sorted(["r-10", "r-9"], key=natural)
    ['r-9', 'r-10']
    """
    return tuple(int(part) if number % 2 else part for number, part in enumerate(_NUMBERS.split(text)))


def stack_deltas(
    changes: Iterable[Change], resources: Mapping[str, int], order: Sequence[str]
) -> tuple[StackDelta, ...]:
    """What the changes do to each stack that they touch. What moves counts as replaced where it was and where it goes.

    Args:
        changes: the changes of a region.
        resources: resources by stack after the change; a stack that is not there has none.
        order: stacks in the order of a first `up`; others that are touched follow.
    """
    counts: dict[str, Counter[str]] = {}
    for change in changes:
        counts.setdefault(change.stack, Counter())[_counted(change)] += 1
        former = former_stack(change)
        if former is not None:
            counts.setdefault(former, Counter())["replace"] += 1
    rest = sorted(set(counts) - set(order), key=natural)
    names = [name for name in dict.fromkeys((*order, *rest)) if name in counts]
    return tuple(StackDelta(name=name, resources=resources.get(name, 0), **counts[name]) for name in names)


def _counted(change: Change) -> str:
    return "replace" if change.action == "move" else change.action


def former_stack(change: Change) -> str | None:
    """Stack that a moved object leaves; None where it keeps its stack."""
    if change.action != "move":
        return None
    return next((str(field.old) for field in change.fields if field.path == "stack"), None)
