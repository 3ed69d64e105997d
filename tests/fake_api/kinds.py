"""What the server serves: built-in kinds, and those that CustomResourceDefinitions bring; and discovery of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from . import schema
from .values import NOT_SERVED, Answer, Manifest, Request

VERBS = ["create", "delete", "get", "list", "patch", "update"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind at one version."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool
    builtin: bool = True
    generation: bool = False
    """Whether the server counts changes of its spec."""
    status: bool = False
    """Whether its status is a resource of its own."""

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def resource(self) -> str:
        """`<plural>.<group>`, as messages name it."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def group_kind(self) -> str:
        return f"{self.kind}.{self.group}" if self.group else self.kind

    @property
    def schema(self) -> schema.Schema:
        return schema.builtin(self.kind) if self.builtin else schema.CUSTOM


def _builtin(group: str, names: str, *, namespaced: bool = True, spec: bool = False) -> tuple[Kind, ...]:
    """Kinds of one group: `Kind` with a regular plural, or `Kind:plural`; `spec` where changes of it are counted."""
    pairs = (name.partition(":") for name in names.split())
    return tuple(
        Kind(
            group=group,
            version="v1",
            kind=kind,
            plural=plural or f"{kind.lower()}s",
            namespaced=namespaced,
            generation=spec,
            status=spec or kind in ("Namespace", "Node", "Pod", "Service", "ResourceQuota", "PersistentVolumeClaim"),
        )
        for kind, _, plural in pairs
    )


BUILTIN: tuple[Kind, ...] = (
    *_builtin("", "ConfigMap Secret Service ServiceAccount ResourceQuota LimitRange Pod PersistentVolumeClaim"),
    *_builtin("", "Namespace Node", namespaced=False),
    *_builtin("apps", "Deployment DaemonSet StatefulSet", spec=True),
    *_builtin("batch", "Job CronJob", spec=True),
    *_builtin("policy", "PodDisruptionBudget", spec=True),
    *_builtin("networking.k8s.io", "NetworkPolicy:networkpolicies", spec=True),
    *_builtin("rbac.authorization.k8s.io", "Role RoleBinding"),
    *_builtin("rbac.authorization.k8s.io", "ClusterRole ClusterRoleBinding", namespaced=False),
    *_builtin("storage.k8s.io", "StorageClass:storageclasses CSIDriver", namespaced=False),
    *_builtin("scheduling.k8s.io", "PriorityClass:priorityclasses", namespaced=False),
    *_builtin("resource.k8s.io", "DeviceClass:deviceclasses", namespaced=False),
    *_builtin("resource.k8s.io", "ResourceClaimTemplate"),
    *_builtin(
        "admissionregistration.k8s.io",
        "ValidatingAdmissionPolicy:validatingadmissionpolicies ValidatingAdmissionPolicyBinding "
        "MutatingAdmissionPolicy:mutatingadmissionpolicies MutatingAdmissionPolicyBinding",
        namespaced=False,
        spec=True,
    ),
    *_builtin("coordination.k8s.io", "Lease"),
    *_builtin("apiextensions.k8s.io", "CustomResourceDefinition", namespaced=False, spec=True),
    *_builtin("authorization.k8s.io", "SelfSubjectAccessReview", namespaced=False),
)


def of_definition(definition: Manifest) -> Iterator[Kind]:
    """The kinds that a CustomResourceDefinition brings, a version each."""
    spec = definition["spec"]
    for version in spec["versions"]:
        if version["served"]:
            yield Kind(
                group=spec["group"],
                version=version["name"],
                kind=spec["names"]["kind"],
                plural=spec["names"]["plural"],
                namespaced=spec["scope"] == "Namespaced",
                builtin=False,
                generation=True,
                status="status" in (version.get("subresources") or {}),
            )


def discovery(kinds: Sequence[Kind], request: Request, *, aggregated: bool) -> Answer:
    """What `/api`, `/apis` and `/apis/<group>/<version>` answer."""
    core = request.path.partition("/")[0] == "api"
    listed = [kind for kind in kinds if bool(kind.group) != core]
    if request.path.count("/"):
        return _one_version(listed, request.path)
    if aggregated and "as=APIGroupDiscoveryList" in request.header("Accept"):
        return Answer(body=_aggregated(listed))
    return Answer(body=_versions(listed) if core else _groups(listed))


def _aggregated(kinds: Sequence[Kind]) -> Manifest:
    groups = dict.fromkeys(kind.group for kind in kinds)
    items = [{"metadata": {"name": group} if group else {}, "versions": _of_group(kinds, group)} for group in groups]
    return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items}


def _of_group(kinds: Sequence[Kind], group: str) -> list[Manifest]:
    versions = _versions_of(kinds, group)
    return [
        {
            "version": version,
            "freshness": "Current",
            "resources": [
                {
                    "resource": kind.plural,
                    "responseKind": {"group": "", "version": "", "kind": kind.kind},
                    "scope": "Namespaced" if kind.namespaced else "Cluster",
                    "singularResource": kind.kind.lower(),
                    "verbs": VERBS,
                }
                for kind in kinds
                if (kind.group, kind.version) == (group, version)
            ],
        }
        for version in versions
    ]


def _versions_of(kinds: Iterable[Kind], group: str) -> list[str]:
    return list(dict.fromkeys(kind.version for kind in kinds if kind.group == group))


def _versions(kinds: Sequence[Kind]) -> Manifest:
    return {"kind": "APIVersions", "versions": _versions_of(kinds, ""), "serverAddressByClientCIDRs": []}


def _groups(kinds: Sequence[Kind]) -> Manifest:
    """The preferred version comes last here: nothing promises that it comes first."""
    groups = []
    for group in dict.fromkeys(kind.group for kind in kinds):
        versions = [{"groupVersion": f"{group}/{name}", "version": name} for name in _versions_of(kinds, group)]
        groups.append({"name": group, "versions": versions[::-1], "preferredVersion": versions[0]})
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def _one_version(kinds: Sequence[Kind], path: str) -> Answer:
    version = path.partition("/")[2]
    chosen = [kind for kind in kinds if kind.api_version == version]
    if not chosen:
        return NOT_SERVED
    resources = [entry for kind in chosen for entry in _resources(kind)]
    return Answer(body={"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": resources})


def _resources(kind: Kind) -> Iterator[Manifest]:
    entry = {"name": kind.plural, "kind": kind.kind, "namespaced": kind.namespaced, "verbs": VERBS}
    yield entry
    if kind.status:
        yield {**entry, "name": f"{kind.plural}/status", "verbs": ["get", "patch", "update"]}
