"""Values are values: frozen, without a dictionary, and their fields given by name."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
from collections.abc import Iterator

import pytest

from ai_factory import components
from ai_factory.infra import objects

MUTABLE = {"NamedItems"}
"""A collector, which is filled in steps and never handed on."""
POSITIONAL = {"Kind", "Subject"}
"""A row of a table, and a pair of words."""
WITH_DICTIONARY = {"ComponentArgs"}
"""Pulumi users derive arguments of their own from these; and so do the components."""


def values() -> Iterator[type]:
    for package in (objects, components):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            for name, value in vars(importlib.import_module(module.name)).items():
                own = isinstance(value, type) and value.__module__ == module.name and value.__name__ == name
                if own and dataclasses.is_dataclass(value):
                    yield value


VALUES = list(values())


def test_there_are_values() -> None:
    assert len(VALUES) >= 15


@pytest.mark.parametrize("value", VALUES, ids=lambda value: value.__name__)
def test_a_value_is_frozen_slotted_and_made_by_name(value: type) -> None:
    names = {base.__name__ for base in value.__mro__}
    fields = dataclasses.fields(value)
    assert fields
    assert value.__dataclass_params__.frozen is not bool(names & MUTABLE)  # type: ignore[attr-defined]
    assert all(field.kw_only is not bool(names & (POSITIONAL | MUTABLE)) for field in fields)
    assert ("__slots__" in vars(value)) is not bool(names & (WITH_DICTIONARY | MUTABLE))
