"""Secrets that stand where they can be read: in manifests, charts' values, configuration and boot scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .. import rule
from ..rule import Breach, ObjectView
from . import _manifests
from ._manifests import Node

_STORE = "put it into the region's secret store, and fetch it by an ExternalSecret"
_VALUES = frozenset({"HelmRelease", "Release"})
_SCRIPTS = frozenset({"KubeadmConfigTemplate", "KubeadmConfig", "KubeadmControlPlane"})
_NAMES = (
    "password", "passwd", "passphrase", "plaintextpasswd", "apikey", "accesstoken", "authtoken", "apitoken",
    "bearertoken", "bootstraptoken", "refreshtoken", "secretaccesskey", "clientsecret", "privatekey", "usertoken",
)  # fmt: skip
"""Ends of keys whose value is a secret, in small letters without `-`, `_` and `.`; `token` only as a whole."""
_LINE = re.compile(r"^[ \t-]*[\"']?([A-Za-z][\w.-]*)[\"']?[ \t]*[:=][ \t]*(\S.*?)[ \t]*$", re.MULTILINE)
_REFERENCE = re.compile(r"[$/<{\[(|>&*!]")
"""How a value starts that stands for another: a variable, a template, a path, an anchor, a block."""
_KEY_BLOCK = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")
_WORDS = frozenset({"", "true", "false", "null", "none", "~"})


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
        if given := [key for key, value in values if value and not (sealed and str(value).startswith("ENC["))]:
            message = f"a secret's values come from a secret store: {view.name} has {field} {_manifests.listed(given)}"
            yield Breach(message=message)


@rule.each_object(
    id="secret-in-values", area="secrets", severity="error", but_not=_manifests.NUMEROUS,
    reason="who may read a chart's values, a ConfigMap or a node's boot script is not who may have the password in it",
    remedy=f"{_STORE}; then name it (existingSecret, secretKeyRef, passwdFrom)",
    source="https://kubernetes.io/docs/concepts/security/secrets-good-practices/",
)  # fmt: skip
def secret_in_values(view: ObjectView) -> Iterator[Breach]:
    """Passwords, tokens and private keys that stand in charts' values, ConfigMaps, boot scripts and pods of any kind.

    It can't see a secret under a name that does not say so.
    """
    for node in _manifests.walk(_scanned(view)):
        if fault := _fault(node):
            yield Breach(
                message=f"a secret comes from a secret store: {view.kind} {view.name} has {fault} in {node.path}"
            )


def _scanned(view: ObjectView) -> Any:
    """The part of an object that people fill in."""
    kind = view.kind
    if kind == "ConfigMap":
        return {"data": view.manifest.get("data") or {}}
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
        named = isinstance(value.get("name"), str) and isinstance(value.get("value"), str)
        return _named(value["name"], value["value"]) if named else None
    if not isinstance(value, str):
        return None
    if _KEY_BLOCK.search(value):
        return "a private key"
    if "\n" in value:
        lines = (_named(key, text) for key, text in _LINE.findall(value))
        return next((fault for fault in lines if fault), None)
    return _named(node.key, value)


def _named(key: str, value: str) -> str | None:
    name, text = re.sub(r"[-_.]", "", key.lower()), value.strip("\"', \t")
    literal = text.lower() not in _WORDS and not _REFERENCE.match(text)
    return key if literal and (name.endswith(_NAMES) or name == "token") else None
