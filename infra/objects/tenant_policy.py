"""What keeps tenants of one cluster apart at admission: policies for all tenants' namespaces.

One policy serves every tenant, because a namespace's labels and annotations tell whose it is and which queues it has;
the API server evaluates it after all mutation, so neither a webhook nor a default can slip something past it. Tenants
can't change their namespace.

A pod of one tenant could get at another's nodes, devices or networks by a toleration, a node name, a priority that
evicts, a container runtime that hands out devices, a network of another namespace, or by leaving Kueue's gate. The
rules close each of these ways, some of which pod security, quota or rights close as well.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..plan.model import ClusterPlan, RegionPlan
from . import _flux, fabric_network, ids, labels
from .base import LABEL, KubeObject, Manifest, make
from .ids import object_id

API = "admissionregistration.k8s.io/v1"
PODS = "tenant-pods.ai-factory.dev"
SERVICES = "tenant-services.ai-factory.dev"
CLAIMS = "tenant-claims.ai-factory.dev"

QUEUES = f"{LABEL}/queues"
"""Annotation of a tenant's namespace: names of its local queues, comma-separated; policies read it."""
WORKLOAD_ACCOUNT = "workload"
"""Service account of a tenant's pods; it has no rights and no token is mounted."""

_QUEUE = "kueue.x-k8s.io/queue-name"
_STARTED_BY = "kueue.x-k8s.io/local-queue-name"
"""Label that Kueue sets on the pods of a job that it starts; jobs carry the other label themselves."""
_NETWORKS = "k8s.v1.cni.cncf.io/networks"
_DEFAULT_NETWORK = "v1.multus-cni.io/default-network"
_KUEUE = "system:serviceaccounts:kueue-system"
_IB_KUBERNETES = f"system:serviceaccount:{fabric_network.NAMESPACE}:ib-kubernetes"


def _annotations(of: str) -> str:
    return f"(has({of}.metadata.annotations) ? {of}.metadata.annotations : {{}})"


_ONLY_GOING = (
    "request.operation == 'UPDATE' && has(object.metadata.deletionTimestamp) && object.spec == oldObject.spec && "
    f"{_annotations('object')} == {_annotations('oldObject')}"
)
"""CEL: an update of an object that is being deleted, which changes nothing that a rule looks at."""

Rule = tuple[str, str]
"""A CEL expression, and what to say when it is false."""


def shared(plan: RegionPlan, cluster: ClusterPlan) -> Iterator[KubeObject]:
    """Admission policies that keep a cluster's tenants apart, with their bindings; none without tenants."""
    if not plan.tenants_of(cluster.name):
        return
    for name, body in ((PODS, _pods(cluster)), (SERVICES, _services()), (CLAIMS, _claims())):
        policy = make(API, "ValidatingAdmissionPolicy", name, spec=body)
        yield KubeObject(
            target=cluster.name, owner=ids.cluster(cluster.name), manifest=policy, after=_flux.ready_ids(cluster)
        )
        binding = make(API, "ValidatingAdmissionPolicyBinding", name, spec=_binding(name))
        yield KubeObject(
            target=cluster.name,
            owner=ids.cluster(cluster.name),
            manifest=binding,
            after=(object_id(cluster.name, policy),),
        )


def _binding(name: str) -> Manifest:
    return {"policyName": name, "validationActions": ["Deny", "Audit"], "matchResources": _tenants()}


def _tenants() -> Manifest:
    return {"namespaceSelector": {"matchExpressions": [{"key": labels.TENANT_NAMESPACE, "operator": "Exists"}]}}


def _policy(group: str, resources: list[str], variables: dict[str, str], rules: list[Rule]) -> Manifest:
    """A policy that fails closed. What is being deleted may always go: its finalizers are removed by updates.

    Only updates that leave the rest as it is pass unjudged: a deleted Service that a finalizer holds back is served on.
    """
    rule = {"apiGroups": [group], "apiVersions": ["*"], "operations": ["CREATE", "UPDATE"], "resources": resources}
    return {
        "failurePolicy": "Fail",
        "matchConstraints": {"resourceRules": [rule], **_tenants()},
        "matchConditions": [{"name": "not-only-going", "expression": f"!({_ONLY_GOING})"}],
        "variables": [{"name": name, "expression": expression} for name, expression in variables.items()],
        "validations": [{"expression": expression, "message": message} for expression, message in rules],
    }


