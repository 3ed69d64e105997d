"""Every Kubernetes kind that the package emits or reads: group, version, plural and scope.

Engines build REST paths from this table, the sandbox its stand-in CRDs. Versions of custom kinds are the
storage versions of their projects' CRDs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of object, at the version that this package speaks.

    >>> Kind("metal3.io", "v1alpha1", "BareMetalHost", "baremetalhosts", True).api_version
    'metal3.io/v1alpha1'
    """

    group: str
    """API group; empty for the core group."""
    version: str
    kind: str
    plural: str
    namespaced: bool

    @property
    def api_version(self) -> str:
        """`<group>/<version>`, or the version alone for the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version


def _kinds(group: str, version: str, names: str, *, namespaced: bool = True) -> tuple[Kind, ...]:
    """Kinds of one group: `Kind` with a regular plural, or `Kind:plural`."""
    pairs = (name.partition(":") for name in names.split())
    return tuple(Kind(group, version, kind, plural or f"{kind.lower()}s", namespaced) for kind, _, plural in pairs)


CUSTOM: tuple[Kind, ...] = (
    # Management plane: Cluster API, Metal3, their operators
    *_kinds("cluster.x-k8s.io", "v1beta2", "Cluster Machine MachineSet MachineDeployment MachineHealthCheck"),
    *_kinds("controlplane.cluster.x-k8s.io", "v1beta2", "KubeadmControlPlane"),
    *_kinds("bootstrap.cluster.x-k8s.io", "v1beta2", "KubeadmConfig KubeadmConfigTemplate"),
    *_kinds(
        "infrastructure.cluster.x-k8s.io",
        "v1beta2",
        "Metal3Cluster Metal3Machine Metal3MachineTemplate Metal3DataTemplate Metal3RemediationTemplate",
    ),
    *_kinds("ipam.metal3.io", "v1alpha1", "IPPool"),
    *_kinds("metal3.io", "v1alpha1", "BareMetalHost"),
    *_kinds("ironic.metal3.io", "v1alpha1", "Ironic"),
    *_kinds(
        "operator.cluster.x-k8s.io",
        "v1alpha2",
        "CoreProvider BootstrapProvider ControlPlaneProvider InfrastructureProvider IPAMProvider",
    ),
    *_kinds("cert-manager.io", "v1", "Certificate Issuer"),
    *_kinds("cert-manager.io", "v1", "ClusterIssuer", namespaced=False),
    *_kinds("external-secrets.io", "v1", "ExternalSecret SecretStore"),
    *_kinds("external-secrets.io", "v1", "ClusterSecretStore", namespaced=False),
    # Add-ons by Flux
    *_kinds("helm.toolkit.fluxcd.io", "v2", "HelmRelease"),
    *_kinds("source.toolkit.fluxcd.io", "v1", "GitRepository:gitrepositories HelmRepository:helmrepositories"),
    *_kinds("source.toolkit.fluxcd.io", "v1", "OCIRepository:ocirepositories"),
    *_kinds("kustomize.toolkit.fluxcd.io", "v1", "Kustomization"),
    # GPU, network and DRA operators
    *_kinds("nvidia.com", "v1", "ClusterPolicy:clusterpolicies", namespaced=False),
    *_kinds("resource.nvidia.com", "v1beta1", "ComputeDomain"),
    *_kinds("mellanox.com", "v1alpha1", "NicClusterPolicy:nicclusterpolicies HostDeviceNetwork", namespaced=False),
    *_kinds("mellanox.com", "v1alpha1", "IPoIBNetwork MacvlanNetwork", namespaced=False),
    *_kinds("nv-ipam.nvidia.com", "v1alpha1", "CIDRPool IPPool"),
    *_kinds("spectrumx.nvidia.com", "v1alpha2", "SpectrumXRailPoolConfig"),
    *_kinds("sriovnetwork.openshift.io", "v1", "SriovNetwork SriovIBNetwork SriovNetworkPoolConfig"),
    *_kinds("sriovnetwork.openshift.io", "v1", "SriovNetworkNodePolicy:sriovnetworknodepolicies SriovOperatorConfig"),
    *_kinds("k8s.cni.cncf.io", "v1", "NetworkAttachmentDefinition:network-attachment-definitions"),
    *_kinds("nfd.k8s-sigs.io", "v1alpha1", "NodeFeatureRule", namespaced=False),
    # Queues
    *_kinds("kueue.x-k8s.io", "v1beta2", "LocalQueue Workload"),
    *_kinds("kueue.x-k8s.io", "v1beta2", "Topology:topologies ResourceFlavor ClusterQueue Cohort", namespaced=False),
    *_kinds("kueue.x-k8s.io", "v1beta2", "WorkloadPriorityClass:workloadpriorityclasses", namespaced=False),
    # Network policy and load balancers
    *_kinds("cilium.io", "v2", "CiliumNetworkPolicy:ciliumnetworkpolicies"),
    *_kinds("cilium.io", "v2", "CiliumClusterwideNetworkPolicy:ciliumclusterwidenetworkpolicies", namespaced=False),
    *_kinds("cilium.io", "v2", "CiliumLoadBalancerIPPool CiliumCIDRGroup", namespaced=False),
    *_kinds("cilium.io", "v2", "CiliumBGPClusterConfig CiliumBGPPeerConfig CiliumBGPAdvertisement", namespaced=False),
    *_kinds("cilium.io", "v2", "CiliumEgressGatewayPolicy:ciliumegressgatewaypolicies", namespaced=False),
    *_kinds("gateway.networking.k8s.io", "v1", "Gateway HTTPRoute"),
    *_kinds("gateway.networking.k8s.io", "v1", "GatewayClass:gatewayclasses", namespaced=False),
    # Storage
    *_kinds("ceph.rook.io", "v1", "CephCluster CephBlockPool CephFilesystem CephObjectStore CephObjectStoreUser"),
    *_kinds("ceph.rook.io", "v1", "CephFilesystemSubVolumeGroup CephBlockPoolRadosNamespace"),
    *_kinds("snapshot.storage.k8s.io", "v1", "VolumeSnapshotClass:volumesnapshotclasses", namespaced=False),
    *_kinds("monitoring.coreos.com", "v1", "PrometheusRule PodMonitor ServiceMonitor"),
)
"""Kinds that CRDs define."""

CORE: tuple[Kind, ...] = (
    *_kinds("", "v1", "ConfigMap Secret Service ServiceAccount ResourceQuota LimitRange Pod PersistentVolumeClaim"),
    *_kinds("", "v1", "Namespace Node PersistentVolume", namespaced=False),
    *_kinds("apps", "v1", "Deployment DaemonSet StatefulSet"),
    *_kinds("batch", "v1", "Job CronJob"),
    *_kinds("policy", "v1", "PodDisruptionBudget"),
    *_kinds("networking.k8s.io", "v1", "NetworkPolicy:networkpolicies"),
    *_kinds("rbac.authorization.k8s.io", "v1", "Role RoleBinding"),
    *_kinds("rbac.authorization.k8s.io", "v1", "ClusterRole ClusterRoleBinding", namespaced=False),
    *_kinds("storage.k8s.io", "v1", "StorageClass:storageclasses CSIDriver", namespaced=False),
    *_kinds("scheduling.k8s.io", "v1", "PriorityClass:priorityclasses", namespaced=False),
    *_kinds("node.k8s.io", "v1", "RuntimeClass:runtimeclasses", namespaced=False),
    *_kinds("resource.k8s.io", "v1", "ResourceClaimTemplate ResourceClaim"),
    *_kinds("resource.k8s.io", "v1", "DeviceClass:deviceclasses ResourceSlice", namespaced=False),
    *_kinds(
        "admissionregistration.k8s.io",
        "v1",
        "ValidatingAdmissionPolicy:validatingadmissionpolicies ValidatingAdmissionPolicyBinding "
        "MutatingAdmissionPolicy:mutatingadmissionpolicies MutatingAdmissionPolicyBinding",
        namespaced=False,
    ),
    *_kinds("apiextensions.k8s.io", "v1", "CustomResourceDefinition", namespaced=False),
    *_kinds("coordination.k8s.io", "v1", "Lease"),
)
"""Kinds of the Kubernetes API itself."""

KINDS: tuple[Kind, ...] = CUSTOM + CORE


@cache
def _table() -> dict[tuple[str, str], Kind]:
    return {(kind.api_version, kind.kind): kind for kind in KINDS}


def find(api_version: str, kind: str) -> Kind:
    """The entry of a Kubernetes kind in the table of those that the package emits or reads.

    Raises:
        KeyError: the table has no such kind at that version.
    """
    try:
        return _table()[api_version, kind]
    except KeyError:
        raise KeyError(f"{kind} {api_version} is missing from objects/kinds.py") from None


def plural(api_version: str, kind: str) -> str:
    """Plural of a Kubernetes kind, as REST paths have it.

    >>> plural("mellanox.com/v1alpha1", "NicClusterPolicy")
    'nicclusterpolicies'
    """
    return find(api_version, kind).plural


def namespaced(api_version: str, kind: str) -> bool:
    """Whether objects of a Kubernetes kind live in a namespace.

    >>> namespaced("v1", "Namespace"), namespaced("cluster.x-k8s.io/v1beta2", "Cluster")
    (False, True)
    """
    return find(api_version, kind).namespaced
