"""What a tenant's people and pipelines may do in its namespace, and what every tenant may read of the cluster."""

from __future__ import annotations

from collections.abc import Iterator

from ..plan.model import ClusterPlan, RegionPlan, TenantPlan
from . import _charts, _flux, ids
from .base import KubeObject, Manifest, make
from .ids import Subject, object_id

CI_ACCOUNT = "ci"
"""Account of a tenant's pipelines: it has the tenant's rights, and tokens of an hour (`kubectl create token ci`)."""
READERS = "ai-factory:names"
"""Cluster role that reads the cluster-scoped names which tenants have to write."""

Resources = tuple[tuple[str, tuple[str, ...]], ...]
"""Resources by API group."""

_API = "rbac.authorization.k8s.io"
_READ = ["get", "list", "watch"]
_ALL = [*_READ, "create", "update", "patch", "delete", "deletecollection"]

_WORK: Resources = (
    ("", ("pods", "services", "configmaps", "secrets", "persistentvolumeclaims", "serviceaccounts")),
    ("apps", ("deployments", "statefulsets", "replicasets")),
    ("batch", ("jobs", "cronjobs")),
    ("autoscaling", ("horizontalpodautoscalers",)),
    ("policy", ("poddisruptionbudgets",)),
)
_WORK_OF_CHART: dict[str, Resources] = {
    # The trainer's chart brings JobSet too.
    "kubeflow-trainer": (
        ("trainer.kubeflow.org", ("trainjobs", "trainingruntimes")), ("jobset.x-k8s.io", ("jobsets",)),
    ),
    "lws": (("leaderworkerset.x-k8s.io", ("leaderworkersets",)),),
    "rook-ceph": (("objectbucket.io", ("objectbucketclaims",)),),
    "snapshot-controller": (("snapshot.storage.k8s.io", ("volumesnapshots",)),),
    # Claims for compute domains are made by their controller; one made by hand could name another tenant's domain.
    "nvidia-dra-driver-gpu": (("resource.nvidia.com", ("computedomains",)),),
}  # fmt: skip
"""Kinds of the platform that are for tenants, by the chart that brings them."""
_ACTS: Resources = (
    ("", ("pods/exec", "pods/attach", "pods/portforward", "pods/eviction")),
)  # fmt: skip
"""What is done to a running pod; clients ask for it by `create` and, since WebSockets, by `get`."""
_CHANGES: Resources = (
    ("", ("pods/ephemeralcontainers",)),
    ("apps", ("deployments/scale", "statefulsets/scale", "replicasets/scale")),
)
_CHANGES_OF_CHART: dict[str, Resources] = {
    "lws": (("leaderworkerset.x-k8s.io", ("leaderworkersets/scale",)),),
}
_SEEN: Resources = (
    ("", ("pods/log", "pods/status", "events", "endpoints", "resourcequotas", "limitranges", "namespaces")),
    ("events.k8s.io", ("events",)),
    ("discovery.k8s.io", ("endpointslices",)),
    ("apps", ("controllerrevisions", "deployments/status", "statefulsets/status", "replicasets/status")),
    ("batch", ("jobs/status", "cronjobs/status")),
    ("networking.k8s.io", ("networkpolicies",)),
    (_API, ("roles", "rolebindings")),
    ("kueue.x-k8s.io", ("localqueues", "workloads")),
    ("resource.k8s.io", ("resourceclaims", "resourceclaimtemplates")),
    ("k8s.cni.cncf.io", ("network-attachment-definitions",)),
)
_NAMES: Resources = (
    ("storage.k8s.io", ("storageclasses",)),
    ("snapshot.storage.k8s.io", ("volumesnapshotclasses",)),
    ("scheduling.k8s.io", ("priorityclasses",)),
    ("resource.k8s.io", ("deviceclasses",)),
    ("kueue.x-k8s.io", ("topologies", "workloadpriorityclasses")),
    ("trainer.kubeflow.org", ("clustertrainingruntimes",)),
)


