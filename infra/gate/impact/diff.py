"""What differs between two plans of a region: fields of an object, objects of a region.

Objects are compared as data, by id. Two with the same digest are the same and are not decoded, so that a region of
100,000 objects of which ten differ costs little more than its index.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...objects.fields import FieldChange
from ...objects.fields import field_changes as field_changes
from ...objects.ids import UNKNOWN, ObjectId
from ..records import Change, ObjectRecord
from . import immutable


def compare(base: Iterable[ObjectRecord], head: Iterable[ObjectRecord], region: str) -> list[Change]:
    """What happens to each object between two plans of a region, in no order; see `order.ordered`.

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
