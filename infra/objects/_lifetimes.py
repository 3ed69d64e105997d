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
_AT_BIRTH = ("kubernetes.io/pvc-protection", "kueue.x-k8s.io/managed")
"""Finalizers that the API server and Kueue's webhook set when a claim or a pod is made, in its author's request."""


def _within(field: str, path: str) -> Rule:
    words = f"pods stop within {MAX_GRACE_SECONDS} s, or they hold up drains and keep GPUs: a shorter {path}"
    return f"{field}.orValue(0) <= {MAX_GRACE_SECONDS}", words


GRACE: Rule = _within("object.spec.?terminationGracePeriodSeconds", "terminationGracePeriodSeconds")
"""Of a pod, by what it says itself."""


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
    for name, body in bodies.items():
        yield from _admission.declared(cluster, name, body)


_FOUND = {
    "finalizers": "object.metadata.?finalizers.orValue([])",
    "finalizersBefore": "request.operation == 'CREATE' ? [] : oldObject.metadata.?finalizers.orValue([])",
    # Whoever may delete the namespace answers for what stays behind.
    "mayClean": "authorizer.group('').resource('namespaces').name(request.namespace).check('delete').allowed()",
}


def _finalizers() -> Rule:
    return (
        "variables.byPlatform || variables.finalizers == variables.finalizersBefore || "
        f"(request.operation == 'CREATE' && variables.finalizers.all(f, f in {list(_AT_BIRTH)})) || "
        "variables.mayClean",
        "finalizers are their controllers' to set and to remove: leave metadata.finalizers as it is",
    )
