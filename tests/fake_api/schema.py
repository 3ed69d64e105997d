"""Which lists of built-in kinds are merged, and by what, and which maps are replaced as a whole.

From the `x-kubernetes-list-type`, `-list-map-keys` and `-map-type` of Kubernetes' own OpenAPI document, as far as the
objects of the tests go. Kinds of definitions with an open schema merge maps and replace lists.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

KEY_DEFAULTS = {"protocol": "TCP"}
"""Keys of list entries that the schema fills in."""

_META = {"metadata.finalizers": "set", "metadata.ownerReferences": "uid"}
_POD = {
    "volumes": "name",
    "imagePullSecrets": "name",
    "topologySpreadConstraints": "topologyKey whenUnsatisfiable",
    **{
        f"{containers}{field}": keys
        for containers in ("containers", "initContainers")
        for field, keys in {
            "": "name",
            ".env": "name",
            ".ports": "containerPort protocol",
            ".volumeMounts": "mountPath",
        }.items()
    },
}
_WORKLOAD = {f"spec.template.spec.{path}": keys for path, keys in _POD.items()}
_LISTS: Mapping[str, Mapping[str, str]] = {
    "Service": {"spec.ports": "port protocol"},
    "Pod": {f"spec.{path}": keys for path, keys in _POD.items()},
    "Deployment": _WORKLOAD,
    "DaemonSet": _WORKLOAD,
    "Job": _WORKLOAD,
    "ServiceAccount": {"secrets": "name"},
    "ValidatingAdmissionPolicy": {"spec.variables": "name", "spec.matchConditions": "name"},
    "ValidatingAdmissionPolicyBinding": {"spec.validationActions": "set"},
}
_ATOMIC_MAPS = frozenset(
    {
        "selector",
        "podSelector",
        "namespaceSelector",
        "objectSelector",
        "nodeSelector",
        "roleRef",
        "paramKind",
        "paramRef",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """How the fields of a kind are merged."""

    lists: Mapping[str, str]
    atomic: frozenset[str] = frozenset()

    def keys(self, path: str) -> tuple[str, ...] | None:
        """Keys of the entries of the list at a dotted path: empty for a set, None where it is atomic."""
        text = self.lists.get(path)
        if text is None:
            return None
        return () if text == "set" else tuple(text.split())

    def is_atomic(self, path: str) -> bool:
        """Whether the map at a dotted path is one value."""
        return path.rpartition(".")[2] in self.atomic


CUSTOM = Schema(lists=_META)


def builtin(kind: str) -> Schema:
    """Schema of a built-in kind."""
    return Schema(lists={**_META, "status.conditions": "type", **_LISTS.get(kind, {})}, atomic=_ATOMIC_MAPS)
