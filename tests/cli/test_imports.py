"""Commands that need no cluster and no engine do not wait for the libraries of either."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.gate.project import Project

pytestmark = pytest.mark.slow

SLOW = ("httpx2", "lightkube", "pulumi")
PROGRAM = f"""
import sys
from ai_factory.infra.cli import main as cli
try:
    cli.main()
finally:
    print([name for name in {SLOW} if name in sys.modules], file=sys.stderr)
"""


@pytest.mark.parametrize("output", ["--details", "--json", "--quiet"])
def test_a_gate_without_live_loads_no_client(output: str, tmp_path: Path) -> None:
    folder = Project(tmp_path / "project").folder
    command = [sys.executable, "-c", PROGRAM, "gate", "--no-base", "--no-cache", output]

    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)

    assert done.returncode in (0, 1), done.stderr
    assert done.stderr.splitlines()[-1] == "[]"
