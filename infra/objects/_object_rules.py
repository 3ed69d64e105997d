"""Admission policies for what a tenant makes beside pods: services, claims, snapshots, secrets, tokens, jobs.

Each closes a way to what is others' or the platform's: addresses, volumes, devices, identities, or the queue.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..plan.model import ClusterPlan, RegionPlan
from . import _admission
from ._admission import Rule, mark
from .base import KubeObject, Manifest

SERVICES = "tenant-services.ai-factory.dev"
CLAIMS = "tenant-claims.ai-factory.dev"
VOLUMES = "tenant-volumes.ai-factory.dev"
SNAPSHOTS = "tenant-snapshots.ai-factory.dev"
IDENTITIES = "tenant-identities.ai-factory.dev"
TOKENS = "tenant-tokens.ai-factory.dev"
OWNED = "tenant-owners.ai-factory.dev"
STARTED = "tenant-jobs.ai-factory.dev"

MAX_TOKEN_SECONDS = 3600
"""Longest life of a token of a tenant's account: the API server's default for `kubectl create token`."""
_SERVICE_NOTES = (
    "kubectl.kubernetes.io", "meta.helm.sh", "app.kubernetes.io", "service.kubernetes.io", "argocd.argoproj.io",
    "kustomize.toolkit.fluxcd.io", "prometheus.io", "endpoints.kubernetes.io",
)  # fmt: skip
"""Domains of annotations that a Service may have: those of tools. Others steer load balancers: an annotation asks for
an address, shares another's, or opens a service to the cluster mesh."""
_SELECTED_NODE = "volume.kubernetes.io/selected-node"
_STARTABLE = {
    "batch": ("jobs",),
    "jobset.x-k8s.io": ("jobsets",),
    "trainer.kubeflow.org": ("trainjobs",),
}
"""Kinds that Kueue holds back by `spec.suspend`."""
_OWNABLE = {
    **_STARTABLE,
    "apps": ("deployments", "replicasets", "statefulsets"),
    "leaderworkerset.x-k8s.io": ("leaderworkersets",),
}
"""Kinds that Kueue leaves alone if their controller is its own to manage."""


def _controllers_of(of: str) -> str:
    return f"{of}.metadata.?ownerReferences.orValue([]).filter(o, o.?controller.orValue(false))"


OWNERS: Rule = (
    f"variables.byPlatform || {_controllers_of('object')} == "
    f"(request.operation == 'CREATE' ? [] : {_controllers_of('oldObject')})",
    "controllers name themselves as owner: leave ownerReferences with controller: true out",
)
"""Kueue leaves alone what a workload of its own owns: an owner written by hand goes around the queue."""


def shared(plan: RegionPlan, cluster: ClusterPlan, platform: str) -> Iterator[KubeObject]:
    """Policies and bindings for all tenants of a cluster.

    Args:
        plan: the region.
        cluster: one of its clusters.
        platform: CEL: whether a controller of the platform asks, see `_admission.by_platform`.
    """
    asked = {"byPlatform": platform}
    bodies = {
        SERVICES: _admission.policy({"": ["services"]}, _services()),
        CLAIMS: _claims(),
        VOLUMES: _admission.policy({"": ["persistentvolumeclaims"]}, _volumes(plan, cluster), asked),
        SNAPSHOTS: _admission.policy({"snapshot.storage.k8s.io": ["volumesnapshots"]}, _snapshots()),
        IDENTITIES: _admission.policy({"": ["secrets"]}, _secrets()),
        TOKENS: _admission.policy({"": ["serviceaccounts/token"]}, _tokens()),
        OWNED: _admission.policy(_OWNABLE, [OWNERS], asked),
        STARTED: _admission.policy(_STARTABLE, [_started()], asked),
    }
    for name, body in bodies.items():
        yield from _admission.declared(cluster, name, body)


