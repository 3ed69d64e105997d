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
from . import _admission, _charts, _object_rules, _tenant_defaults, fabric_network, labels
from ._admission import Rule, mark
from .base import LABEL, KubeObject, Manifest

PODS = "tenant-pods.ai-factory.dev"

QUEUES = f"{LABEL}/queues"
"""Annotation of a tenant's namespace: names of its local queues, comma-separated; policies read it."""

_KUEUE_MARKS = "kueue.x-k8s.io"
_QUEUE = f"{_KUEUE_MARKS}/queue-name"
_STARTED_BY = f"{_KUEUE_MARKS}/local-queue-name"
"""Label that Kueue sets on the pods of a job that it starts; jobs carry the other label themselves."""
_KUEUES_OWN = {
    "labels": (f"{_KUEUE_MARKS}/podset", f"{_KUEUE_MARKS}/cluster-queue-name"),
    "annotations": (f"{_KUEUE_MARKS}/workload", f"{_KUEUE_MARKS}/pod-suspending-parent"),
}
"""What Kueue and the controllers of jobs write on pods, and nobody else: by it Kueue tells whose workload a pod is part
of (Kueue v0.19, pkg/constants, apis/kueue/v1beta2 and pkg/controller/jobs/pod/constants)."""
_NETWORKS = "k8s.v1.cni.cncf.io/networks"
_DEFAULT_NETWORK = "v1.multus-cni.io/default-network"
_KUEUE = "system:serviceaccounts:kueue-system"
_JOBS = ("system:serviceaccount:kube-system:job-controller", _admission.CONTROLLER_MANAGER)
_IB_KUBERNETES = f"system:serviceaccount:{fabric_network.NAMESPACE}:ib-kubernetes"
_FREE: tuple[str, ...] = ()
"""Extended resources that pods may ask for without a queue; there are none."""
_VOLUMES = ("configMap", "secret", "emptyDir", "downwardAPI", "persistentVolumeClaim", "ephemeral", "projected")
"""Kinds of volumes that a pod may have. An inline CSI volume speaks to a driver with what the pod's author writes."""
_PROJECTED = ("configMap", "secret", "downwardAPI")


def shared(plan: RegionPlan, cluster: ClusterPlan) -> Iterator[KubeObject]:
    """Admission policies that keep a cluster's tenants apart, with their bindings; none without tenants."""
    if not plan.tenants_of(cluster.name):
        return
    platform = _admission.by_platform(chart.namespace for chart in _charts.of_cluster(plan, cluster))
    yield from _admission.declared(cluster, PODS, _pods(cluster, platform))
    yield from _object_rules.shared(plan, cluster, platform)
    yield from _tenant_defaults.shared(cluster)


def _pods(cluster: ClusterPlan, platform: str) -> Manifest:
    rules = [
        *_placement(cluster),
        *_host(),
        *_volumes(),
        *_queueing(),
        *_controllers(),
        *_devices(cluster),
        *_network(cluster),
    ]
    return _admission.policy({"": ["pods"]}, rules, _variables(platform))


def _variables(platform: str) -> dict[str, str]:
    return {
        "tenant": f"namespaceObject.metadata.labels['{labels.TENANT_NAMESPACE}']",
        "dedicated": f"{mark('namespaceObject', 'labels', labels.ISOLATION)} == 'dedicated-nodes'",
        "queues": f"{mark('namespaceObject', 'annotations', QUEUES)}.split(',').filter(q, q != '')",
        "queued": (
            f"{mark('object', 'labels', _QUEUE)} in variables.queues || "
            f"{mark('object', 'labels', _STARTED_BY)} in variables.queues"
        ),
        "created": "request.operation == 'CREATE'",
        "byPlatform": platform,
        # What is gated is not scheduled, and may still get its nodes: by Kueue, which writes those of its flavour.
        "placed": f"!({_gated('object')}) && (variables.created || {_gated('oldObject')})",
        "selector": "object.spec.?nodeSelector.orValue({})",
        "tolerations": "object.spec.?tolerations.orValue([])",
        "neighbours": " + ".join(_terms(kind) for kind in ("podAffinity", "podAntiAffinity")),
        "containers": "object.spec.containers + object.spec.?initContainers.orValue([])",
        "volumes": "object.spec.?volumes.orValue([])",
        "networks": mark("object", "annotations", _NETWORKS),
        "networksBefore": f"request.operation == 'CREATE' ? '' : {mark('oldObject', 'annotations', _NETWORKS)}",
    }


