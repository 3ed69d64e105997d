"""The rules of the gate, for who looks one up."""

from __future__ import annotations

import textwrap
from typing import Any

import click

from ...gate.rule import RULES, Rule
from ...gate.rules import running  # noqa: F401 registers the rules


def rules_data() -> list[dict[str, Any]]:
    """The list of all rules as JSON data, by area and id."""
    keys = ("id", "area", "scope", "severity", "waivable", "reason", "remedy", "cannot_see", "source")
    return [{key: getattr(rule, key) for key in keys} for rule in _by_area()]


def show_rules(width: int) -> None:
    """Print the list of all rules on a terminal."""
    area = ""
    for rule in _by_area():
        if rule.area != area:
            area = rule.area
            click.echo(f"\n{area}")
        click.echo(f"  {rule.id} ({_nature(rule)})")
        for label, text in _texts(rule):
            first = f"      {label}: "
            click.echo(textwrap.fill(text, max(width, 60), initial_indent=first, subsequent_indent=" " * len(first)))
    click.echo(f"\n{len(RULES)} rules")


def _texts(rule: Rule) -> tuple[tuple[str, str], ...]:
    return ("why", rule.reason), ("mend", rule.remedy), ("can't see", rule.cannot_see), ("source", rule.source)


def _nature(rule: Rule) -> str:
    return rule.severity if rule.waivable else f"{rule.severity}, never waived"


def _by_area() -> list[Rule]:
    return sorted(RULES.values(), key=lambda rule: (rule.area, rule.id))
