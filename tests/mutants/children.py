"""Runs the tests on mutants, each in a process forked from this one, which has loaded all but what is mutated."""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import os
import selectors
import signal
import sys
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from types import CodeType, ModuleType
from typing import Any

from .sites import FOLDERS, REPOSITORY, Mode, Site, module_name, mutant

TIMEOUT_SECONDS = 300
"""An endless loop counts as dead after this long; the slowest run of all tests takes a tenth of it."""
_BROKEN = b"broken: "
_LOADED = "ignore::pytest.PytestAssertRewriteWarning"
WARM = (
    "hypothesis",
    "jinja2",
    "jsonschema",
    "kubernetes.client",
    "pulumi_kubernetes.core.v1",
    "pulumi_kubernetes.helm.v3",
    "pytest",
    "tests.components.harness",
    "tests.components.plans",
    "tests.golden.files",
    "tests.golden.plans",
    "tests.schema",
)
"""Imported before the fork. None of them imports what is mutated: `warm` sees to that."""
GOLDENS = {
    "infra/objects": ("tests.golden.blocks", "tests.golden.tables", "tests.golden.registered"),
    "components": ("tests.golden.registered",),
}
TESTS = {"infra/objects": "tests/objects", "components": "tests/components"}
"""Unit tests by folder, for mutants that pass the goldens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a mutant."""

    site: Site
    killer: str
    """Golden or test that turned red; empty for a survivor."""


@dataclass(slots=True)
class _Child:
    site: Site
    pid: int
    pipe: int
    started: float
    answer: bytes = b""


@dataclass(slots=True)
class Runner:
    """Judges mutants, several at a time; what killed the last ones of a module is asked first."""

    mode: Mode
    jobs: int = 1
    goldens_alone: bool = False
    killers: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def run(self, sites: Sequence[Site]) -> Iterator[Outcome]:
        """Outcomes as they come, in no fixed order."""
        waiting = list(reversed(sites))
        children: dict[int, _Child] = {}
        with selectors.DefaultSelector() as selector:
            while waiting or children:
                while waiting and len(children) < self.jobs:
                    child = self._start(waiting.pop())
                    children[child.pipe] = child
                    selector.register(child.pipe, selectors.EVENT_READ)
                for pipe in self._ready(selector, children):
                    selector.unregister(pipe)
                    yield self._finish(children.pop(pipe))

    def _ready(self, selector: selectors.BaseSelector, children: dict[int, _Child]) -> list[int]:
        """Pipes of children that are done; those that take too long are ended."""
        closed = []
        for key, _ in selector.select(timeout=1):
            data = os.read(key.fd, 65_536)
            children[key.fd].answer += data
            closed += [] if data else [key.fd]
        for child in children.values():
            if child.pipe not in closed and time.monotonic() - child.started > TIMEOUT_SECONDS:
                os.kill(child.pid, signal.SIGKILL)
                child.answer = b"time"
                closed.append(child.pipe)
        return closed

    def _start(self, site: Site) -> _Child:
        code = mutant(site, self.mode)
        folder = next(folder for folder in FOLDERS if site.file.startswith(f"{folder}/"))
        order = [name for name, _ in self.killers[site.file].most_common()]
        pid, pipe = _forked(lambda: _verdict(folder, order, self.goldens_alone, (module_name(site.file), code)))
        return _Child(site, pid, pipe, time.monotonic())

    def _finish(self, child: _Child) -> Outcome:
        os.close(child.pipe)
        _, status = os.waitpid(child.pid, 0)
        killer = _killer(child.answer, status)
        if killer:
            self.killers[child.site.file][killer] += 1
        return Outcome(site=child.site, killer=killer)


def warm() -> None:
    """Load all that mutants share.

    Raises:
        RuntimeError: something of it loads what is mutated, which would then stay as it is.
    """
    for name in WARM:
        importlib.import_module(name)
    golden_plans: Any = sys.modules["tests.golden.plans"]
    for name in golden_plans.NAMES:
        golden_plans.plan(name)
    prefixes = tuple(module_name(f"{folder}/__init__.py") for folder in FOLDERS)
    if loaded := [name for name in sys.modules if name.startswith(prefixes)]:
        raise RuntimeError(f"loaded before the fork: {', '.join(loaded)}")


