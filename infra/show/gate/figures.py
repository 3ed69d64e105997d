"""Numbers of a region before and after, and what it loses, as words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ...gate.impact import settings, totals
from ...gate.judge.verdict import RegionVerdict, Verdict, blocks
from ...gate.records import Blast, StackDelta
from . import text

NOTHING = "-"
WHOLE = 10_000
"""From here on fractions are not told."""
ACTIONS = ("replace", "delete", "update", "create")


@dataclass(frozen=True, slots=True)
class Figure:
    """A number that changes."""

    label: str
    before: str
    after: str
    change: str
    """With its sign; empty where one of the two is not known."""


def of_region(region: RegionVerdict) -> list[Figure]:
    """Figures of a region that a change alters, as text: power, racks, GPUs, tenants, cost, addresses, settings."""
    figures = [_figure(*row) for row in totals.delta(region.before, region.after) if row[1] != row[2]]
    pools = totals.pool_deltas(region.pools_before, region.pools_after)
    figures += [_figure(f"pool {label}", before, after, unit) for label, before, after, unit in pools]
    return [*figures, *map(_setting, region.settings)]


def _setting(change: settings.Altered) -> Figure:
    old, new = (text.clean(settings.shown(value)) for value in (change.old, change.new))
    return Figure(text.clean(f"{change.name} of {change.subject}"), old, new, "")


def _figure(label: str, before: totals.Number, after: totals.Number, unit: str) -> Figure:
    behind = f" {text.clean(unit)}" if unit else ""
    old, new = (NOTHING if value is None else f"{_number(value)}{behind}" for value in (before, after))
    change = "" if before is None or after is None else _number(after - before, sign="+")
    # What a pool holds is no unit of what is added to it.
    return Figure(text.clean(label), old, new, change + behind if change and not unit.startswith("of ") else change)


def _number(value: float, *, sign: str = "") -> str:
    whole = isinstance(value, int) or abs(value) >= WHOLE
    return f"{value:{sign},.0f}" if whole else f"{value:{sign},.2f}"


def of_blast(blast: Blast) -> list[tuple[str, str]]:
    """The blast radius of a region in words: what is lost and drained, by kind; only what there is."""
    rows = [
        ("clusters lost", _listed(blast.clusters_lost)),
        ("racks lost", _listed(blast.racks_lost)),
        ("hosts lost", _listed(blast.hosts_lost)),
        ("GPUs lost", f"{blast.gpus_lost:,}" if blast.gpus_lost else ""),
        ("racks drained", _listed(blast.racks_drained)),
        ("clusters drained", _listed(blast.clusters_drained)),
        ("GPUs drained", f"{blast.gpus_drained:,}, {_pace(blast)}" if blast.gpus_drained else ""),
        ("tenants lost", _listed(blast.tenants_lost)),
        ("tenants affected", _listed(blast.tenants_affected)),
        ("storage lost", _listed(blast.storage_lost)),
        ("what serves others lost", _listed(blast.serving_lost)),
    ]
    return [(label, amount) for label, amount in rows if amount]


def _pace(blast: Blast) -> str:
    return "every node for its new driver" if blast.clusters_drained else "one machine of a rack at a time"


def _listed(names: tuple[str, ...]) -> str:
    return f"{len(names):,} ({text.name_range(names)})" if len(names) > text.NAMES_SHOWN else text.name_range(names)


def counts(stacks: Iterable[StackDelta]) -> str:
    """Objects of stacks by what happens to them, in words: `2 to replace, 64 to update`, or that nothing changes."""
    sums = dict.fromkeys(ACTIONS, 0)
    for stack in stacks:
        for action in ACTIONS:
            sums[action] += getattr(stack, action)
    return ", ".join(f"{count:,} to {action}" for action, count in sums.items() if count) or "no object changes"


def tally(verdict: Verdict) -> str:
    """How many faults and findings a verdict has, in words: `2 errors, 1 warning, 1 waived`."""
    findings = verdict.all_findings()
    faults = sum(len(region.faults) for region in verdict.regions)
    numbers = {
        "error": sum(blocks(finding) for finding in findings),
        "warning": sum(finding.severity == "warning" and finding.waived is None for finding in findings),
        "note": sum(finding.severity == "note" and finding.waived is None for finding in findings),
    }
    words = [f"{text.plural(faults, 'fault')} in the input"] if faults else []
    words += [text.plural(number, word) for word, number in numbers.items() if number]
    waived = sum(finding.waived is not None for finding in findings)
    return ", ".join([*words, *([f"{waived:,} waived"] if waived else [])]) or "no findings"
