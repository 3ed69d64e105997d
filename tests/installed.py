"""The package as another team has it: a wheel, installed into a fresh environment outside the repository."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

from tests import regionfile


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
        Its interpreter; the command `aifactory` stands beside it.
    """
    venv.create(folder, symlinks=True)
    scheme = {"base": str(folder), "platbase": str(folder)}
    python = Path(sysconfig.get_path("scripts", "venv", scheme)) / "python"
    command = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*command, "--no-compile", wheel], check=True, capture_output=True)
    # Path files of a folder that is named in a path file are not read: the editable install stays out.
    packages = Path(sysconfig.get_path("purelib", "venv", scheme))
    (packages / "libraries.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    return python


def clean_environment() -> dict[str, str]:
    """Variables for a program of that environment: none that points Python, Pulumi or the tests elsewhere."""
    prefixes = ("PYTHON", "PULUMI", "PYTEST", "MYPY", "VIRTUAL_ENV")
    return {key: value for key, value in os.environ.items() if not key.startswith(prefixes)}
