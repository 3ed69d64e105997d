"""Country profiles and company-wide pools: data with its source, and what refuses to load."""

from __future__ import annotations

import zoneinfo
from typing import Any

import pydantic
import pytest

from ai_factory.infra import catalog
from ai_factory.infra.catalog import CountryEntry, Fact, Figure, PoolsEntry

CODES = ("ID", "IN", "JP", "KR", "MY", "SG", "TH", "TW", "VN")


def test_the_countries_that_are_asked_for_are_there() -> None:
    assert catalog.load().country_ids == CODES


@pytest.mark.parametrize("code", CODES)
def test_every_fact_has_a_source_or_is_an_assumption(code: str) -> None:
    profile = catalog.load().country(code)
    facts: dict[str, Any] = {name: getattr(profile, name) for name in CountryEntry.model_fields if name != "id"}

    assert {name for name, fact in facts.items() if fact is None} <= {"energy_per_mwh"}
    for name, fact in facts.items():
        if fact is not None:
            assert fact.grade == "A" or len(fact.source) > 5, name
            assert fact.source, name
    assert {profile.law.grade, profile.transfer.grade} <= {"P", "S"}


@pytest.mark.parametrize("code", CODES)
def test_facts_are_plausible(code: str) -> None:
    profile = catalog.load().country(code)

    assert profile.id == code
    assert profile.grid_hz.value in (50, 60, None)
    assert 22 <= profile.connection_kv.require("voltage") <= 400
    assert 1.05 <= profile.pue.require("PUE") <= 1.6
    assert 30 <= profile.ambient_c.require("temperature") <= 45
    assert len(profile.currency.value) == 3
    assert profile.time_zone.value in zoneinfo.available_timezones()
    assert profile.residency.value == profile.operators.value == (code,)


def test_a_country_without_profile_lists_the_known_ones() -> None:
    with pytest.raises(catalog.UnknownEntryError, match=r"no country profile FR; known: ID, IN, JP"):
        catalog.load().country("FR")


def changed(**update: Any) -> dict[str, Any]:
    return catalog.load().country("JP").model_dump(mode="json") | update


@pytest.mark.parametrize(
    ("update", "message"),
    [
        ({"law": {"value": "x", "grade": "P", "source": " "}}, "at least 1 character"),
        ({"pue": {"value": None, "grade": "A", "source": "x"}}, "a PUE to plan with is needed"),
        ({"grid_hz": {"value": 50, "grade": "P", "source": " "}}, "no source is given for grid_hz"),
        ({"residency": {"value": ["KR"], "grade": "A", "source": "x"}}, "the country itself is missing"),
        ({"id": "jp"}, "should match pattern"),
        ({"motto": "x"}, "Extra inputs"),
    ],
)
def test_a_profile_without_its_sources_does_not_load(update: dict[str, Any], message: str) -> None:
    with pytest.raises(pydantic.ValidationError, match=message):
        CountryEntry.model_validate(changed(**update))


def test_facts_and_figures_take_no_unknown_grade() -> None:
    for kind, value in ((Fact, "x"), (Figure, 1.0)):
        with pytest.raises(pydantic.ValidationError, match="grade"):
            kind.model_validate({"value": value, "grade": "Z", "source": "x"})


@pytest.mark.parametrize(
    ("update", "message"),
    [
        ({"asns": [4_200_000_001, 4_200_000_000]}, "asns: 4200000001 to 4200000000 runs backwards"),
        ({"ula_v6": ["2001:db8::/32"]}, "holds no unique local /48"),
        ({"ula_v6": ["fd00::/56"]}, "holds no unique local /48"),
        ({"source": {}}, "every pool and rule needs a grade and a source"),
        ({"underlay_v4": []}, "at least 1 item"),
    ],
)
def test_pools_that_make_no_sense_do_not_load(update: dict[str, Any], message: str) -> None:
    data = catalog.load().pools.model_dump(mode="json") | update

    with pytest.raises(pydantic.ValidationError, match=message):
        PoolsEntry.model_validate(data)
