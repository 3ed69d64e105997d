"""Admission rules that keep tenants in Kueue's queues: who queues, who starts, whose workload a pod is part of.

Kueue tells all that by labels, annotations and owners. What it and the controllers of jobs write is theirs, on pods and
in the templates from which the platform's controllers make pods: those pods come in the platform's name.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..plan.model import ClusterPlan
from . import _admission
from ._admission import Rule, mark
from .base import LABEL, KubeObject

OWNED = "tenant-owners.ai-factory.dev"
STARTED = "tenant-jobs.ai-factory.dev"
TEMPLATES = "tenant-templates.ai-factory.dev"
PRIORITIES = "tenant-priorities.ai-factory.dev"
ORPHANS = "tenant-orphans.ai-factory.dev"

QUEUES = f"{LABEL}/queues"
"""Annotation of a tenant's namespace: names of its local queues, comma-separated; policies read it."""

_KUEUE_MARKS = "kueue.x-k8s.io"
_QUEUE = f"{_KUEUE_MARKS}/queue-name"
_STARTED_BY = f"{_KUEUE_MARKS}/local-queue-name"
"""Label that Kueue sets on the pods of a job that it starts; jobs carry the other label themselves."""
_BY_PARENT = f"{_KUEUE_MARKS}/pod-suspending-parent"
"""Annotation that Kueue's webhook writes in the templates of stateful sets and the like, which gates their pods."""
_KUEUES_OWN = {
    "labels": (f"{_KUEUE_MARKS}/podset", f"{_KUEUE_MARKS}/cluster-queue-name"),
    "annotations": (f"{_KUEUE_MARKS}/workload", f"{_KUEUE_MARKS}/workload-slice-name", _BY_PARENT),
}
"""What Kueue and the controllers of jobs write on pods, and nobody else: by it Kueue tells whose workload a pod is part
of (Kueue v0.19, pkg/constants, apis/kueue/v1beta2 and pkg/controller/jobs/pod/constants)."""
_KUEUE = "system:serviceaccounts:kueue-system"
_JOBS = ("system:serviceaccount:kube-system:job-controller", _admission.CONTROLLER_MANAGER)
_FREE: tuple[str, ...] = ()
"""Extended resources that pods may ask for without a queue; there are none."""
_MANAGED = f"{_KUEUE_MARKS}/managed"
"""Label of pods that Kueue's webhook sets when they are made; its controller looks away from those without."""
_PRIORITY = f"{_KUEUE_MARKS}/priority-class"
_IN_TEMPLATES = {
    _STARTED_BY: "labels",
    **{key: kind for kind, keys in _KUEUES_OWN.items() for key in keys if key != _BY_PARENT},
}
"""What neither a tenant nor Kueue's webhook writes in a template, with its kind."""
_OWN_NAMES = ", ".join(key for keys in _KUEUES_OWN.values() for key in keys)
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
_TEMPLATED = {
    "apps": ("deployments", "replicasets", "statefulsets"),
    "batch": ("jobs", "cronjobs"),
    "jobset.x-k8s.io": ("jobsets",),
    "trainer.kubeflow.org": ("trainingruntimes",),
    "leaderworkerset.x-k8s.io": ("leaderworkersets",),
}
"""Kinds with templates of pods; training jobs name a runtime's."""


def _controllers_of(of: str) -> str:
    # `kubectl create job --from=cronjob/..` names one, and Kueue manages none.
    cron = "o.kind == 'CronJob' && o.apiVersion.startsWith('batch/')"
    return f"{of}.metadata.?ownerReferences.orValue([]).filter(o, o.?controller.orValue(false) && !({cron}))"


OWNERS: Rule = (
    f"variables.byPlatform || {_controllers_of('object')} == "
    f"(request.operation == 'CREATE' ? [] : {_controllers_of('oldObject')})",
    "controllers name themselves as owner: leave ownerReferences with controller: true out",
)
"""Kueue leaves alone what a workload of its own owns: an owner written by hand goes around the queue."""
VARIABLES = {
    "queues": f"{mark('namespaceObject', 'annotations', QUEUES)}.split(',').filter(q, q != '')",
    "queued": (
        f"{mark('object', 'labels', _QUEUE)} in variables.queues || "
        f"{mark('object', 'labels', _STARTED_BY)} in variables.queues"
    ),
}
"""CEL by name that the rules of pods use."""


