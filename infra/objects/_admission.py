"""Building blocks of the admission policies for tenants' namespaces: policies, bindings, and CEL that they share.

CEL is evaluated by the API server after all mutation, so neither a webhook nor a default can slip something past it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ..plan.model import ClusterPlan
from . import _flux, ids, labels
from .base import KubeObject, Manifest, make
from .ids import object_id

API = "admissionregistration.k8s.io/v1"

Rule = tuple[str, str]
"""A CEL expression, and what to say when it is false: what is not allowed, and what to write instead."""
Resources = Mapping[str, Sequence[str]]
"""What a policy looks at: resources, or `resource/subresource`, by API group."""

CONTROLLER_MANAGER = "system:kube-controller-manager"
"""Name of built-in controllers that have no accounts of their own (kube-controller-manager without
`use-service-account-credentials`, which kubeadm sets)."""
SCHEDULER = "system:kube-scheduler"
CHANGES = ("CREATE", "UPDATE")
"""What most policies judge: a deletion takes nothing of others."""


def notes_of(of: str) -> str:
    """CEL: the annotations of `object` or `oldObject`, an empty map where it has none."""
    return f"{of}.metadata.?annotations.orValue({{}})"


def mark(place: str, kind: str, key: str) -> str:
    """CEL: the value of a label or annotation, empty where there is none.

    Args:
        place: `object`, `oldObject` or `namespaceObject`.
        kind: `labels` or `annotations`.
        key: its key.
    """
    return f"{place}.metadata.?{kind}[?'{key}'].orValue('')"


def below(key: str, domains: Iterable[str]) -> str:
    """CEL: whether the key of a label, annotation or taint is of one of some domains, or of one below.

    Args:
        key: CEL of the key.
        domains: the domains.

    >>> below("k", ["cilium.io"])
    "('.' + k.split('/')[0]).endsWith('.cilium.io')"
    """
    return " || ".join(f"('.' + {key}.split('/')[0]).endsWith('.{domain}')" for domain in domains)


def by_platform(namespaces: Iterable[str]) -> str:
    """CEL: whether a controller of the platform asks, by its service account's namespace or as a built-in one.

    Args:
        namespaces: namespaces of the platform's controllers.
    """
    groups = ", ".join(f"'system:serviceaccounts:{name}'" for name in sorted({"kube-system", *namespaces}))
    return (
        f"request.userInfo.?groups.orValue([]).exists(g, g in [{groups}]) || "
        f"request.userInfo.username in ['{CONTROLLER_MANAGER}', '{SCHEDULER}']"
    )


MAY_CLEAN = {
    "mayClean": "authorizer.group('').resource('namespaces').name(request.namespace).check('delete').allowed()"
}
"""CEL by its name among variables: whether who asks may delete the whole namespace, and so answers for what stays."""
ONLY_GOING = (
    "request.operation == 'UPDATE' && has(object.metadata.deletionTimestamp) && "
    f"object.?spec == oldObject.?spec && {notes_of('object')} == {notes_of('oldObject')}"
)
"""CEL: an update of an object that is being deleted, which changes nothing that a rule looks at."""


def policy(
    resources: Resources,
    rules: Iterable[Rule],
    variables: Mapping[str, str] | None = None,
    *,
    operations: Sequence[str] = CHANGES,
    going: bool = False,
) -> Manifest:
    """Body of a policy that fails closed. What is being deleted may always go: its finalizers are removed by updates.

    Only updates that leave the rest as it is pass unjudged: a deleted Service that a finalizer holds back is served on.

    Args:
        resources: what it looks at, in tenants' namespaces.
        rules: what must hold.
        variables: CEL by the name under `variables` that rules use.
        operations: what it judges of `CREATE`, `UPDATE` and `DELETE`.
        going: whether it judges such updates too.
    """
    unjudged = [] if going else [{"name": "not-only-going", "expression": f"!({ONLY_GOING})"}]
    matched = {"resourceRules": list(_resource_rules(resources, operations)), **tenants()}
    return {
        "failurePolicy": "Fail",
        "matchConstraints": matched,
        **({"matchConditions": unjudged} if unjudged else {}),
        "variables": [{"name": name, "expression": expression} for name, expression in (variables or {}).items()],
        "validations": [{"expression": expression, "message": message} for expression, message in rules],
    }


def _resource_rules(resources: Resources, operations: Sequence[str]) -> Iterator[Manifest]:
    for group, names in resources.items():
        yield {
            "apiGroups": [group], "apiVersions": ["*"], "operations": list(operations), "resources": list(names),
        }  # fmt: skip


def tenants() -> Manifest:
    """Selector of tenants' namespaces, as `matchResources` has it."""
    return {"namespaceSelector": {"matchExpressions": [{"key": labels.TENANT_NAMESPACE, "operator": "Exists"}]}}


def declared(
    cluster: ClusterPlan, bodies: Mapping[str, Manifest], *, everywhere: bool = False, mutating: bool = False
) -> Iterator[KubeObject]:
    """Policies with their bindings. Those that validate deny and write to the audit log.

    Args:
        cluster: the cluster.
        bodies: spec of each policy, by the name of it and of its binding.
        everywhere: bind them to all that they match, not to tenants' namespaces only.
        mutating: whether they fill in instead of denying.
    """
    kind = "MutatingAdmissionPolicy" if mutating else "ValidatingAdmissionPolicy"
    how: Manifest = {} if mutating else {"validationActions": ["Deny", "Audit"]}
    if not everywhere:
        how["matchResources"] = tenants()
    for name, body in bodies.items():
        rules = make(API, kind, name, spec=body)
        yield on_cluster(cluster, rules, *_flux.ready_ids(cluster))
        binding = make(API, f"{kind}Binding", name, spec={"policyName": name, **how})
        yield on_cluster(cluster, binding, object_id(cluster.name, rules))


def on_cluster(cluster: ClusterPlan, manifest: Manifest, *after: str) -> KubeObject:
    """An object of a cluster's own, on it, with ids of what comes before."""
    return KubeObject(target=cluster.name, owner=ids.cluster(cluster.name), manifest=manifest, after=after)
