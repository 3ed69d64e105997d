"""The JSON Schema of region files, for editors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ._base import Model
from ._file import Region
from .descriptions import descriptions


def schema_text() -> str:
    """JSON Schema (draft 2020-12) as text, the same from run to run."""
    schema = Region.model_json_schema()
    models = {model.__name__: model for model in _below(Model) if model.__module__.startswith(f"{__package__}.")}
    _describe(schema, Region)
    for name, definition in schema["$defs"].items():
        _describe(definition, models[name])
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "ai-factory region file"}
    return json.dumps(head | {key: value for key, value in schema.items() if key != "title"}, indent=2) + "\n"


def _below(model: type[Model]) -> Iterator[type[Model]]:
    for inner in model.__subclasses__():
        yield inner
        yield from _below(inner)


def _describe(schema: dict[str, Any], model: type[Model]) -> None:
    """Write descriptions into the schema of a model, in the order of keys that pydantic keeps."""
    for name, text in descriptions(model).items():
        entry = schema["properties"][name]
        schema["properties"][name] = dict(sorted({**entry, "description": text}.items()))
