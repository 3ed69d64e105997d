"""Waivers and approvals of a region file: waivers laid over findings, and both where they cover nothing or too much."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

import msgspec

from .. import rule
from ..bounds import LONGEST, in_force, names_something
from ..impact import losses
from ..records import Finding
from ..rule import Breach, ChangeView, RegionView, matches
from .running import FAILED, finding_of

EXPIRED, UNUSED, ENDLESS = "waiver-expired", "waiver-unused", "decision-end"
GUARDED = ("isolation", "residency", "destruction")
"""Areas whose rules are waived for what is named only."""

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


rule.found_by_planning(
    id=ENDLESS, area="shape", severity="error", waivable=False,
    reason="a decision without a near end outlives those who made it and what they knew",
    remedy="give it an `until` within a year, and make it anew when that comes", source="docs/adr/0008-gate.md",
)(None)  # fmt: skip


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
    names |= set(losses.names_beside_objects(view))
    for change in view.changes:
        if change.loses:
            names |= set(losses.of_object(view, change).subjects)
    for number, approval in enumerate(view.approvals):
        ended = view.today > datetime.date.fromisoformat(approval["until"])
        if number in view.waiting or (number in view.used and not ended):
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


@rule.region(
    id="waiver-breadth", area="isolation", severity="error", waivable=False,
    reason="a waiver for everybody takes a promise from tenants that nobody looked at, and from all that come later",
    remedy="name what it is for, as the gate prints it, such as tenant/acme", source="docs/adr/0008-gate.md",
)  # fmt: skip
def waiver_breadth(view: RegionView) -> Iterator[Breach]:
    """Waivers of isolation, residency or destruction for all subjects, or all of a kind."""
    for number, waiver in enumerate(view.plan.spec.waivers):
        if _is_too_broad(waiver.rule, waiver.subject):
            what = f"a waiver of {waiver.rule} names what it is for: {waiver.subject} names nothing"
            yield Breach(message=what, path=("waivers", number))


def _is_too_broad(rule_id: str, subject: str) -> bool:
    waived_rule = rule.RULES.get(rule_id)
    return waived_rule is not None and waived_rule.area in GUARDED and not names_something(subject)


def endless(
    approvals: Sequence[Mapping[str, str]], waivers: Sequence[Mapping[str, str]], today: datetime.date, region: str
) -> list[Finding]:
    """Findings on approvals and waivers whose end is further away than a year.

    Args:
        approvals: as `spec.Approval` has them, in the order of the region file.
        waivers: likewise.
        today: what the year is counted from.
        region: whose they are.
    """
    listed = [("approvals", number, f"approval to {given['action']}", given) for number, given in enumerate(approvals)]
    listed += [("waivers", number, f"waiver of {given['rule']} for", given) for number, given in enumerate(waivers)]
    latest = today + LONGEST
    return [
        finding_of(
            rule.RULES[ENDLESS],
            Breach(
                message=f"a decision ends by {latest}: the {what} {given['subject']} would on {given['until']}",
                path=(key, number),
            ),
            region,
            f"region/{region}",
        )
        for key, number, what, given in listed
        if datetime.date.fromisoformat(given["until"]) > latest
    ]


def waive(
    findings: Iterable[Finding],
    waivers: Sequence[Mapping[str, str]],
    today: datetime.date,
    *,
    region: str = "",
    whole: bool = True,
    waiting: Collection[int] = (),
) -> list[Finding]:
    """Lay a region's waivers over its findings.

    Args:
        findings: of one region.
        waivers: as `spec.Waiver` has them, in the order of the region file.
        today: a waiver holds on its last day.
        region: named by the notes on waivers that cover nothing.
        whole: whether all rules ran on the whole region. Only then can a waiver be said to cover nothing.
        waiting: numbers of the waivers that do not count yet: they come with the change, and must stand on the base.
    """
    used: set[int] = set()
    result = [_waived(finding, waivers, today, used, waiting) for finding in findings]
    if whole:
        unused = ((n, waiver) for n, waiver in enumerate(waivers) if n not in used)
        result += [_idle(number, waiver, today, region) for number, waiver in unused]
    return result


def _waived(
    finding: Finding,
    waivers: Sequence[Mapping[str, str]],
    today: datetime.date,
    used: set[int],
    waiting: Collection[int],
) -> Finding:
    fits = [n for n, waiver in enumerate(waivers) if _covers(waiver, finding)]
    used.update(fits)
    if not fits:
        return finding
    number = max(fits, key=lambda n: (n not in waiting, in_force(waivers[n], today), waivers[n]["until"]))
    best = waivers[number]
    named_rule = rule.RULES.get(finding.rule)
    if finding.message.startswith(FAILED) or (named_rule is not None and not named_rule.waivable):
        return msgspec.structs.replace(finding, message=f"{finding.message}; no waiver covers this")
    if why := _is_idle(best, today, number in waiting):
        return msgspec.structs.replace(finding, message=f"{finding.message}; its waiver {why}")
    return msgspec.structs.replace(finding, waived=best["reason"], until=best["until"])


def _is_idle(waiver: Mapping[str, str], today: datetime.date, waits: bool) -> str:
    """Why a waiver that fits does not count; empty if it does."""
    if today > datetime.date.fromisoformat(waiver["until"]):
        return f"expired on {waiver['until']}"
    if not in_force(waiver, today):
        return f"ends on {waiver['until']}, more than a year away"
    if _is_too_broad(waiver["rule"], waiver["subject"]):
        return f"names nothing ({waiver['subject']})"
    return "counts once it stands on the base" if waits else ""


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