def shared(cluster: ClusterPlan, platform: str) -> Iterator[KubeObject]:
    """Policies and bindings for all tenants of a cluster, for what controllers make pods of.

    Args:
        cluster: the cluster.
        platform: CEL: whether a controller of the platform asks, see `_admission.by_platform`.
    """
    asked = {"byPlatform": platform}
    queues = {"queues": VARIABLES["queues"]}
    bodies = {
        OWNED: _admission.policy(_OWNABLE, [OWNERS, _of_controllers(), _adopted()], asked),
        STARTED: _admission.policy(_STARTABLE, [_started()], asked),
        TEMPLATES: _admission.policy(_TEMPLATED, [_unmarked()], asked | _templates()),
        ORPHANS: _admission.policy(
            _OWNABLE, [_orphaned()], asked | _admission.MAY_CLEAN, operations=["DELETE"], going=True
        ),
        PRIORITIES: _admission.policy({"": ("pods",), **_OWNABLE}, [_priority()], queues),
    }
    yield from _admission.declared(cluster, bodies)


def pods() -> Iterator[Rule]:
    """Rules of pods."""
    yield from _queueing()
    yield from _controllers()


def _queueing() -> Iterator[Rule]:
    """What nodes have few of (GPUs, rails and all other extended resources) comes by a queue of the tenant."""
    free = f" && !(r in {list(_FREE)})" if _FREE else ""
    yield (
        "variables.queued || !variables.containers.exists(c, c.?resources.?limits.orValue({})"
        f".exists(r, r.contains('/') && !r.startsWith('kubernetes.io/'){free}))",
        f"pods with GPUs, rails or other devices must name a queue of the tenant: label {_QUEUE}",
    )
    kept = "object.spec.?schedulingGates.orValue([]).exists(n, n.name == g.name)"
    yield (
        f"variables.created || '{_KUEUE}' in request.userInfo.?groups.orValue([]) || "
        f"oldObject.spec.?schedulingGates.orValue([]).all(g, !g.name.startsWith('{_KUEUE_MARKS}/') || {kept})",
        "only Kueue opens its scheduling gates",
    )


def _controllers() -> Iterator[Rule]:
    """What tells Kueue that a pod is part of a workload which it has started, so that it lets the pod run.

    Kueue leaves a pod alone whose controller it manages (v0.19, FindAncestorJobManagedByKueue): an owner written by
    hand would take a pod around every queue.
    """
    before = (
        f"!variables.created && {mark('object', 'labels', _STARTED_BY)} == {mark('oldObject', 'labels', _STARTED_BY)}"
    )
    starters = ", ".join(f"'{name}'" for name in _JOBS)
    yield (
        f"{mark('object', 'labels', _STARTED_BY)} == '' || {before} || request.userInfo.username in [{starters}] || "
        f"'{_KUEUE}' in request.userInfo.?groups.orValue([])",
        f"{_STARTED_BY} is Kueue's to set: name a queue by {_QUEUE}",
    )
    same = " && ".join(
        f"{mark('object', kind, key)} == (variables.created ? '' : {mark('oldObject', kind, key)})"
        for kind, keys in _KUEUES_OWN.items()
        for key in keys
    )
    yield (f"variables.byPlatform || ({same})", f"set by Kueue and the controllers of jobs, leave out: {_OWN_NAMES}")
    yield (
        f"variables.created || variables.byPlatform || {mark('object', 'labels', _MANAGED)} == "
        f"{mark('oldObject', 'labels', _MANAGED)}",
        f"Kueue manages what has the label {_MANAGED}: leave it as it is",
    )
    yield OWNERS
    # A controller lets go of a pod whose labels it doesn't know, and makes another: one would run beside the queue.
    yield (
        f"variables.created || variables.byPlatform || {_controllers_of('oldObject')} == [] || "
        "oldObject.metadata.?labels.orValue({}).all(k, "
        "object.metadata.?labels[?k] == optional.of(oldObject.metadata.labels[k]))",
        "labels tell a controller which pods are its own: add labels, and leave those that are there as they are",
    )


