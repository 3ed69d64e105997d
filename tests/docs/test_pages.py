"""Commands on the pages of the site are run, and print what stands below them; `...` stands for lines left out."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.regionfile import REPOSITORY

DOCS = REPOSITORY / "docs"
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.M | re.S)
MADE = {"pull-requests.md"}
"""Pages that are made from what commands print, and held by a test of their own."""
PAGES = sorted(path.name for path in DOCS.glob("*.md") if "```console" in path.read_text(encoding="utf-8"))
REGIONS = ("lab", "kr-ulsan")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of its own, with two regions of the repository."""
    regions = tmp_path / "stacks" / "regions"
    regions.mkdir(parents=True)
    shutil.copy(REPOSITORY / "Pulumi.yaml", tmp_path)
    for name in REGIONS:
        for suffix in (".yaml", ".lock.yaml"):
            shutil.copy(REPOSITORY / "stacks" / "regions" / f"{name}{suffix}", regions)
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if page not in MADE])
def test_commands_print_what_the_page_says(page: str, project: Path) -> None:
    for block in BLOCK.findall((DOCS / page).read_text(encoding="utf-8")):
        steps = re.split(r"^\$ ", block, flags=re.M)[1:]
        code = 0
        for number, step in enumerate(steps):
            command, _, expected = step.partition("\n")
            if command == "echo $?":
                assert expected.strip() == str(code), f"{page}: {steps[number - 1]}"
                continue
            done = call(command, project)
            code = done.returncode
            asked = number + 1 < len(steps) and steps[number + 1].startswith("echo $?")
            assert asked or code == 0, f"{page}: {command}\n{done.stdout}{done.stderr}"
            assert fits(done.stdout + done.stderr, expected), f"{page}: {command}\n{done.stdout}{done.stderr}"


def call(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    program, *arguments = shlex.split(command)
    assert program == "aifactory", "pages call this package's own command only"
    environment = {**os.environ, "NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "120"}
    path = Path(sys.executable).with_name(program)
    return subprocess.run(
        [str(path), *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def fits(printed: str, expected: str) -> bool:
    """Whether lines are as expected, but for the width of gaps and what `...` stands for."""
    lines = [re.escape(folded(line)) + "\n" for line in expected.strip("\n").splitlines()]
    pattern = "".join("(?:.*\n)*?" if line == r"\.\.\." + "\n" else line for line in lines)
    text = "".join(f"{folded(line)}\n" for line in printed.strip("\n").splitlines())
    return re.fullmatch(pattern, text) is not None


def folded(line: str) -> str:
    """A line with one space for each gap."""
    return re.sub(r"\s+", " ", line).rstrip()


def test_a_page_that_says_something_else_does_not_fit() -> None:
    assert fits("a\nb\nc \n", "a\n...\nc\n")
    assert not fits("a\nb\nd\n", "a\n...\nc\n")
    assert not fits("a\nb\n", "a\n")


def test_every_page_has_its_place() -> None:
    navigation = (REPOSITORY / "mkdocs.yml").read_text(encoding="utf-8")
    pages = [path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")]

    assert [page for page in pages if page not in navigation] == []


@pytest.mark.slow
def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("mkdocs")
    command = [str(program), "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "site" / "first-region" / "index.html").is_file()
