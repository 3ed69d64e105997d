"""What depends on an object, by its kind: what goes, stops or is uninstalled once it is no longer there.

Sources: Flux uninstalls a release with its object, and where name, namespace or chart of it change (helm-controller,
internal/action/verify.go ReleaseTargetChanged); a chart's CRDs go with it where they are templates of it, as Kueue's
are, and with a CRD all objects of its kind (Kubernetes, custom resources). Operators of GPUs and NICs take off what
their policy deployed (gpu-operator and network-operator, owner references on their daemon sets). Kueue holds a queue
or flavour until nothing uses it, and admits nothing to it from then on (kueue.x-k8s.io, resource-in-use).
"""

from __future__ import annotations

from ..records import Outline

STATEFUL = {
    "BareMetalHost": "Metal3 wipes the host and powers it off",
    "CephBlockPool": "its volumes go",
    "CephCluster": "all of its data go",
    "CephFilesystem": "its files go",
    "CephObjectStore": "its objects go",
    "Cluster": "Cluster API deletes all machines of the cluster",
    "CustomResourceDefinition": "all objects of the kind go",
    "IPPool": "addresses that machines hold are given out again",
    "KubeadmControlPlane": "the control plane's machines go, and etcd with them",
    "Metal3Cluster": "the cluster's endpoint goes",
    "Namespace": "everything in it goes",
    "PersistentVolume": "the only reference to its data goes",
    "PersistentVolumeClaim": "its volume goes",
    "StatefulSet": "its pods stop, and who owns their volumes is lost",
}
"""Kinds whose deletion loses state, and what goes."""
RUNNING = frozenset(
    {"BareMetalHost", "Cluster", "ClusterQueue", "DaemonSet", "Deployment", "Job", "KubeadmControlPlane", "LocalQueue"}
    | {"MachineDeployment", "ResourceFlavor", "Role", "RoleBinding", "Service", "StatefulSet", "StorageClass"}
    | {"Topology"}
)
"""Kinds that something that runs depends on: between deletion and creation it stops, or is refused."""
_PROVIDER = "Cluster API's operator removes the provider, and nothing repairs machines any more"
_RAIL = "pods of jobs get no network device on it any more"
SERVING = {
    "BootstrapProvider": _PROVIDER,
    "CIDRPool": "the rail hands out no addresses any more",
    "Chart": "the chart is uninstalled with all that it brought",
    "ClusterPolicy": "the GPU operator takes the driver and the device plugin off every node",
    "ClusterQueue": "jobs of its tenant are admitted no more, and its quota goes",
    "Cohort": "its queues are no longer one pool",
    "ControlPlaneProvider": _PROVIDER,
    "CoreProvider": _PROVIDER,
    "ExternalSecret": "the secret that it keeps goes with it, and what logs in by it",
    "HelmRelease": "Flux uninstalls the chart, its CRDs and all objects of these too where they are part of it",
    "IPAMProvider": _PROVIDER,
    "InfrastructureProvider": _PROVIDER,
    "Ironic": "no host can be installed, repaired or powered on any more",
    "Kustomization": "Flux prunes all that it applied",
    "LocalQueue": "jobs that name it are admitted no more",
    "NVIDIADriver": "the GPU operator takes the driver off its nodes",
    "NicClusterPolicy": "the network operator takes the DOCA driver and the rails' plug-ins off every node",
    "NicNodePolicy": "the network operator takes the DOCA driver off its nodes",
    "Release": "the chart is uninstalled with all that it brought",
    "ResourceFlavor": "queues of these nodes admit nothing any more",
    "SpectrumXRailPoolConfig": "its rails are taken down",
    "SriovIBNetwork": _RAIL,
    "SriovNetwork": _RAIL,
    "SriovNetworkNodePolicy": "the virtual functions of its rail go, after each node was drained",
    "SriovNetworkPoolConfig": "nodes are no longer drained rack by rack for new settings",
    "SriovOperatorConfig": "the SR-IOV operator takes its agents off every node",
    "Topology": "its flavours, and so its queues, admit nothing any more",
    "ValidatingAdmissionPolicy": "what it refused passes",
    "ValidatingAdmissionPolicyBinding": "what its policy refused passes",
}
"""Kinds that serve what runs, and what their deletion does."""
LIGHT = frozenset(
    # Charts stay as they are; they are upgraded no more.
    {"GitRepository", "HelmRepository", "OCIRepository"}
    # Names carry a digest of the content: a new one takes the place of an old one in every change of a machine.
    | {"KubeadmConfigTemplate", "Metal3DataTemplate", "Metal3MachineTemplate", "Metal3RemediationTemplate"}
    # Nothing repairs or measures for a while; what runs, runs on.
    | {"MachineHealthCheck", "PodDisruptionBudget", "PodMonitor", "PrometheusRule", "ServiceMonitor"}
    # Facts for readers, limits that are gone, priorities that jobs carry themselves once they are queued.
    | {"ConfigMap", "LimitRange", "WorkloadPriorityClass"}
    # What they allow goes, or a rule of its own says that nothing is denied or limited any more.
    | {"CiliumNetworkPolicy", "NetworkPolicy", "ResourceQuota"}
)
"""Kinds whose loss ends nothing that runs. Every other kind is judged, those that nobody thought of too."""


_FOR_TENANTS = frozenset(
    {f"{what}AdmissionPolicy{binding}" for what in ("Validating", "Mutating") for binding in ("", "Binding")}
    | {"ClusterRole"}
)
"""Kinds that guard tenants from each other or serve nobody else, and go with the last tenant of a cluster."""


def guards_nobody(kind: str, target: str, head: Outline | None) -> bool:
    """Whether an object of a kind guards the tenants of a cluster that has none after the change."""
    return kind in _FOR_TENANTS and head is not None and all(tenant.cluster != target for tenant in head.tenants)


def effect(kind: str) -> str | None:
    """What the loss of an object of a kind that holds no state does to others; None where it does nothing.

    >>> effect("NicClusterPolicy").startswith("the network operator"), effect("ConfigMap")
    (True, None)
    >>> effect("Widget")
    'what relies on it stops'
    """
    if kind in STATEFUL or kind in LIGHT or ":" in kind:
        # A colon is in types of resources of other engines' providers: of what is no Kubernetes object nothing is said.
        return None
    return SERVING.get(kind, "what relies on it stops")
