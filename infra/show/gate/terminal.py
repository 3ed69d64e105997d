"""A verdict on a terminal: what is wrong, what would be lost, what it takes, what differs. Plain without colours."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice

from rich.cells import cell_len
from rich.console import Console

from ...gate.judge.verdict import Fault, RegionVerdict, Verdict, blocks
from ...gate.records import Finding
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


def show(verdict: Verdict, console: Console, *, details: bool, brief: bool = False) -> None:
    """Print a verdict.

    Args:
        verdict: what the gate says.
        console: where to.
        details: every object with all its fields, nothing folded or cut.
        brief: the verdict and what must be mended, nothing else.
    """
    shown = [_headline(verdict), *_blocking(verdict)] if brief else _verdict(verdict, details)
    for style, alike in groupby(shown, lambda line: line.style):
        fitted = (part for line in alike for part in _fitted(line, console.width))
        # In bundles, since each call costs as much as a screen of lines.
        while bundle := list(islice(fitted, BUNDLE)):
            console.out("\n".join(bundle), style=style or None, highlight=False)


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
    yield from (Line(f"note: {text.clean(one)}", style="yellow") for one in verdict.notes)


def _blocking(verdict: Verdict) -> Iterator[Line]:
    """Faults and errors of all regions: what must be mended."""
    for region in verdict.regions:
        for fault in region.faults:
            yield Line("")
            yield from _fault(fault)
    for one, more in figures.places(filter(blocks, verdict.all_findings())):
        yield Line("")
        yield from _finding(one, "error", "red", more)


def _fault(one: Fault) -> Iterator[Line]:
    given = f" (given: {text.clean(text.cut(one.given, VALUE))})" if one.given is not None else ""
    path = f"{text.clean(one.path)}: " if one.path else ""
    yield Line(f"error: bad input at {text.at(one.file, one.line)}", style="red")
    yield Line(text.sentence(f"{path}{text.clean(one.message)}{given}"), 2)
    if one.remedy:
        yield Line(text.sentence(text.clean(one.remedy)), 2)


def _about(one: Finding, more: int) -> str:
    """What a finding is about, and of how much else the same is said."""
    further = f" and {more:,} more" if more else ""
    return text.clean(text.cut(one.subject, 120)) + further


def _finding(one: Finding, word: str, style: str, more: int) -> Iterator[Line]:
    """The rule and its place, what was observed, how to mend it."""
    where = [f"at {text.at(one.file, one.line)}"] if one.file else []
    where += [text.place(one.path)] if one.path else []
    about = f" [{_about(one, more)}]" if one.subject or more else ""
    yield Line(f"{word}: {text.clean(one.rule)}{about}{' ' if where else ''}{', '.join(where)}", style=style)
    yield Line(text.sentence(text.clean(one.message)), 2)
    if one.remedy:
        yield Line(text.sentence(text.clean(one.remedy)), 2)


def _others(verdict: Verdict) -> Iterator[Line]:
    """Warnings, notes, and what was waived: after the difference, since none of them stops the change."""
    found = verdict.all_findings()
    for severity, style in (("warning", "yellow"), ("note", "")):
        chosen = (one for one in found if one.severity == severity and one.waived is None)
        for one, more in figures.places(chosen):
            yield Line("")
            yield from _finding(one, severity, style, more)
    waived = [one for one in found if one.waived is not None]
    if waived:
        yield Line("")
        yield Line("waived:")
    for one, more in figures.places(waived):
        until = f" until {text.clean(one.until)}" if one.until else ""
        yield Line(f"{text.clean(one.rule)} [{_about(one, more)}]{until}: {text.clean(one.waived or '')}", 2)
        yield Line(text.sentence(text.clean(one.message)), 4, style="dim")


def _region(one: RegionVerdict, details: bool) -> Iterator[Line]:
    yield Line(f"{text.clean(one.region)} ({text.clean(one.state)}): {figures.counts(one.stacks)}", style="bold")
    blast = figures.of_blast(one.blast)
    if blast:
        yield Line("blast radius", 2, style="bold red")
        yield from (Line(row, 4, style="red") for row in _columns(blast, "<<"))
    told = figures.of_region(one)
    if told:
        yield Line("what it takes", 2, style="bold")
        rows = [(row.label, row.before, "->", row.after, row.change) for row in told]
        yield from (Line(row, 4) for row in _columns(rows, "<><><"))
    if blast or told:
        yield Line("")
    yield from _stacks(one, details)
    if one.stacks and one.changes:
        yield Line("")
    yield from _changes(one, details)
    yield from (Line(f"note: {text.clean(note)}", 2, style="yellow") for note in one.notes)


def _stacks(one: RegionVerdict, details: bool) -> Iterator[Line]:
    if not one.stacks:
        return
    found = figures.stack_rows(one.stacks, len(one.stacks) if details else STACKS)
    shown = found if details else found[:STACKS]
    for number, row in enumerate(_columns([("stacks", *figures.ACTIONS, "resources after"), *shown], "<>>>>>")):
        yield Line(row, 2, style="" if number else "bold", wrap=False)
    if len(found) > len(shown):
        yield Line(f"and {text.plural(len(found) - len(shown), 'row')} more (all with --details)", 2)


def _changes(one: RegionVerdict, details: bool) -> Iterator[Line]:
    sections = folding.by_components(folding.singles(one.changes) if details else folding.families(one.changes))
    shown = sections if details else sections[:SECTIONS]
    for section in shown:
        stacks = text.span(section.stacks)
        yield Line(f"{section.components}" + (f" in {stacks}" if stacks else ""), 2, style="bold")
        yield from _families(section, details)
    if len(sections) > len(shown):
        rest = [family for section in sections[len(shown) :] for family in section.families]
        yield Line(f"and {_sum(rest)} in {len(sections) - len(shown):,} more components (all with --details)", 2)


def _families(section: folding.Section, details: bool) -> Iterator[Line]:
    for family, whys in section.told(None if details else FOLD):
        yield Line(family.headline(), 4, style="red" if family.loses else "")
        yield from (Line(why, 8) for why in whys)
        yield from _fields(family, details)
    rest = section.families[FOLD:]
    if rest and not details:
        yield Line(f"and {_sum(rest)} more (all with --details)", 4)


def _fields(family: folding.Family, details: bool) -> Iterator[Line]:
    shown = family.fields if details else family.fields[:FOLD]
    for fold in shown:
        for change, note in fold.told():
            limit, most = (None, None) if details else (VALUE, BLOCK)
            made = lines.of_field(change, limit=limit, most=most, note=note)
            yield from (Line(line, 6, wrap=len(made) == 1) for line in made)
    if len(family.fields) > len(shown):
        yield Line(f"and {text.plural(len(family.fields) - len(shown), 'field')} more (all with --details)", 8)


def _sum(found: Iterable[folding.Family]) -> str:
    """`12 update, 3 create`."""
    return folding.Section((), (), tuple(found)).counts()


def _columns(rows: Sequence[Sequence[str]], sides: str) -> list[str]:
    """Rows with their cells below one another; `>` stands right."""
    widths = [max(cell_len(row[column]) for row in rows) for column in range(len(sides))]
    made = []
    for row in rows:
        cells = []
        for cell, width, side in zip(row, widths, sides, strict=True):
            space = " " * (width - cell_len(cell))
            cells.append(space + cell if side == ">" else cell + space)
        made.append("  ".join(cells).rstrip())
    return made
