"""A verdict on the steps that `pulumi preview --json` shows."""

from __future__ import annotations

import datetime
from pathlib import Path

from ... import spec
from ...plan import regions
from ...spec.load import load
from ..cache.outline import decisions
from ..impact import blast, diff
from ..judge.verdict import RegionVerdict, Verdict
from . import read as pulumi_preview


def judge(path: Path, root: Path, today: datetime.date) -> Verdict:
    """Judge a preview by the rules for objects and for changes, with the decisions of the stack's region file.

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
    changes = diff.ordered(read.changes)
    stack = read.stack or path.name
    region_verdict = RegionVerdict(
        region=read.region or stack,
        file=str(path),
        state="judged",
        stacks=diff.stack_deltas(changes, {stack: len(read.objects) + read.hidden}, [stack]),
        changes=changes,
        blast=blast.blast(None, None, changes),
        findings=tuple(pulumi_preview.judge(read, approvals, waivers, today)),
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
