"""From two sides of a region to its verdict."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from ...objects import ids
from ...objects.ids import Subject
from ...plan import regions
from ...plan.allocation import address_plan
from ...spec.problems import InputError
from ...spec.source import Document
from ..cache import shards
from ..cache.computing import Opened, Task
from ..cache.store import unpack
from ..impact import blast, diff
from ..records import Blast, Change, Finding, Outline, Path_, ShardHead, StackDelta
from ..rule import RULES, ChangeView, FleetView, RegionView
from ..rules import running
from ..rules.previews import UNPLANNED
from ..sides.region_pairs import Pair, Pairs
from .verdict import Fault, RegionVerdict

_SEVERITIES = ("error", "warning", "note")


class Judge:
    """Judges the regions of a change, which were planned before."""

    def __init__(self, pairs: Pairs, today: datetime.date, stacks: Sequence[str]) -> None:
        self.pairs = pairs
        self.sides = pairs.sides
        self.computing = pairs.computing
        self.today = today
        self.stacks = stacks

    def region(self, one: Pair) -> RegionVerdict:
        """The verdict on one region."""
        file = one.head or one.base
        shown = f"{self.sides.prefix}{(regions.REGIONS / (file.name if file else '')).as_posix()}"
        faults, findings = self._from_problems(one)
        changes: tuple[Change, ...] = ()
        lost = blast.blast(None, None, ())
        if one.problems:
            return RegionVerdict(
                region=one.name, file=shown, state=one.state, faults=faults, findings=findings, notes=tuple(one.notes)
            )
        if self.sides.base is not None and (one.before is not None or one.base is None):
            changes = self._changes(one)
            lost = blast.blast(one.before, one.after, changes)
        findings = self._findings(one, changes, lost, shown)
        return RegionVerdict(
            region=one.name,
            file=shown,
            state=one.state if self.sides.base is not None else "judged",
            stacks=self._stacks(one, changes),
            changes=changes,
            blast=lost,
            before=one.before.totals if one.before else None,
            after=one.after.totals if one.after else None,
            pools_before=one.before.pools if one.before else (),
            pools_after=one.after.pools if one.after else (),
            findings=findings,
            notes=tuple(one.notes),
        )

    def fleet(self, found: Sequence[Pair]) -> list[Finding]:
        """Rules for all regions of the merge result together; regions that can't be read are judged by themselves."""
        numbers: list[address_plan.RegionNumbers] = []
        documents: dict[str, Document] = {}
        for one in found:
            if one.head is None:
                continue
            try:
                region, documents[one.name] = self.computing.read(one.head)
            except InputError:
                continue
            numbers.append(address_plan.numbers_of(region, self._shown(str(one.head))))
        findings = running.fleet(FleetView(numbers=tuple(numbers)))
        files = {one.region: one.file for one in numbers}
        placed = []
        for finding in findings:
            name = finding.subject.removeprefix("region/")
            document = documents.get(name)
            line = line_of(document, finding.path) if document is not None else None
            placed.append(msgspec.structs.replace(finding, file=files.get(name, ""), line=line))
        return placed

    def _from_problems(self, one: Pair) -> tuple[tuple[Fault, ...], tuple[Finding, ...]]:
        """Faults of the input, and what planning refused by a rule."""
        faults: list[Fault] = []
        findings: list[Finding] = []
        for problem in one.problems:
            file = self._shown(problem.file)
            if problem.rule in RULES:
                known = RULES[problem.rule]
                given = f" (given: {problem.given})" if problem.given is not None else ""
                findings.append(
                    Finding(
                        rule=known.id,
                        severity=known.severity,
                        region=one.name,
                        subject=f"region/{one.name}",
                        message=f"{problem.path}: {problem.message}{given}" if problem.path else problem.message,
                        remedy=problem.remedy or known.remedy,
                        file=file,
                        line=problem.line,
                    )
                )
            else:
                faults.append(
                    Fault(
                        region=one.name,
                        file=file,
                        line=problem.line,
                        path=problem.path,
                        message=problem.message,
                        given=problem.given,
                        remedy=problem.remedy,
                    )
                )
        return tuple(faults), tuple(findings)

    def _shown(self, file: str) -> str:
        """A file's name in the repository."""
        path = Path(file).absolute()
        for side in (self.sides.head, self.sides.base):
            if side is not None and path.is_relative_to(side.folder):
                return f"{self.sides.prefix}{path.relative_to(side.folder).as_posix()}"
        return file

    def _changes(self, one: Pair) -> tuple[Change, ...]:
        """What differs, shard by shard: no two shards' objects are held at a time."""
        before = one.before.shards if one.before else {}
        after = one.after.shards if one.after else {}
        found: list[Change] = []
        for name in dict.fromkeys([*before, *after]):
            if before.get(name) != after.get(name):
                found += self._shard_changes(one, name, before.get(name), after.get(name))
        if self.stacks:
            found = [change for change in found if change.stack in self.stacks]
        return diff.ordered(found)

    def _shard_changes(self, one: Pair, name: str, before: str | None, after: str | None) -> list[Change]:
        """Objects are told apart as bytes first, and only those that differ are read."""
        if before and after and self.pairs.heads[before].payload == self.pairs.heads[after].payload:
            return []
        old, new = self._objects(one.base, name, before), self._objects(one.head, name, after)
        same = old & new
        return diff.compare(unpack(sorted(old - same)), unpack(sorted(new - same)), one.name)

    def _objects(self, file: Path | None, name: str, key: str | None) -> set[bytes]:
        if file is None or key is None:
            return set()
        return set(self.computing.objects(Task(file, name, key), self.pairs.heads[key]))

    def _stacks(self, one: Pair, changes: tuple[Change, ...]) -> tuple[StackDelta, ...]:
        outline = one.after or one.before
        if outline is None:
            return ()
        resources: dict[str, int] = {}
        if one.after is not None:
            for key in one.after.shards.values():
                for count in self.pairs.heads[key].stacks:
                    resources[count.name] = resources.get(count.name, 2) + count.resources
        former = [name for name in (one.before.stacks if one.before else ()) if name not in outline.stacks]
        return diff.stack_deltas(changes, resources, [*outline.stacks, *former])

    def _findings(self, one: Pair, changes: tuple[Change, ...], lost: Blast, shown: str) -> tuple[Finding, ...]:
        found: list[Finding] = []
        if one.after is not None and one.head is not None:
            found += standing(self.computing.opened(one.head), self.pairs.heads)
        decisions = one.after or one.before
        found += self._unplanned_base(one)
        if self.sides.base is not None and one.base is not None and one.before is not None:
            view = ChangeView(
                region=one.name,
                base=one.before,
                head=one.after,
                changes=changes,
                blast=lost,
                today=self.today,
                approvals=decisions.approvals if decisions else (),
            )
            found += running.change(view)
            one.notes += [_approved(view.approvals[number]) for number in sorted(view.used)]
        waivers = decisions.waivers if decisions else ()
        found = running.waive(found, waivers, self.today, region=one.name, whole=one.after is not None)
        return tuple(ordered(self._placed(finding, one, shown) for finding in found))

    def _unplanned_base(self, one: Pair) -> list[Finding]:
        """A base that can't be planned hides what is lost: nothing passes without somebody's word."""
        if self.sides.base is None or one.base is None or one.before is not None:
            return []
        view = ChangeView(
            region=one.name, base=None, head=one.after, changes=(), blast=Blast(), today=self.today,
            approvals=one.after.approvals if one.after else (),
        )  # fmt: skip
        if view.approved("delete", f"region/{one.name}"):
            return []
        known = RULES[UNPLANNED]
        return [
            Finding(
                rule=known.id,
                severity=known.severity,
                region=one.name,
                subject=f"region/{one.name}",
                message="; ".join(one.notes) or "the base can't be planned",
                remedy=known.remedy,
            )
        ]

    def _placed(self, finding: Finding, one: Pair, shown: str) -> Finding:
        """The finding with file and line."""
        path = finding.path
        if not path and one.head is not None and one.after is not None:
            region = self.computing.opened(one.head).loaded.region
            path = shards.place_of(_subject(finding.subject, one.after), region)
        line = line_of(one.document, path) if one.document is not None and path else None
        return msgspec.structs.replace(finding, file=shown, line=line)


