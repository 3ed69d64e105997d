"""Waivers and approvals of a region file: waivers laid over findings, and both where they cover nothing."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from .. import rule
from ..impact import losses
from ..records import Finding
from ..rule import Breach, ChangeView, RegionView, matches
from .running import FAILED, finding_of

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


@rule.change(
    id="approval-unused", area="destruction", severity="note",
    reason="an approval that nothing uses lets a later change lose something that nobody meant",
    remedy="remove it once the change is merged", source="docs/adr/0008-gate.md",
)  # fmt: skip
def approval_unused(view: ChangeView) -> Iterator[Breach]:
    """Approvals that cover nothing of this change."""
    blast = view.blast
    names = {f"cluster/{name}" for name in blast.clusters_lost} | {f"tenant/{name}" for name in blast.tenants_lost}
    names |= {f"rack/{name}" for name in (*blast.racks_lost, *blast.racks_drained)}
    names |= {f"cluster/{name.rpartition('-r')[0]}" for name in (*blast.racks_lost, *blast.racks_drained)}
    names |= {f"storage/{name}" for name in blast.storage_lost}
    for change in view.changes:
        if change.loses:
            names |= set(losses.of_object(view, change).subjects)
    for number, approval in enumerate(view.approvals):
        ended = view.today > datetime.date.fromisoformat(approval["until"])
        if number in view.used and not ended:
            continue
        if ended or approval["action"] == "unjudged" or not any(matches(name, approval["subject"]) for name in names):
            why = f"ended on {approval['until']}" if ended else "covers nothing of this change"
            message = f"approvals go once they are used: {approval['action']} of {approval['subject']} {why}"
            yield Breach(message=message, subject=f"region/{view.region}", path=("approvals",))


@rule.region(
    id="waiver-rule", area="shape", severity="error", waivable=False,
    reason="a waiver of no rule, or of one that none covers, lets nothing pass and hides that from its reader",
    remedy="name the rule as the gate prints it, or remove the waiver", source="docs/adr/0008-gate.md",
)  # fmt: skip
def waiver_rule(view: RegionView) -> Iterator[Breach]:
    """Waivers that can't cover anything: of no rule, or of one that can't be waived."""
    for number, waiver in enumerate(view.plan.spec.waivers):
        named_rule = rule.RULES.get(waiver.rule)
        if named_rule is None:
            yield Breach(message=f"a waiver names a rule: there is none called {waiver.rule}", path=("waivers", number))
        elif not named_rule.waivable:
            message = f"a waiver names a rule that can be waived: {waiver.rule} can't"
            yield Breach(message=message, path=("waivers", number))


def waive(
    findings: Iterable[Finding],
    waivers: Sequence[Mapping[str, str]],
    today: datetime.date,
    *,
    region: str = "",
    whole: bool = True,
) -> list[Finding]:
    """Lay a region's waivers over its findings.

    Args:
        findings: of one region.
        waivers: as `spec.Waiver` has them, in the order of the region file.
        today: a waiver holds on its last day.
        region: named by the notes on waivers that cover nothing.
        whole: whether all rules ran on the whole region. Only then can a waiver be said to cover nothing.
    """
    used: set[int] = set()
    result = [_waived(finding, waivers, today, used) for finding in findings]
    if whole:
        unused = ((n, waiver) for n, waiver in enumerate(waivers) if n not in used)
        result += [_idle(number, waiver, today, region) for number, waiver in unused]
    return result


def _waived(finding: Finding, waivers: Sequence[Mapping[str, str]], today: datetime.date, used: set[int]) -> Finding:
    fits = [n for n, waiver in enumerate(waivers) if _covers(waiver, finding)]
    used.update(fits)
    if not fits:
        return finding
    best = max((waivers[n] for n in fits), key=lambda waiver: waiver["until"])
    named_rule = rule.RULES.get(finding.rule)
    if finding.message.startswith(FAILED) or (named_rule is not None and not named_rule.waivable):
        return msgspec.structs.replace(finding, message=f"{finding.message}; no waiver covers this")
    if today > datetime.date.fromisoformat(best["until"]):
        message = f"{finding.message}; its waiver expired on {best['until']}"
        return msgspec.structs.replace(finding, message=message)
    return msgspec.structs.replace(finding, waived=best["reason"], until=best["until"])


def _covers(waiver: Mapping[str, str], finding: Finding) -> bool:
    return waiver["rule"] == finding.rule and matches(finding.subject, waiver["subject"])


def _idle(number: int, waiver: Mapping[str, str], today: datetime.date, region: str) -> Finding:
    """Note on a waiver that covers nothing."""
    expired = today > datetime.date.fromisoformat(waiver["until"])
    note = rule.RULES[EXPIRED if expired else UNUSED]
    what = f"the waiver of {waiver['rule']} for {waiver['subject']}"
    if waiver["rule"] not in rule.RULES:
        message = f"{what} names no rule that there is"
    elif expired:
        message = f"{what} covers nothing and expired on {waiver['until']}"
    else:
        message = f"{what} covers nothing"
    return finding_of(note, Breach(message=message, path=("waivers", number)), region, f"region/{region}")
