"""What the gate says: one verdict for a change, region by region. All of it is JSON."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from ..impact.settings import Altered
from ..records import Blast, Change, Finding, PoolFacts, StackDelta, Totals

_SEVERITIES = ("error", "warning", "note")

GOOD, REFUSED, BAD_INPUT = 0, 1, 2
WORDS = ("good", "refused", "bad input")


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """Something that keeps a region from being planned and that no rule covers (`spec.problems.Problem`)."""

    region: str
    file: str
    line: int | None
    path: str
    message: str
    given: str | None
    remedy: str


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """An approval or a waiver of a region's file."""

    kind: str
    """`approval` or `waiver`."""
    what: str
    """The action that is approved, or the rule that is waived."""
    subject: str
    by: str
    """Who approves; empty for a waiver."""
    reason: str
    until: str
    """Last day on which it holds."""
    brought: bool
    """Whether it comes with the change that is judged: nobody decided it before."""


class RegionVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """What a change does to one region."""

    region: str
    file: str
    state: str
    """`new`, `changed`, `removed`, or `judged` where there is nothing to compare with."""
    stacks: tuple[StackDelta, ...] = ()
    """Stacks that the change touches, in the order of a first `up`."""
    changes: tuple[Change, ...] = ()
    """Replaced, deleted, moved, updated, created: in this order, protected ones first; by component and id."""
    blast: Blast = Blast()
    before: Totals | None = None
    after: Totals | None = None
    pools_before: tuple[PoolFacts, ...] = ()
    pools_after: tuple[PoolFacts, ...] = ()
    settings: tuple[Altered, ...] = ()
    """Settings of what stays that no object shows, or only in part."""
    findings: tuple[Finding, ...] = ()
    """Errors first, waived ones last."""
    faults: tuple[Fault, ...] = ()
    decisions: tuple[Decision, ...] = ()
    """Approvals, then waivers, in the order of the region file; of the base where the region is removed."""
    notes: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 good, 1 refused, 2 bad input."""
        return BAD_INPUT if self.faults else REFUSED if any(blocks(finding) for finding in self.findings) else GOOD


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What the gate says of a change."""

    base: str | None
    """What was compared with, in words; None if nothing was."""
    head: str
    """What was judged, in words."""
    regions: tuple[RegionVerdict, ...] = ()
    """Regions that the change touches, by name."""
    findings: tuple[Finding, ...] = ()
    """Of all regions together."""
    untouched: tuple[str, ...] = ()
    """Regions that the change does not touch."""
    notes: tuple[str, ...] = ()
    """What a reader should know of how the verdict was made, such as a cache that was ignored."""

    @property
    def exit_code(self) -> int:
        """0 good, 1 refused, 2 bad input."""
        codes = [region.exit_code for region in self.regions]
        return max([REFUSED if any(blocks(finding) for finding in self.findings) else GOOD, *codes])

    @property
    def word(self) -> str:
        """`good`, `refused` or `bad input`."""
        return WORDS[self.exit_code]

    def all_findings(self) -> list[Finding]:
        """Findings of the fleet, then of the regions."""
        return [*self.findings, *(finding for region in self.regions for finding in region.findings)]


def blocks(finding: Finding) -> bool:
    """Whether a finding makes the gate say no."""
    return finding.severity == "error" and finding.waived is None


def ordered(findings: Iterable[Finding]) -> list[Finding]:
    """Findings as a verdict lists them: errors first, waived ones last, then by rule and subject.

    The order never depends on how they were brought about.
    """
    return sorted(
        findings,
        key=lambda finding: (finding.waived is not None, _SEVERITIES.index(finding.severity), *_identity(finding)),
    )


def _identity(finding: Finding) -> tuple[str, str, str]:
    return finding.rule, finding.subject, finding.message
