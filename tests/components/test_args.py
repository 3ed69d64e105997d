"""Arguments of every component: plain values, given by name, that nothing changes afterwards."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from ai_factory import components
from ai_factory.components import ClusterPlatformArgs, Registry
from ai_factory.components import _kubernetes as kubernetes

from .plans import region_plan

ARGUMENTS = sorted(name for name in components.__all__ if name.endswith("Args"))
NAMES = {"cluster": "train-a", "group": 0, "management": "management", "stack": "demo", "tenant": "acme"}


def required(arguments: type[Any]) -> dict[str, Any]:
    """What must be given to a component: a plan, providers, and the name of what it is about."""
    fields = [field for field in dataclasses.fields(arguments) if field.default is dataclasses.MISSING]
    values = {"plan": region_plan(), "providers": {}, **NAMES}
    return {field.name: values[field.name] for field in fields}


@pytest.mark.parametrize("name", ARGUMENTS)
def test_arguments_are_given_by_name_and_stay(name: str) -> None:
    arguments = getattr(components, name)
    given = required(arguments)

    for key, value in given.items():
        with pytest.raises(TypeError, match="positional"):
            arguments(value, **{other: given[other] for other in given if other != key})
    with pytest.raises(dataclasses.FrozenInstanceError):
        arguments(**given).plan = None


@pytest.mark.parametrize("name", ARGUMENTS)
def test_a_component_waits_unless_told_not_to_and_has_a_registry(name: str) -> None:
    arguments = getattr(components, name)
    made = arguments(**required(arguments))

    assert made.wait is True
    assert isinstance(made.registry, Registry)


def test_a_registry_that_is_given_is_the_one_that_is_used() -> None:
    registry = Registry()
    made = ClusterPlatformArgs(plan=region_plan(), providers={}, cluster="train-a", registry=registry)

    assert made.registry is registry


def test_a_class_that_the_seam_does_not_know_is_refused_as_by_any_module() -> None:
    with pytest.raises(AttributeError, match=r"^module ai_factory\.components\._kubernetes has no attribute Pod$"):
        kubernetes.Pod  # noqa: B018
