"""What no two regions may share."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...plan.allocation import address_plan
from .. import rule
from ..beside import FleetView
from ..records import Path_
from ..rule import Breach


@rule.fleet(
    id="fleet-overlap", area="addresses", severity="error", waivable=False,
    reason="two regions that are joined with the same addresses or tenant networks get each other's traffic, and one "
    "must be renumbered host by host",
    remedy="give the newer region ranges of its own", source="docs/adr/0003-allocations.md",
)  # fmt: skip
def fleet_overlap(view: FleetView) -> Iterator[Breach]:
    """Regions with the same addresses, numbers, name or access."""
    for overlap in address_plan.overlaps(view.numbers):
        yield Breach(
            message=f"no two regions share what each must have for itself: {overlap.what}",
            subject=f"region/{overlap.first.region}",
            path=_path(overlap.path),
        )


def _path(dotted: str) -> Path_:
    """A path as `address_plan` writes it, part by part.

    >>> _path("management[0].access.context")
    ('management', 0, 'access', 'context')
    """
    return tuple(int(part) if part.isdigit() else part for part in re.findall(r"[^.\[\]]+", dotted))
