"""Rights on the API: what tenants may do, which groups are in an enclave, and who may do everything."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from ...objects.base import Manifest
from .. import rule
from ..rule import Breach, Objects, ObjectView, RegionView
from . import _manifests
from ._manifests import Home, Place

_GOOD_PRACTICES = "https://kubernetes.io/docs/concepts/security/rbac-good-practices/"
_ESCALATES = frozenset({"escalate", "bind", "impersonate"})
_WRITES = frozenset({"create", "update", "patch", "delete", "deletecollection"})
_FENCES = frozenset(
    {"networkpolicies", "ciliumnetworkpolicies", "resourcequotas", "limitranges", "roles", "rolebindings"}
    | {"localqueues", "network-attachment-definitions"}
)
"""Kinds in a tenant's namespace that hold it in: whoever changes them leads traffic, quota or rights past the fence."""
_WIDE_ROLES = frozenset({"cluster-admin", "admin", "edit"})
"""Default roles with which network policies or rights of a namespace can be changed."""
_EVERYONE = frozenset({"system:anonymous", "system:unauthenticated", "system:authenticated", "system:serviceaccounts"})


@rule.object_set(
    id="tenant-rights", area="isolation", severity="error", waivable=False,
    reason="who can change quota, policies or rights of the namespace, or act in all of them, is in no enclave",
    remedy="name the verbs and resources that the tenant works with, and bind them in its namespace only",
    source=_GOOD_PRACTICES,
)  # fmt: skip
def tenant_rights(views: Objects) -> Iterator[Breach]:
    """Roles and bindings that give a tenant more than work inside its namespace."""
    homes = _manifests.homes(views)
    groups = _groups(views, homes)
    for view in views.of_kind("Role", "RoleBinding", "ClusterRoleBinding") if homes else ():
        home = homes.get(_manifests.place(view))
        if view.kind == "ClusterRoleBinding":
            yield from _cluster_wide(view, homes, groups)
        elif home is not None:
            faults = _role(view) if view.kind == "Role" else _binding(view, home, homes)
            if breaches := list(dict.fromkeys(faults)):
                what = f"{view.kind} {view.name} of {view.namespace}"
                message = f"a tenant works inside its namespace and changes none of its limits: {what} "
                yield Breach(message=message + _manifests.listed(breaches), subject=home.subject)


def _groups(views: Objects, homes: Mapping[Place, Home]) -> dict[tuple[str, str], Home]:
    """Groups of tenants by cluster and name."""
    groups: dict[tuple[str, str], Home] = {}
    for view in views.of_kind("RoleBinding"):
        if home := homes.get(_manifests.place(view)):
            names = [subject.get("name", "") for subject in _subjects(view) if subject.get("kind") == "Group"]
            groups.update({(view.id.partition("/")[0], name): home for name in names if name not in _EVERYONE})
    return groups


def _subjects(view: ObjectView) -> list[Manifest]:
    return view.manifest.get("subjects") or []


def _role(view: ObjectView) -> Iterator[str]:
    for grant in view.manifest.get("rules") or ():
        verbs, resources = set(grant.get("verbs") or ()), set(grant.get("resources") or ())
        if "*" in verbs:
            yield "gives every verb"
        if "*" in resources:
            yield "gives every resource"
        if escalating := verbs & _ESCALATES:
            yield f"gives the verb {', '.join(sorted(escalating))}"
        if (fences := {name.partition("/")[0] for name in resources} & _FENCES) and verbs & _WRITES:
            yield f"lets {', '.join(sorted(fences))} be changed"


def _binding(view: ObjectView, home: Home, homes: Mapping[Place, Home]) -> Iterator[str]:
    role = view.manifest.get("roleRef") or {}
    if role.get("kind") == "ClusterRole" and role.get("name") in _WIDE_ROLES:
        yield f"binds the cluster role {role['name']}"
    for subject in _subjects(view):
        if subject.get("name") in _EVERYONE:
            yield f"binds {subject['name']}"
        other_home = homes.get((view.id.partition("/")[0], subject.get("namespace", "")))
        if subject.get("kind") == "ServiceAccount" and other_home is not None and other_home.tenant != home.tenant:
            yield f"binds a service account of {other_home.tenant}"


def _cluster_wide(
    view: ObjectView, homes: Mapping[Place, Home], groups: Mapping[tuple[str, str], Home]
) -> Iterator[Breach]:
    target = view.id.partition("/")[0]
    for subject in _subjects(view):
        account = subject.get("kind") == "ServiceAccount"
        home = (
            homes.get((target, subject.get("namespace", "")))
            if account
            else groups.get((target, subject.get("name", "")))
        )
        if home is not None:
            message = (
                f"a tenant has rights in its namespace only: ClusterRoleBinding {view.name} gives "
                f"{subject.get('name')} those of {(view.manifest.get('roleRef') or {}).get('name')} in all of them"
            )
            yield Breach(message=message, subject=home.subject)


@rule.each_object(
    id="rbac-wildcard", area="isolation", severity="error", kinds={"ClusterRole"},
    reason="a role for everything covers secrets, nodes and kinds to come: one leaked token is the whole cluster",
    remedy="name the verbs and the resources that are needed", source=_GOOD_PRACTICES,
)  # fmt: skip
def rbac_wildcard(view: ObjectView) -> Iterator[Breach]:
    """Cluster roles with every verb on every resource."""
    for grant in view.manifest.get("rules") or ():
        if "*" in (grant.get("verbs") or ()) and "*" in (grant.get("resources") or ()):
            yield Breach(message=f"a role names what it gives: ClusterRole {view.name} gives every verb on everything")
            return


@rule.each_object(
    id="rbac-everyone", area="isolation", severity="error", kinds={"ClusterRoleBinding", "RoleBinding"},
    reason="a right that is bound to everyone is one for every tenant's pod and, for anonymous, for the network",
    remedy="bind it to the group, user or service account that needs it", source=_GOOD_PRACTICES,
)  # fmt: skip
def rbac_everyone(view: ObjectView) -> Iterator[Breach]:
    """Bindings of rights to all users, all service accounts, or those who did not log in."""
    for subject in _subjects(view):
        if subject.get("name") in _EVERYONE:
            yield Breach(
                message=f"rights are given to someone: {view.kind} {view.name} gives them to {subject['name']}"
            )


@rule.region(
    id="isolation-shared-group", area="isolation", severity="warning",
    reason="a group of two tenants reads the data of both; mostly it is a copied line",
    remedy="give each tenant groups of its own", source=_GOOD_PRACTICES,
)  # fmt: skip
def isolation_shared_group(view: RegionView) -> Iterator[Breach]:
    """Groups of users with rights in the enclaves of several tenants."""
    tenants: dict[str, list[str]] = defaultdict(list)
    for tenant in view.plan.tenants:
        for group in dict.fromkeys(tenant.groups):
            tenants[group].append(tenant.name)
    for group, names in tenants.items():
        for name in names[1:]:
            message = f"a group works in one enclave: {group} works in that of {names[0]} too"
            yield Breach(message=message, subject=f"tenant/{name}", path=("tenants", name, "groups"))