def _pods(cluster: ClusterPlan) -> Manifest:
    return _policy("", ["pods"], _pod_variables(), [*_placement(), *_host(), *_devices(cluster), *_network(cluster)])


def _pod_variables() -> dict[str, str]:
    def mark(place: str, kind: str, key: str) -> str:
        present = f"has({place}.metadata.{kind}) && '{key}' in {place}.metadata.{kind}"
        return f"{present} ? {place}.metadata.{kind}['{key}'] : ''"

    return {
        "tenant": f"namespaceObject.metadata.labels['{labels.TENANT_NAMESPACE}']",
        "dedicated": f"({mark('namespaceObject', 'labels', labels.ISOLATION)}) == 'dedicated-nodes'",
        "queues": f"({mark('namespaceObject', 'annotations', QUEUES)}).split(',').filter(q, q != '')",
        "queued": (
            f"({mark('object', 'labels', _QUEUE)}) in variables.queues || "
            f"({mark('object', 'labels', _STARTED_BY)}) in variables.queues"
        ),
        "created": "request.operation == 'CREATE'",
        "tolerations": "has(object.spec.tolerations) ? object.spec.tolerations : []",
        "neighbours": " + ".join(_terms(kind) for kind in ("podAffinity", "podAntiAffinity")),
        "containers": ("object.spec.containers + (has(object.spec.initContainers) ? object.spec.initContainers : [])"),
        "networks": mark("object", "annotations", _NETWORKS),
        "networksBefore": f"request.operation == 'CREATE' ? '' : ({mark('oldObject', 'annotations', _NETWORKS)})",
    }


def _terms(kind: str) -> str:
    """CEL: what a pod says of pods that it is to be near to or apart from, whether it must or would like to."""
    place = f"object.spec.affinity.{kind}"
    must, like = (f"{place}.{how}DuringSchedulingIgnoredDuringExecution" for how in ("required", "preferred"))
    given = f"has(object.spec.affinity) && has({place})"
    return f"({given} && has({must}) ? {must} : []) + ({given} && has({like}) ? {like}.map(w, w.podAffinityTerm) : [])"


def _placement() -> Iterator[Rule]:
    """Where a pod runs, and what it may push aside."""
    yield (
        "variables.tolerations.all(t, has(t.key) && t.key != '')",
        "a toleration must name its key: one without tolerates the nodes of other tenants",
    )
    equal = "(!has(t.operator) || t.operator == 'Equal') && has(t.value) && t.value == variables.tenant"
    yield (
        f"variables.tolerations.all(t, !has(t.key) || t.key != '{labels.TENANT_TAINT_KEY}' || ({equal}))",
        "only the taint of the tenant's own nodes may be tolerated, by its exact value",
    )
    yield (
        "variables.tolerations.all(t, !has(t.key) || !t.key.startsWith('node-role.kubernetes.io/'))",
        "control-plane nodes are not a tenant's",
    )
    yield (
        "!variables.created || !has(object.spec.nodeName) || object.spec.nodeName == ''",
        "the scheduler chooses the node: leave nodeName out",
    )
    own = f"has(object.spec.nodeSelector) && '{labels.TENANT}' in object.spec.nodeSelector"
    yield (
        f"!variables.dedicated || variables.queued || "
        f"({own} && object.spec.nodeSelector['{labels.TENANT}'] == variables.tenant)",
        f"pods of a tenant with nodes of its own must name a queue or select its nodes: nodeSelector {labels.TENANT}",
    )
    # Required anti-affinity holds against pods that come later: one pod kept every other tenant's from every node.
    yield (
        "variables.neighbours.all(t, !has(t.namespaceSelector) && (!has(t.namespaces) || "
        "t.namespaces.all(n, n == namespaceObject.metadata.name)))",
        "affinity is among pods of the tenant's own namespace: leave namespaceSelector and other namespaces out",
    )
    yield (
        "!has(object.spec.priority) || object.spec.priority <= 0",
        "pod priorities evict pods of other tenants: leave priorityClassName out, order work by its queue",
    )


