"""Fixtures for all tests: the command line in this process, an environment that has the wheel, no deadlines."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import hypothesis
import pytest

from ai_factory.infra.cli import main
from ai_factory.infra.gate.cache import seal
from tests import installed

hypothesis.settings.register_profile("fixed", deadline=None, max_examples=50, database=None, derandomize=True)
hypothesis.settings.register_profile("explore", deadline=None, max_examples=1000)
hypothesis.settings.load_profile("fixed")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Here, because pytest reads options from the outermost conftest only."""
    parser.addoption("--golden-update", action="store_true", help="write the files of tests/golden anew")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def own_cache(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A cache of each test's own, made when it is first written to, and one key that the caches of all are sealed with.

    Live tests look for their tools in the user's cache.
    """
    if request.node.get_closest_marker("live") is None:
        folder = tmp_path_factory.getbasetemp() / "caches" / sha256(request.node.nodeid.encode()).hexdigest()[:16]
        monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
        monkeypatch.setattr(seal, "key_file", lambda: tmp_path_factory.getbasetemp() / "gate-seal")


@pytest.fixture
def aifactory(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Runs the command line as the installed command does; anything but SystemExit fails the test."""

    monkeypatch.delenv("COLUMNS", raising=False)  # a pipe of its own width, whoever runs the tests

    def run(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["aifactory", *map(str, arguments)])
        capsys.readouterr()
        code = 0
        try:
            main.main()
        except SystemExit as end:
            code = int(end.code or 0)
        return Outcome(code, *capsys.readouterr())

    return run


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of the work tree, built when a test first asks for it."""
    return installed.build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def user_python(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Path:
    """Interpreter of another team's environment."""
    return installed.make_environment(tmp_path_factory.mktemp("user"), wheel)
