"""Custom kinds for the sandbox: stand-ins made from a table, or the real ones from a folder.

A stand-in has the right group, version, kind, plural, scope and status subresource, and an open schema: it takes any
field, and a list is atomic there. Strictness needs the real ones.
"""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

import yaml

from ai_factory.infra.sandbox.errors import SandboxError, explain_os_errors

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_OPEN = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


class Kind(Protocol):
    """A row of the table of kinds."""

    @property
    def group(self) -> str:
        """API group, for instance `metal3.io`."""

    @property
    def version(self) -> str:
        """API version, for instance `v1alpha1`."""

    @property
    def kind(self) -> str:
        """Kind, in the singular and CamelCase."""

    @property
    def plural(self) -> str:
        """Name of the resource in URLs."""

    @property
    def namespaced(self) -> bool:
        """False for a cluster-scoped kind."""


def stand_in(kind: Kind) -> dict[str, Any]:
    """The stand-in CustomResourceDefinition of one kind, as plain data."""
    version = {
        "name": kind.version,
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "schema": {"openAPIV3Schema": {**_OPEN, "properties": {"spec": _OPEN, "status": _OPEN}}},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{kind.plural}.{kind.group}", **_marks(kind)},
        "spec": {
            "group": kind.group,
            "scope": "Namespaced" if kind.namespaced else "Cluster",
            "names": {
                "kind": kind.kind,
                "listKind": f"{kind.kind}List",
                "plural": kind.plural,
                "singular": kind.kind.lower(),
            },
            "versions": [version],
        },
    }


def _marks(kind: Kind) -> dict[str, dict[str, str]]:
    """Labels and annotations that the API server and Cluster API ask for.

    Cluster API finds the version of a referenced kind by the label of its contract. The API server protects the
    groups below k8s.io and kubernetes.io (KEP-1111): a definition there must say that it is not approved.
    """
    marks: dict[str, dict[str, str]] = {}
    if re.search(r"(^|\.)cluster\.x-k8s\.io$", kind.group):
        marks["labels"] = {"cluster.x-k8s.io/v1beta2": kind.version}
    if re.search(r"(^|\.)(k8s|kubernetes)\.io$", kind.group):
        marks["annotations"] = {"api-approved.kubernetes.io": "unapproved, stand-in of a sandbox"}
    return marks


def stand_ins(table: Iterable[Kind]) -> list[dict[str, Any]]:
    """The stand-ins of a table of kinds. Raises `SandboxError` when a resource is in it twice."""
    documents = [stand_in(kind) for kind in table]
    names = [document["metadata"]["name"] for document in documents]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise SandboxError(
            f"kinds twice in the table: {', '.join(doubled)}", "A stand-in has one version: name each kind once."
        )
    return documents


def read_crds(folder: Path, names: Iterable[str] | None = None) -> list[dict[str, Any]]:
    """The CustomResourceDefinitions in the YAML files below `folder`, as plain data, in the order of their names.

    `names` (`<plural>.<group>`) picks some of them. Conversion webhooks are taken off: nothing answers them in a
    sandbox, and the stored version needs none. Raises `SandboxError`.
    """
    paths = sorted([*folder.rglob("*.yaml"), *folder.rglob("*.yml")])
    with explain_os_errors("reading custom kinds"):
        definitions = _by_name(paths) if names is None else _picked(paths, set(names))
    absent = ", ".join(sorted(set(names or ()) - set(definitions)))
    if absent or not definitions:
        raise SandboxError(
            f"{folder}: no {absent or 'CustomResourceDefinition'} in its YAML files", "Name a folder that has them."
        )
    return [definitions[name] for name in sorted(definitions)]


def _picked(paths: Sequence[Path], names: set[str]) -> dict[str, dict[str, Any]]:
    """The definitions of these names: from the files named after them if all are there, else from any file."""
    definitions = _by_name([path for path in paths if path.stem in names])
    if not names <= set(definitions):
        definitions = _by_name(paths)
    return {name: document for name, document in definitions.items() if name in names}


def _by_name(paths: Iterable[Path]) -> dict[str, dict[str, Any]]:
    return {document["metadata"]["name"]: document for path in paths for document in _definitions(path)}


def _definitions(path: Path) -> list[dict[str, Any]]:
    try:
        documents = list(yaml.load_all(path.read_bytes(), Loader=_LOADER))
    except yaml.YAMLError as error:
        raise SandboxError(f"{path}: not YAML: {error}", "Mend the file or take it out of the folder.") from None
    definitions = [d for d in documents if isinstance(d, dict) and d.get("kind") == "CustomResourceDefinition"]
    for definition in definitions:
        definition["spec"].pop("conversion", None)
        definition.pop("status", None)
    return definitions
