"""Pulumi component resources of an AI factory: each registers exactly the objects that `ai_factory.infra` plans.

Read `region` (a stack of a region: all components in order, its size as outputs), then one module a component:
`management_cluster`, `gpu_cluster`, `rack_group`, `cluster_platform`, `fabric_network`, `storage`, `tenant_enclave`.
What they share: `_component` (arguments, the cluster or tenant that they name, names and other outputs), `_manifest`
(blocks as child resources, type tokens, and the registry of what is declared), `providers` (a Kubernetes provider for
each cluster), `_kubeconfig` (Cluster API's kubeconfig secrets, read at every update), `_kubernetes` (classes of the
SDK, loaded late).
"""

from ._manifest import Manifest, Registry
from .cluster_platform import ClusterPlatform, ClusterPlatformArgs
from .fabric_network import FabricNetwork, FabricNetworkArgs
from .gpu_cluster import GpuCluster, GpuClusterArgs
from .management_cluster import ManagementCluster, ManagementClusterArgs
from .providers import ClusterProviders
from .rack_group import RackGroup, RackGroupArgs
from .region import Region, RegionArgs
from .storage import Storage, StorageArgs
from .tenant_enclave import TenantEnclave, TenantEnclaveArgs

__all__ = [
    "ClusterPlatform",
    "ClusterPlatformArgs",
    "ClusterProviders",
    "FabricNetwork",
    "FabricNetworkArgs",
    "GpuCluster",
    "GpuClusterArgs",
    "ManagementCluster",
    "ManagementClusterArgs",
    "Manifest",
    "RackGroup",
    "RackGroupArgs",
    "Region",
    "RegionArgs",
    "Registry",
    "Storage",
    "StorageArgs",
    "TenantEnclave",
    "TenantEnclaveArgs",
]
