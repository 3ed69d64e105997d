"""A verdict as the comment on a pull request, within what GitHub takes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ...gate.judge.verdict import Fault, RegionVerdict, Verdict
from ...gate.records import Finding
from ...text import templates
from . import escape, figures, folding, lines, reported_rules, text

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

    def few(self, what: str, rows: Sequence[object]) -> Sequence[object]:
        """As many as there is room for; what is left out is noted."""
        if len(rows) > self.level.rows:
            self.left_out.append(text.plural(len(rows) - self.level.rows, what))
        return rows[: self.level.rows]

    def findings(self, severity: str) -> list[tuple[Finding, int]]:
        """Findings of a severity that are not waived, with the number of further places."""
        chosen = (
            finding
            for finding in self.verdict.all_findings()
            if finding.severity == severity and finding.waived is None
        )
        return folding.places(chosen)

    def faults(self) -> list[Fault]:
        """Faults of the input."""
        return [fault for region in self.verdict.regions for fault in region.faults]

    def waived(self) -> list[tuple[Finding, int]]:
        """Findings that are waived, likewise."""
        return folding.places(finding for finding in self.verdict.all_findings() if finding.waived is not None)

    def cell(self, words: str) -> str:
        """A sentence, cut."""
        return escape.prose(words, self.level.prose)

    def name(self, words: str) -> str:
        """A name, cut."""
        return escape.code(words, self.level.value)

    def names(self, words: Sequence[str]) -> str:
        """Names, of many the first and the last."""
        return self.cell(text.name_range(words))

    def rule(self, finding: Finding) -> str:
        """A rule's id, linked to where the rule comes from."""
        rule = reported_rules.registered().get(finding.rule)
        return escape.link(text.cut(finding.rule, 80), rule.source if rule else "")

    def where(self, finding: Finding | Fault, more: int = 0) -> str:
        """File and line, the place in it, and what it is about."""
        place = finding.path if isinstance(finding.path, str) else text.place(finding.path)
        subject = finding.subject if isinstance(finding, Finding) else ""
        parts = [
            escape.code(text.file_and_line(finding.file, finding.line), 160) if finding.file else "",
            self.name(place),
            self.name(subject),
        ]
        return "<br>".join(part for part in (*parts, f"and {more:,} more" if more else "") if part)

    def stacks(self, region: RegionVerdict) -> list[tuple[str, ...]]:
        """Rows of the table of stacks."""
        return folding.stack_rows(region.stacks, STACKS)

    def folds(self, sections: Sequence[folding.Section]) -> Iterable[tuple[str, str]]:
        """Summary and body of each fold that there is room for."""
        room = -(-self.level.sections // max(len(self.regions), 1))
        for section in sections[:room]:
            stacks = text.name_range(section.stacks) or "no stack"
            many = f" ({len(section.stacks):,} stacks)" if len(section.stacks) > 1 else ""
            yield escape.html(f"{stacks}{many}: {section.counts()}"), escape.fence(self._changes(section))
        if len(sections) > room:
            rest = folding.Section((), (), tuple(family for section in sections[room:] for family in section.families))
            self.left_out.append(f"objects of {len(sections) - room:,} groups of stacks ({rest.counts()})")

    def _changes(self, fold: folding.Section) -> list[str]:
        diff_lines: list[str] = []
        for section in folding.by_components(fold.families[: self.level.families]):
            diff_lines.append(f"@@ {section.components} @@")
            for family, whys in section.shown_families(None):
                diff_lines += self._family(family, whys)
        if len(fold.families) > self.level.families:
            rest = folding.Section((), (), fold.families[self.level.families :])
            diff_lines.append(f"# and {rest.counts()} more")
            self.left_out.append(f"objects ({rest.counts()})")
        return diff_lines

    def _family(self, family: folding.Family, whys: list[str]) -> list[str]:
        mark = {"create": "+", "delete": "-", "update": " "}.get(family.action, "!")
        diff_lines = [f"{mark} {family.headline()}", *(f"#   {why}" for why in whys)]
        for fold in family.fields[: self.level.fields]:
            for change, note in fold.shown_changes():
                field_lines = lines.of_field(change, limit=self.level.value, most=self.level.block, note=note)
                # The mark stands first, where highlighting looks for it.
                diff_lines += [_marked(line) for line in field_lines]
        if len(family.fields) > self.level.fields:
            rest = len(family.fields) - self.level.fields
            diff_lines.append(f"#     and {text.plural(rest, 'field')} more")
            self.left_out.append(text.plural(rest, "field"))
        return diff_lines

    def left(self) -> str:
        """What was left out, in one sentence; empty if nothing was."""
        left_out = text.unique(self.left_out)
        more = f", and more of {len(left_out) - 8:,} kinds" if len(left_out) > 8 else ""
        return escape.prose(", ".join(left_out[:8]) + more)


def _marked(line: str) -> str:
    bare = line.lstrip(" ")
    mark = bare[0] if bare[:2] in ("+ ", "- ") else " "
    return f"{mark}     {line if mark == ' ' else line.replace(mark, ' ', 1)}"


def render(verdict: Verdict, limit: int = LIMIT) -> str:
    """The verdict as the Markdown comment on a pull request.

    Args:
        verdict: what the gate says.
        limit: most bytes as UTF-8, and so most characters; what does not fit is folded, then left out, and said so.

    Raises:
        ValueError: the limit is below `LEAST`.
    """
    if limit < LEAST:
        raise ValueError(f"a comment takes at least {LEAST} bytes, not {limit}")
    regions = [(region, folding.by_stacks(folding.families(region.changes))) for region in verdict.regions]
    for level in LEVELS:
        comment = _page(verdict, level, regions)
        if _fits(comment, limit):
            return comment
    return _cut(verdict, regions, limit)


def _cut(verdict: Verdict, regions: Sequence[tuple[RegionVerdict, Sequence[folding.Section]]], limit: int) -> str:
    """With as many regions as fit; the last resort has numbers only."""
    for level in (LEVELS[-1], BARE):
        low, best = 0, ""
        high = len(regions)
        while low <= high:
            middle = (low + high) // 2
            comment = _page(verdict, level, regions[:middle])
            if _fits(comment, limit):
                low, best = middle + 1, comment
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


def _fits(comment: str, limit: int) -> bool:
    return len(comment.encode()) <= limit