def work(plan: RegionPlan, cluster: ClusterPlan) -> Resources:
    """Kinds that a tenant of a cluster may make, by API group: Kubernetes' own and those that its platform installs.

    Args:
        plan: the region.
        cluster: one of its clusters.
    """
    return (*_WORK, *_installed(plan, cluster, _WORK_OF_CHART))


def _installed(plan: RegionPlan, cluster: ClusterPlan, of_chart: dict[str, Resources]) -> Resources:
    chosen = [chart.id for chart in _charts.of_cluster(plan, cluster)]
    return tuple(part for chart in chosen for part in of_chart.get(chart, ()))


def manifests(plan: RegionPlan, cluster: ClusterPlan, tenant: TenantPlan) -> Iterator[Manifest]:
    """Role, binding and accounts of a tenant's namespace: work, but neither quota nor policy nor rights.

    Args:
        plan: the region.
        cluster: the tenant's cluster.
        tenant: the tenant.
    """
    rules = [
        *_rules(work(plan, cluster), _ALL),
        *_rules(_ACTS, ["get", "create"]),
        *_rules((*_CHANGES, *_installed(plan, cluster, _CHANGES_OF_CHART)), ["get", "update", "patch"]),
        *_rules(_SEEN, _READ),
        {
            "apiGroups": [""], "resources": ["serviceaccounts/token"], "resourceNames": [CI_ACCOUNT],
            "verbs": ["create"],
        },
    ]  # fmt: skip
    yield make(f"{_API}/v1", "Role", "tenant", tenant.name, rules=rules)
    role = {"apiGroup": _API, "kind": "Role", "name": "tenant"}
    yield make(f"{_API}/v1", "RoleBinding", "tenant", tenant.name, roleRef=role, subjects=_subjects(tenant))
    # Stock manifests name no account: the namespace's own one has no rights, and mounts no token.
    for account in ("default", CI_ACCOUNT):
        yield make("v1", "ServiceAccount", account, tenant.name, automountServiceAccountToken=False)


def shared(plan: RegionPlan, cluster: ClusterPlan) -> Iterator[KubeObject]:
    """Reading the names that tenants have to write: storage, priority and device classes, topologies, runtimes.

    None of them names a tenant.
    """
    if plan.tenants_of(cluster.name):
        yield _on(cluster, ids.cluster(cluster.name), _readers(), *_flux.ready_ids(cluster))


def reading(cluster: ClusterPlan, tenant: TenantPlan) -> KubeObject:
    """A tenant's part in reading those names.

    Args:
        cluster: the tenant's cluster.
        tenant: the tenant.
    """
    named = {"apiGroup": _API, "kind": "ClusterRole", "name": READERS}
    name = f"{READERS}:{tenant.name}"
    binding = make(f"{_API}/v1", "ClusterRoleBinding", name, roleRef=named, subjects=_subjects(tenant))
    return _on(cluster, ids.tenant(tenant.name), binding, object_id(cluster.name, _readers()))


def _readers() -> Manifest:
    return make(f"{_API}/v1", "ClusterRole", READERS, rules=list(_rules(_NAMES, _READ)))


def _subjects(tenant: TenantPlan) -> list[Manifest]:
    """The tenant's people and its pipeline."""
    people = [{"kind": "Group", "apiGroup": _API, "name": group} for group in tenant.groups]
    return [*people, {"kind": "ServiceAccount", "name": CI_ACCOUNT, "namespace": tenant.name}]


def _on(cluster: ClusterPlan, owner: Subject, manifest: Manifest, *after: str) -> KubeObject:
    return KubeObject(target=cluster.name, owner=owner, manifest=manifest, after=after)


def _rules(resources: Resources, verbs: list[str]) -> Iterator[Manifest]:
    for group, names in resources:
        yield {"apiGroups": [group], "resources": list(names), "verbs": list(verbs)}