def _of_controllers() -> Rule:
    """Kueue looks at the top of a chain of owners: a replica set without the annotation that gates its pods, or a
    job set's job with more pods, would run beside every queue.
    """
    return (
        f"variables.byPlatform || request.operation == 'CREATE' || {_controllers_of('oldObject')} == [] || "
        "object.spec == oldObject.spec",
        "a controller made this and manages it: change its owner's spec in place of its own",
    )


def _adopted() -> Rule:
    """The same by a replica set that a deployment with its labels takes for its own."""
    template = "object.spec.template.?metadata"
    return (
        f"object.kind != 'ReplicaSet' || request.operation == 'CREATE' || {_controllers_of('object')} == [] || "
        f"{_controllers_of('oldObject')} != [] || {template}.?annotations[?'{_BY_PARENT}'].orValue('') != ''",
        "no deployment takes over a replica set that Kueue has not seen: write a Deployment in its place",
    )


def _orphaned() -> Rule:
    """Kueue gives up a workload whose owner goes, and looks away from pods that it leaves: they would keep their GPUs
    through every eviction. A Job that is deleted without a word leaves them too (batch/v1, jobStrategy).
    """
    unsaid = "request.kind.kind == 'Job' ? 'Orphan' : 'Background'"
    return (
        f"variables.byPlatform || variables.mayClean || (request.options.?propagationPolicy.orValue({unsaid}) != "
        "'Orphan' && !request.options.?orphanDependents.orValue(false))",
        "pods that stay behind would run beside the queue: delete with propagationPolicy Background or Foreground "
        "(kubectl delete does), not with --cascade=orphan",
    )


def _started() -> Rule:
    return (
        "request.operation == 'CREATE' || variables.byPlatform || !oldObject.spec.?suspend.orValue(false) || "
        "object.spec.?suspend.orValue(false)",
        "Kueue starts jobs when there is room: leave suspend as it is",
    )


def _templates() -> dict[str, str]:
    """CEL: Kueue's own marks in all templates of pods of an object, as it is and as it was."""
    keys = [f"t.?metadata.?{kind}[?'{key}'].orValue('')" for key, kind in _IN_TEMPLATES.items()]
    joined = " + '|' + ".join(keys)
    return {
        "marks": f"{_pod_templates('object')}.map(t, {joined})",
        "marksBefore": f"request.operation == 'CREATE' ? [] : {_pod_templates('oldObject')}.map(t, {joined})",
        "none": repr("|" * (len(keys) - 1)),
    }


def _pod_templates(of: str) -> str:
    jobs = "map(r, r.?template.?spec.?template.orValue({}))"
    leaders = f"[{of}.spec.?leaderWorkerTemplate.?leaderTemplate, {of}.spec.?leaderWorkerTemplate.?workerTemplate]"
    return (
        f"({of}.kind == 'CronJob' ? [{of}.spec.jobTemplate.spec.template] : "
        f"{of}.kind == 'JobSet' ? {of}.spec.?replicatedJobs.orValue([]).{jobs} : "
        f"{of}.kind == 'TrainingRuntime' ? {of}.spec.template.?spec.?replicatedJobs.orValue([]).{jobs} : "
        f"{of}.kind == 'LeaderWorkerSet' ? {leaders}.map(t, t.orValue({{}})) : [{of}.spec.template])"
    )


def _unmarked() -> Rule:
    return (
        "variables.byPlatform || variables.marks == variables.marksBefore || "
        "variables.marks.all(m, m == variables.none)",
        f"set by Kueue and the controllers of jobs, leave out of templates of pods: {', '.join(_IN_TEMPLATES)}",
    )


def _priority() -> Rule:
    """Priorities are named like services, and so are queues: what is shed last is another's service, perhaps."""
    return (
        f"{mark('object', 'labels', _PRIORITY)} in ['', 'default'] + variables.queues",
        f"priorities are those of the tenant's own services: give {_PRIORITY} the name of one of its queues",
    )