def _gated(pod: str) -> str:
    return f"{pod}.spec.?schedulingGates.orValue([]).size() > 0"


def _terms(kind: str) -> str:
    """CEL: what a pod says of pods that it is to be near to or apart from, whether it must or would like to."""
    place = f"object.spec.?affinity.?{kind}"
    must, like = (
        f"{place}.?{how}DuringSchedulingIgnoredDuringExecution.orValue([])" for how in ("required", "preferred")
    )
    return f"{must} + {like}.map(w, w.podAffinityTerm)"


def _placement(cluster: ClusterPlan) -> Iterator[Rule]:
    """Where a pod runs, and what it may push aside."""
    for key, value in labels.gpu_nodes(cluster.built).items():
        # Admission plug-ins and Kueue write it; where neither does, control planes and others' nodes would be open.
        yield (
            f"!variables.placed || ('{key}' in variables.selector && variables.selector['{key}'] == '{value}')",
            f"pods of tenants run on GPU nodes: write nodeSelector {key}: '{value}'",
        )
    yield (
        f"!variables.placed || !variables.dedicated || ('{labels.TENANT}' in variables.selector && "
        f"variables.selector['{labels.TENANT}'] == variables.tenant)",
        f"pods of a tenant with nodes of its own run on them: write nodeSelector {labels.TENANT}: <tenant>",
    )
    yield (
        f"!('{labels.TENANT}' in variables.selector) || variables.selector['{labels.TENANT}'] == variables.tenant",
        f"nodes of another tenant are not to be chosen: leave nodeSelector {labels.TENANT} out",
    )
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
    # Required anti-affinity holds against pods that come later: one pod kept every other tenant's from every node.
    yield (
        "variables.neighbours.all(t, !has(t.namespaceSelector) && t.?namespaces.orValue([]).size() == 0)",
        "affinity is among pods of the tenant's own namespace: leave namespaceSelector and namespaces out",
    )
    yield (
        "!has(object.spec.priority) || object.spec.priority <= 0",
        "pod priorities evict pods of other tenants: leave priorityClassName out, order work by its queue",
    )


def _host() -> Iterator[Rule]:
    """What of its host a pod sees."""
    yield (
        "(!has(object.spec.hostNetwork) || !object.spec.hostNetwork) && "
        "(!has(object.spec.hostPID) || !object.spec.hostPID) && "
        "(!has(object.spec.hostIPC) || !object.spec.hostIPC)",
        "the host's network, processes and memory are not a tenant's",
    )


def _volumes() -> Iterator[Rule]:
    """Data that a pod reaches. The API server mounts a token as a volume too, before policies look."""
    yield (
        "variables.volumes.all(v, !has(v.projected) || v.projected.?sources.orValue([])"
        ".all(s, !has(s.serviceAccountToken)))",
        "no token is mounted: set automountServiceAccountToken: false, or leave serviceAccountName out",
    )
    yield (
        f"variables.volumes.all(v, {_one_of('v', _VOLUMES)})",
        f"volumes are {', '.join(_VOLUMES)}: use a PersistentVolumeClaim of a storage class in place of others",
    )
    yield (
        "variables.volumes.all(v, !has(v.projected) || v.projected.?sources.orValue([])"
        f".all(s, has(s.serviceAccountToken) || {_one_of('s', _PROJECTED)}))",
        f"a projected volume holds {', '.join(_PROJECTED)}, and nothing else",
    )


def _one_of(name: str, fields: tuple[str, ...]) -> str:
    return " || ".join(f"has({name}.{field})" for field in fields)


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
    names = ", ".join(key for keys in _KUEUES_OWN.values() for key in keys)
    yield (f"variables.byPlatform || ({same})", f"set by Kueue and the controllers of jobs, leave out: {names}")
    yield _object_rules.OWNERS


def _devices(cluster: ClusterPlan) -> Iterator[Rule]:
    """Devices come as resources of containers, and by no other way."""
    # The toolkit's runtimes hand out any device of the node that a container names; device plugins need neither.
    yield (
        "!has(object.spec.runtimeClassName)",
        "GPUs are requested as nvidia.com/gpu, in the cluster's own runtime: leave runtimeClassName out",
    )
    yield (
        f"{_admission.notes_of('object')}.all(k, !k.startsWith('cdi.k8s.io/'))",
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
