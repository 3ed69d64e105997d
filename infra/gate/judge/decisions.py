"""Approvals and waivers of a region: which come with the change itself, and which of those count already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from ...spec import source
from ...spec.problems import InputError
from ..records import Change
from ..sides.region_pairs import Pair
from ..sides.settings import FILE
from .verdict import Decision

Given = tuple[Mapping[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """What a region's file decides, in its order."""

    approvals: Given = ()
    waivers: Given = ()
    new_approvals: frozenset[int] = frozenset()
    """Numbers of those that come with the change."""
    new_waivers: frozenset[int] = frozenset()

    def recorded(self) -> tuple[Decision, ...]:
        """All of them, as the verdict says them."""
        approvals = (_approval(given, n in self.new_approvals) for n, given in enumerate(self.approvals))
        waivers = (_waiver(given, n in self.new_waivers) for n, given in enumerate(self.waivers))
        return (*approvals, *waivers)


def of_pair(pair: Pair) -> Decisions:
    """Decisions of the head, or of the base where the region is removed."""
    outline = pair.after or pair.before
    if outline is None:
        return Decisions()
    if pair.head is None or not (outline.approvals or outline.waivers):  # reading a base's file takes its time
        return Decisions(approvals=outline.approvals, waivers=outline.waivers)
    before = _stated(pair.base) if pair.base is not None else ((), ())
    return Decisions(
        approvals=outline.approvals,
        waivers=outline.waivers,
        new_approvals=_new(outline.approvals, before[0]),
        new_waivers=_new(outline.waivers, before[1]),
    )


def only_decides(pair: Pair, changes: Sequence[Change]) -> bool:
    """Whether a change does nothing to a region but decide: it is how a decision comes to stand on the base."""
    if pair.before is None or pair.after is None or pair.unjudged or changes:
        return False
    same = {"waivers": (), "approvals": ()}
    return msgspec.structs.replace(pair.before, **same) == msgspec.structs.replace(pair.after, **same)


def notes(decisions: Decisions, used: set[int], waits: bool) -> list[str]:
    """What a reader must know: approvals that were used, and all decisions that come with the change itself."""
    lines = []
    for number, approval in enumerate(decisions.approvals):
        new = number in decisions.new_approvals
        if number in used:
            lines.append(f"approved: {_of_approval(approval)}{'; it comes with this change' if new else ''}")
        elif new:
            lines.append(f"comes with this change: an approval, {_of_approval(approval)}{_wait(waits)}")
    for number in sorted(decisions.new_waivers):
        waiver = decisions.waivers[number]
        what = f"{waiver['rule']} for {waiver['subject']} until {waiver['until']} ({waiver['reason']})"
        lines.append(f"comes with this change: a waiver of {what}{_wait(waits)}")
    return lines


def _wait(waits: bool) -> str:
    return f"; it counts once it stands on the base ({FILE.as_posix()})" if waits else ""


def _of_approval(approval: Mapping[str, str]) -> str:
    what = f"{approval['action']} of {approval['subject']} by {approval['by']} until {approval['until']}"
    return f"{what} ({approval['reason']})"


def _approval(given: Mapping[str, str], brought: bool) -> Decision:
    return Decision(
        kind="approval",
        what=given["action"],
        subject=given["subject"],
        by=given["by"],
        reason=given["reason"],
        until=given["until"],
        brought=brought,
    )


def _waiver(given: Mapping[str, str], brought: bool) -> Decision:
    return Decision(
        kind="waiver",
        what=given["rule"],
        subject=given["subject"],
        by="",
        reason=given["reason"],
        until=given["until"],
        brought=brought,
    )


def _stated(file: Path) -> tuple[Given, Given]:
    """What a file states as approvals and waivers, whatever else is wrong with it; none if it can't be read."""
    try:
        data = source.read(file).data
    except InputError:
        return (), ()
    approvals, waivers = (_texts(data.get(name)) for name in ("approvals", "waivers"))
    return approvals, tuple({"subject": "*", **waiver} for waiver in waivers)


def _texts(value: object) -> Given:
    items = value if isinstance(value, list) else ()
    return tuple({str(key): str(text) for key, text in item.items()} for item in items if isinstance(item, dict))


def _new(given: Given, before: Given) -> frozenset[int]:
    standing = {frozenset(decision.items()) for decision in before}
    return frozenset(number for number, decision in enumerate(given) if frozenset(decision.items()) not in standing)
