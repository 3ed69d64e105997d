"""What differs between two plans of a region: fields of an object, objects of a region, objects of a stack.

Objects are compared as data, by id. Two with the same digest are the same and are not decoded, so that a region of
100,000 objects of which ten differ costs little more than its index.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Any

import msgspec

from ...objects.base import Block, HelmRelease, Item, Manifest
from ...objects.ids import UNKNOWN, ObjectId
from ..records import Change, FieldChange, ObjectRecord, StackDelta
from . import immutable

RELEASE_API, RELEASE_KIND = "helm.sh/v3", "Release"
"""How a Helm release that the engine installs itself is written as an object."""

_SORTED = msgspec.json.Encoder(order="sorted")

_ACTIONS = ("replace", "delete", "move", "update", "create")
"""In the order in which they are shown."""
_ITEM_KEYS = ("name", "key", "id")
"""Keys that tell the items of a list apart, the first that does for all of them."""
_PLAIN_KEY = re.compile(r"[\w-]+", re.ASCII)
_PLAIN_VALUE = re.compile(r"[\w./:@-]+", re.ASCII)
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


def field_changes(old: Manifest, new: Manifest) -> tuple[FieldChange, ...]:
    """What differs between two objects, in the order of the new one; what only the old one has follows.

    What came or went is one change at its highest node, and so is a value of another type. List items are told
    apart by name where all of them have one, else by number.

    >>> [change.path for change in field_changes({"a": {"b.c": 1}, "d": [1, 2]}, {"a": {"b.c": 2}, "d": [1]})]
    ['a["b.c"]', 'd[1]']
    """
    return tuple(_dict_changes("", old, new))


def _changes(path: str, old: Any, new: Any) -> Iterator[FieldChange]:
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _dict_changes(path, old, new)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _list_changes(path, old, new)
    elif type(old) is not type(new) or old != new:
        yield FieldChange(path=path, old=old, new=new)


def _dict_changes(path: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[FieldChange]:
    for key in (*new, *(key for key in old if key not in new)):
        was, now = old.get(key, msgspec.UNSET), new.get(key, msgspec.UNSET)
        if not (type(was) is str is type(now) and was == now):  # most leaves: their paths need not be made
            yield from _changes(_step(path, key), was, now)


def _step(path: str, key: str) -> str:
    if not _PLAIN_KEY.fullmatch(key):
        return f"{path}[{json.dumps(key, ensure_ascii=False)}]"
    return f"{path}.{key}" if path else key


def _list_changes(path: str, old: list[Any], new: list[Any]) -> Iterator[FieldChange]:
    key = next((key for key in _ITEM_KEYS if _told_apart(key, old, new)), None)
    before, after = (_by_number(old), _by_number(new)) if key is None else (_by_key(key, old), _by_key(key, new))
    for mark in (*after, *(mark for mark in before if mark not in after)):
        yield from _changes(path + mark, before.get(mark, msgspec.UNSET), after.get(mark, msgspec.UNSET))


def _told_apart(key: str, old: list[Any], new: list[Any]) -> bool:
    """Whether a key names every item of both lists, and those that stay keep their order."""
    names = []
    for items in (old, new):
        values = [item.get(key) if isinstance(item, dict) else None for item in items]
        if not all(isinstance(value, str) for value in values) or len(set(values)) < len(values):
            return False
        names.append(values)
    before, after = (set(values) for values in names)
    return [name for name in names[0] if name in after] == [name for name in names[1] if name in before]


def _by_number(items: list[Any]) -> dict[str, Any]:
    return {f"[{number}]": item for number, item in enumerate(items)}


def _by_key(key: str, items: list[dict[str, Any]]) -> dict[str, Any]:
    return {f"[{key}={_value(item[key])}]": item for item in items}


def _value(text: str) -> str:
    return text if _PLAIN_VALUE.fullmatch(text) else json.dumps(text, ensure_ascii=False)


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
