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
from . import reported_rules, text

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
ROOT = "SRCROOT"
MOST = 25_000
"""GitHub refuses a run with more results (https://docs.github.com/en/code-security/code-scanning, SARIF support)."""
_ORDER = {"error": 0, "warning": 1, "note": 2}

Json = dict[str, Any]


def render(verdict: Verdict) -> str:
    """The verdict as a SARIF log: the same verdict gives the same bytes."""
    described = reported_rules.of_verdict(verdict)
    numbers = {rule.id: number for number, rule in enumerate(described)}
    results = list(_results(verdict, numbers))
    # The sort is stable: findings of a severity stay in the order of the verdict.
    results.sort(key=lambda result: _ORDER.get(result["level"], 0))
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
            "rules": [_rule(rule) for rule in described]}  # fmt: skip


def _rule(rule: Rule) -> Json:
    doc = (rule.check.__doc__ or "").strip().partition("\n")[0] if rule.check else ""
    reason, remedy = text.sentence(rule.reason), text.sentence(rule.remedy)
    source = f"\n\nSource: {rule.source}" if rule.source else ""
    descriptor: Json = {
        "id": rule.id,
        "name": "".join(part.capitalize() for part in rule.id.split("-")),
        "shortDescription": {"text": doc or text.sentence(rule.id.replace("-", " "))},
        "fullDescription": {"text": reason or rule.id},
        "help": {"text": f"{remedy}\n\nWhy: {reason}{source}", "markdown": f"{remedy}\n\n**Why:** {reason}{source}"},
        "defaultConfiguration": {"level": rule.severity},
        "properties": {"area": rule.area, "scope": rule.scope, "tags": [rule.area], "waivable": rule.waivable},
    }
    if rule.source.startswith("https://"):
        descriptor["helpUri"] = quote(rule.source, safe="/:?&=#%~+,.-_@!")
    return descriptor


def _invocation(verdict: Verdict, results: int) -> Json:
    invocation: Json = {"executionSuccessful": verdict.exit_code != BAD_INPUT, "exitCode": verdict.exit_code}
    notes = [*verdict.notes, *(f"{region.region}: {note}" for region in verdict.regions for note in region.notes)]
    if results > MOST:
        notes.append(f"{results - MOST:,} results are left out: a run holds {MOST:,}")
    if notes:
        invocation["toolExecutionNotifications"] = [{"level": "note", "message": {"text": note}} for note in notes]
    return invocation


def _results(verdict: Verdict, numbers: dict[str, int]) -> Iterator[Json]:
    seen: Counter[str] = Counter()
    file = verdict.regions[0].file if verdict.regions else ""
    for finding in verdict.findings:
        yield _finding(finding, file, numbers, seen)
    for region in verdict.regions:
        for fault in region.faults:
            yield _fault(fault, region, numbers, seen)
        for finding in region.findings:
            yield _finding(finding, region.file, numbers, seen)


def _finding(finding: Finding, file: str, numbers: dict[str, int], seen: Counter[str]) -> Json:
    place = text.place(finding.path)
    message = f"{text.sentence(finding.message)} {text.sentence(finding.remedy)}".strip()
    result = _result(finding.rule, finding.severity, message, numbers)
    result["locations"] = _locations(finding.file or file, finding.line, place or finding.subject)
    result["partialFingerprints"] = _fingerprints((finding.rule, finding.region, finding.subject, place), seen)
    result["properties"] = {"region": finding.region, "subject": finding.subject}
    if finding.waived is not None:
        # A waiver stands in the region file itself, in that file's own syntax, not in a store beside it (3.35.2).
        result["suppressions"] = [{"kind": "inSource", "status": "accepted", "justification": finding.waived,
                                  "properties": {"until": finding.until or ""}}]  # fmt: skip
    return result


def _fault(fault: Fault, region: RegionVerdict, numbers: dict[str, int], seen: Counter[str]) -> Json:
    given = f" (given: {fault.given})" if fault.given is not None else ""
    message = f"{text.sentence(f'{fault.message}{given}')} {text.sentence(fault.remedy)}".strip()
    result = _result(reported_rules.INPUT, "error", message, numbers)
    result["locations"] = _locations(fault.file or region.file, fault.line, fault.path)
    result["partialFingerprints"] = _fingerprints((reported_rules.INPUT, fault.region, fault.file, fault.path), seen)
    result["properties"] = {"region": fault.region}
    return result


def _result(rule: str, level: str, message: str, numbers: dict[str, int]) -> Json:
    return {"ruleId": rule, "ruleIndex": numbers[rule], "level": level, "message": {"text": message or rule}}


def _locations(file: str, line: int | None, logical: str) -> list[Json]:
    location: Json = {}
    if file:
        location["physicalLocation"] = {"artifactLocation": _artifact(file), "region": {"startLine": max(line or 1, 1)}}
    if logical:
        location["logicalLocations"] = [{"fullyQualifiedName": logical}]
    return [location] if location else []


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
