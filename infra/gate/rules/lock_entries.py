"""Entries of the lock file: numbers that were given out, are held, released or not written down yet."""

from __future__ import annotations

from collections.abc import Iterator

from ...plan.regions import REGIONS
from .. import rule
from ..rule import Breach, ChangeView, RegionView

_ADR = "docs/adr/0003-allocations.md"
_MANY = 8
"""Names in a message before the rest is counted."""


@rule.region(
    id="lock-complete", area="addresses", severity="error", waivable=False,
    reason="numbers that are not in the lock are provisional: two branches are given the same ones",
    remedy="run `aifactory allocate`, and commit the new lines of the lock", source=_ADR,
)  # fmt: skip
def lock_complete(view: RegionView) -> Iterator[Breach]:
    """Numbers of the plan that do not stand in the lock file."""
    items = list(dict.fromkeys(entry.item for entry in view.loaded.missing))
    if items:
        yield Breach(
            message=f"every number that is given out stands in the lock: it lacks {_listed(items)}",
            remedy=f"run `aifactory allocate {_argument(view)}`, and commit the new lines of the lock",
        )


def _argument(view: RegionView) -> str:
    """How the command line names the region: by its file where that is in no project."""
    file = view.loaded.file
    return view.plan.name if file.parent.parts[-2:] == REGIONS.parts else str(file)


@rule.region(
    id="retired-numbers", area="addresses", severity="note",
    reason="numbers of what is gone are held for ever, until the pool is full of them",
    remedy="release them with `aifactory allocate --release` once nothing is cabled by them any more", source=_ADR,
)  # fmt: skip
def retired_numbers(view: RegionView) -> Iterator[Breach]:
    """Numbers that the lock holds for what the region file names no more."""
    if view.loaded.retired:
        options = " ".join(f"--release {item}" for item in view.loaded.retired[:_MANY])
        yield Breach(
            message=f"numbers are held by what the file names no more: {_listed(view.loaded.retired)}",
            remedy=f"run `aifactory allocate {_argument(view)} {options}` once nothing is cabled by them any more",
        )


def _listed(names: list[str] | tuple[str, ...]) -> str:
    more = f" and {len(names) - _MANY} more" if len(names) > _MANY else ""
    return ", ".join(names[:_MANY]) + more


@rule.change(
    id="lock-append-only", area="addresses", severity="error", waivable=False,
    reason="hardware is cabled and tenants are routed by these numbers: an edited line moves them under what runs",
    remedy="restore the lock from the base, then run `aifactory allocate`", source=_ADR,
)  # fmt: skip
def lock_append_only(view: ChangeView) -> Iterator[Breach]:
    """Lines of the lock that were changed, removed or put between others."""
    if view.base is None or view.head is None:
        return
    for number, line in enumerate(view.base.lock):
        now = view.head.lock[number] if number < len(view.head.lock) else "nothing"
        if now != line:
            message = f"the lock only grows at its end: entry {number} was {line[:100]}, now it is {now[:100]}"
            yield Breach(message=message, subject=f"region/{view.region}")
            return


@rule.change(
    id="numbers-reused-at-once", area="addresses", severity="error",
    reason="released numbers are still routed: whoever gets them at once meets the last owner's traffic",
    remedy="release in one change; let others be given them in a later one", source=_ADR,
)  # fmt: skip
def numbers_reused_at_once(view: ChangeView) -> Iterator[Breach]:
    """Numbers of the lock that one change releases and gives out again."""
    if view.base is None or view.head is None:
        return
    new = view.head.lock[len(view.base.lock) :]
    released = [line for line in new if "kind: released" in line]
    given = [line for line in new if line not in released]
    if released and given:
        shown = ", ".join(_name(line) for line in given[:3])
        yield Breach(
            message=f"what is released is given out later: this change releases {', '.join(map(_name, released[:3]))} "
            f"and gives numbers to {shown}",
            subject=f"region/{view.region}",
        )


def _name(line: str) -> str:
    """Name in a line of the lock, `- {kind: tenant, name: acme, ..`."""
    return line.partition("name: ")[2].partition(",")[0].rstrip("}")
