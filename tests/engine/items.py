"""Small planned objects for the tests of the engines."""

from __future__ import annotations

from typing import Any

from ai_factory.infra.objects import ids
from ai_factory.infra.objects.base import KubeObject, make

_OWN = ("after", "protect", "wait_for", "timeout_seconds", "ignore_changes", "retain")


def planned(
    kind: str, name: str, namespace: str | None = None, *, api: str = "v1", on: str = "m", **fields: Any
) -> KubeObject:
    own = {key: fields.pop(key) for key in _OWN if key in fields}
    return KubeObject(owner=ids.cluster("train"), target=on, manifest=make(api, kind, name, namespace, **fields), **own)


def config_map(name: str, namespace: str = "a", **own: Any) -> KubeObject:
    return planned("ConfigMap", name, namespace, **own)
