"""From two sides of a region to its verdict."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from ...objects import ids
from ...objects.ids import Subject
from ...plan import regions
from ...plan.allocation import address_plan
from ...spec.problems import InputError
from ...spec.source import Document
from ..beside import Drain, FileChange, FleetView
from ..cache.computing import Task
from ..cache.shards import group
from ..cache.store import unpack
from ..impact import blast, diff, losses, order, totals
from ..impact.settings import altered
from ..records import Blast, Change, Finding, Outline, Path_, StackDelta
from ..rule import RULES, ChangeView
from ..rules import running
from ..rules.previews import OTHER_CODE, UNPLANNED
from ..rules.waivers import endless, waive
from ..sides import settings as gate_settings
from ..sides.region_pairs import Pair, Pairs
from . import decisions
from .standing import standing_findings
from .verdict import Fault, RegionVerdict, ordered


class Judge:
    """Judges the regions of a change, which were planned before."""

    def __init__(self, pairs: Pairs, today: datetime.date, stacks: Sequence[str]) -> None:
        self.pairs = pairs
        self.sides = pairs.sides
        self.computing = pairs.computing
        self.today = today
        self.stacks = stacks
        self.settings, self.notes = gate_settings.of_sides(self.sides)
        self.drains: list[Drain] = []
        """Of the regions that were judged so far."""

    def region(self, pair: Pair) -> RegionVerdict:
        """The verdict on one region."""
        file = pair.head or pair.base
        shown = f"{self.sides.prefix}{(regions.REGIONS / (file.name if file else '')).as_posix()}"
        faults, findings = self._from_problems(pair)
        changes: tuple[Change, ...] = ()
        lost = blast.blast(None, None, ())
        if pair.problems:
            return RegionVerdict(
                region=pair.name,
                file=shown,
                state=pair.state,
                faults=faults,
                findings=findings,
                notes=tuple(pair.notes),
            )
        if self.sides.base is not None and (pair.before is not None or pair.base is None):
            changes = self._changes(pair)
            lost = blast.blast(pair.before, pair.after, changes)
        decided = decisions.of_pair(pair)
        findings = self._findings(pair, changes, lost, shown, decided)
        return RegionVerdict(
            region=pair.name,
            file=shown,
            state=pair.state if self.sides.base is not None else "judged",
            stacks=self._stacks(pair, changes),
            changes=changes,
            blast=lost,
            before=pair.before.totals if pair.before else None,
            after=pair.after.totals if pair.after else None,
            pools_before=pair.before.pools if pair.before else (),
            pools_after=pair.after.pools if pair.after else (),
            settings=altered(pair.before, pair.after),
            findings=findings,
            decisions=decided.recorded() if self.sides.base is not None else (),
            notes=tuple(pair.notes),
        )

    def fleet(self, pairs: Sequence[Pair], files: Sequence[FileChange] = ()) -> list[Finding]:
        """Rules for all regions of the merge result together; regions that can't be read are judged by themselves."""
        protected: set[str] = set()
        numbers: list[address_plan.RegionNumbers] = []
        documents: dict[str, Document] = {}
        for pair in pairs:
            if pair.head is None:
                continue
            try:
                region, documents[pair.name] = self.computing.read(pair.head)
            except InputError:
                continue
            protected |= {region.region.name} if region.protect else set()
            numbers.append(address_plan.numbers_of(region, self._shown(str(pair.head))))
        view = FleetView(
            numbers=tuple(numbers), drains=tuple(self.drains), files=tuple(files), protected=frozenset(protected)
        )
        region_files = {region_numbers.region: region_numbers.file for region_numbers in numbers}
        placed = []
        paths = {change.path: change.path for change in files}
        for finding in running.fleet(view):
            name = finding.subject.removeprefix("region/")
            document = documents.get(name)
            line = _line_of(document, finding.path) if document is not None else None
            placed.append(msgspec.structs.replace(finding, file=(region_files | paths).get(name, ""), line=line))
        return placed

    def _from_problems(self, pair: Pair) -> tuple[tuple[Fault, ...], tuple[Finding, ...]]:
        """Faults of the input, and what planning refused by a rule."""
        faults: list[Fault] = []
        findings: list[Finding] = []
        for problem in pair.problems:
            file = self._shown(problem.file)
            if problem.rule in RULES:
                rule = RULES[problem.rule]
                given = f" (given: {problem.given})" if problem.given is not None else ""
                findings.append(
                    Finding(
                        rule=rule.id,
                        severity=rule.severity,
                        region=pair.name,
                        subject=f"region/{pair.name}",
                        message=f"{problem.path}: {problem.message}{given}" if problem.path else problem.message,
                        remedy=problem.remedy or rule.remedy,
                        file=file,
                        line=problem.line,
                    )
                )
            else:
                faults.append(
                    Fault(
                        region=pair.name,
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

    def _changes(self, pair: Pair) -> tuple[Change, ...]:
        """What differs, cluster by cluster: no two clusters' objects are held at a time.

        Not shard by shard, since the code of a base may have cut a cluster in another way.
        """
        before = pair.before.shards if pair.before else {}
        after = pair.after.shards if pair.after else {}
        groups: dict[str, list[str]] = {}
        for name in dict.fromkeys([*before, *after]):
            if before.get(name) != after.get(name):
                groups.setdefault(group(name), []).append(name)
        changes = [change for names in groups.values() for change in self._changes_of(pair, names, before, after)]
        if self.stacks:
            changes = [change for change in changes if change.stack in self.stacks]
        return order.ordered(changes)

    def _changes_of(
        self, pair: Pair, names: Sequence[str], before: Mapping[str, str], after: Mapping[str, str]
    ) -> list[Change]:
        """Objects of some shards are told apart as bytes first, and only those that differ are read."""
        old: set[bytes] = set()
        new: set[bytes] = set()
        for name in names:
            if self._payload(before.get(name)) != self._payload(after.get(name)):
                old |= self._objects(pair.base, name, before.get(name))
                new |= self._objects(pair.head, name, after.get(name))
        same = old & new
        return diff.compare(unpack(sorted(old - same)), unpack(sorted(new - same)), pair.name)

    def _payload(self, key: str | None) -> str | None:
        return self.pairs.heads[key].payload if key is not None else None

    def _objects(self, file: Path | None, name: str, key: str | None) -> set[bytes]:
        if file is None or key is None:
            return set()
        return set(self.computing.objects(Task(file, name, key), self.pairs.heads[key]))

    def _stacks(self, pair: Pair, changes: tuple[Change, ...]) -> tuple[StackDelta, ...]:
        outline = pair.after or pair.before
        if outline is None:
            return ()
        resources: dict[str, int] = {}
        if pair.after is not None:
            for key in pair.after.shards.values():
                for count in self.pairs.heads[key].stacks:
                    resources[count.name] = resources.get(count.name, 2) + count.resources
        former = [name for name in (pair.before.stacks if pair.before else ()) if name not in outline.stacks]
        return totals.stack_deltas(changes, resources, [*outline.stacks, *former])

    def _findings(
        self, pair: Pair, changes: tuple[Change, ...], lost: Blast, shown: str, decided: decisions.Decisions
    ) -> tuple[Finding, ...]:
        findings: list[Finding] = []
        used: set[int] = set()
        if pair.after is not None and pair.head is not None:
            findings += standing_findings(self.computing.opened(pair.head), self.pairs.heads)
        waits = self.settings.decisions_on_base
        if self.sides.base is not None and pair.base is not None:
            view = ChangeView(
                region=pair.name,
                base=pair.before,
                head=pair.after,
                changes=changes,
                blast=lost,
                today=self.today,
                approvals=decided.approvals,
                waiting=decided.new_approvals if waits else frozenset(),
            )
            findings += _unjudged(pair, view)
            if pair.before is not None:
                findings += running.change(view)
                self.drains += losses.drains(view)
            used = view.used
        if self.sides.base is not None:
            pair.notes += decisions.notes(decided, used, waits)
        waiting = decided.new_waivers if waits and not decisions.only_decides(pair, changes) else ()
        findings += endless(decided.approvals, decided.waivers, self.today, pair.name)
        findings = waive(
            findings, decided.waivers, self.today, region=pair.name, whole=pair.after is not None, waiting=waiting
        )
        return tuple(ordered(self._placed(finding, pair, shown) for finding in findings))

    def _placed(self, finding: Finding, pair: Pair, shown: str) -> Finding:
        """The finding with file and line."""
        path = finding.path
        if not path and pair.head is not None and pair.after is not None:
            region = self.computing.opened(pair.head).loaded.region
            path = running.place_of(_subject(finding.subject, pair.after), region)
        line = _line_of(pair.document, path) if pair.document is not None and path else None
        return msgspec.structs.replace(finding, file=shown, line=line)


def _unjudged(pair: Pair, view: ChangeView) -> list[Finding]:
    """Where the base can't be planned, or not by its own code, nothing passes without somebody's word for just that."""
    if pair.before is None:
        name, message = UNPLANNED, "; ".join(pair.notes) or "the base can't be planned"
    elif pair.unjudged:
        name = OTHER_CODE
        message = f"both sides are planned by their own code, and the base can't be: {pair.unjudged}"
    else:
        return []
    subject = f"region/{pair.name}"
    if view.approved("unjudged", subject):
        pair.notes += [f"{message}: differences that come from code are not shown"] if pair.unjudged else []
        return []
    rule = RULES[name]
    remedy = rule.remedy.replace("<name>", pair.name)
    return [
        Finding(rule=rule.id, severity=rule.severity, region=pair.name, subject=subject, message=message, remedy=remedy)
    ]


def _subject(text: str, outline: Outline) -> Subject:
    """What a finding is about; of a rack its name says nothing of where it stands."""
    subject = Subject.parse(text)
    holder = next((cluster.name for cluster in outline.clusters if subject.name in cluster.rack_names), None)
    return ids.rack(subject.name, holder) if subject.kind == "rack" and holder is not None else subject


def _line_of(document: Document, path: Path_) -> int | None:
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