def _host() -> Iterator[Rule]:
    """What of its host a pod sees, and with which identity it speaks to the API server."""
    yield (
        "(!has(object.spec.hostNetwork) || !object.spec.hostNetwork) && "
        "(!has(object.spec.hostPID) || !object.spec.hostPID) && "
        "(!has(object.spec.hostIPC) || !object.spec.hostIPC)",
        "the host's network, processes and memory are not a tenant's",
    )
    yield (
        "!has(object.spec.volumes) || object.spec.volumes.all(v, !has(v.hostPath))",
        "the host's files are not a tenant's: use a storage class",
    )
    yield (
        "has(object.spec.automountServiceAccountToken) ? !object.spec.automountServiceAccountToken : "
        f"has(object.spec.serviceAccountName) && object.spec.serviceAccountName == '{WORKLOAD_ACCOUNT}'",
        f"no token is mounted: set serviceAccountName: {WORKLOAD_ACCOUNT}, or automountServiceAccountToken: false",
    )


def _devices(cluster: ClusterPlan) -> Iterator[Rule]:
    """GPUs come by a queue of the tenant, and by no other way."""
    asks = "c.resources.limits.exists(r, r.startsWith('nvidia.com/gpu') || r.startsWith('nvidia.com/mig-'))"
    yield (
        f"variables.queued || !variables.containers.exists(c, has(c.resources) && has(c.resources.limits) && {asks})",
        f"pods with GPUs must name a queue of the tenant: label {_QUEUE}",
    )
    kept = "has(object.spec.schedulingGates) && object.spec.schedulingGates.exists(n, n.name == g.name)"
    yield (
        f"variables.created || !has(oldObject.spec.schedulingGates) || '{_KUEUE}' in request.userInfo.groups || "
        f"oldObject.spec.schedulingGates.all(g, !g.name.startsWith('kueue.x-k8s.io/') || ({kept}))",
        "only Kueue opens its scheduling gates",
    )
    # The toolkit's runtimes hand out any device of the node that a container names; device plugins need neither.
    yield (
        "!has(object.spec.runtimeClassName) || !object.spec.runtimeClassName.startsWith('nvidia')",
        "GPUs are requested as nvidia.com/gpu: leave runtimeClassName out",
    )
    yield (
        "!has(object.metadata.annotations) || object.metadata.annotations.all(k, !k.startsWith('cdi.k8s.io/'))",
        "devices are requested as resources, not by cdi.k8s.io annotations",
    )
    if not cluster.system.rack_scale:
        yield (
            "!has(object.spec.resourceClaims) || object.spec.resourceClaims.size() == 0",
            f"compute domains exist on rack-scale systems only, and {cluster.system.name} is none: leave "
            "resourceClaims out",
        )


def _network(cluster: ClusterPlan) -> Iterator[Rule]:
    """Secondary networks: those of the tenant's namespace, and the rails that an Ethernet fabric's tenants share.

    The long form of the annotation is JSON, in which Go's decoder finds a namespace under any spelling of its key, and
    in which a pod may ask for another's address or GUID. ib-kubernetes writes it, tenants don't.
    """
    own = "n.trim().startsWith(variables.tenant + '/')"
    if cluster.fabric is not None and cluster.fabric.kind == "ethernet":
        own += f" || n.trim().startsWith('{fabric_network.RAILS_NAMESPACE}/')"
    short = (
        f"!variables.networks.matches('[\\\\[{{\"]') && variables.networks.split(',').all(n, !n.contains('/') || {own})"
    )
    yield (
        f"variables.networks == variables.networksBefore || request.userInfo.username == '{_IB_KUBERNETES}' || "
        f"({short})",
        f"only networks of the tenant's own namespace may be joined, by name: annotation {_NETWORKS}",
    )
    yield (
        f"!has(object.metadata.annotations) || !('{_DEFAULT_NETWORK}' in object.metadata.annotations)",
        "the cluster's network can't be replaced",
    )


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
