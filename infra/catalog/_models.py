"""Types of the catalogue's data files. Every number carries its grade and source."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Grade = Literal["P", "R", "S", "D", "A"]
"""P NVIDIA's own text, R NVIDIA's public repository, S third party quoting NVIDIA, D derived, A assumption."""


class Entry(BaseModel):
    """Frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Figure(Entry):
    """A number with where it comes from."""

    value: float | None
    """The number; None where it is unknown."""
    grade: Grade
    source: str
    note: str = ""


class FabricOption(Entry):
    """A compute fabric that a system can be built with."""

    fabric: str
    """Catalogue id of the fabric."""
    switch: str
    """Catalogue id of the switch."""
    rails: int = Field(ge=1)
    """East-west ports of a node: one rail each."""
    planes: int = Field(default=1, ge=1)
    """Independent planes; a port of the node has one link to each."""
    link_gbps: int
    """Speed of one link in Gb/s, which also tells how the switch's ports are split."""
    tiers_at_least: int = Field(default=2, ge=2, le=3)
    """Tiers that are built even where fewer would do."""
    leaf_per_rack: bool = False
    """Whether a rail has a leaf for each rack of the unit (rack-scale systems on small switches)."""
    source: str = ""


class Unit(Entry):
    """The published scalable unit."""

    nodes: int | None = None
    racks: int | None = None
    source: str = ""


class SystemEntry(Entry):
    """A GPU system, or the core nodes' server."""

    id: str
    name: str
    gpu_product: str | None = None
    """Value of the GPU operator's label `nvidia.com/gpu.product`."""
    arch: Literal["amd64", "arm64"]
    gpus_per_node: int
    nodes_per_rack: tuple[int, ...]
    """Nodes in a rack, as published."""
    nodes_per_rack_default: int
    rack_scale: bool = False
    """Whether the rack is one NVLink domain, delivered and allocated whole."""
    nvlink_switch_trays: int = 0
    rack_plan_kw: Figure
    """Planning power of a rack of `nodes_per_rack_default` nodes."""
    node_kw: Figure
    """Largest published power of one node."""
    cooling: Literal["air", "rear-door", "liquid"]
    unit: Unit | None = None
    """None where no scalable unit is published."""
    fabrics: tuple[FabricOption, ...] = ()
    """Compute fabrics; the first is the default."""
    dpus_per_node: int = 1
    north_south_links: int = 2
    """Routed north-south links of a node."""
    north_south_gbps: int = 200
    purposes: tuple[str, ...] = ()
    min_kubernetes: str = "v1.32.0"
    confidential: bool = False
    """Whether confidential computing with GPUs is published for it."""
    cpu: int = 0
    """Logical CPUs of a node, for quotas and simulated capacity."""
    memory_gib: int = 0
    nic_device_id: str = ""
    """PCI device id of the east-west NIC."""
    source: str

    @property
    def fabric_ids(self) -> tuple[str, ...]:
        """Fabrics that it goes with, the default first."""
        return tuple(option.fabric for option in self.fabrics)

    @property
    def default_fabric(self) -> str | None:
        """Its default fabric, None if it has none."""
        return self.fabrics[0].fabric if self.fabrics else None

    def fabric_option(self, fabric: str) -> FabricOption:
        """Its option for a fabric (KeyError if it has none)."""
        for option in self.fabrics:
            if option.fabric == fabric:
                return option
        raise KeyError(fabric)

    @property
    def nodes_per_unit(self) -> int | None:
        """Nodes of one scalable unit."""
        if self.unit is None:
            return None
        return self.unit.nodes or (self.unit.racks or 0) * self.nodes_per_rack_default

    def rack_kw(self, nodes_per_rack: int) -> float | None:
        """Planning power of a rack of that many nodes in kW; None where it is unknown."""
        if self.rack_plan_kw.value is not None and nodes_per_rack == self.nodes_per_rack_default:
            return self.rack_plan_kw.value
        if self.node_kw.value is not None:
            return round(self.node_kw.value * nodes_per_rack, 6)
        return None

    @property
    def rack_kw_note(self) -> str:
        """Why the planning power is unknown, or how it was chosen."""
        return self.rack_plan_kw.note


class SwitchEntry(Entry):
    """A switch."""

    id: str
    name: str
    ports: int
    port_gbps: int
    split: int = 1
    """Links that one port can be split into at half the speed."""
    kw_typical: Figure
    kw_max: Figure
    source: str


class FabricEntry(Entry):
    """A kind of compute fabric."""

    id: str
    name: str
    kind: Literal["infiniband", "ethernet"]
    link_types: str = ""


class DriverEntry(Entry):
    """A storage driver."""

    id: str
    name: str
    tiers: tuple[str, ...]
    provisioner: str
    external: bool
    """Whether it talks to a storage system that needs an endpoint."""
    on_core_nodes: bool = False
    """Whether it runs on core nodes."""
    source: str


class GuidelineEntry(Entry):
    """Published storage throughput for a number of GPUs."""

    grade: str
    gpus: int
    read_gbps: float
    write_gbps: float
    source: str


class ServiceProfile(Entry):
    """An AI service profile."""

    id: str
    purposes: tuple[str, ...]
    """Purposes of the clusters that it goes with."""
    priority: int
    """Queue priority: higher runs first and is shed last."""
    description: str = ""


class ChartEntry(Entry):
    """An add-on chart and where it goes."""

    id: str
    plane: Literal["management", "workload"]
    repo: str
    """Repository URL, or the `oci://` prefix of the chart."""
    chart: str
    version: str
    namespace: str
    depends_on: tuple[str, ...] = ()
    when: dict[str, Any] = Field(default_factory=dict)
    """Conditions on the cluster: `purpose`, `fabric_kind`, `rack_scale`, `provider`, `driver` (lists of values)."""
    values: dict[str, Any] = Field(default_factory=dict)
    grade: Grade = "R"
    source: str


class Limits(Entry):
    """Bounds of the platform."""

    nodes_per_cluster: int
    hosts_per_management: int
    resources_per_stack: int
    source: dict[str, str]
