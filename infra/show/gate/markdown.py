"""A verdict as the comment on a pull request, within what GitHub takes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ...gate.judge.verdict import Fault, RegionVerdict, Verdict
from ...gate.records import Finding
from ...text import templates
from . import escape, figures, folding, lines, rules, text

LIMIT = 65_000
"""GitHub refuses a comment of more than 65,536 characters."""
STACKS = 12
"""Above that, stacks to which the same happens are one row."""
LEAST = 4_000
"""The least limit that the words without any list fit in."""
TEMPLATE = "gate/comment.md.j2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """How much is shown."""

    rows: int
    """Of a table or list."""
    sections: int
    """Folds with changes, of all regions together."""
    families: int
    fields: int
    value: int
    """Letters of a value."""
    prose: int
    """Letters of a message."""
    block: int
    """Lines of a longer text."""


LEVELS = (
    Level(rows=50, sections=60, families=20, fields=20, value=200, prose=1000, block=40),
    Level(rows=40, sections=30, families=10, fields=8, value=100, prose=500, block=12),
    Level(rows=30, sections=12, families=5, fields=4, value=60, prose=300, block=6),
    Level(rows=20, sections=4, families=3, fields=2, value=40, prose=200, block=3),
    Level(rows=10, sections=0, families=0, fields=0, value=40, prose=120, block=0),
)
BARE = Level(rows=0, sections=0, families=0, fields=0, value=40, prose=60, block=0)


@dataclass(slots=True)
class Page:
    """What the template shows."""

    verdict: Verdict
    level: Level
    regions: Sequence[tuple[RegionVerdict, Sequence[folding.Section]]]
    """Regions with all their changes, folded."""
    left_out: list[str] = field(default_factory=list)

    def few(self, what: str, found: Sequence[object]) -> Sequence[object]:
        """As many as there is room for; what is left out is noted."""
        if len(found) > self.level.rows:
            self.left_out.append(text.plural(len(found) - self.level.rows, what))
        return found[: self.level.rows]

    def findings(self, severity: str) -> list[tuple[Finding, int]]:
        """Findings of a severity that are not waived, with the number of further places."""
        chosen = (one for one in self.verdict.all_findings() if one.severity == severity and one.waived is None)
        return figures.places(chosen)

    def faults(self) -> list[Fault]:
        """Faults of the input."""
        return [fault for one in self.verdict.regions for fault in one.faults]

    def waived(self) -> list[tuple[Finding, int]]:
        """Findings that are waived, likewise."""
        return figures.places(one for one in self.verdict.all_findings() if one.waived is not None)

    def cell(self, words: str) -> str:
        """A sentence, cut."""
        return escape.prose(words, self.level.prose)

    def name(self, words: str) -> str:
        """A name, cut."""
        return escape.code(words, self.level.value)

    def names(self, words: Sequence[str]) -> str:
        """Names, of many the first and the last."""
        return self.cell(text.span(words))

    def rule(self, one: Finding) -> str:
        """A rule's id, linked to where the rule comes from."""
        known = rules.known().get(one.rule)
        return escape.link(text.cut(one.rule, 80), known.source if known else "")

    def where(self, one: Finding | Fault, more: int = 0) -> str:
        """File and line, the place in it, and what it is about."""
        place = one.path if isinstance(one.path, str) else text.place(one.path)
        subject = one.subject if isinstance(one, Finding) else ""
        told = [escape.code(text.at(one.file, one.line), 160) if one.file else "", self.name(place), self.name(subject)]
        return "<br>".join(part for part in (*told, f"and {more:,} more" if more else "") if part)

    def stacks(self, one: RegionVerdict) -> list[tuple[str, ...]]:
        """Rows of the table of stacks."""
        return figures.stack_rows(one.stacks, STACKS)

    def folds(self, sections: Sequence[folding.Section]) -> Iterable[tuple[str, str]]:
        """Summary and body of each fold that there is room for."""
        room = -(-self.level.sections // max(len(self.regions), 1))
        for one in sections[:room]:
            stacks = text.span(one.stacks) or "no stack"
            many = f" ({len(one.stacks):,} stacks)" if len(one.stacks) > 1 else ""
            yield escape.html(f"{stacks}{many}: {one.counts()}"), escape.fence(self._changes(one))
        if len(sections) > room:
            rest = folding.Section((), (), tuple(family for one in sections[room:] for family in one.families))
            self.left_out.append(f"objects of {len(sections) - room:,} groups of stacks ({rest.counts()})")

    def _changes(self, one: folding.Section) -> list[str]:
        made: list[str] = []
        for section in folding.by_components(one.families[: self.level.families]):
            made.append(f"@@ {section.components} @@")
            for family, whys in section.told(None):
                made += self._family(family, whys)
        if len(one.families) > self.level.families:
            rest = folding.Section((), (), one.families[self.level.families :])
            made.append(f"# and {rest.counts()} more")
            self.left_out.append(f"objects ({rest.counts()})")
        return made

    def _family(self, one: folding.Family, whys: list[str]) -> list[str]:
        mark = {"create": "+", "delete": "-", "update": " "}.get(one.action, "!")
        made = [f"{mark} {one.headline()}", *(f"#   {why}" for why in whys)]
        for fold in one.fields[: self.level.fields]:
            for change, note in fold.told():
                found = lines.of_field(change, limit=self.level.value, most=self.level.block, note=note)
                # The mark stands first, where highlighting looks for it.
                made += [_marked(line) for line in found]
        if len(one.fields) > self.level.fields:
            rest = len(one.fields) - self.level.fields
            made.append(f"#     and {text.plural(rest, 'field')} more")
            self.left_out.append(text.plural(rest, "field"))
        return made

    def left(self) -> str:
        """What was left out, in one sentence; empty if nothing was."""
        told = text.unique(self.left_out)
        more = f", and more of {len(told) - 8:,} kinds" if len(told) > 8 else ""
        return escape.prose(", ".join(told[:8]) + more)


def _marked(line: str) -> str:
    bare = line.lstrip(" ")
    mark = bare[0] if bare[:2] in ("+ ", "- ") else " "
    return f"{mark}     {line if mark == ' ' else line.replace(mark, ' ', 1)}"


def render(verdict: Verdict, limit: int = LIMIT) -> str:
    """The comment.

    Args:
        verdict: what the gate says.
        limit: most bytes as UTF-8, and so most characters; what does not fit is folded, then left out, and said so.

    Raises:
        ValueError: the limit is below `LEAST`.
    """
    if limit < LEAST:
        raise ValueError(f"a comment takes at least {LEAST} bytes, not {limit}")
    regions = [(one, folding.by_stacks(folding.families(one.changes))) for one in verdict.regions]
    for level in LEVELS:
        made = _page(verdict, level, regions)
        if _fits(made, limit):
            return made
    return _cut(verdict, regions, limit)


def _cut(verdict: Verdict, regions: Sequence[tuple[RegionVerdict, Sequence[folding.Section]]], limit: int) -> str:
    """With as many regions as fit; the last resort has numbers only."""
    for level in (LEVELS[-1], BARE):
        low, best = 0, ""
        high = len(regions)
        while low <= high:
            middle = (low + high) // 2
            made = _page(verdict, level, regions[:middle])
            if _fits(made, limit):
                low, best = middle + 1, made
            else:
                high = middle - 1
        if best:
            return best
    raise RuntimeError("the bare page is bounded")


def _page(verdict: Verdict, level: Level, regions: Sequence[tuple[RegionVerdict, Sequence[folding.Section]]]) -> str:
    page = Page(verdict, level, regions)
    if len(regions) < len(verdict.regions):
        page.left_out.append(text.plural(len(verdict.regions) - len(regions), "region"))
    return templates.render(TEMPLATE, page=page, verdict=verdict, figures=figures).rstrip("\n") + "\n"


def _fits(made: str, limit: int) -> bool:
    return len(made.encode()) <= limit
