"""Secrets that stand where they can be read: in manifests, charts' values, configuration and boot scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .. import rule
from ..rule import Breach, ObjectView
from . import _manifests, _secrets
from ._manifests import Node

_STORE = "put it into the region's secret store, and fetch it by an ExternalSecret"
_VALUES = frozenset({"HelmRelease", "Release"})
_SCRIPTS = frozenset({"KubeadmConfigTemplate", "KubeadmConfig", "KubeadmControlPlane"})
_SEALED = re.compile(r"ENC\[AES256_GCM,data:[^,\]]*,iv:[^,\]]+,tag:[^,\]]+,type:\w+\]")
"""How SOPS writes a value that it encrypted (getsops/sops, README: encryption protocol)."""


@rule.each_object(
    id="secret-inline", area="secrets", severity="error", kinds={"Secret"},
    reason="a secret in a manifest stands in the repository, the engine's state, and the log of every run",
    remedy=_STORE, source="https://kubernetes.io/docs/concepts/security/secrets-good-practices/",
)  # fmt: skip
def secret_inline(view: ObjectView) -> Iterator[Breach]:
    """Secrets with values; those that SOPS encrypted are as good as none."""
    if view.group:
        return
    sealed = bool(view.manifest.get("sops"))
    for field in ("data", "stringData"):
        values = (view.manifest.get(field) or {}).items()
        if given := [key for key, value in values if value and not (sealed and _SEALED.fullmatch(str(value)))]:
            message = f"a secret's values come from a secret store: {view.name} has {field} {_manifests.listed(given)}"
            yield Breach(message=message)


@rule.each_object(
    id="secret-in-values", area="secrets", severity="error", but_not=_manifests.NUMEROUS,
    reason="who may read a chart's values, a ConfigMap or a node's boot script is not who may have the password in it",
    remedy=f"{_STORE}; then name it (existingSecret, secretKeyRef, passwdFrom)",
    source="https://kubernetes.io/docs/concepts/security/secrets-good-practices/",
)  # fmt: skip
def secret_in_values(view: ObjectView) -> Iterator[Breach]:
    """Passwords, tokens and private keys in charts' values, ConfigMaps, boot scripts, annotations and pods of any kind.

    It can't see a secret under a name that does not say so.
    """
    for node in _manifests.walk(_scanned(view)):
        if fault := _fault(node):
            yield Breach(
                message=f"a secret comes from a secret store: {view.kind} {view.name} has {fault} in {node.path}"
            )


def _scanned(view: ObjectView) -> Any:
    """The parts of an object that people fill in."""
    part, notes = _filled_in(view), view.metadata.get("annotations")
    return {**part, "annotations": notes} if notes else part


def _filled_in(view: ObjectView) -> dict[str, Any]:
    kind = view.kind
    if kind == "ConfigMap":
        return {key: view.manifest.get(key) or {} for key in ("data", "binaryData")}
    if kind in _VALUES:
        return {"values": view.spec.get("values") or {}}
    if kind in _SCRIPTS:
        return {"spec": view.spec}
    if _manifests.strange(view):
        return {key: value for key, value in view.manifest.items() if key not in ("metadata", "status")}
    # A pod's containers say what is run and with which variables; the rest names objects.
    spec = _manifests.pod(view)
    return {"containers": _manifests.containers(spec)} if spec is not None else {}


def _fault(node: Node) -> str | None:
    """What is wrong with a value; None if nothing is."""
    value = node.value
    if isinstance(value, dict):
        # Environment variables: the name of one tells what its value is.
        is_variable = isinstance(value.get("name"), str) and isinstance(value.get("value"), str)
        return _secrets.named(value["name"], value["value"]) if is_variable else None
    if isinstance(value, list):
        return _secrets.in_list(value)
    if isinstance(value, int) and not isinstance(value, bool) and node.key.lower() != "token":
        return _secrets.named(node.key, str(value))
    return _secrets.in_text(node.key, value) if isinstance(value, str) else None
