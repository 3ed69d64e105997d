"""Whether a region is protected from deletion, by `protect` in its file, and each object of it, by what declares it."""

from __future__ import annotations

from collections.abc import Iterator

from .. import rule
from ..impact import losses
from ..rule import Breach, ChangeView, RegionView
from . import _manifests


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


@rule.change(
    id="object-unprotected", area="destruction", severity="error",
    reason="engines refuse to delete what is protected: without it a later change, or a wrong prune, takes it for good",
    remedy="declare it with protect again; to remove it, approve its loss instead",
    source="https://www.pulumi.com/docs/iac/concepts/resources/options/protect/",
)  # fmt: skip
def object_unprotected(view: ChangeView) -> Iterator[Breach]:
    """Objects that stay and lose their protection while the region keeps its own: only code or a program does that.

    It can't see that a program hands another engine's resources over unprotected.
    """
    if not losses.protects(view) or (view.head is not None and not view.head.protect):
        return
    bare: dict[str, list[str]] = {}
    for change in view.changes:
        if change.protect and any(field.path == "protect" and field.new is False for field in change.fields):
            bare.setdefault(str(change.subject), []).append(change.id)
    for owner, ids in bare.items():
        message = f"an object stays protected: {len(ids):,} of {owner} would not be, {_manifests.listed(ids)}"
        yield Breach(message=message, subject=owner if "/" in owner else f"region/{view.region}")
