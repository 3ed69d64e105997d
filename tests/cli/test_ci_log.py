"""Text of a pull request is printed by jobs that obey some lines: no line of ours begins a command."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path
from typing import TextIO, cast

import pytest

from ai_factory.infra.cli import ci_log
from tests import regionfile


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("::error::x", ": :error::x"),
        ("  ::add-mask::x", "  : :add-mask::x"),
        ("\t##[error]x", "\t# #[error]x"),
        ("##vso[task.setvariable]x", "# #vso[task.setvariable]x"),
        ("a\n::stop-commands::x\nb", "a\n: :stop-commands::x\nb"),
        ("a ::error:: b ## c", "a ::error:: b ## c"),
        ("fd12::1 is an address", "fd12::1 is an address"),
        ("# one mark", "# one mark"),
        ("", ""),
    ],
)
def test_a_line_that_would_begin_a_command_is_parted(text: str, printed: str) -> None:
    assert ci_log.plain(text) == printed


@pytest.mark.parametrize(
    "pieces", [["::error::x\n"], [":", ":error::x\n"], ["a\n::", "error::x", "\n"], ["::error::x"]]
)
def test_a_line_that_comes_in_pieces_is_parted_too(pieces: list[str]) -> None:
    out = io.StringIO()
    stream = ci_log._Guarded(cast("TextIO", out))
    for piece in pieces:
        stream.write(piece)
    stream.flush()

    assert not any(line.startswith("::") for line in out.getvalue().splitlines())
    assert out.getvalue().replace(": :", "::") == "".join(pieces)


def test_what_is_flushed_in_the_middle_of_a_line_stays_as_it_is() -> None:
    out = io.StringIO()
    stream = ci_log._Guarded(cast("TextIO", out))
    stream.write("at fd12")
    stream.flush()
    stream.write("::1\n")

    assert out.getvalue() == "at fd12::1\n"


@pytest.mark.parametrize(("job", "parted"), [("GITHUB_ACTIONS", True), ("TF_BUILD", True), ("NO_JOB", False)])
def test_a_region_file_steers_no_job_that_judges_it(job: str, parted: bool, tmp_path: Path) -> None:
    regions = tmp_path / "stacks" / "regions"
    regions.mkdir(parents=True)
    (tmp_path / "Pulumi.yaml").write_text("name: x\nruntime: python\n", encoding="utf-8")
    hostile = regionfile.base_text("lab").replace("site:", '"::error::owned": 1\nsite:', 1)
    (regions / "lab.yaml").write_text(hostile, encoding="utf-8")
    environment = {key: value for key, value in os.environ.items() if key not in ci_log._JOBS}

    done = subprocess.run(
        [Path(sys.executable).with_name("aifactory"), "gate", "--no-base", "--no-cache"],
        cwd=tmp_path, env={**environment, job: "true"}, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 2, done.stdout + done.stderr
    begun = [line.strip() for line in done.stdout.splitlines() if "error::owned" in line]
    assert [line[:4] for line in begun] == ([": :e"] if parted else ["::er"])
