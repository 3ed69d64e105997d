"""Types of the catalogue's data files. Every number carries its grade and source.

A figure with power or another physical unit is a `Figure`, which may be unknown. Counts are plain integers, so that
they can be computed with; `sources` of the same file says where each comes from, and a file that leaves one out
doesn't load.
"""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ..errors import BAD_INPUT, FactoryError

Grade = Literal["P", "R", "S", "D", "A"]
"""P NVIDIA's own text, R NVIDIA's public repository, S third party quoting NVIDIA, D derived, A assumption."""


class UnknownFigureError(FactoryError):
    """A figure is needed that nobody has published; the message asks for it."""

    exit_code = BAD_INPUT


class Entry(BaseModel):
    """Frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Figure(Entry):
    """A number with where it comes from."""

    value: float | None
    """The number; None where it is unknown."""
    grade: Grade
    source: str
    note: str = ""
    """What else is published, how it was chosen, or why it is unknown."""

    def require(self, what: str) -> float:
        """The number.

        Raises:
            UnknownFigureError: it is unknown.

        >>> Figure(value=1.72, grade="S", source="data sheet").require("power of a switch")
        1.72
        >>> Figure(value=None, grade="S", source="data sheet", note="not published").require("power of a switch")
        Traceback (most recent call last):
        ...
        ai_factory.infra.catalog._models.UnknownFigureError: power of a switch is unknown (not published)
        """
        if self.value is None:
            raise UnknownFigureError(f"{what} is unknown ({self.note or self.source})")
        return self.value


class Range(Entry):
    """Two ends of a published range, of which no point is published."""

    low: float
    high: float
    grade: Grade
    source: str

    def __str__(self) -> str:
        return f"{self.low:g}-{self.high:g}"


class Sourced(Entry):
    """Where fields of the same entry come from."""

    fields: tuple[str, ...]
    grade: Grade
    source: str
    note: str = ""


class Unit(Entry):
    """A published scalable unit: nodes, or whole racks."""

    nodes: int | None = Field(default=None, ge=1)
    racks: int | None = Field(default=None, ge=1)
    grade: Grade
    source: str

    @model_validator(mode="after")
    def _nodes_or_racks(self) -> Self:
        if (self.nodes is None) == (self.racks is None):
            raise ValueError("a unit is counted in nodes or in racks: give one of the two")
        return self


class FabricOption(Entry):
    """A compute fabric that a system can be built with."""

    fabric: str
    """Catalogue id of the fabric."""
    switch: str
    """Catalogue id of the switch."""
    nic: str
    """East-west adapters of a node."""
    rails: int = Field(ge=1)
    """East-west adapters of a node: one rail each."""
    planes: int = Field(default=1, ge=1)
    """Independent planes; an adapter has one link to each."""
    link_gbps: int
    """Speed of one link in Gb/s; half a switch port's speed means split ports."""
    nodes_per_leaf: int = Field(ge=1)
    """Nodes whose rail lands on one leaf; the leaf has as many uplinks."""
    nodes_per_group: int | None = None
    """Nodes under one group of leafs and spines where there are three tiers; the unit's if left out."""
    tiers_at_least: int = Field(default=2, ge=2, le=3)
    """Tiers that are built even where fewer would do."""
    unit: Unit | None = None
    """Unit published for this fabric, where it is another than the system's."""
    grade: Grade
    source: str
    note: str = ""


COUNTS = (
    "gpus_per_node",
    "gpu_memory_gb",
    "nodes_per_rack",
    "height_u",
    "nvlink_switch_trays",
    "dpus_per_node",
    "north_south_links",
    "north_south_gbps",
    "cpu",
    "memory_gib",
)
"""Numbers of a system that must have a source, if they are not nought."""


