"""A verdict as JUnit XML, for CI systems that show tests: a suite a region, a case a rule.

Elements and attributes are those of the schema of Jenkins (junit-10.xsd), and `file` and `line` on a case, which
GitLab and most readers take and others pass over.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from xml.etree import ElementTree as Xml

from ...gate.judge.verdict import Fault, RegionVerdict, Verdict, blocks
from ...gate.records import Finding
from . import reported_rules, text

FLEET = "fleet"
"""Suite of the rules on all regions together."""
TIME = "0.000"
"""Rules run together over shards and caches: there is no time of one rule, and readers want one."""
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(verdict: Verdict) -> str:
    """The JUnit report: errors are failures, faults of the input errors, and what is only waived is skipped."""
    root = Xml.Element("testsuites", name="aifactory gate", time=TIME)
    _suite(root, FLEET, reported_rules.run_on_fleet(verdict), verdict.findings, ())
    for region in verdict.regions:
        _suite(root, region.region, reported_rules.run_on(region), region.findings, region.faults, _about(region))
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    Xml.indent(root)
    return f"<?xml version='1.0' encoding='utf-8'?>\n{Xml.tostring(root, encoding='unicode')}\n"


def _about(region: RegionVerdict) -> dict[str, str]:
    return {"file": region.file} if region.file else {}


def _suite(
    root: Xml.Element,
    name: str,
    run: Iterable[str],
    findings: Iterable[Finding],
    faults: Iterable[Fault],
    about: dict[str, str] | None = None,
) -> None:
    suite = Xml.SubElement(root, "testsuite", _legal({"name": name, "time": TIME} | (about or {})))
    by_rule: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        by_rule[finding.rule].append(finding)
    for rule in run:
        _case(suite, name, rule, by_rule[rule])
    faults = list(faults)
    if faults:
        _faults(suite, name, faults)
    kinds = {"failures": "failure", "errors": "error", "skipped": "skipped"}
    suite.set("tests", str(len(suite)))
    for attribute, element in kinds.items():
        suite.set(attribute, str(sum(case.find(element) is not None for case in suite)))


def _case(suite: Xml.Element, region: str, rule: str, findings: list[Finding]) -> None:
    """One case: many readers show the first failure of a case only, so all are told in one."""
    case = Xml.SubElement(suite, "testcase", _legal({"classname": region, "name": rule, "time": TIME}))
    errors = [finding for finding in findings if blocks(finding)]
    waived = [finding for finding in findings if finding.waived is not None]
    remarks = [finding for finding in findings if finding not in errors]
    first = next((finding for finding in [*errors, *remarks] if finding.file), None)
    if first is not None:
        case.set("file", _xml(first.file))
        case.set("line", str(first.line or 1))
    if errors:
        more = f" (and {len(errors) - 1:,} more)" if len(errors) > 1 else ""
        message = _legal({"type": rule, "message": errors[0].message + more})
        Xml.SubElement(case, "failure", message).text = _xml("\n\n".join(map(_full_text, errors)))
    elif waived and len(waived) == len(findings):
        until = f" until {waived[0].until}" if waived[0].until else ""
        Xml.SubElement(case, "skipped", _legal({"message": f"waived{until}: {waived[0].waived}"}))
    if remarks:
        Xml.SubElement(case, "system-out").text = _xml("\n\n".join(map(_full_text, remarks)))


def _faults(suite: Xml.Element, region: str, faults: list[Fault]) -> None:
    case = Xml.SubElement(suite, "testcase", _legal({"classname": region, "name": reported_rules.INPUT, "time": TIME}))
    case.set("file", _xml(faults[0].file))
    case.set("line", str(faults[0].line or 1))
    lines = [
        f"{text.file_and_line(fault.file, fault.line)}: {fault.path}: {fault.message}\n{fault.remedy}"
        for fault in faults
    ]
    message = _legal({"type": reported_rules.INPUT, "message": faults[0].message})
    Xml.SubElement(case, "error", message).text = _xml("\n\n".join(lines))


def _full_text(finding: Finding) -> str:
    """A finding in full."""
    about = ", ".join(part for part in (finding.subject, text.place(finding.path)) if part)
    lines = [
        f"{finding.severity}: {text.file_and_line(finding.file, finding.line)}: {about}",
        finding.message,
        finding.remedy,
    ]
    if finding.waived is not None:
        lines.append(f"waived until {finding.until}: {finding.waived}")
    return "\n".join(line for line in lines if line)


def _legal(given: dict[str, str]) -> dict[str, str]:
    return {name: _xml(value) for name, value in given.items()}


def _xml(given: str) -> str:
    """Text of letters that XML 1.0 can have (https://www.w3.org/TR/xml/#charsets); others are written out."""
    return _ILLEGAL.sub(lambda illegal: text.clean(illegal.group()), given)
