"""What keeps tenants of one cluster apart at admission: policies for all tenants' namespaces.

One policy serves every tenant, because a namespace's labels tell whose it is; the API server evaluates it after all
mutation, so neither a webhook nor a default can slip something past it. Tenants can't change labels of namespaces.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..plan.model import ClusterPlan, RegionPlan
from . import labels
from .base import KubeObject, Manifest, make, object_id

API = "admissionregistration.k8s.io/v1"
PODS = "tenant-pods.ai-factory.dev"
SERVICES = "tenant-services.ai-factory.dev"
CLAIMS = "tenant-claims.ai-factory.dev"

_TENANT = f"namespaceObject.metadata.labels['{labels.TENANT_NAMESPACE}']"
_DEDICATED = (
    f"'{labels.ISOLATION}' in namespaceObject.metadata.labels && "
    f"namespaceObject.metadata.labels['{labels.ISOLATION}'] == 'dedicated-nodes'"
)
_TAINT = labels.TENANT_TAINT_KEY


def shared(plan: RegionPlan, cluster: ClusterPlan) -> Iterator[KubeObject]:
    """Policies and bindings of a cluster; a cluster without tenants has none."""
    if not plan.tenants_of(cluster.name):
        return
    for name, spec in ((PODS, _pods()), (SERVICES, _services()), (CLAIMS, _claims())):
        policy = make(API, "ValidatingAdmissionPolicy", name, spec=spec)
        yield KubeObject(target=cluster.name, manifest=policy)
        binding = make(API, "ValidatingAdmissionPolicyBinding", name, spec=_binding(name))
        yield KubeObject(target=cluster.name, manifest=binding, after=(object_id(cluster.name, policy),))


def _binding(name: str) -> Manifest:
    return {"policyName": name, "validationActions": ["Deny", "Audit"], "matchResources": _tenants()}


def _tenants() -> Manifest:
    return {"namespaceSelector": {"matchExpressions": [{"key": labels.TENANT_NAMESPACE, "operator": "Exists"}]}}


def _policy(group: str, resources: list[str], variables: dict[str, str], rules: list[tuple[str, str]]) -> Manifest:
    """A policy that fails closed; rules are pairs of a CEL expression and what to say when it is false."""
    rule = {"apiGroups": [group], "apiVersions": ["*"], "operations": ["CREATE", "UPDATE"], "resources": resources}
    return {
        "failurePolicy": "Fail",
        "matchConstraints": {"resourceRules": [rule], **_tenants()},
        "variables": [{"name": name, "expression": expression} for name, expression in variables.items()],
        "validations": [{"expression": expression, "message": message} for expression, message in rules],
    }


def _pods() -> Manifest:
    variables = {
        "tenant": _TENANT,
        "dedicated": _DEDICATED,
        "tolerations": "has(object.spec.tolerations) ? object.spec.tolerations : []",
    }
    named = f"t.key != '{_TAINT}'"
    equal = "(!has(t.operator) || t.operator == 'Equal') && has(t.value) && t.value == variables.tenant"
    selector = (
        f"has(object.spec.nodeSelector) && '{labels.TENANT}' in object.spec.nodeSelector && "
        f"object.spec.nodeSelector['{labels.TENANT}'] == variables.tenant"
    )
    rules = [
        (
            "variables.tolerations.all(t, has(t.key) && t.key != '')",
            "a toleration must name its key: one without tolerates the nodes of other tenants",
        ),
        (
            f"variables.tolerations.all(t, !has(t.key) || {named} || ({equal}))",
            "only the taint of the tenant's own nodes may be tolerated, by its exact value",
        ),
        (
            "request.operation != 'CREATE' || !has(object.spec.nodeName) || object.spec.nodeName == ''",
            "the scheduler chooses the node: leave nodeName out",
        ),
        (
            f"!variables.dedicated || ({selector})",
            f"pods of a tenant with nodes of its own must select them: nodeSelector {labels.TENANT}",
        ),
        (
            "(!has(object.spec.hostNetwork) || !object.spec.hostNetwork) && "
            "(!has(object.spec.hostPID) || !object.spec.hostPID) && "
            "(!has(object.spec.hostIPC) || !object.spec.hostIPC)",
            "the host's network, processes and memory are not a tenant's",
        ),
        (
            "!has(object.spec.volumes) || object.spec.volumes.all(v, !has(v.hostPath))",
            "the host's files are not a tenant's: use a storage class",
        ),
    ]
    return _policy("", ["pods"], variables, rules)


def _services() -> Manifest:
    rules = [
        (
            "!has(object.spec.externalIPs) || object.spec.externalIPs.size() == 0",
            "externalIPs take over other tenants' traffic (CVE-2020-8554)",
        ),
        (
            "!has(object.spec.type) || object.spec.type in ['ClusterIP', 'LoadBalancer']",
            "NodePort opens a port on every tenant's nodes; ExternalName leads around network policies",
        ),
    ]
    return _policy("", ["services"], {}, rules)


def _claims() -> Manifest:
    """Device claims: administrative access sees the devices of others."""
    requests = "{0}.devices.requests.all(r, !has(r.exactly) || !has(r.exactly.adminAccess) || !r.exactly.adminAccess)"
    claim = "has({0}.devices) && has({0}.devices.requests) ? " + requests + " : true"
    body = "object.kind == 'ResourceClaimTemplate' ? (%s) : (%s)"
    expression = body % (claim.format("object.spec.spec"), claim.format("object.spec"))
    rules = [(expression, "administrative access to devices is not a tenant's")]
    return _policy("resource.k8s.io", ["resourceclaims", "resourceclaimtemplates"], {}, rules)
