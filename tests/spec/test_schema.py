"""The JSON Schema that editors use: committed, current, and of one mind with the models."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from ai_factory.infra.spec.schema import schema_text
from tests import regionfile

COMMITTED = regionfile.REPOSITORY / "stacks" / "region.schema.json"
EXAMPLES = ("lab", "kr-haein", "kr-ulsan", "kr-dsx-1")


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    schema = json.loads(schema_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_the_committed_schema_is_current() -> None:
    """Else: `aifactory schema -o stacks/region.schema.json`."""
    assert COMMITTED.read_text(encoding="utf-8") == schema_text()


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_region_is_valid_and_points_at_the_schema(
    name: str, validator: jsonschema.Draft202012Validator
) -> None:
    assert list(validator.iter_errors(regionfile.base(name))) == []
    first = regionfile.base_text(name).splitlines()[0]
    assert first == "# yaml-language-server: $schema=../region.schema.json"
    assert (regionfile.REGIONS / "../region.schema.json").is_file()


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("tennants", [], "'tennants' was unexpected"),
        ("clusters[0].rack", 2, "'rack' was unexpected"),
        ("core.nodes", "4", "'4' is not of type 'integer'"),
        ("core.nodes", 0, "0 is less than the minimum of 1"),
        ("tenants[0].name", "x" * 31, "is too long"),
        ("sovereignty.residency", [], "should be non-empty"),
        ("services", [{"name": "chat", "profile": "inference", "priority": 1_000_001}], "1000001 is not valid under"),
        ("layout", "double", "'double' is not one of ['single', 'split', 'wide']"),
        ("tenants[0].name", "Blue", "'Blue' does not match"),
        ("protect", "no", "'no' is not of type 'boolean'"),
        ("addressing.underlay_v4", 10, "10 is not of type 'string'"),
    ],
)
def test_it_refuses_what_the_models_refuse(
    path: str, value: object, message: str, validator: jsonschema.Draft202012Validator
) -> None:
    data = regionfile.patched("lab", to={path: value})

    found = [error.message for error in validator.iter_errors(data)]

    assert len(found) == 1
    assert message in found[0]
    with pytest.raises(ValueError, match=path.rpartition(".")[2]):
        regionfile.model(data)


def test_every_field_says_what_it_is(validator: jsonschema.Draft202012Validator) -> None:
    definitions: dict[str, Any] = {"Region": validator.schema, **validator.schema["$defs"]}

    silent = [
        f"{name}.{field}"
        for name, definition in definitions.items()
        for field, inner in definition.get("properties", {}).items()
        if not (inner.get("description") or "$ref" in inner)  # pydantic leaves out what the class says itself
    ]

    assert silent == []
