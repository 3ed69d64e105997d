"""Live objects of a region: how they are, and how they differ from the plan: for a terminal, and as plain data."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import click
import msgspec

from ..engine.report import Difference, Health
from ..objects.fields import FieldChange
from . import tables

MOST_CHARACTERS = 120
"""Of a value in a line."""
_WORDS = {"missing": "create", "changed": "change", "leaving": "delete", "refused": "refused"}


def all_ready(status: Mapping[str, Sequence[Health]]) -> bool:
    """Whether all live objects that `status` shows are there and ready."""
    return all(health.state == "ready" for of_component in status.values() for health in of_component)


def status_data(status: Mapping[str, Sequence[Health]]) -> list[dict[str, Any]]:
    """What `status --json` prints: health of the objects by component."""
    return [
        {"component": name, "objects": [health.as_dict() for health in of_component]}
        for name, of_component in status.items()
    ]


def show_status(status: Mapping[str, Sequence[Health]]) -> None:
    """Print the health of a region: counts and conditions by component, then what is not ready and why."""
    out = tables.console()
    rows = []
    for name, of_component in status.items():
        counts = Counter(health.state for health in of_component)
        numbers = (len(of_component), counts["ready"], counts["not ready"], counts["missing"], counts["going"])
        rows.append((name, *numbers, _conditions(of_component)))
    columns = ("Component", ">Objects", ">Ready", ">Not ready", ">Missing", ">Going", "Conditions")
    tables.print_table(tables.table("Status", columns, rows), out)
    for of_component in status.values():
        for health in of_component:
            if health.state != "ready":
                out.print(f"{health.state}: {health.id}: {health.why}", soft_wrap=True)
    if all_ready(status):
        out.print("everything is there and ready")


def _conditions(of_component: Sequence[Health]) -> str:
    """How many objects have which condition at which status: `Ready=True 23, Ready=False 1`."""
    counts = Counter(
        f"{name}={status}" for health in of_component for name, status in (health.conditions or {}).items()
    )
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))


def differences_data(differences: Mapping[str, Sequence[Difference]]) -> list[dict[str, Any]]:
    """What `drift --json` prints: differences of live objects from the plan, by stack."""
    return [
        {"stack": name, "differences": [difference.as_dict() for difference in of_stack]}
        for name, of_stack in differences.items()
    ]


def show_differences(differences: Mapping[str, Sequence[Difference]], *, none: str) -> None:
    """Print every difference of a live object from the plan, with its fields."""
    for name, of_stack in differences.items():
        for difference in of_stack:
            note = f" ({difference.note})" if difference.note and difference.kind != "refused" else ""
            subject = difference.note if difference.kind == "refused" else difference.id
            click.echo(f"{_WORDS[difference.kind]:<8} {subject}{note}")
            for change in difference.changes:
                click.echo(f"           {change_line(change)}")
        if of_stack:
            counts = Counter(difference.kind for difference in of_stack)
            click.echo(f"{name}: " + ", ".join(f"{count} to {_WORDS[kind]}" for kind, count in counts.items()))
    if not any(differences.values()):
        click.echo(none)


def change_line(change: FieldChange) -> str:
    """A field of a live object that differs, with its old and new value, as a line.

    >>> change_line(FieldChange(path="spec.a", new=[1]))
    'spec.a: (none) -> [1]'
    """
    return f"{change.path}: {_value(change.old)} -> {_value(change.new)}"


def _value(value: Any) -> str:
    """A value as JSON, cut to fit a line."""
    text = "(none)" if value is msgspec.UNSET else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MOST_CHARACTERS else text[: MOST_CHARACTERS - 3] + "..."