def _services() -> Iterator[Rule]:
    yield (
        "object.spec.?externalIPs.orValue([]).size() == 0",
        "externalIPs take over other tenants' traffic (CVE-2020-8554): use type LoadBalancer",
    )
    yield (
        "!has(object.spec.type) || object.spec.type in ['ClusterIP', 'LoadBalancer']",
        "NodePort opens a port on every tenant's nodes; ExternalName leads around network policies: use LoadBalancer "
        "or ClusterIP",
    )
    balanced = "object.spec.?type.orValue('') == 'LoadBalancer'"
    yield (
        f"!({balanced}) || !object.spec.?allocateLoadBalancerNodePorts.orValue(true)",
        "a load balancer needs no port on every node: set allocateLoadBalancerNodePorts: false",
    )
    yield (
        "object.spec.?loadBalancerIP.orValue('') == '' && object.spec.?loadBalancerClass.orValue('') == ''",
        "the cluster chooses addresses and load balancer: leave loadBalancerIP and loadBalancerClass out",
    )
    allowed = ", ".join(f"'{domain}'" for domain in _SERVICE_NOTES)
    yield (
        f"{_admission.notes_of('object')}.all(k, !k.contains('/') || k.split('/')[0] in [{allowed}])",
        f"annotations that steer load balancers are not a tenant's; allowed domains: {', '.join(_SERVICE_NOTES)}",
    )


def _claims() -> Manifest:
    """Device claims: administrative access sees the devices of others."""
    requests = "{0}.?devices.?requests.orValue([]).all(r, !r.?exactly.?adminAccess.orValue(false))"
    body = "object.kind == 'ResourceClaimTemplate' ? (%s) : (%s)"
    expression = body % (requests.format("object.spec.spec"), requests.format("object.spec"))
    rules = [(expression, "administrative access to devices is not a tenant's: leave adminAccess out")]
    return _admission.policy({"resource.k8s.io": ["resourceclaims", "resourceclaimtemplates"]}, rules)


def _volumes(plan: RegionPlan, cluster: ClusterPlan) -> Iterator[Rule]:
    """Claims get volumes made for them: not others' volumes, snapshots or blocks."""
    yield (
        "object.spec.?dataSourceRef.?namespace.orValue(object.metadata.namespace) == object.metadata.namespace",
        "data of another namespace can't be copied: leave dataSourceRef.namespace out",
    )
    bound = "request.operation == 'UPDATE' && object.spec.?volumeName == oldObject.?spec.?volumeName"
    yield (
        f"variables.byPlatform || object.spec.?volumeName.orValue('') == '' || ({bound})",
        "volumes are made for their claim: leave volumeName out",
    )
    yield ("!has(object.spec.selector)", "volumes are made for their claim: leave selector out")
    before = f"request.operation == 'CREATE' ? '' : {mark('oldObject', 'annotations', _SELECTED_NODE)}"
    yield (
        f"variables.byPlatform || {mark('object', 'annotations', _SELECTED_NODE)} == ({before})",
        f"the scheduler chooses the node: leave {_SELECTED_NODE} out",
    )
    raw = ", ".join(f"'{name}'" for name in _raw_classes(plan, cluster))
    blocks = "object.spec.?volumeMode.orValue('Filesystem') == 'Block'"
    yield (
        f"!({blocks}) || object.spec.?storageClassName.orValue('') in [{raw}]",
        "blocks of a local drive may hold another tenant's data: volumeMode Block needs a storage class of a storage "
        "system",
    )


def _raw_classes(plan: RegionPlan, cluster: ClusterPlan) -> list[str]:
    """Classes whose fresh volumes read as zeros: Ceph's images are sparse. A thick local volume keeps what it held."""
    used = (storage for storage in plan.storage if cluster.name in storage.clusters)
    return sorted(s.name for s in used if s.spec.driver == "rook-ceph" and s.spec.tier == "block")


def _snapshots() -> Iterator[Rule]:
    yield (
        "!has(object.spec.source.volumeSnapshotContentName)",
        "snapshots are taken of a claim: use source.persistentVolumeClaimName in place of volumeSnapshotContentName",
    )


def _secrets() -> Iterator[Rule]:
    yield (
        "object.?type.orValue('Opaque') != 'kubernetes.io/service-account-token'",
        "a token in a Secret never ends: use kubectl create token ci",
    )


def _tokens() -> Iterator[Rule]:
    yield (
        f"object.spec.?expirationSeconds.orValue({MAX_TOKEN_SECONDS}) <= {MAX_TOKEN_SECONDS}",
        f"tokens last {MAX_TOKEN_SECONDS} s at most: ask for a new one in each run of a pipeline",
    )


def _started() -> Rule:
    return (
        "request.operation == 'CREATE' || variables.byPlatform || !oldObject.spec.?suspend.orValue(false) || "
        "object.spec.?suspend.orValue(false)",
        "Kueue starts jobs when there is room: leave suspend as it is",
    )