class SystemEntry(Entry):
    """A GPU system, or the core nodes' server."""

    id: str
    name: str
    gpu_product: str | None = None
    """Value of the GPU operator's label `nvidia.com/gpu.product`."""
    arch: Literal["amd64", "arm64"]
    gpus_per_node: int
    gpu_memory_gb: int = 0
    """Memory of one GPU in GB."""
    nodes_per_rack: tuple[int, ...] = Field(min_length=1)
    """Nodes in a rack, as published."""
    nodes_per_rack_default: int
    height_u: int = Field(default=0, ge=0)
    """Rack units of a node; 0 where none are published."""
    rack_scale: bool = False
    """Whether the rack is one NVLink domain, delivered and allocated whole."""
    nvlink_switch_trays: int = 0
    rack_plan_kw: Figure
    """Planning power of a rack of `nodes_per_rack_default` nodes: the largest published figure."""
    rack_kw_range: Range | None = None
    """Range of a rack's power in kW, where no figure to plan with is published."""
    node_kw: Figure
    """Largest published power of one node."""
    cooling: Literal["air", "rear-door", "liquid"]
    liquid_share: Figure
    """Share of the heat that leaves by liquid, 0 to 1."""
    unit: Unit | None = None
    """None where no scalable unit is published."""
    fabrics: tuple[FabricOption, ...] = ()
    """Compute fabrics; the first is the default."""
    dpus_per_node: int = 0
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
    """PCI device id of the east-west NIC; empty where it is not known."""
    sources: tuple[Sourced, ...] = ()
    """Where the counts come from."""
    source: str
    """Document that describes the system."""

    @model_validator(mode="after")
    def _sourced(self) -> Self:
        named = {field for origin in self.sources for field in origin.fields}
        missing = [field for field in COUNTS if getattr(self, field) and field not in named]
        if missing:
            raise ValueError(f"{self.id}: no source is given for {', '.join(missing)}")
        if self.nodes_per_rack_default not in self.nodes_per_rack:
            raise ValueError(f"{self.id}: nodes_per_rack_default is not one of nodes_per_rack")
        return self

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

    def unit_nodes(self, fabric: str | None) -> int | None:
        """Nodes of one scalable unit as published for a fabric; None where none is published.

        Args:
            fabric: one of `fabric_ids`; the default one if None.
        """
        name = fabric or self.default_fabric
        own = next((option.unit for option in self.fabrics if option.fabric == name), None)
        unit = own or self.unit
        if unit is None:
            return None
        return unit.nodes or (unit.racks or 0) * self.nodes_per_rack_default

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
    """Links that one port can be split into, each at that part of its speed."""
    kw_typical: Figure
    kw_max: Figure
    grade: Grade
    source: str
    """Where ports, speed and split come from."""


class FabricEntry(Entry):
    """A kind of compute fabric."""

    id: str
    name: str
    kind: Literal["infiniband", "ethernet"]
    switch: str
    """Catalogue id of its usual switch; a system's option may name another."""
    link_types: str = ""
    """Link type of its adapters as RDMA tools call it."""
    grade: Grade
    source: str


class DriverEntry(Entry):
    """A storage driver."""

    id: str
    name: str
    tiers: tuple[str, ...]
    provisioner: str
    """CSI provisioner of its first tier."""
    provisioners: dict[str, str] = Field(default_factory=dict)
    """CSI provisioner by tier, where a tier has another than the first."""
    external: bool
    """Whether it talks to a storage system that needs an endpoint."""
    on_core_nodes: bool = False
    """Whether it runs on core nodes."""
    source: str


class GuidelineEntry(Entry):
    """Published storage throughput for a number of GPUs."""

    grade: str
    """Name of the guideline's level."""
    scope: Literal["node", "su", "4-su"]
    gpus: int
    read_gbps: float
    """Aggregate read throughput in GB/s (gigabytes)."""
    write_gbps: float
    """Aggregate write throughput in GB/s."""
    source_grade: Grade
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
    pod_security: Literal["privileged", "baseline", "restricted"] = "privileged"
    """Pod security level that its namespace on a built cluster enforces."""
    depends_on: tuple[str, ...] = ()
    when: dict[str, Any] = Field(default_factory=dict)
    """Conditions on the cluster: `purpose`, `fabric_kind`, `rack_scale`, `provider`, `driver` (lists of values)."""
    values: dict[str, Any] = Field(default_factory=dict)
    brings: dict[str, str] = Field(default_factory=dict)
    """What errors call it, by API group of the kinds that it brings; `*.` stands before a suffix of groups."""
    grade: Grade = "R"
    source: str


class Limits(Entry):
    """Bounds of the platform."""

    nodes_per_cluster: int
    hosts_per_management: int
    resources_per_stack: int
    pods_per_node: int
    core_nodes: int
    """Core nodes of a region."""
    clusters: int
    """GPU clusters of a region; as many halls, management clusters and services of its own."""
    storages: int
    """Storage systems and classes of a region."""
    tenants: int
    """Tenants of a region."""
    decisions: int
    """Waivers of a region; as many approvals."""
    grade: dict[str, Grade]
    source: dict[str, str]

    @model_validator(mode="after")
    def _sourced(self) -> Self:
        numbers = set(type(self).model_fields) - {"grade", "source"}
        if numbers != set(self.grade) or numbers != set(self.source):
            raise ValueError("every limit needs a grade and a source")
        return self
