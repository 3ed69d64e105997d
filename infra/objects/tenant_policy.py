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
from . import _admission, _charts, _lifetimes, _object_rules, _queue_rules, _tenant_defaults, fabric_network, labels
from ._admission import Rule, mark
from .base import LABEL, KubeObject, Manifest

PODS = "tenant-pods.ai-factory.dev"

_NETWORKS = "k8s.v1.cni.cncf.io/networks"
_DEFAULT_NETWORK = "v1.multus-cni.io/default-network"
_IB_KUBERNETES = f"system:serviceaccount:{fabric_network.NAMESPACE}:ib-kubernetes"
_HANDED_OUT = ("cdi.k8s.io", "nri.io", "nri.containerd.io")
"""Domains of annotations by which container runtimes and their plug-ins hand out devices and mounts; NVIDIA's plug-in
has one below the first, CRI-O writes its own without a domain."""
_VOLUMES = ("configMap", "secret", "emptyDir", "downwardAPI", "persistentVolumeClaim", "ephemeral", "projected")
"""Kinds of volumes that a pod may have. An inline CSI volume speaks to a driver with what the pod's author writes."""
_LOST = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
_TOLERATED = (labels.TENANT_TAINT_KEY, "node.kubernetes.io/memory-pressure")
_TAINTS = ("node.kubernetes.io", "cluster.x-k8s.io", "cilium.io", "cloudprovider.kubernetes.io", LABEL)
"""Domains of taints by which Kubernetes, Cluster API, Cilium and this package keep pods off a node."""
_PROJECTED = ("configMap", "secret", "downwardAPI")


def shared(plan: RegionPlan, cluster: ClusterPlan) -> Iterator[KubeObject]:
    """Admission policies that keep a cluster's tenants apart, with their bindings; none without tenants."""
    if not plan.tenants_of(cluster.name):
        return
    platform = _admission.by_platform(chart.namespace for chart in _charts.of_cluster(plan, cluster))
    yield from _admission.declared(cluster, {PODS: _pods(cluster, platform)})
    yield from _object_rules.shared(plan, cluster, platform)
    yield from _queue_rules.shared(cluster, platform)
    yield from _lifetimes.shared(plan, cluster, platform)
    yield from _tenant_defaults.shared(cluster)


def _pods(cluster: ClusterPlan, platform: str) -> Manifest:
    rules = [
        *_placement(cluster),
        *_host(),
        *_volumes(),
        *_queue_rules.pods(),
        *_devices(cluster),
        *_network(cluster),
        _marks(),
        _lifetimes.GRACE,
        _lifetimes.DRAINED,
    ]
    return _admission.policy({"": ["pods"]}, rules, _variables(platform))


def _variables(platform: str) -> dict[str, str]:
    return {
        "tenant": f"namespaceObject.metadata.labels['{labels.TENANT_NAMESPACE}']",
        "dedicated": f"{mark('namespaceObject', 'labels', labels.ISOLATION)} == 'dedicated-nodes'",
        **_queue_rules.VARIABLES,
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
    yield _unfit()
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


def _unfit() -> Rule:
    """Nodes that are emptied, not yet set up or short of something: their taints keep pods off for everyone's sake.

    A drain never ends if what it evicts comes back, and before the network's agent runs no network policy holds.
    Kubernetes adds the tolerations of lost nodes and of short memory itself.
    """
    lost = f"t.key in {list(_LOST)} && t.?effect.orValue('') == 'NoExecute'"
    ours = _admission.below("t.key", _TAINTS)
    return (
        f"variables.tolerations.all(t, !has(t.key) || ({lost}) || t.key in {list(_TOLERATED)} || !({ours}))",
        f"taints of nodes that are drained or not ready are not tolerated: leave tolerations out but of {_LOST[0]} and "
        f"{_LOST[1]} with effect NoExecute",
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


def _devices(cluster: ClusterPlan) -> Iterator[Rule]:
    """Devices come as resources of containers, and by no other way."""
    # The toolkit's runtimes hand out any device of the node that a container names; device plugins need neither.
    yield (
        "!has(object.spec.runtimeClassName)",
        "GPUs are requested as nvidia.com/gpu, in the cluster's own runtime: leave runtimeClassName out",
    )
    given = _admission.below("k", _HANDED_OUT)
    yield (
        f"{_admission.notes_of('object')}.all(k, !k.startsWith('io.kubernetes.cri-o.') && !({given}))",
        f"devices are requested as resources, not by annotations: leave those of {', '.join(_HANDED_OUT)} out",
    )
    if not cluster.system.rack_scale:
        yield (
            "!has(object.spec.resourceClaims) || object.spec.resourceClaims.size() == 0",
            f"compute domains exist on rack-scale systems only, and {cluster.system.name} is none: leave "
            "resourceClaims out",
        )


def _marks() -> Rule:
    """Cilium's marks: `ipam.cilium.io/ip-pool` and `cni.cilium.io/mac-address` choose an address, and it tells
    labels of a namespace from a pod's by a prefix.
    """
    keys = "object.metadata.?labels.orValue({})", _admission.notes_of("object")
    cilium = f"k.startsWith('io.cilium') || {_admission.below('k', ['cilium.io'])}"
    return (
        " && ".join(f"{of}.all(k, !({cilium}))" for of in keys),
        "addresses and identities are the network's to give: leave labels and annotations of Cilium out",
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
