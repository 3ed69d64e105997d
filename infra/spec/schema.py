"""The JSON Schema of region files, for editors."""

from __future__ import annotations

import json

from ._file import Region


def schema_text() -> str:
    """JSON Schema (draft 2020-12) as text, the same from run to run."""
    schema = Region.model_json_schema()
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "ai-factory region file"}
    return json.dumps(head | {key: value for key, value in schema.items() if key != "title"}, indent=2) + "\n"