def killer_of_nothing(folder: str) -> str:
    """What turns red in a folder's tests without any change; empty if they are green."""
    pid, pipe = _forked(lambda: _verdict(folder, [], False, None))
    with os.fdopen(pipe, "rb") as stream:
        answer = stream.read()
    _, status = os.waitpid(pid, 0)
    return _killer(answer, status)


def _killer(answer: bytes, status: int) -> str:
    """What a child says: a golden or test, or nothing.

    Raises:
        RuntimeError: the tests could not be run, which says nothing of the mutant.
    """
    if answer.startswith(_BROKEN):
        raise RuntimeError(f"the tests could not be run: {answer.removeprefix(_BROKEN).decode()}")
    return answer.decode() or (f"the process ended with status {status}" if status else "")


def _forked(judge: Callable[[], str]) -> tuple[int, int]:
    """Pid of a child that writes what `judge` returns, and the pipe to read it from."""
    reader, writer = os.pipe()
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        os.close(writer)
        return pid, reader
    try:
        os.close(reader)
        silent = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(silent, stream)
        os.write(writer, judge().encode()[:4096])
    except BaseException:
        os.write(writer, _BROKEN + traceback.format_exc().encode()[-4000:])
    finally:
        os._exit(0)


def _verdict(folder: str, order: Sequence[str], goldens_alone: bool, change: tuple[str, CodeType] | None) -> str:
    if change is not None:
        sys.meta_path.insert(0, _Changed(*change))
    return _golden(folder, order) or ("" if goldens_alone else _tests(TESTS[folder], order))


def _golden(folder: str, order: Sequence[str]) -> str:
    """The first golden that differs, or that can't be made."""
    files: Any = sys.modules["tests.golden.files"]
    for name in GOLDENS[folder]:
        try:
            cases = importlib.import_module(name).CASES
        except Exception:
            return name
        for case in sorted(cases, key=lambda case: order.index(case) if case in order else len(order)):
            try:
                if files.difference(case, cases[case]()):
                    return str(case)
            except Exception:
                return str(case)
    return ""


def _tests(folder: str, order: Sequence[str]) -> str:
    """The first unit test of a folder that fails."""
    import pytest

    failed = _Failed()
    paths = sorted(
        REPOSITORY.joinpath(folder).glob("test_*.py"), key=lambda path: _place(f"{folder}/{path.name}", order)
    )
    arguments = ["-x", "-q", "-p", "no:cacheprovider", "-m", "not slow and not live", "-W", _LOADED, *map(str, paths)]
    status = pytest.main(arguments, plugins=[failed])
    if status == pytest.ExitCode.OK:
        return ""
    return failed.name or f"{folder} ({status!s})"


def _place(file: str, order: Sequence[str]) -> tuple[int, str]:
    return next((n for n, name in enumerate(order) if name.startswith(file)), len(order)), file


class _Failed:
    """Pytest plugin: name of the first test that failed."""

    name = ""

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed:
            self.name = self.name or report.nodeid

    def pytest_collectreport(self, report: Any) -> None:
        self.pytest_runtest_logreport(report)


class _Changed(importlib.abc.MetaPathFinder):
    """Finds one module with other code than its file has."""

    def __init__(self, name: str, code: CodeType) -> None:
        self.name = name
        self.code = code

    def find_spec(self, fullname: str, path: Any, target: ModuleType | None = None) -> Any:
        if fullname != self.name:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path)
        assert spec is not None and spec.origin is not None
        spec.loader = _Loader(fullname, spec.origin, self.code)
        return spec


class _Loader(importlib.machinery.SourceFileLoader):
    def __init__(self, name: str, path: str, code: CodeType) -> None:
        super().__init__(name, path)
        self.code = code

    def get_code(self, fullname: str) -> CodeType:
        return self.code
