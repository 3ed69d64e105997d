"""Rights on the API: what tenants may do, which groups are in an enclave, and who may do everything."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from .. import rule
from ..rule import Breach, Objects, ObjectView, RegionView
from . import _manifests, _principals
from ._manifests import Home

_GOOD_PRACTICES = "https://kubernetes.io/docs/concepts/security/rbac-good-practices/"
_ESCALATES = frozenset({"escalate", "bind", "impersonate"})
_WRITES = frozenset({"create", "update", "patch", "delete", "deletecollection"})
_FENCES = frozenset(
    {"networkpolicies", "ciliumnetworkpolicies", "resourcequotas", "limitranges", "roles", "rolebindings"}
    | {"localqueues", "network-attachment-definitions"}
)
"""Kinds in a tenant's namespace that hold it in: whoever changes them leads traffic, quota or rights past the fence."""
_READS = frozenset({"get", "list", "watch"})
_NAMES = frozenset(
    {("storage.k8s.io", "storageclasses"), ("snapshot.storage.k8s.io", "volumesnapshotclasses")}
    | {("scheduling.k8s.io", "priorityclasses"), ("resource.k8s.io", "deviceclasses")}
    | {("kueue.x-k8s.io", "topologies"), ("kueue.x-k8s.io", "workloadpriorityclasses")}
    | {("trainer.kubeflow.org", "clustertrainingruntimes")}
)
"""Kinds without a namespace that tenants name in what they write: to read them shows nothing of another tenant."""
_WIDE_ROLES = frozenset({"cluster-admin", "admin", "edit"})
"""Default roles with which network policies or rights of a namespace can be changed."""


@rule.object_set(
    id="tenant-rights", area="isolation", severity="error", waivable=False,
    reason="who can change quota, policies or rights of the namespace, or act in all of them, is in no enclave",
    remedy="name the verbs and resources that the tenant works with, and bind them in its namespace only",
    source=_GOOD_PRACTICES,
)  # fmt: skip
def tenant_rights(views: Objects) -> Iterator[Breach]:
    """Roles and bindings that give a tenant more than work inside its namespace."""
    homes = _manifests.homes(views)
    tenants = _principals.Tenants(views, homes)
    roles = {(view.id.partition("/")[0], view.name): view for view in views.of_kind("ClusterRole")}
    for view in views.of_kind("Role", "RoleBinding", "ClusterRoleBinding") if homes else ():
        home = homes.get(_manifests.place(view))
        if view.kind == "ClusterRoleBinding":
            yield from _cluster_wide(view, tenants, roles)
        elif home is not None:
            faults = _role(view) if view.kind == "Role" else _binding(view, home, tenants, roles)
            if breaches := list(dict.fromkeys(faults)):
                what = f"{view.kind} {view.name} of {view.namespace}"
                message = f"a tenant works inside its namespace and changes none of its limits: {what} "
                yield Breach(message=message + _manifests.listed(breaches), subject=home.subject)


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


def _binding(
    view: ObjectView, home: Home, tenants: _principals.Tenants, roles: Mapping[tuple[str, str], ObjectView]
) -> Iterator[str]:
    reference = view.manifest.get("roleRef") or {}
    if reference.get("kind") == "ClusterRole":
        name = str(reference.get("name") or "")
        if name in _WIDE_ROLES:
            yield f"binds the cluster role {name}"
        elif (role := roles.get((view.id.partition("/")[0], name))) is not None:
            yield from (f"binds the cluster role {name}, which {fault}" for fault in _role(role))
            if role.manifest.get("aggregationRule"):
                yield f"binds the cluster role {name}, which gathers the rights of others"
    for subject in _principals.subjects(view):
        if subject.get("name") in _principals.EVERYONE:
            yield f"binds {subject['name']}"
        other_home = tenants.account(view, subject)
        if other_home is not None and other_home.tenant != home.tenant:
            yield f"binds a service account of {other_home.tenant}"


def _cluster_wide(
    view: ObjectView, tenants: _principals.Tenants, roles: Mapping[tuple[str, str], ObjectView]
) -> Iterator[Breach]:
    reference = view.manifest.get("roleRef") or {}
    role = roles.get((view.id.partition("/")[0], str(reference.get("name") or "")))
    if role is not None and _reads_names(role):
        return
    for subject in _principals.subjects(view):
        if (home := tenants.of(view, subject)) is not None:
            message = (
                f"a tenant has rights in its namespace only: ClusterRoleBinding {view.name} gives "
                f"{subject.get('name')} those of {(view.manifest.get('roleRef') or {}).get('name')} in all of them"
            )
            yield Breach(message=message, subject=home.subject)


def _reads_names(role: ObjectView) -> bool:
    """Whether a cluster role does nothing but read what has no namespace and names no tenant."""
    grants = role.manifest.get("rules") or ()
    named = all(
        set(grant.get("verbs") or ("*",)) <= _READS
        and {(group, name) for group in grant.get("apiGroups") or ("*",) for name in grant.get("resources") or ("*",)}
        <= _NAMES
        for grant in grants
    )
    return bool(grants) and named and not role.manifest.get("aggregationRule")


@rule.each_object(
    id="rbac-wildcard", area="isolation", severity="error", kinds={"ClusterRole"},
    reason="a role for everything covers secrets, nodes and kinds to come: one leaked token is the whole cluster",
    remedy="name the verbs and the resources that are needed", source=_GOOD_PRACTICES,
)  # fmt: skip
def rbac_wildcard(view: ObjectView) -> Iterator[Breach]:
    """Cluster roles on every resource of the core group or of all, written out or by `*`, and those that can give
    themselves any right."""
    for grant in view.manifest.get("rules") or ():
        verbs, groups = set(grant.get("verbs") or ()), set(grant.get("apiGroups") or ())
        # Without a group a grant is malformed; it counts as the widest that it may be taken for.
        everything = "*" in (grant.get("resources") or ()) and (not groups or groups & {"", "*"})
        if everything and verbs:
            what = "every verb" if "*" in verbs else ", ".join(sorted(verbs))
            yield Breach(message=f"a role names what it gives: ClusterRole {view.name} gives {what} on everything")
            return
        if escalating := verbs & _ESCALATES:
            what = ", ".join(sorted(escalating))
            yield Breach(message=f"a role gives no right to take more: ClusterRole {view.name} gives the verb {what}")
            return


@rule.each_object(
    id="rbac-everyone", area="isolation", severity="error", kinds={"ClusterRoleBinding", "RoleBinding"},
    reason="a right that is bound to everyone is one for every tenant's pod and, for anonymous, for the network",
    remedy="bind it to the group, user or service account that needs it", source=_GOOD_PRACTICES,
)  # fmt: skip
def rbac_everyone(view: ObjectView) -> Iterator[Breach]:
    """Bindings of rights to all users, all service accounts, or those who did not log in."""
    for subject in _principals.subjects(view):
        if subject.get("name") in _principals.EVERYONE:
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
