"""The stub of the Kubernetes SDK promises nothing that the SDK doesn't hold."""

from __future__ import annotations
import __future__

import inspect
import types
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest

from ai_factory.components import _kubernetes


def read_stub() -> types.ModuleType:
    """The stub as a module: its syntax is Python's."""
    path = Path(str(_kubernetes.__file__)).with_suffix(".pyi")
    module = types.ModuleType("kubernetes_stub")
    flags = __future__.annotations.compiler_flag
    exec(compile(path.read_text(encoding="utf-8"), path, "exec", flags, dont_inherit=True), vars(module))
    return module


STUB = read_stub()
CLASSES = [name for name, value in vars(STUB).items() if inspect.isclass(value) and value.__module__ == STUB.__name__]


def names_in(annotation: Any) -> set[str]:
    """Names of the classes that an annotation is made of, however they are nested in each other."""
    inner = typing.get_args(annotation)
    return set().union(*map(names_in, inner)) if inner else {getattr(annotation, "__name__", str(annotation))}


def hints(function: Callable[..., Any]) -> dict[str, Any]:
    """Types of arguments and result; the alias `pulumi.Input` names classes of Pulumi as text."""
    return typing.get_type_hints(function, {**vars(pulumi.output), **inspect.unwrap(function).__globals__})


def constructor(sdk: Any) -> Callable[..., Any]:
    """What takes the arguments: `__init__` of an SDK's resource only tells its overloads apart."""
    return getattr(sdk, "_internal_init", sdk.__init__)


def pairs() -> list[Any]:
    """Functions of the stub, each with the SDK's own."""
    ours = {name: (getattr(STUB, name), getattr(_kubernetes, name)) for name in CLASSES}
    constructors = [
        pytest.param(stub.__init__, constructor(sdk), id=name)
        for name, (stub, sdk) in ours.items()
        if "__init__" in vars(stub)
    ]
    secret, sdk_secret = ours["Secret"]
    return [
        *constructors,
        pytest.param(secret.get, sdk_secret.get, id="Secret.get"),
        pytest.param(secret.data.fget, sdk_secret.data.fget, id="Secret.data"),
    ]


def test_stub_and_module_have_the_same_classes() -> None:
    assert sorted(CLASSES) == sorted(_kubernetes.PACKAGES)
    with pytest.raises(AttributeError, match="no attribute Deployment"):
        _kubernetes.Deployment  # noqa: B018


@pytest.mark.parametrize("name", CLASSES)
def test_classes_are_the_sdk_s_own(name: str) -> None:
    stub, sdk = getattr(STUB, name), getattr(_kubernetes, name)

    assert (sdk.__name__, sdk.__module__.split(".")[0]) == (name, "pulumi_kubernetes")
    assert set(stub.__mro__[1:]) <= set(sdk.__mro__[1:])
    assert {member for member in vars(stub) if not member.startswith("__")} <= set(vars(sdk))


@pytest.mark.parametrize(("ours", "sdk"), pairs())
def test_types_are_the_sdk_s_own(ours: Callable[..., Any], sdk: Callable[..., Any]) -> None:
    """Arguments have the same names and defaults, and none takes what the SDK's does not."""
    our_hints, sdk_hints = hints(ours), hints(sdk)
    parameters = inspect.signature(sdk).parameters

    assert our_hints
    for name, parameter in inspect.signature(ours).parameters.items():
        if name != "self":
            assert parameter.default == parameters[name].default, name
            assert names_in(our_hints[name]) <= names_in(sdk_hints[name]), name
    assert names_in(our_hints["return"]) <= names_in(sdk_hints.get("return", type(None)))
