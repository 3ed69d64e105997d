"""Cases of rules on changes, as data: an example region on both sides, planned and compared.

A case is a YAML file below `tests/cases/rules/<rule>/`, `fail-*` or `pass-*`:

- `about`: what it shows. `base`: example region. `before`: what the base side has otherwise, and `after`: what the
  change makes of the example, each with `set` and `delete` as in `regionfile.patched`, and `lock`: lines in place of
  those of the lock (text: text). `removed`: the region goes.
- `charts`: versions of charts on the base side. `changes`: further changes of objects, with `action`, `kind`, `owner`,
  and where it matters `id`, `protect` and `fields`, each with `path`, `old` and `new`.
- `today`: the day of the verdict. `expect`: parts of message and remedy of one finding.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import yaml

from ai_factory.infra.gate import rule
from ai_factory.infra.gate import rules as _registers_them  # noqa: F401
from ai_factory.infra.gate.impact import blast, diff, order
from ai_factory.infra.gate.records import Change, FieldChange, Finding, Outline
from ai_factory.infra.gate.rule import ChangeView
from ai_factory.infra.gate.rules import running
from tests import regionfile

from . import plans

FOLDER = regionfile.REPOSITORY / "tests" / "cases" / "rules"
KEYS = {"about", "base", "before", "after", "removed", "charts", "changes", "today", "expect"}
TODAY = "2027-03-01"


def files() -> list[Path]:
    """Cases of rules on changes."""
    return sorted(path for path in FOLDER.glob("*/*.yaml") if _scope(path) == "change")


def _scope(path: Path) -> str | None:
    known = rule.RULES.get(path.parent.name)
    return known.scope if known else None


def judge(path: Path) -> list[Finding]:
    """What all rules on changes say of a case."""
    case: Mapping[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert case.keys() <= KEYS, case.keys() - KEYS
    return running.change(view(case))


def view(case: Mapping[str, Any]) -> ChangeView:
    """What the rules look at."""
    name = case["base"]
    base, head = _side(name, case.get("before", {})), _side(name, case.get("after", {}))
    before = _outline(base, name, case.get("before", {}))
    before = msgspec.structs.replace(before, charts=before.charts | case.get("charts", {}))
    after = None if case.get("removed") else _outline(head, name, case.get("after", {}))
    changes = order.ordered(
        [
            *diff.compare(base.records, head.records if after else (), name),
            *(_change(name, one) for one in case.get("changes", ())),
        ]
    )
    return ChangeView(
        region=name,
        base=before,
        head=after,
        changes=changes,
        blast=blast.blast(before, after, changes),
        today=datetime.date.fromisoformat(case.get("today", TODAY)),
        approvals=(after or before).approvals,
    )


def _side(name: str, edits: Mapping[str, Any]) -> plans.Side:
    return plans.changed(name, edits.get("set", {}), tuple(edits.get("delete", ())))


def _outline(side: plans.Side, name: str, edits: Mapping[str, Any]) -> Outline:
    text = (regionfile.REGIONS / f"{name}.lock.yaml").read_text(encoding="utf-8")
    for old, new in edits.get("lock", {}).items():
        assert old in text, old
        text = text.replace(old, new)
    lines = tuple(line for line in text.splitlines() if line.startswith("- "))
    return msgspec.structs.replace(side.outline, lock=lines)


def _change(region: str, given: Mapping[str, Any]) -> Change:
    values = {"id": f"train-a/{given['kind']}/ns/name", "stack": "s", "component": "C c", "protect": False}
    fields = tuple(FieldChange(**field) for field in given.get("fields", ()))
    return Change(region=region, **(values | given | {"fields": fields}))
