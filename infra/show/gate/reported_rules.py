"""What the reports say of rules: all that are registered, and those that a finding names beside them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...gate import rule
from ...gate import rules as _registers_them  # noqa: F401
from ...gate.judge.verdict import RegionVerdict, Verdict
from ...gate.rule import Rule

INPUT = "input"
"""Id under which faults of the input stand that no rule covers."""


def registered() -> Mapping[str, Rule]:
    """All rules that are registered here, by id; reports look up what a finding names."""
    return rule.RULES


def of_verdict(verdict: Verdict) -> list[Rule]:
    """Rules that a report lists: all by id, with a stand-in for each that a finding names and nothing registered."""
    named = {finding.rule for finding in verdict.all_findings()} - registered().keys()
    if any(region.faults for region in verdict.regions):
        named.add(INPUT)
    return sorted([*registered().values(), *map(_stand_in, named)], key=lambda rule: rule.id)


def run_on(region: RegionVerdict) -> list[str]:
    """Ids of the rules that a report lists as run on a region.

    All but those for a change where there is nothing to compare with, and only those of planning where the region
    can't be planned.
    """
    scopes = {"input"} if region.faults else {"input", "region", "cluster", "object", "set"}
    if not region.faults and region.state != "judged":
        scopes.add("change")
    if region.state == "removed":
        scopes = {"change"}
    return _ids(scopes, (finding.rule for finding in region.findings))


def run_on_fleet(verdict: Verdict) -> list[str]:
    """Ids of the rules that a report lists as run on all regions together."""
    return _ids({"fleet"}, (finding.rule for finding in verdict.findings))


def _ids(scopes: set[str], named: Iterable[str]) -> list[str]:
    return sorted({rule.id for rule in registered().values() if rule.scope in scopes} | set(named))


def _stand_in(name: str) -> Rule:
    if name == INPUT:
        return Rule(
            id=INPUT, scope="input", area="shape", severity="error", waivable=False,
            reason="what can't be read or planned can't be judged", remedy="mend the file at the place that is named",
            source="stacks/region.schema.json",
        )  # fmt: skip
    return Rule(
        id=name, scope="region", area="shape", severity="error", reason="a rule that is not part of this package",
        remedy="see the message", source="",
    )  # fmt: skip
