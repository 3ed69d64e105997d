"""Whether a region is protected from deletion: `protect` in its file."""

from __future__ import annotations

from collections.abc import Iterator

from .. import rule
from ..rule import Breach, ChangeView, RegionView


@rule.region(
    id="protect-on", area="destruction", severity="warning",
    reason="without protection one wrong `destroy` or one renamed cluster deletes tenants' namespaces and storage",
    remedy="set protect: true, or leave it out", source="docs/adr/0005-two-engines.md",
)  # fmt: skip
def protect_on(view: RegionView) -> Iterator[Breach]:
    """Regions with real hosts that are not protected from deletion."""
    sheet = view.loaded.sheet
    if not view.plan.spec.protect and sheet is not None and not sheet.is_sample:
        hosts = sum(map(len, sheet.lines.values()))
        message = f"a region with real hosts is protected from deletion: protect is off, {hosts:,} hosts are listed"
        yield Breach(message=message, path=("protect",))


@rule.change(
    id="protection-off", area="destruction", severity="error",
    reason="without protection the next change deletes clusters, storage and tenants with nobody's approval",
    remedy="keep protect: true; approve each loss instead", source="docs/adr/0008-gate.md",
)  # fmt: skip
def protection_off(view: ChangeView) -> Iterator[Breach]:
    """A change that takes a region's protection from deletion away."""
    if view.base is not None and view.head is not None and view.base.protect and not view.head.protect:
        message = f"a region stays protected: protect is off, with {len(view.base.tenants)} tenants in it"
        yield Breach(message=message, subject=f"region/{view.region}", path=("protect",))
