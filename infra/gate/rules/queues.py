"""Kueue's queues: flavours that find their nodes, and quotas that agree with those of the namespace."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from ...objects.base import Manifest
from .. import rule
from ..rule import Breach, Objects, ObjectView
from . import _manifests
from ._manifests import Place

_GPU = "nvidia.com/gpu"
_CONCEPTS = "https://kueue.sigs.k8s.io/docs/concepts"
_FACTORS = {"k": 1_000, "Ki": 1_024}


@rule.each_object(
    id="flavor-toleration", area="shape", severity="error", kinds={"ResourceFlavor"},
    reason="topology-aware scheduling counts only nodes that the flavour selects and tolerates: GPU nodes are tainted, "
    "and no workload of it is ever admitted",
    remedy="give the flavour the nodes' labels (nodeLabels) and tolerations for their taints",
    source=f"{_CONCEPTS}/topology_aware_scheduling/ and {_CONCEPTS}/resource_flavor/",
)  # fmt: skip
def flavor_toleration(view: ObjectView) -> Iterator[Breach]:
    """Kueue's flavours with a topology that say nothing of labels or taints."""
    if not view.spec.get("topologyName"):
        return
    if missing := [key for key in ("nodeLabels", "tolerations") if not view.spec.get(key)]:
        message = f"a flavour with a topology finds its nodes by itself: {view.name} has no {' and no '.join(missing)}"
        yield Breach(message=message)


@rule.each_object(
    id="queue-namespace", area="isolation", severity="error", kinds={"ClusterQueue"},
    reason="a cluster queue that is open to every namespace gives one tenant's GPUs to all who name it",
    remedy="select the namespaces that may use it, by kubernetes.io/metadata.name",
    source=f"{_CONCEPTS}/cluster_queue/ (namespace selector)",
)  # fmt: skip
def queue_namespace(view: ObjectView) -> Iterator[Breach]:
    """Kueue's cluster queues that any namespace may use."""
    selector = view.spec.get("namespaceSelector")
    if selector is not None and not any(selector.values()):
        yield Breach(
            message=f"a cluster queue is for some namespaces: {view.name} is for all (namespaceSelector: {{}})"
        )


@rule.object_set(
    id="queue-over-quota", area="capacity", severity="error",
    reason="Kueue starts what the namespace's quota then refuses: jobs hang half started and hold GPUs",
    remedy="make the queues' nominalQuota and borrowingLimit together no more than the ResourceQuota",
    source=f"{_CONCEPTS}/cluster_queue/ and https://kubernetes.io/docs/concepts/policy/resource-quotas/",
)  # fmt: skip
def queue_over_quota(views: Objects) -> Iterator[Breach]:
    """Namespaces whose queues admit more GPUs than their quota lets start."""
    queues = {(view.id.partition("/")[0], view.name): view for view in views.of_kind("ClusterQueue")}
    used: dict[Place, set[str]] = defaultdict(set)
    for view in views.of_kind("LocalQueue"):
        used[_manifests.place(view)].add(str(view.spec.get("clusterQueue") or ""))
    for view in views.of_kind("ResourceQuota"):
        place, given = _manifests.place(view), (view.spec.get("hard") or {}).get(f"requests.{_GPU}")
        named = [queues[place[0], name] for name in sorted(used[place]) if (place[0], name) in queues]
        if given is None or not named:
            continue
        admitted = [_admitted(queue.spec) for queue in named]
        if None in admitted or sum(count or 0 for count in admitted) > _count(given):
            many = "any number of" if None in admitted else f"{sum(count or 0 for count in admitted):,}"
            message = f"queues admit no more than the quota: those of {place[1]} admit {many} GPUs, it allows {given}"
            yield Breach(message=message, subject=view.id)


def _admitted(spec: Manifest) -> int | None:
    """GPUs that a cluster queue admits, with what it may borrow; None without a limit."""
    total = 0
    for group in spec.get("resourceGroups") or ():
        for flavour in group.get("flavors") or ():
            for resource in flavour.get("resources") or ():
                if resource.get("name") != _GPU:
                    continue
                if spec.get("cohortName") and resource.get("borrowingLimit") is None:
                    return None
                total += _count(resource.get("nominalQuota") or 0) + _count(resource.get("borrowingLimit") or 0)
    return total


def _count(quantity: str | int) -> int:
    """A whole quantity.

    >>> _count("2k"), _count("72")
    (2000, 72)
    """
    text = str(quantity)
    for suffix, factor in _FACTORS.items():
        if text.endswith(suffix):
            return int(text.removesuffix(suffix)) * factor
    return int(text)
