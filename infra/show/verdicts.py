"""The verdict on a region: good, not to be applied, or bad input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .. import regions
from ..objects.preview import preview
from ..plan.model import RegionPlan
from ..spec.problems import InputError, Problem
from . import data, tables


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What `check` says of one region."""

    name: str
    plan: RegionPlan | None
    bad: tuple[Problem, ...] = ()
    """Faults of the input."""
    refused: tuple[str, ...] = ()
    """Why a well-formed region is not to be applied."""
    notices: tuple[str, ...] = ()
    resources: int = 0

    @property
    def exit_code(self) -> int:
        """0 good, 1 not to be applied, 2 bad input."""
        return 2 if self.bad else 1 if self.refused else 0

    def as_dict(self) -> dict[str, Any]:
        """JSON data."""
        return {
            "region": self.name,
            "verdict": ("good", "refused", "bad input")[self.exit_code],
            "totals": data.totals(self.plan) if self.plan else None,
            "resources": self.resources,
            "problems": [
                {"file": p.file, "line": p.line, "path": p.path, "message": p.message, "given": p.given,
                 "remedy": p.remedy} for p in self.bad
            ],
            "refused": list(self.refused),
            "notices": list(self.notices),
        }  # fmt: skip


def judge(name: str) -> Verdict:
    """Judge a region by name or file."""
    try:
        loaded = regions.open_region(regions.region_file(name))
        plan = loaded.plan()
    except InputError as error:
        return Verdict(name=name, plan=None, bad=error.problems)
    made = preview(plan)
    refused = [f"stack {stack.name} is over budget: {why}" for stack in made.stacks if (why := stack.over_budget)]
    if loaded.missing:
        items = [entry.item for entry in loaded.missing]
        shown = ", ".join(items[:5]) + (f" and {len(items) - 5} more" if len(items) > 5 else "")
        refused.append(f"the lock file lacks {shown}: run `aifactory allocate {name}` and review the new lines")
    held = [f"{item} is no longer in the file; its numbers are held until released" for item in loaded.retired]
    return Verdict(
        name=loaded.region.region.name,
        plan=plan,
        refused=tuple(refused),
        notices=(*plan.notices, *held),
        resources=made.resources,
    )


def show(verdicts: Sequence[Verdict], *, quiet: bool) -> None:
    """Verdicts on a terminal, problems on stderr."""
    out, err = tables.console(), tables.console(stderr=True)
    for verdict in verdicts:
        for problem in verdict.bad:
            err.print(f"error: {problem}", style="red", markup=False, soft_wrap=True)
        for line in verdict.refused:
            err.print(f"refused: {verdict.name}: {line}", style="red", markup=False, soft_wrap=True)
        if verdict.plan is not None and not quiet:
            word = "refused" if verdict.refused else "good"
            style = "red" if verdict.refused else "green"
            out.print(
                f"{word}: {tables.headline(verdict.plan)}; {verdict.resources:,} resources", style=style, soft_wrap=True
            )
            tables.notices((f"{verdict.name}: {line}" for line in verdict.notices), out)


def show_regions(verdicts: Sequence[Verdict]) -> None:
    """All regions on one screen."""
    rows: list[Sequence[object]] = []
    for verdict in verdicts:
        if verdict.plan is None:
            rows.append((verdict.name, "bad input", *[None] * 8))
            continue
        sums, plan = data.totals(verdict.plan), verdict.plan
        rows.append(
            (verdict.name, ("good", "refused")[verdict.exit_code], plan.spec.region.country, plan.spec.layout,
             sums["clusters"], sums["racks"], sums["gpus"], sums["tenants"], sums["facility_power_mw"],
             plan.power.utility_kw / 1000)
        )  # fmt: skip
    columns = ("region", "verdict", "country", "layout", ">clusters", ">racks", ">GPUs", ">tenants", ">MW", ">of MW")
    tables.put(tables.table("Regions", columns, rows), tables.console())
