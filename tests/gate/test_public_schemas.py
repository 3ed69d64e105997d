"""SARIF and JUnit against the schemas that are published for them.

No package index carries the two files: put `sarif-schema-2.1.0.json` (OASIS, sarif-spec, `sarif-2.1/schema`) and
`junit-10.xsd` (Jenkins xUnit plugin; pytest keeps a copy in `testing/example_scripts`) into a folder, and name it in
AIFACTORY_SCHEMAS.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import jsonschema
import pytest
import xmlschema

from ai_factory.infra.gate.judge.verdict import Verdict
from ai_factory.infra.show.gate import junit, sarif

from . import made

FOLDER = Path(os.environ.get("AIFACTORY_SCHEMAS", "nowhere"))
needed = pytest.mark.skipif(not FOLDER.is_dir(), reason="public schemas absent: AIFACTORY_SCHEMAS names no folder")


VERDICTS = [made.small(), made.rich(), made.verdict(), made.huge(200)]


@needed
@pytest.mark.parametrize("verdict", VERDICTS)
def test_sarif_follows_its_schema(verdict: Verdict) -> None:
    schema = json.loads((FOLDER / "sarif-schema-2.1.0.json").read_text(encoding="utf-8"))

    jsonschema.validate(json.loads(sarif.render(verdict)), schema)


@needed
@pytest.mark.parametrize("verdict", VERDICTS)
def test_junit_follows_its_schema(verdict: Verdict) -> None:
    """Without file and line of a case, which GitLab and others read and the schema does not know."""
    schema = xmlschema.XMLSchema(str(FOLDER / "junit-10.xsd"))

    schema.validate(re.sub(r' (?:file|line)="[^"]*"', "", junit.render(verdict)))
