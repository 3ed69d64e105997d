"""A verdict as SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/), for code scanning and editors."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from importlib import metadata
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from ...gate.judge.verdict import BAD_INPUT, Fault, RegionVerdict, Verdict
from ...gate.records import Finding
from ...gate.rule import Rule
from . import rules, text

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
ROOT = "SRCROOT"
MOST = 25_000
"""GitHub refuses a run with more results (https://docs.github.com/en/code-security/code-scanning, SARIF support)."""
_ORDER = {"error": 0, "warning": 1, "note": 2}

Json = dict[str, Any]


def render(verdict: Verdict) -> str:
    """The log: the same verdict gives the same bytes."""
    described = rules.of_verdict(verdict)
    numbers = {one.id: number for number, one in enumerate(described)}
    results = list(_results(verdict, numbers))
    # The sort is stable: findings of a severity stay in the order of the verdict.
    results.sort(key=lambda one: _ORDER.get(one["level"], 0))
    run = {
        "tool": {"driver": _driver(described)},
        "invocations": [_invocation(verdict, len(results))],
        "originalUriBaseIds": {ROOT: {"description": {"text": "The top of the repository."}}},
        "columnKind": "unicodeCodePoints",
        "automationDetails": {"id": "aifactory-gate/"},
        "results": results[:MOST],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1) + "\n"


def _driver(described: list[Rule]) -> Json:
    version = metadata.version("ai-factory")
    return {"name": "aifactory-gate", "version": version, "semanticVersion": version,
            "rules": [_rule(one) for one in described]}  # fmt: skip


def _rule(one: Rule) -> Json:
    doc = (one.check.__doc__ or "").strip().partition("\n")[0] if one.check else ""
    reason, remedy = text.sentence(one.reason), text.sentence(one.remedy)
    source = f"\n\nSource: {one.source}" if one.source else ""
    found: Json = {
        "id": one.id,
        "name": "".join(part.capitalize() for part in one.id.split("-")),
        "shortDescription": {"text": doc or text.sentence(one.id.replace("-", " "))},
        "fullDescription": {"text": reason or one.id},
        "help": {"text": f"{remedy}\n\nWhy: {reason}{source}", "markdown": f"{remedy}\n\n**Why:** {reason}{source}"},
        "defaultConfiguration": {"level": one.severity},
        "properties": {"area": one.area, "scope": one.scope, "tags": [one.area], "waivable": one.waivable},
    }
    if one.source.startswith("https://"):
        found["helpUri"] = quote(one.source, safe="/:?&=#%~+,.-_@!")
    return found


def _invocation(verdict: Verdict, results: int) -> Json:
    found: Json = {"executionSuccessful": verdict.exit_code != BAD_INPUT, "exitCode": verdict.exit_code}
    notes = [*verdict.notes, *(f"{one.region}: {note}" for one in verdict.regions for note in one.notes)]
    if results > MOST:
        notes.append(f"{results - MOST:,} results are left out: a run holds {MOST:,}")
    if notes:
        found["toolExecutionNotifications"] = [{"level": "note", "message": {"text": note}} for note in notes]
    return found


def _results(verdict: Verdict, numbers: dict[str, int]) -> Iterator[Json]:
    seen: Counter[str] = Counter()
    file = verdict.regions[0].file if verdict.regions else ""
    for one in verdict.findings:
        yield _finding(one, file, numbers, seen)
    for region in verdict.regions:
        for fault in region.faults:
            yield _fault(fault, region, numbers, seen)
        for one in region.findings:
            yield _finding(one, region.file, numbers, seen)


def _finding(one: Finding, file: str, numbers: dict[str, int], seen: Counter[str]) -> Json:
    place = text.place(one.path)
    told = f"{text.sentence(one.message)} {text.sentence(one.remedy)}".strip()
    found = _result(one.rule, one.severity, told, numbers)
    found["locations"] = _locations(one.file or file, one.line, place or one.subject)
    found["partialFingerprints"] = _fingerprints((one.rule, one.region, one.subject, place), seen)
    found["properties"] = {"region": one.region, "subject": one.subject}
    if one.waived is not None:
        # A waiver stands in the region file itself, in that file's own syntax, not in a store beside it (3.35.2).
        found["suppressions"] = [{"kind": "inSource", "status": "accepted", "justification": one.waived,
                                  "properties": {"until": one.until or ""}}]  # fmt: skip
    return found


def _fault(one: Fault, region: RegionVerdict, numbers: dict[str, int], seen: Counter[str]) -> Json:
    given = f" (given: {one.given})" if one.given is not None else ""
    told = f"{text.sentence(f'{one.message}{given}')} {text.sentence(one.remedy)}".strip()
    found = _result(rules.INPUT, "error", told, numbers)
    found["locations"] = _locations(one.file or region.file, one.line, one.path)
    found["partialFingerprints"] = _fingerprints((rules.INPUT, one.region, one.file, one.path), seen)
    found["properties"] = {"region": one.region}
    return found


def _result(rule: str, level: str, message: str, numbers: dict[str, int]) -> Json:
    return {"ruleId": rule, "ruleIndex": numbers[rule], "level": level, "message": {"text": message or rule}}


def _locations(file: str, line: int | None, logical: str) -> list[Json]:
    found: Json = {}
    if file:
        found["physicalLocation"] = {"artifactLocation": _artifact(file), "region": {"startLine": max(line or 1, 1)}}
    if logical:
        found["logicalLocations"] = [{"fullyQualifiedName": logical}]
    return [found] if found else []


def _artifact(file: str) -> Json:
    """A file below the top of the repository; one elsewhere stands by its own address."""
    path = PurePosixPath(file)
    if path.is_absolute():
        return {"uri": f"file://{_uri(file)}"}
    return {"uri": _uri(str(path)), "uriBaseId": ROOT}


def _uri(file: str) -> str:
    # A letter that is half of a pair has no UTF-8; it can be in a name that the system gave.
    return quote(file.encode(errors="surrogatepass"))


def _fingerprints(parts: tuple[str, ...], seen: Counter[str]) -> dict[str, str]:
    """Of what a result is about, not of line or wording: the same after lines moved or numbers changed.

    GitHub tells results apart by `primaryLocationLineHash` alone, whose form is a hash and a number.
    """
    digest = hashlib.sha256("\0".join(parts).encode(errors="surrogatepass")).hexdigest()[:16]
    seen[digest] += 1
    return {"aiFactoryFinding/v1": f"{digest}:{seen[digest]}", "primaryLocationLineHash": f"{digest}:{seen[digest]}"}
