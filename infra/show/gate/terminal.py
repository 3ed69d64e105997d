"""A verdict on a terminal: what is wrong, what would be lost, what it takes, what differs. Plain without colours."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice

from rich.cells import cell_len

from ...gate.judge.verdict import Fault, RegionVerdict, Verdict, blocks
from ...gate.records import Finding
from .. import screen
from . import figures, folding, lines, text

STYLES = {"good": "bold green", "refused": "bold red", "bad input": "bold red"}
FOLD = 8
"""Families of objects a section, and fields a family, before the rest is only counted."""
SECTIONS = 12
STACKS = 12
VALUE = 60
"""Letters of a value."""
BUNDLE = 1000
"""Lines printed in one go."""
BLOCK = 12
"""Lines of a longer text."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line before it is fitted to the terminal."""

    text: str
    indent: int = 0
    style: str = ""
    wrap: bool = True


def show(verdict: Verdict, *, details: bool, brief: bool = False) -> None:
    """Print the verdict of the gate on a terminal.

    Args:
        verdict: what the gate says.
        details: every object with all its fields, nothing folded or cut.
        brief: the verdict and what must be mended, nothing else.
    """
    shown = [_headline(verdict), *_blocking(verdict)] if brief else _verdict(verdict, details)
    columns = screen.width()
    for style, alike in groupby(shown, lambda line: line.style):
        fitted = (part for line in alike for part in _fitted(line, columns))
        # In bundles, since each call costs as much as a screen of lines.
        while bundle := list(islice(fitted, BUNDLE)):
            screen.say("\n".join(bundle), style)


def _fitted(line: Line, width: int) -> Iterable[str]:
    """A line wrapped below its own beginning; names are not broken, so that they can be copied."""
    whole = " " * line.indent + line.text
    if not line.wrap or cell_len(whole) <= width:
        return (whole,)
    hanging = " " * (line.indent + 2)
    return textwrap.wrap(
        whole, max(width, 40), subsequent_indent=hanging, break_long_words=False, break_on_hyphens=False
    )


def _headline(verdict: Verdict) -> Line:
    compared = f"{verdict.base} -> {verdict.head}" if verdict.base is not None else verdict.head
    return Line(f"{verdict.word}: {figures.tally(verdict)} ({text.clean(compared)})", style=STYLES[verdict.word])


def _verdict(verdict: Verdict, details: bool) -> Iterator[Line]:
    yield _headline(verdict)
    yield from _blocking(verdict)
    for region in verdict.regions:
        yield Line("")
        yield from _region(region, details)
    yield from _others(verdict)
    if verdict.untouched:
        yield Line("")
        yield Line(f"not touched: {', '.join(map(text.clean, verdict.untouched))}")
    yield from (Line(f"note: {text.clean(note)}", style="yellow") for note in verdict.notes)


def _blocking(verdict: Verdict) -> Iterator[Line]:
    """Faults and errors of all regions: what must be mended."""
    for region in verdict.regions:
        for fault in region.faults:
            yield Line("")
            yield from _fault(fault)
    for finding, more in folding.places(filter(blocks, verdict.all_findings())):
        yield Line("")
        yield from _finding(finding, "error", "red", more)


def _fault(fault: Fault) -> Iterator[Line]:
    given = f" (given: {text.clean(text.cut(fault.given, VALUE))})" if fault.given is not None else ""
    path = f"{text.clean(fault.path)}: " if fault.path else ""
    yield Line(f"error: bad input at {text.file_and_line(fault.file, fault.line)}", style="red")
    yield Line(text.sentence(f"{path}{text.clean(fault.message)}{given}"), 2)
    if fault.remedy:
        yield Line(text.sentence(text.clean(fault.remedy)), 2)


def _about(finding: Finding, more: int) -> str:
    """What a finding is about, and of how much else the same is said."""
    further = f" and {more:,} more" if more else ""
    return text.clean(text.cut(finding.subject, 120)) + further


def _finding(finding: Finding, word: str, style: str, more: int) -> Iterator[Line]:
    """The rule and its place, what was observed, how to mend it."""
    where = [f"at {text.file_and_line(finding.file, finding.line)}"] if finding.file else []
    where += [text.place(finding.path)] if finding.path else []
    about = f" [{_about(finding, more)}]" if finding.subject or more else ""
    yield Line(f"{word}: {text.clean(finding.rule)}{about}{' ' if where else ''}{', '.join(where)}", style=style)
    yield Line(text.sentence(text.clean(finding.message)), 2)
    if finding.remedy:
        yield Line(text.sentence(text.clean(finding.remedy)), 2)


