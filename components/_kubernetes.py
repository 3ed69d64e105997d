"""Classes of Pulumi's Kubernetes SDK that the components register, each loaded when it is first used.

Type checkers read `_kubernetes.pyi` in place of this module and so never see the SDK. Its packages import each other
under TYPE_CHECKING: who names one class has 800 modules of 510,000 lines checked, and that would be every program that
imports a component. At run time nothing stands between: the classes are the SDK's own.
"""

from __future__ import annotations

import importlib
from typing import Any

import pulumi_kubernetes as sdk

PACKAGES = {"Provider": "provider", "Release": "helm.v3", "RepositoryOptsArgs": "helm.v3", "Secret": "core.v1"}
"""Package of the SDK that holds each class of the stub."""


def __getattr__(name: str) -> Any:
    if name not in PACKAGES:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    return getattr(importlib.import_module(f"{sdk.__name__}.{PACKAGES[name]}"), name)
