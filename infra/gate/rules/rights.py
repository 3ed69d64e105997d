"""Rights on the API: what tenants may do, and who may do everything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ...objects.base import Manifest
from .. import rule
from ..rule import Found, Objects, ObjectView
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
def tenant_rights(views: Objects) -> Iterator[Found]:
    """Roles and bindings that give a tenant more than work inside its namespace."""
    homes = _manifests.homes(views)
    groups = _groups(views, homes)
    for view in _manifests.of_kind(views, "Role", "RoleBinding", "ClusterRoleBinding") if homes else ():
        home = homes.get(_manifests.place(view))
        if view.kind == "ClusterRoleBinding":
            yield from _cluster_wide(view, homes, groups)
        elif home is not None:
            faults = _role(view) if view.kind == "Role" else _binding(view, home, homes)
            if told := list(dict.fromkeys(faults)):
                what = f"{view.kind} {view.name} of {view.namespace}"
                message = f"a tenant works inside its namespace and changes none of its limits: {what} "
                yield Found(message=message + _manifests.some(told), subject=home.subject)


def _groups(views: Objects, homes: Mapping[Place, Home]) -> dict[tuple[str, str], Home]:
    """Groups of tenants by cluster and name."""
    found: dict[tuple[str, str], Home] = {}
    for view in _manifests.of_kind(views, "RoleBinding"):
        if home := homes.get(_manifests.place(view)):
            names = [one.get("name", "") for one in _subjects(view) if one.get("kind") == "Group"]
            found.update({(view.id.partition("/")[0], name): home for name in names if name not in _EVERYONE})
    return found


def _subjects(view: ObjectView) -> list[Manifest]:
    return view.manifest.get("subjects") or []


def _role(view: ObjectView) -> Iterator[str]:
    for one in view.manifest.get("rules") or ():
        verbs, resources = set(one.get("verbs") or ()), set(one.get("resources") or ())
        if "*" in verbs:
            yield "gives every verb"
        if "*" in resources:
            yield "gives every resource"
        if found := verbs & _ESCALATES:
            yield f"gives the verb {', '.join(sorted(found))}"
        if (fences := {name.partition("/")[0] for name in resources} & _FENCES) and verbs & _WRITES:
            yield f"lets {', '.join(sorted(fences))} be changed"


def _binding(view: ObjectView, home: Home, homes: Mapping[Place, Home]) -> Iterator[str]:
    role = view.manifest.get("roleRef") or {}
    if role.get("kind") == "ClusterRole" and role.get("name") in _WIDE_ROLES:
        yield f"binds the cluster role {role['name']}"
    for one in _subjects(view):
        if one.get("name") in _EVERYONE:
            yield f"binds {one['name']}"
        there = homes.get((view.id.partition("/")[0], one.get("namespace", "")))
        if one.get("kind") == "ServiceAccount" and there is not None and there.tenant != home.tenant:
            yield f"binds a service account of {there.tenant}"


def _cluster_wide(
    view: ObjectView, homes: Mapping[Place, Home], groups: Mapping[tuple[str, str], Home]
) -> Iterator[Found]:
    target = view.id.partition("/")[0]
    for one in _subjects(view):
        account = one.get("kind") == "ServiceAccount"
        home = homes.get((target, one.get("namespace", ""))) if account else groups.get((target, one.get("name", "")))
        if home is not None:
            message = (
                f"a tenant has rights in its namespace only: ClusterRoleBinding {view.name} gives "
                f"{one.get('name')} those of {(view.manifest.get('roleRef') or {}).get('name')} in all of them"
            )
            yield Found(message=message, subject=home.subject)


@rule.each_object(
    id="rbac-wildcard", area="isolation", severity="error",
    reason="a role for everything covers secrets, nodes and kinds to come: one leaked token is the whole cluster",
    remedy="name the verbs and the resources that are needed", source=_GOOD_PRACTICES,
)  # fmt: skip
def rbac_wildcard(view: ObjectView) -> Iterator[Found]:
    """Cluster roles with every verb on every resource."""
    if view.kind != "ClusterRole":
        return
    for one in view.manifest.get("rules") or ():
        if "*" in (one.get("verbs") or ()) and "*" in (one.get("resources") or ()):
            yield Found(message=f"a role names what it gives: ClusterRole {view.name} gives every verb on everything")
            return


@rule.each_object(
    id="rbac-everyone", area="isolation", severity="error",
    reason="a right that is bound to everyone is one for every tenant's pod and, for anonymous, for the network",
    remedy="bind it to the group, user or service account that needs it", source=_GOOD_PRACTICES,
)  # fmt: skip
def rbac_everyone(view: ObjectView) -> Iterator[Found]:
    """Bindings to all users, all service accounts, or those who did not log in."""
    if view.kind not in ("ClusterRoleBinding", "RoleBinding"):
        return
    for one in _subjects(view):
        if one.get("name") in _EVERYONE:
            yield Found(message=f"rights are given to someone: {view.kind} {view.name} gives them to {one['name']}")
