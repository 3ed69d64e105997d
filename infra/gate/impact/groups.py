"""Losses of single objects told together: forty hosts that go for one reason are one finding, not forty."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..records import Change
from ..rule import Breach, ChangeView
from . import losses

FEW = 3
"""Losses of a kind that are still told one by one: a reader approves each by its name."""
_Key = tuple[str, str, str, tuple[str, ...]]


def refused(view: ChangeView, lost: Iterable[tuple[Change, str]]) -> Iterator[Breach]:
    """Breaches for objects that go alone, each with what the rule says of it; those of a kind for one reason together.

    Objects that go with a larger loss, and those whose loss is approved, are left out.
    """
    groups: dict[_Key, list[Change]] = {}
    for change, what in lost if losses.protects(view) else ():
        if not losses.follows_larger_loss(view, change):
            action = "replace" if change.action in ("replace", "move") else "delete"
            if losses.unapproved(view, action, [losses.of_object(view, change)]):
                groups.setdefault((what, action, change.kind, tuple(change.because)), []).append(change)
    for (what, action, kind, because), changes in groups.items():
        why = f"{what}, since {', '.join(because)} can't be changed" if because else what
        if len(changes) > FEW:
            yield _together(view, action, f"{why}: {len(changes):,} of kind {kind}", changes)
        else:
            for change in changes:
                yield from losses.refused(view, action, [losses.of_object(view, change)], why, change.id)


def _together(view: ChangeView, action: str, what: str, changes: list[Change]) -> Breach:
    names = [change.id.rpartition("/")[2] for change in changes]
    listed = f"{', '.join(names[:FEW])} and {len(names) - FEW:,} more"
    subject, pattern = _holder(view, changes), _pattern(view, changes)
    approve = f"approvals: [{{action: {action}, subject: {pattern}, by: .., reason: .., until: ..}}]"
    return Breach(
        message=f"{what}: {listed}",
        subject=subject,
        remedy=f"put them back, or let the region file say who approves it: {approve}",
    )


def _holder(view: ChangeView, changes: list[Change]) -> str:
    """What all of them belong to, if that is one thing; else the region."""
    owners = {name for change in changes for name in change.subject.names}
    shared = [name for name in owners if all(name in change.subject.names for change in changes)]
    named = [name for name in shared if name.partition("/")[2]]
    return max(named, key=len, default=f"region/{view.region}")


def _pattern(view: ChangeView, changes: list[Change]) -> str:
    """What an approval of all of them names: objects of one kind at one place, else the region."""
    places = {change.id.rpartition("/")[0] for change in changes}
    return f"{places.pop()}/*" if len(places) == 1 else f"region/{view.region}"
