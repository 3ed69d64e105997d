"""Another team's own check of types, in an environment that has the wheel of this package (`tests.installed`)."""

from __future__ import annotations

import re
import resource
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests import installed

MEMORY_BYTES = 2 * 2**30
"""What a user's check may take; where a page more is asked for, it ends with an error."""
_PARSED = re.compile(r"^LOG: +Parsing .* \(([\w.]+)\)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Checked:
    """What the check of a program said."""

    code: int
    lines: list[str]
    modules: frozenset[str]
    """Modules that were read for it, of the program and of all libraries."""
    log: str


def check(python: Path, program: Path, cache: Path) -> Checked:
    """`mypy --strict` of the program in a folder, cold, without any configuration, in 2 GB of memory."""
    options = ["--strict", "--config-file=", f"--cache-dir={cache}", f"--python-executable={python}", "--verbose"]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *options, "."],
        cwd=program,
        env=installed.clean_environment(),
        preexec_fn=_limit,
        capture_output=True,
        text=True,
        check=False,
    )
    return Checked(done.returncode, done.stdout.splitlines(), frozenset(_PARSED.findall(done.stderr)), done.stderr)


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
