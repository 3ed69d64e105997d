"""The wheel, and an environment that has it: built when a test first asks for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from . import environment


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return environment.build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def user_python(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Path:
    """Interpreter of another team's environment."""
    return environment.make_environment(tmp_path_factory.mktemp("user"), wheel)
