"""Helm drops a value that no template of a chart reads, and says nothing: keys that are set are keys that are read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ai_factory.infra.catalog import ChartEntry
from ai_factory.infra.objects import _chart_values
from ai_factory.infra.plan.model import RegionPlan

from .conftest import make_plan

READ: dict[str, dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "chart_keys.yaml").read_text())
"""What each chart reads, by its id."""


def charts() -> list[ChartEntry]:
    return [chart for chart in make_plan().charts if chart.plane == "workload"]


@pytest.fixture(scope="module")
def region() -> RegionPlan:
    return make_plan()


def paths(values: Any, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Paths of all values in a tree of mappings."""
    if isinstance(values, dict) and values:
        for key, value in values.items():
            yield from paths(value, (*above, key))
    elif above:
        yield above


def unread(values: dict[str, Any], read: list[str]) -> list[str]:
    """Paths that a chart does not read; one that it reads takes what is below it with it."""
    return [
        ".".join(path)
        for path in paths(values)
        if not {".".join(path[:depth]) for depth in range(1, len(path) + 1)} & set(read)
    ]


@pytest.mark.parametrize("cluster", ["train", "twin"])
@pytest.mark.parametrize("chart", charts(), ids=lambda chart: chart.id)
def test_a_chart_reads_every_value_that_it_gets(region: RegionPlan, chart: ChartEntry, cluster: str) -> None:
    """To mend it, take the key from the chart's templates at this version and list it in chart_keys.yaml."""
    values = _chart_values.values(region, region.cluster(cluster), chart, [each.id for each in charts()])
    assert unread(values, READ[chart.id]["read"]) == []


@pytest.mark.parametrize("chart", charts(), ids=lambda chart: chart.id)
def test_keys_are_read_again_for_another_version(chart: ChartEntry) -> None:
    """To mend it, compare its keys with the new chart's, and write the version here."""
    assert READ[chart.id]["version"] == chart.version


def test_what_is_unread_is_found() -> None:
    values = {"driver": {"enabled": True, "nodeSelector": {"a.b/c": ""}}, "toolkit": {"enabled": True}, "empty": {}}
    assert unread(values, ["driver.nodeSelector", "toolkit"]) == ["driver.enabled", "empty"]


def test_no_other_charts_are_listed() -> None:
    assert READ.keys() == {chart.id for chart in charts()}