def _others(verdict: Verdict) -> Iterator[Line]:
    """Warnings, notes, and what was waived: after the difference, since none of them stops the change."""
    findings = verdict.all_findings()
    for severity, style in (("warning", "yellow"), ("note", "")):
        chosen = (finding for finding in findings if finding.severity == severity and finding.waived is None)
        for finding, more in folding.places(chosen):
            yield Line("")
            yield from _finding(finding, severity, style, more)
    waived = [finding for finding in findings if finding.waived is not None]
    if waived:
        yield Line("")
        yield Line("waived:")
    for finding, more in folding.places(waived):
        until = f" until {text.clean(finding.until)}" if finding.until else ""
        yield Line(
            f"{text.clean(finding.rule)} [{_about(finding, more)}]{until}: {text.clean(finding.waived or '')}", 2
        )
        yield Line(text.sentence(text.clean(finding.message)), 4, style="dim")


def _region(region: RegionVerdict, details: bool) -> Iterator[Line]:
    planned = bool(region.stacks) or region.after is not None or region.state == "removed"
    words = figures.counts(region.stacks) if planned else "not planned, so nothing of it was compared"
    yield Line(f"{text.clean(region.region)} ({text.clean(region.state)}): {words}", style="bold")
    blast = figures.of_blast(region.blast)
    if blast:
        yield Line("blast radius", 2, style="bold red")
        yield from (Line(row, 4, style="red") for row in _columns(blast, "<<"))
    takes = figures.of_region(region)
    if takes:
        yield Line("what it takes", 2, style="bold")
        rows = [(row.label, row.before, "->", row.after, row.change) for row in takes]
        yield from (Line(row, 4) for row in _columns(rows, "<><><"))
    if blast or takes:
        yield Line("")
    yield from _stacks(region, details)
    if region.stacks and region.changes:
        yield Line("")
    yield from _changes(region, details)
    yield from (Line(f"note: {text.clean(note)}", 2, style="yellow") for note in region.notes)


def _stacks(region: RegionVerdict, details: bool) -> Iterator[Line]:
    if not region.stacks:
        return
    rows = folding.stack_rows(region.stacks, len(region.stacks) if details else STACKS)
    shown = rows if details else rows[:STACKS]
    for number, row in enumerate(_columns([("stacks", *figures.ACTIONS, "resources after"), *shown], "<>>>>>")):
        yield Line(row, 2, style="" if number else "bold", wrap=False)
    if len(rows) > len(shown):
        yield Line(f"and {text.plural(len(rows) - len(shown), 'row')} more (all with --details)", 2)


def _changes(region: RegionVerdict, details: bool) -> Iterator[Line]:
    sections = folding.by_components(folding.singles(region.changes) if details else folding.families(region.changes))
    shown = sections if details else sections[:SECTIONS]
    for section in shown:
        stacks = text.name_range(section.stacks)
        yield Line(f"{section.components}" + (f" in {stacks}" if stacks else ""), 2, style="bold")
        yield from _families(section, details)
    if len(sections) > len(shown):
        rest = [family for section in sections[len(shown) :] for family in section.families]
        yield Line(f"and {_sum(rest)} in {len(sections) - len(shown):,} more components (all with --details)", 2)


def _families(section: folding.Section, details: bool) -> Iterator[Line]:
    for family, whys in section.shown_families(None if details else FOLD):
        yield Line(family.headline(), 4, style="red" if family.loses else "")
        yield from (Line(why, 8) for why in whys)
        yield from _fields(family, details)
    rest = section.families[FOLD:]
    if rest and not details:
        yield Line(f"and {_sum(rest)} more (all with --details)", 4)


def _fields(family: folding.Family, details: bool) -> Iterator[Line]:
    shown = family.fields if details else family.fields[:FOLD]
    for fold in shown:
        for change, note in fold.shown_changes():
            limit, most = (None, None) if details else (VALUE, BLOCK)
            field_lines = lines.of_field(change, limit=limit, most=most, note=note)
            yield from (Line(line, 6, wrap=len(field_lines) == 1) for line in field_lines)
    if len(family.fields) > len(shown):
        yield Line(f"and {text.plural(len(family.fields) - len(shown), 'field')} more (all with --details)", 8)


def _sum(families: Iterable[folding.Family]) -> str:
    """`12 update, 3 create`."""
    return folding.Section((), (), tuple(families)).counts()


def _columns(rows: Sequence[Sequence[str]], sides: str) -> list[str]:
    """Rows with their cells below one another; `>` stands right."""
    widths = [max(cell_len(row[column]) for row in rows) for column in range(len(sides))]
    aligned = []
    for row in rows:
        cells = []
        for cell, width, side in zip(row, widths, sides, strict=True):
            space = " " * (width - cell_len(cell))
            cells.append(space + cell if side == ">" else cell + space)
        aligned.append("  ".join(cells).rstrip())
    return aligned
