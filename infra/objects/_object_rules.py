"""Admission policies for what a tenant makes beside pods: services, claims, snapshots, secrets, tokens.

Each closes a way to what is others' or the platform's: addresses, volumes, devices, identities.
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
BUCKETS = "tenant-buckets.ai-factory.dev"
IDENTITIES = "tenant-identities.ai-factory.dev"
TOKENS = "tenant-tokens.ai-factory.dev"

MAX_TOKEN_SECONDS = 3600
"""Longest life of a token of a tenant's account: the API server's default for `kubectl create token`."""
_SERVICE_NOTES = (
    "kubectl.kubernetes.io", "meta.helm.sh", "helm.sh", "app.kubernetes.io", "argocd.argoproj.io",
    "kustomize.toolkit.fluxcd.io", "prometheus.io", "endpoints.kubernetes.io", "a8r.io", "backstage.io", "pulumi.com",
    "skaffold.dev",
)  # fmt: skip
"""Domains of annotations that a Service may have: those of tools. Others steer load balancers: an annotation asks for
an address, shares another's, or opens a service to the cluster mesh."""
_SERVICE_NOTE_KEYS = ("service.kubernetes.io/topology-mode", "service.kubernetes.io/topology-aware-hints")
"""Annotations of a domain that clouds steer load balancers by as well."""
_BUCKET_SETTINGS = ("maxObjects", "maxSize")
"""Settings of a bucket that limit it."""
_SELECTED_NODE = "volume.kubernetes.io/selected-node"
_OLD_CLASS = "volume.beta.kubernetes.io/storage-class"


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
        BUCKETS: _admission.policy({"objectbucket.io": ["objectbucketclaims"]}, [_buckets()]),
        IDENTITIES: _admission.policy({"": ["secrets"]}, _secrets()),
        TOKENS: _admission.policy({"": ["serviceaccounts/token"]}, _tokens()),
    }
    yield from _admission.declared(cluster, bodies)


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
    harmless = f"k.split('/')[0] in {list(_SERVICE_NOTES)} || k in {list(_SERVICE_NOTE_KEYS)}"
    yield (
        f"{_admission.notes_of('object')}.all(k, !k.contains('/') || {harmless})",
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
    # Controllers make claims from what a tenant writes elsewhere, such as a stateful set's volumeClaimTemplates.
    binding = "request.operation == 'UPDATE' && (variables.byPlatform || {0})"
    bound = binding.format("object.spec.?volumeName == oldObject.?spec.?volumeName")
    yield (
        f"object.spec.?volumeName.orValue('') == '' || ({bound})",
        "volumes are made for their claim: leave volumeName out",
    )
    yield ("!has(object.spec.selector)", "volumes are made for their claim: leave selector out")
    node = mark("object", "annotations", _SELECTED_NODE)
    chosen = binding.format(f"{node} == {mark('oldObject', 'annotations', _SELECTED_NODE)}")
    yield (f"{node} == '' || ({chosen})", f"the scheduler chooses the node: leave {_SELECTED_NODE} out")
    # Kubernetes takes it before the field (component-helpers, GetPersistentVolumeClaimClass), and rules read the field.
    yield (
        f"!('{_OLD_CLASS}' in {_admission.notes_of('object')})",
        f"write storageClassName in place of the annotation {_OLD_CLASS}",
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


def _buckets() -> Rule:
    """Rook can give a bucket another owner and policy (v1.20, object bucket claim), which are other tenants' then."""
    return (
        f"object.spec.?additionalConfig.orValue({{}}).all(k, k in {list(_BUCKET_SETTINGS)})",
        f"a bucket is its claim's own; additionalConfig holds {' and '.join(_BUCKET_SETTINGS)}",
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
