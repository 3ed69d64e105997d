"""Peers that are no dependency of ours: installed by name, once, into a cache folder of the bench."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from .row import SkipError

_MINUTES = 10


def cache() -> Path:
    """Where peers are kept (XDG base directories)."""
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "ai-factory" / "bench"


def python_with(*requirements: str) -> Path:
    """An interpreter with packages that the bench's own environment does not have.

    Raises:
        SkipError: they can't be installed.
    """
    folder = cache() / "-".join(requirements).replace("==", "-")
    python = folder / "bin" / "python"
    done = folder / ".installed"
    if not done.exists():
        shutil.rmtree(folder, ignore_errors=True)
        _install([sys.executable, "-m", "venv", folder], requirements)
        _install(
            [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirements], requirements
        )
        done.touch()
    return python


def go_program(name: str, module: str) -> Path:
    """A program built from a Go module, `<path>@<version>`.

    Raises:
        SkipError: there is no Go, or it can't be built.
    """
    program = cache() / f"{name}-{module.rpartition('@')[2]}" / name
    if not program.exists():
        if shutil.which("go") is None:
            raise SkipError("there is no Go compiler on PATH")
        environment = {**os.environ, "GOBIN": str(program.parent), "CGO_ENABLED": "0", "GOFLAGS": ""}
        _install(["go", "install", module], [module], environment)
    return program


def need(program: str) -> None:
    """Skip the row where a program is not on PATH."""
    if shutil.which(program) is None:
        raise SkipError(f"there is no {program} on PATH")


def _install(command: Sequence[str | Path], names: Sequence[str], environment: dict[str, str] | None = None) -> None:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=60 * _MINUTES, env=environment
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SkipError(f"{', '.join(names)} can't be installed: {error}") from None
    if done.returncode:
        last = (done.stderr.strip() or "no reason given").splitlines()[-1]
        raise SkipError(f"{', '.join(names)} can't be installed: {last}")
