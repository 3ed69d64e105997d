"""Admission rules for how long what a tenant deletes may stay: grace periods of pods, and finalizers.

A pod that takes its time keeps its GPUs from whoever Kueue evicts it for, holds up a drain, and stays on when power is
shed. A finalizer keeps an object, its namespace and whoever waits for it, for ever; without one, what a controller made
elsewhere for the object stays there, and no quota counts it.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..plan.model import ClusterPlan, RegionPlan
from . import _admission, _tenant_rights
from ._admission import Rule
from .base import KubeObject

DELETIONS = "tenant-deletions.ai-factory.dev"
EVICTIONS = "tenant-evictions.ai-factory.dev"
FINALIZERS = "tenant-finalizers.ai-factory.dev"

MAX_GRACE_SECONDS = 1800
"""Longest time that a pod may take to stop: as long as a drain waits (`nodeDrainTimeoutSeconds` of machines)."""
_AT_BIRTH = {"PersistentVolumeClaim": "kubernetes.io/pvc-protection", "Pod": "kueue.x-k8s.io/managed"}
"""By kind: the finalizer that the API server or Kueue's webhook sets when it is made, in its author's request."""
_OF_JOBS = "batch.kubernetes.io/job-tracking"
"""Finalizer of pods that the controller of jobs counts them by."""

_SKIPS = "^cluster[.]x-k8s[.]io/drain$|^nvidia[.]com/.*-drain[.]skip$"
"""Labels of pods that Cluster API (`PodDrainLabel`) and NVIDIA's operators (k8s-operator-libs, pkg/upgrade) leave them
out of drains for."""


def _within(field: str, path: str) -> Rule:
    words = f"pods stop within {MAX_GRACE_SECONDS} s, or they hold up drains and keep GPUs: a shorter {path}"
    return f"{field}.orValue(0) <= {MAX_GRACE_SECONDS}", words


GRACE: Rule = _within("object.spec.?terminationGracePeriodSeconds", "terminationGracePeriodSeconds")
"""Of a pod, by what it says itself."""


DRAINED: Rule = (
    f"object.metadata.?labels.orValue({{}}).all(k, !k.matches('{_SKIPS}'))",
    "no pod is left out of drains and upgrades of drivers: leave cluster.x-k8s.io/drain and nvidia.com/..-drain.skip "
    "out of labels",
)
"""Of a pod: what stays on a node keeps a driver in use, or is cut off when the node goes."""


def shared(plan: RegionPlan, cluster: ClusterPlan, platform: str) -> Iterator[KubeObject]:
    """Policies and bindings for all tenants of a cluster.

    Args:
        plan: the region.
        cluster: one of its clusters.
        platform: CEL: whether a controller of the platform asks, see `_admission.by_platform`.
    """
    deleted = _within("request.options.?gracePeriodSeconds", "grace period (kubectl delete --grace-period)")
    evicted = _within("object.?deleteOptions.?gracePeriodSeconds", "deleteOptions.gracePeriodSeconds")
    kinds: dict[str, list[str]] = {}
    for group, names in _tenant_rights.work(plan, cluster):
        kinds.setdefault(group, []).extend(names)
    bodies = {
        DELETIONS: _admission.policy({"": ["pods"]}, [deleted], operations=["DELETE"], going=True),
        EVICTIONS: _admission.policy({"": ["pods/eviction"]}, [evicted], going=True),
        FINALIZERS: _admission.policy(kinds, [_finalizers()], {"byPlatform": platform, **_FOUND}, going=True),
    }
    yield from _admission.declared(cluster, bodies)


_FOUND = {
    "finalizers": "object.metadata.?finalizers.orValue([])",
    "finalizersBefore": "request.operation == 'CREATE' ? [] : oldObject.metadata.?finalizers.orValue([])",
    **_admission.MAY_CLEAN,
}


def _finalizers() -> Rule:
    """Pods and claims that controllers make of a tenant's template come with its finalizers, in the platform's name."""
    born = " || ".join(f"(object.kind == '{kind}' && f == '{name}')" for kind, name in _AT_BIRTH.items())
    counted = f"(variables.byPlatform && object.kind == 'Pod' && f == '{_OF_JOBS}')"
    of_template = f"request.operation == 'CREATE' && object.kind in {list(_AT_BIRTH)}"
    return (
        f"variables.finalizers.all(f, {born} || {counted}) && request.operation == 'CREATE' || "
        f"variables.finalizers == variables.finalizersBefore || variables.mayClean || "
        f"(variables.byPlatform && !({of_template}))",
        "finalizers are their controllers' to set and to remove: leave metadata.finalizers as it is",
    )
