"""A verdict on the steps that `pulumi preview --json` shows."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from pathlib import Path

from ... import spec
from ...plan import regions
from ...spec.load import load
from ..cache.outline import decisions
from ..impact import blast, order, totals
from ..judge.verdict import RegionVerdict, Verdict
from ..records import Finding
from ..rule import RULES, ChangeView
from ..rules import running
from ..rules.previews import FAILED, PARTIAL
from ..rules.waivers import waive
from . import read as pulumi_preview
from .recording import HOW


def judge(path: Path, root: Path, today: datetime.date) -> Verdict:
    """The verdict on a preview by the rules for objects and for changes, with the decisions of the stack's region file.

    Args:
        path: what `pulumi preview --json` printed.
        root: project folder.
        today: waivers and approvals hold on their last day.

    Raises:
        InputError: the file is no preview, or the region file of its stack can't be read.
    """
    read = pulumi_preview.read(path)
    region = _region(read.region, root)
    waivers, approvals = decisions(region) if region else ((), ())
    changes = order.ordered(read.changes)
    stack = read.stack or path.name
    region_verdict = RegionVerdict(
        region=read.region or stack,
        file=str(path),
        state="judged",
        stacks=totals.stack_deltas(changes, {stack: len(read.objects) + read.hidden}, [stack]),
        changes=changes,
        blast=blast.blast(None, None, changes),
        findings=tuple(findings_of(read, approvals, waivers, today)),
        notes=(*_notes(region, stack), *read.diagnostics),
    )
    return Verdict(base=f"the state of stack {stack}", head=f"the preview in {path}", regions=(region_verdict,))


def _notes(region: spec.Region | None, stack: str) -> tuple[str, ...]:
    return () if region else (f"no region file was found for stack {stack}: no waiver and no approval holds",)


def _region(name: str, root: Path) -> spec.Region | None:
    """The region of a stack, None where the project has no file of it."""
    if name not in regions.known_regions(root):
        return None
    return load(regions.region_file(name, root))[0]


def findings_of(
    preview: pulumi_preview.PreviewRead,
    approvals: Sequence[Mapping[str, str]],
    waivers: Sequence[Mapping[str, str]],
    today: datetime.date,
) -> list[Finding]:
    """Findings of a preview: what the rules for objects, sets of objects and changes say of it."""
    findings = _preview_findings(preview)
    findings += running.objects(preview.objects, preview.region, sets=not (preview.hidden or preview.errors))
    view = ChangeView(
        region=preview.region,
        base=None,
        head=None,
        changes=preview.changes,
        blast=blast.blast(None, None, preview.changes),
        today=today,
        approvals=tuple(approvals),
    )
    return waive([*findings, *running.change(view)], waivers, today, whole=False)


def _preview_findings(preview: pulumi_preview.PreviewRead) -> list[Finding]:
    subject = f"stack/{preview.stack}" if preview.stack else f"region/{preview.region}"
    breaches = [(FAILED, f"the preview failed: {error}") for error in preview.errors]
    if preview.hidden and not preview.errors:
        message = f"the preview leaves out {preview.hidden} unchanged resources, so sets of objects can't be judged"
        breaches.append((PARTIAL, message))
    return [
        Finding(
            rule=id,
            severity=RULES[id].severity,
            region=preview.region,
            subject=subject,
            message=message,
            remedy=HOW if id == PARTIAL else RULES[id].remedy,
        )
        for id, message in breaches
    ]
