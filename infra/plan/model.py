"""The plan of a region: what has to exist, as typed values. Only `plan()` makes these.

Addresses are arithmetic: a cluster holds blocks sized for its `max_racks`, and the address of a host, link
or BMC follows from rack and slot number. So a gigawatt plan holds thousands of values, not millions.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass

from .. import spec as specs
from ..catalog import ChartEntry, FabricEntry, ServiceProfile, SystemEntry
from .addresses import IPAddress, IPNetwork, pow2
from .links import HostLink, LinkSpace, link_names
from .sizing.fabric import FabricSize


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """One bare-metal host: a tray or server that the inventory lists."""

    name: str
    """`<rack>-u<U>`, two digits; unique in the region."""
    rack: str
    """Rack it stands in."""
    slot: int
    """Its number in the rack from 0, by rack unit from the bottom."""
    u: int
    """Lowest rack unit."""
    serial: str
    """Serial number."""
    bmc: IPAddress
    """Address of its baseboard management controller."""
    mac: str
    """MAC address of the boot interface, lower case with colons."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rack:
    """One rack of a GPU cluster; for rack-scale systems also one NVLink domain."""

    name: str
    """`<cluster>-r<number>`, four digits from 0001."""
    index: int
    """Its number in the cluster from 0: the slot in every block of the cluster."""
    nodes: int
    """Nodes that it holds when complete."""
    scalable_unit: int
    """Number of its scalable unit in the cluster, from 0."""
    tenant: str | None
    """Tenant that it is dedicated to."""
    hosts: tuple[Host, ...]
    """Hosts by slot; empty while the inventory has none: then planned, not declared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostNetworks:
    """Blocks of a bare-metal cluster; each is sized for `max_racks` and never changes."""

    hosts: IPNetwork
    """Host links, `links_per_rack` pairs of addresses a rack."""
    bmc: IPNetwork
    """Out-of-band addresses, `bmc_per_rack` a rack."""
    nodes: ipaddress.IPv4Network
    """In-band node network: gateway first, then node addresses."""
    loopbacks: IPNetwork
    """Switch loopbacks, one address each."""
    service: ipaddress.IPv4Network
    """Service addresses: the control-plane endpoint first, load balancers after it."""
    host_asns: range
    """AS numbers of the hosts' DPUs."""
    switch_asns: range
    """AS numbers of the leafs and one for each upper tier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterPlan:
    """One GPU cluster."""

    name: str
    number: int
    """Stable number in the region, from 1."""
    spec: specs.Cluster
    system: SystemEntry
    fabric: FabricEntry | None
    """Compute fabric; None for systems or adopted clusters without one."""
    fabric_size: FabricSize | None
    """Switches and cables, for `max_racks`; None without a compute fabric or scalable unit."""
    hall: str
    management: str
    """Management cluster that owns it."""
    access: specs.Access
    kubernetes: str
    """Kubernetes version, `v1.36.1`."""
    nodes: int
    gpus: int
    max_racks: int
    nodes_per_rack: int
    rack_kw: float
    """Planning power of one rack, without its share of fabric and core."""
    power_profile: str
    racks: tuple[Rack, ...]
    core_hosts: tuple[Host, ...]
    """Hosts of its control plane that the inventory lists (of `spec.control_plane.replicas` planned)."""
    networks: HostNetworks | None
    """None for an adopted cluster: its addresses are its owner's."""
    pods: ipaddress.IPv4Network
    services: ipaddress.IPv4Network

    @property
    def built(self) -> bool:
        """Whether this package builds the cluster from bare metal (else it is adopted)."""
        return self.spec.provider == "metal3"

    @property
    def declared_racks(self) -> tuple[Rack, ...]:
        """Racks with inventory, the only ones that become objects."""
        return tuple(rack for rack in self.racks if rack.hosts)

    @property
    def endpoint(self) -> str:
        """Host name or address of the API server for built clusters; empty for adopted ones."""
        return str(self.networks.service[1]) if self.networks else ""

    def host_links(self, rack: Rack, slot: int) -> Iterator[HostLink]:
        """Links of one host, north-south first.

        Raises:
            ValueError: the cluster is adopted and has no planned addresses.
        """
        return self._link_space.links(rack.index, slot)

    def north_south(self, rack: Rack, slot: int) -> list[str]:
        """North-south links of one host as text, `ns0=10.64.0.1/31`: what every host of a region is told.

        Raises:
            ValueError: the cluster is adopted and has no planned addresses.
        """
        return self._link_space.texts(rack.index, slot, starting="ns")

    @property
    def _link_space(self) -> LinkSpace:
        if self.networks is None:
            raise ValueError(f"cluster {self.name} is adopted: its addresses are not planned here")
        return LinkSpace(link_names(self.system, self.fabric), self.networks.hosts, self.max_racks)

    def bmc_address(self, rack: Rack, slot: int) -> IPAddress:
        """Planned address of a host's BMC."""
        if self.networks is None:
            raise ValueError(f"cluster {self.name} is adopted: its addresses are not planned here")
        block = self.networks.bmc
        return block[rack.index * (block.num_addresses // pow2(self.max_racks)) + 1 + slot]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoragePlan:
    """One storage system or class."""

    name: str
    spec: specs.Storage
    network: IPNetwork
    """Network of its endpoints."""
    clusters: tuple[str, ...]
    """Clusters that get its classes."""
    read_gbps: float | None
    """Aggregate read throughput to plan for, in GB/s (gigabytes); None where no guideline is published."""
    write_gbps: float | None
    """Aggregate write throughput to plan for, in GB/s."""
    guideline: str
    """Where the throughput comes from, or why there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantQuota:
    """What a tenant may use at once."""

    gpus: int
    cpu: int
    """Cores."""
    memory_gib: int
    ephemeral_gib: int
    """Local disk of nodes that its pods may fill, in GiB."""
    pods: int
    load_balancers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantPlan:
    """One tenant enclave."""

    name: str
    number: int
    """Stable number in the region, from 1."""
    spec: specs.Tenant
    cluster: str
    vni: int
    """L3VNI of its VRF (one VRF and one L3VNI per VPC)."""
    pkey: int | None
    """InfiniBand partition key, 1..0x7ffe; None on Ethernet."""
    network: IPNetwork
    """Its routed network."""
    racks: tuple[str, ...]
    """Racks dedicated to it; empty for `shared`."""
    gpus: int
    quota: TenantQuota
    services: tuple[ServiceUse, ...]

    @property
    def groups(self) -> tuple[str, ...]:
        """Identity-provider groups that may work in the enclave."""
        return self.spec.groups or (f"tenant:{self.name}",)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceUse:
    """A service that a tenant uses: one queue."""

    name: str
    profile: ServiceProfile
    priority: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagementPlan:
    """One management cluster and the clusters that it owns."""

    name: str
    spec: specs.Management
    clusters: tuple[str, ...]
    hosts: int
    """Hosts that it looks after at `max_racks`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HallPower:
    """Power and racks of one hall."""

    name: str
    racks: int
    it_kw: float
    """Power of racks with their share of fabric and core, in kW."""
    max_it_kw: float
    max_racks: int | None
    more_racks: int
    """Further racks of the hall's largest system that fit."""
    limited_by: str
    """What stops growth next, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SitePower:
    """Power of the site."""

    halls: tuple[HallPower, ...]
    it_kw: float
    facility_kw: float
    utility_kw: float
    pue: float
    fabric_core_share: float
    share_source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolUse:
    """How full an address or number pool is."""

    name: str
    total: int
    used: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionTotals:
    """The numbers that a reader asks for first; hosts do not matter but for `declared_racks`."""

    clusters: int
    racks: int
    declared_racks: int
    """Racks whose hosts the inventory lists."""
    nodes: int
    gpus: int
    tenants: int
    it_kw: float
    """With the share of fabric and core."""
    facility_kw: float
    """At the meter: IT power times PUE."""
    utility_kw: float
    """What the connection supplies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionPlan:
    """Everything that is computed from one region file and its allocations."""

    spec: specs.Region
    management: tuple[ManagementPlan, ...]
    clusters: tuple[ClusterPlan, ...]
    storage: tuple[StoragePlan, ...]
    tenants: tuple[TenantPlan, ...]
    power: SitePower
    pools: tuple[PoolUse, ...]
    charts: tuple[ChartEntry, ...]
    """Add-on charts of the catalogue."""
    sample_inventory: bool
    """The hosts are a marked sample: nothing of this plan is applied outside a sandbox."""
    notices: tuple[str, ...]
    """What a reader should know: growth limits, racks without inventory, provisional numbers."""

    @property
    def name(self) -> str:
        """Name of the region."""
        return self.spec.region.name

    @property
    def totals(self) -> RegionTotals:
        """Size and power of the whole region."""
        return RegionTotals(
            clusters=len(self.clusters),
            racks=sum(len(cluster.racks) for cluster in self.clusters),
            declared_racks=sum(len(cluster.declared_racks) for cluster in self.clusters),
            nodes=sum(cluster.nodes for cluster in self.clusters),
            gpus=sum(cluster.gpus for cluster in self.clusters),
            tenants=len(self.tenants),
            it_kw=self.power.it_kw,
            facility_kw=self.power.facility_kw,
            utility_kw=self.power.utility_kw,
        )

    def cluster(self, name: str) -> ClusterPlan:
        """The cluster of that name (KeyError if there is none)."""
        for cluster in self.clusters:
            if cluster.name == name:
                return cluster
        raise KeyError(name)

    def access(self, target: str) -> specs.Access:
        """How a management or GPU cluster of the region is reached (KeyError if it has no such cluster)."""
        for management in self.management:
            if management.name == target:
                return management.spec.access
        return self.cluster(target).access

    def tenants_of(self, cluster: str) -> tuple[TenantPlan, ...]:
        """Tenants that live on a cluster."""
        return tuple(tenant for tenant in self.tenants if tenant.cluster == cluster)


def kubeconfig_secret(cluster: str) -> str:
    """Name of a cluster's kubeconfig secret on its management cluster, as Cluster API has it.

    >>> kubeconfig_secret("train-a")
    'train-a-kubeconfig'
    """
    return f"{cluster}-kubeconfig"