def _subject(text: str, outline: Outline) -> Subject:
    """What a finding is about; of a rack its name says nothing of where it stands."""
    subject = Subject.parse(text)
    holder = next((one.name for one in outline.clusters if subject.name in one.rack_names), None)
    return ids.rack(subject.name, holder) if subject.kind == "rack" and holder is not None else subject


def standing(opened: Opened, heads: Mapping[str, ShardHead]) -> list[Finding]:
    """What the rules say of a region as it stands, whatever changes.

    Args:
        opened: the region.
        heads: its shards, by key.
    """
    shards_by_name = {name: heads[key] for name, key in opened.outline.shards.items()}
    found = running.region(RegionView(loaded=opened.loaded, plan=opened.plan, shards=shards_by_name))
    return [*found, *(finding for head in shards_by_name.values() for finding in head.findings)]


def _approved(approval: Mapping[str, str]) -> str:
    what = f"{approval['action']} of {approval['subject']} by {approval['by']} until {approval['until']}"
    return f"approved: {what} ({approval['reason']})"


def line_of(document: Document, path: Path_) -> int | None:
    """Line of a place in a region file, with the names of list items in place of their numbers."""
    data, real = document.data, []
    for part in path:
        if isinstance(data, list) and isinstance(part, str):
            names = [item.get("name") if isinstance(item, dict) else item for item in data]
            if part not in names:
                break
            part = names.index(part)
        real.append(part)
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            break
    return document.line(tuple(real))


def ordered(findings: Iterable[Finding]) -> list[Finding]:
    """Errors first, waived ones last; then by rule and subject, so that the order never depends on how it was made."""
    return sorted(
        findings,
        key=lambda one: (one.waived is not None, _SEVERITIES.index(one.severity), one.rule, one.subject, one.message),
    )
