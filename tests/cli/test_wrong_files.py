"""Every file in tests/cases/wrong is refused with exit code 2 and lines that say what, where and how to mend it.

A case is a data file: `about`; an example region as `base` with `set` (path: value, `[+]` appends), `delete` (paths),
`replace` (text: text) and `at_line` (number: text, after blank lines), or a whole file as `text`, `bytes` (hex) or
`generate` (pieces of text with `times`); `files` beside it; `argument` in place of the file's name; `expect`, parts of
lines on stderr; `count`, how many faults there are.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import regionfile
from tests.conftest import Outcome

pytestmark = pytest.mark.slow

FOLDER = regionfile.REPOSITORY / "tests" / "cases" / "wrong"
CASES = {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.yaml"))}
KEYS = {"about", "expect", "count", "base", "set", "delete", "replace", "at_line", "text", "bytes", "generate", "files"}
FILE = "region.yaml"
AS_PROCESS = ("047-provider-that-comes-later", "107-deep-nesting", "115-five-faults-at-once")
_FAULT = re.compile(r"^error: region\.yaml:(?P<line>\d+): (?P<path>[\w.\[\]]+): ")


def content(case: dict[str, Any]) -> bytes:
    """Bytes of the case's region file."""
    if "bytes" in case:
        return bytes.fromhex(case["bytes"])
    if "generate" in case:
        return "".join(piece["text"] * piece.get("times", 1) for piece in case["generate"]).encode()
    if "text" in case:
        return str(case["text"]).encode()
    if "set" in case or "delete" in case:
        data = regionfile.patched(case["base"], to=case.get("set", {}), delete=case.get("delete", ()))
        return regionfile.dump(data).encode()
    text = regionfile.base_text(case["base"])
    for old, new in case["replace"].items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    for line, added in case.get("at_line", {}).items():
        text += "\n" * (line - 1 - text.count("\n")) + added
    return text.encode()


def prepare(case: dict[str, Any], folder: Path) -> str:
    """Write the case's files; returns the argument to check."""
    if "argument" not in case:
        (folder / FILE).write_bytes(content(case))
    for name, text in case.get("files", {}).items():
        (folder / name).write_text(text, encoding="utf-8")
    argument = case.get("argument", FILE)
    return str(folder) + "/" if argument == "." else str(argument)


def refused(case: dict[str, Any], outcome: Outcome) -> None:
    """Assert that the case was refused as it says."""
    assert outcome.code == 2, outcome
    assert "Traceback" not in outcome.out + outcome.err
    for part in case["expect"]:
        assert part in outcome.err, f"{part}\nis not in\n{outcome.err}"
    faults = [line for line in outcome.err.splitlines() if line.startswith("error: ")]
    assert len(faults) == len(outcome.err.splitlines()) == case.get("count", len(faults))
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", outcome.err)


def test_there_are_enough_cases_and_they_are_well_formed() -> None:
    assert len(CASES) >= 65
    for name, case in CASES.items():
        assert set(case) <= KEYS | {"argument"}, name
        assert case["about"], name
        assert case["expect"], name


@pytest.mark.parametrize("base", ["lab", "kr-haein", "kr-ulsan", "kr-dsx-1"])
def test_without_a_fault_the_bases_are_good(base: str, tmp_path: Path, aifactory: Callable[..., Outcome]) -> None:
    file = tmp_path / f"{base}.yaml"
    file.write_text(regionfile.dump(regionfile.base(base)), encoding="utf-8")

    assert aifactory("allocate", file).code == 0
    outcome = aifactory("check", file)

    assert (outcome.code, outcome.err) == (0, "")


@pytest.mark.parametrize("name", CASES)
def test_a_wrong_file_is_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, aifactory: Callable[..., Outcome]
) -> None:
    argument = prepare(CASES[name], tmp_path)
    if argument == FILE:
        monkeypatch.chdir(tmp_path)

    outcome = aifactory("check", argument)

    refused(CASES[name], outcome)
    if argument == FILE:
        lines_are_right(outcome.err, tmp_path / FILE)


def lines_are_right(messages: str, file: Path) -> None:
    """Assert that the line which a message names holds the deepest key of its path that the file has."""
    found = [match for line in messages.splitlines() if (match := _FAULT.match(line))]
    if not found:
        return
    text = file.read_text(encoding="utf-8")
    for match in found:
        key = deepest_key(yaml.compose(text, Loader=yaml.SafeLoader), match["path"])
        assert key is None or key in text.splitlines()[int(match["line"]) - 1], match[0]


def deepest_key(node: Any, path: str) -> str | None:
    """Last part of a path that a document has, None where that is a place in a list."""
    last: str | None = None
    for part in re.findall(r"[^.\[\]]+", path):
        if isinstance(node, yaml.MappingNode):
            inner = {key.value: value for key, value in node.value}
        elif isinstance(node, yaml.SequenceNode):
            inner = {str(index): value for index, value in enumerate(node.value)}
        else:
            return last
        if part not in inner:
            return last
        node, last = inner[part], None if part.isdigit() else part
    return last


@pytest.mark.parametrize("name", AS_PROCESS)
def test_the_installed_command_refuses_it_too(name: str, tmp_path: Path) -> None:
    argument = prepare(CASES[name], tmp_path)

    done = subprocess.run(
        [Path(sys.executable).with_name("aifactory"), "check", argument],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    refused(CASES[name], Outcome(done.returncode, done.stdout, done.stderr))
