"""Every example in a docstring is true."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import ai_factory.infra
import tests.fake_api

pytestmark = pytest.mark.slow

NAMES = [
    module.name
    for module in pkgutil.walk_packages(ai_factory.infra.__path__, "ai_factory.infra.")
    if module.name != "ai_factory.infra.__main__"  # the Pulumi program: needs an engine
]
NAMES += [
    "tests.coverage_table",
    "tests.engine.harness",
    *(module.name for module in pkgutil.iter_modules(tests.fake_api.__path__, "tests.fake_api.")),
]


def test_there_are_examples() -> None:
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = [test for name in NAMES for test in finder.find(importlib.import_module(name)) if test.examples]

    assert len(found) >= 10


@pytest.mark.parametrize("name", NAMES)
def test_examples_are_true(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)

    assert result.failed == 0
