"""What `pulumi preview --json` means to do, judged by the same rules as a plan.

The engine shows unchanged resources only with `--show-sames`; without them, rules on sets of objects would judge a part
as if it were the whole, so they are left out and the gate refuses the file (rule `preview-partial`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..impact import order
from ..records import Change
from ..rule import ObjectView
from . import recording as recordings
from .changes import changes_of
from .objects import objects_of
from .recording import Recording, Urn


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewRead:
    """What a preview says."""

    stack: str | None
    """None where the preview has no step at all."""
    region: str
    """Region of the stack; empty without a stack."""
    objects: tuple[ObjectView, ...]
    """Kubernetes objects as they are to be, of the steps that the preview shows."""
    changes: tuple[Change, ...]
    diagnostics: tuple[str, ...]
    errors: tuple[str, ...] = ()
    """Why the preview itself failed."""
    hidden: int = 0
    """Unchanged resources that it counts and does not show."""


def read(path: Path) -> PreviewRead:
    """What a preview says, from its file: the objects that it declares and the changes that it makes.

    Raises:
        InputError: the file is no preview, or of several stacks.
    """
    recording = recordings.load(path)
    try:
        return _read(recording)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise recording.fault(f"not the form of a preview ({error})") from None


def _read(recording: Recording) -> PreviewRead:
    steps = recording.steps
    stacks = sorted({Urn.parse(step.urn).stack for step in steps})
    if len(stacks) > 1:
        raise recording.fault(f"steps of several stacks: {', '.join(stacks)}")
    stack = stacks[0] if stacks else None
    region = str(recording.config.get("ai-factory:region") or (stack or "").partition(".")[0])
    return PreviewRead(
        stack=stack,
        region=region,
        objects=objects_of(steps),
        changes=order.ordered(changes_of(steps, region)),
        diagnostics=recording.diagnostics,
        errors=recording.errors,
        hidden=recording.sames,
    )
