"""What every tenant's namespace has, and admission that does not fail open."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from ... import catalog
from ...objects import labels
from ...objects.base import Manifest
from .. import rule
from ..rule import Breach, Objects, ObjectView
from . import _manifests
from ._manifests import Place

_ENFORCE = "pod-security.kubernetes.io/enforce"
_CURRENT = f"leave {_ENFORCE}-version out, or set it to latest"
_LIMITS = {"GPUs": ("requests.nvidia.com/gpu",), "pods": ("pods", "count/pods")}
"""What a tenant's quota limits, and the names that it may have there."""
_ADMISSION = frozenset(
    {"ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "ValidatingWebhookConfiguration"}
    | {"MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding", "MutatingWebhookConfiguration"}
)


@rule.each_object(
    id="tenant-pod-security", area="isolation", severity="error", waivable=False, kinds={"Namespace"},
    reason="a tenant's pod that is privileged or mounts the host's files owns the node, and so other tenants' pods",
    remedy=f"set the label {_ENFORCE}: restricted",
    source="https://kubernetes.io/docs/concepts/security/pod-security-standards/",
)  # fmt: skip
def tenant_pod_security(view: ObjectView) -> Iterator[Breach]:
    """Tenants' namespaces that do not enforce the restricted pod security standard."""
    if labels.TENANT_NAMESPACE not in view.labels:
        return
    level, version = view.labels.get(_ENFORCE), view.labels.get(f"{_ENFORCE}-version")
    if level == "restricted" and version is not None and _is_old(version):
        message = f"a tenant's namespace enforces the standard of today: {view.name} enforces that of {version}"
        yield Breach(message=message, subject=f"tenant/{view.labels[labels.TENANT_NAMESPACE]}", remedy=_CURRENT)
    if level != "restricted":
        message = f"a tenant's namespace enforces the restricted pod security standard: {view.name} {_given(level)}"
        yield Breach(message=message, subject=f"tenant/{view.labels[labels.TENANT_NAMESPACE]}")


def _is_old(version: str) -> bool:
    """Whether a version of the standard is older than the oldest Kubernetes that is tested, or none at all."""
    minor = version.removeprefix("v1.")
    oldest = min(int(tested.split(".")[1]) for tested in catalog.load().kubernetes_versions)
    return version != "latest" and not (minor.isdecimal() and int(minor) >= oldest)


def _given(level: str | None) -> str:
    return f"enforces {level}" if level else "enforces none"


@rule.object_set(
    id="tenant-quota", area="isolation", severity="error", waivable=False,
    reason="one tenant without a limit takes all GPUs of the cluster, or fills its store with pods",
    remedy="declare a ResourceQuota with requests.nvidia.com/gpu and pods in the namespace",
    source="https://kubernetes.io/docs/concepts/policy/resource-quotas/",
)  # fmt: skip
def tenant_quota(views: Objects) -> Iterator[Breach]:
    """Tenants' namespaces whose GPUs or pods have no limit."""
    hard: dict[Place, set[str]] = defaultdict(set)
    for view in views.of_kind("ResourceQuota"):
        # A quota with scopes limits only some of the pods.
        if not view.spec.get("scopes") and not view.spec.get("scopeSelector"):
            hard[_manifests.place(view)].update(_set(view.spec.get("hard") or {}))
    for place, home in _manifests.homes(views).items():
        if missing := [what for what, names in _LIMITS.items() if not hard[place].intersection(names)]:
            message = f"a quota limits a tenant's GPUs and pods: {place[1]} has no limit for {' and '.join(missing)}"
            yield Breach(message=message, subject=home.subject)


def _set(hard: Manifest) -> set[str]:
    return {name for name, value in hard.items() if value is not None}


@rule.each_object(
    id="policy-failure", area="isolation", severity="error", kinds=_ADMISSION,
    reason="an admission policy that fails open, or only warns, lets pass what it is there to stop",
    remedy="set failurePolicy: Fail on the policy, and Deny among the binding's validationActions",
    source="https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/",
)  # fmt: skip
def policy_failure(view: ObjectView) -> Iterator[Breach]:
    """Admission policies and webhooks that let pass what they can't judge, and bindings that do not deny."""
    kind = view.kind
    if kind.endswith("AdmissionPolicy"):
        if (view.spec.get("failurePolicy") or "Fail") != "Fail":
            yield Breach(message=f"admission fails closed: {view.name} has failurePolicy {view.spec['failurePolicy']}")
    elif kind.endswith("WebhookConfiguration"):
        for hook in view.manifest.get("webhooks") or ():
            if (hook.get("failurePolicy") or "Fail") != "Fail":
                message = (
                    f"admission fails closed: webhook {hook.get('name')} has failurePolicy {hook['failurePolicy']}"
                )
                yield Breach(message=message, remedy="set failurePolicy: Fail on the webhook")
    else:
        yield from _policy_binding(view)


def _policy_binding(view: ObjectView) -> Iterator[Breach]:
    actions = view.spec.get("validationActions") or []
    if view.kind == "ValidatingAdmissionPolicyBinding" and "Deny" not in actions:
        given = ", ".join(actions) or "none"
        yield Breach(message=f"a policy's binding denies: {view.name} has the actions {given}")
    if (view.spec.get("paramRef") or {}).get("parameterNotFoundAction") == "Allow":
        message = f"admission fails closed: {view.name} lets pass where its parameters are gone"
        yield Breach(message=message, remedy="set paramRef.parameterNotFoundAction: Deny on the binding")
