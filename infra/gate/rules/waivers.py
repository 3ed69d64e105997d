"""Waivers that have had their day. `running.waive` finds them, since only it sees all findings of a region."""

from __future__ import annotations

from .. import rule

EXPIRED, UNUSED = "waiver-expired", "waiver-unused"

rule.found_by_planning(
    id=EXPIRED,
    area="shape",
    severity="note",
    reason="an expired waiver covers nothing; who reads the region file believes that it does",
    remedy="remove it from `waivers`",
    source="docs/adr/0002-plan-before-engine.md",
)(None)

rule.found_by_planning(
    id=UNUSED,
    area="shape",
    severity="note",
    reason="a waiver that covers nothing today would let the next breach pass unseen",
    remedy="remove it from `waivers`, or mend the rule or subject that it names",
    source="docs/adr/0002-plan-before-engine.md",
)(None)
