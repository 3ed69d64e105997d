"""Another team's environment, with the wheel of this package in it, and its own check of types."""

from __future__ import annotations

import os
import re
import resource
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

from tests import regionfile

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


def build_wheel(folder: Path) -> Path:
    """The wheel of the work tree, built from a copy: setuptools takes up what an earlier build left."""
    left = shutil.ignore_patterns(".*", "__pycache__", "build", "dist", "tests", "*.egg-info")
    source = shutil.copytree(regionfile.REPOSITORY, folder / "source", symlinks=True, ignore=left)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, source]
    subprocess.run(command, check=True, capture_output=True)
    [wheel] = folder.glob("*.whl")
    return wheel


def make_environment(folder: Path, wheel: Path) -> Path:
    """A virtual environment that has the wheel, not editable, and the libraries of this one.

    Returns:
        Its interpreter.
    """
    venv.create(folder, symlinks=True)
    scheme = {"base": str(folder), "platbase": str(folder)}
    packages = Path(sysconfig.get_path("purelib", "venv", scheme))
    zipfile.ZipFile(wheel).extractall(packages)
    # Path files of a folder that is named in a path file are not read: the editable install stays out.
    (packages / "libraries.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    return Path(sysconfig.get_path("scripts", "venv", scheme)) / "python"


def check(python: Path, program: Path, cache: Path) -> Checked:
    """`mypy --strict` of the program in a folder, cold, without any configuration, in 2 GB of memory."""
    options = ["--strict", "--config-file=", f"--cache-dir={cache}", f"--python-executable={python}", "--verbose"]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *options, "."],
        cwd=program,
        env={key: value for key, value in os.environ.items() if not key.startswith(("MYPY", "PYTHON"))},
        preexec_fn=_limit,
        capture_output=True,
        text=True,
        check=False,
    )
    return Checked(done.returncode, done.stdout.splitlines(), frozenset(_PARSED.findall(done.stderr)), done.stderr)


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
