"""`mypy --strict` of a program that uses the components, cold, against one that only imports Pulumi."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from tests import regionfile

from . import process
from .row import Goal, Row, Rows, Taken, scratch

EXAMPLE = regionfile.REPOSITORY / "examples" / "tenant_in_your_program"
BARE = 'import pulumi\n\npulumi.export("nothing", 0)\n'


def _write_bare(program: Path) -> None:
    program.mkdir()
    (program / "__main__.py").write_text(BARE, encoding="utf-8")


def _copy_example(program: Path) -> None:
    shutil.copytree(EXAMPLE, program, ignore=shutil.ignore_patterns("__pycache__"))


def _checked(write: Callable[[Path], None]) -> Callable[[], Taken]:
    """The check of a program in a folder of its own, without configuration and without a cache."""

    def run() -> Taken:
        with scratch() as folder:
            write(folder / "program")
            options = ["--strict", "--config-file=", f"--cache-dir={folder / 'cache'}"]
            taken, _ = process.run([sys.executable, "-m", "mypy", *options, "."], folder / "program")
            return taken

    return run


TYPING: Rows = {
    "mypy-floor": Row("cold `mypy --strict` of a program that imports Pulumi", _checked(_write_bare)),
    "mypy-example": Row(
        "the same of examples/tenant_in_your_program",
        _checked(_copy_example),
        "mypy-floor",
        Goal(seconds=60, megabytes=2000),
    ),
}
