"""What runs on the clusters: storage, tenants, services, energy policy, sovereignty."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from ._base import (
    Count,
    Countries,
    Country,
    Flag,
    Group,
    Megawatts,
    Model,
    Name,
    Names,
    NoCredentials,
    Number,
    ShortName,
    Text,
    Visible,
    Word,
    not_bool,
)
from ._cluster import Purpose


class RegionInfo(Model):
    """Who and where the region is."""

    name: Name
    """Name of the region, such as `kr-ulsan`; the name of its stack and its files."""
    country: Country
    """Country of the site, ISO 3166-1 alpha-2."""
    city: Text
    """City or site name."""


class Sovereignty(Model):
    """Where data, keys and hands may be."""

    residency: Countries
    """Countries that data may be stored in; the region's own country must be among them."""
    keys: Literal["in-country", "customer-held"] = "in-country"
    """Who holds encryption keys."""
    operators: Countries
    """Countries that administrators may work from."""


class Storage(Model):
    """A storage system or class that clusters of the region use."""

    name: Name
    """Name, and the name of its storage class; unique in the region."""
    tier: Literal["parallel", "block", "file", "object", "local", "context-memory"]
    """What it is for."""
    driver: Word | None = None
    """Catalogue id of the driver; `context-memory` has none yet."""
    grade: Literal["good", "better", "best"] = "better"
    """Published throughput guideline to plan for."""
    capacity_pib: Number | None = None
    """Usable capacity in PiB (or `capacity_tib`)."""
    capacity_tib: Number | None = None
    """Usable capacity in TiB (or `capacity_pib`)."""
    clusters: Names = ()
    """Clusters that use it; all clusters of the region if left out."""
    cluster: Name | None = None
    """The one cluster that uses it, in place of `clusters`."""
    endpoint: Annotated[str, StringConstraints(pattern=r"^[^\s@]{1,253}$"), Visible, NoCredentials] | None = None
    """Address of the storage system's management interface, for vendor drivers."""
    nodes: Count | None = None
    """Core nodes that it runs on, for drivers that run in the cluster (`rook-ceph`)."""
    encrypted: Flag = True
    """Encrypt at rest."""

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        if self.capacity_pib is not None and self.capacity_tib is not None:
            raise ValueError("give capacity_pib or capacity_tib, not both")
        if self.cluster is not None and self.clusters:
            raise ValueError("give cluster or clusters, not both")
        if self.driver is None and self.tier != "context-memory":
            raise ValueError(f"tier {self.tier} needs a driver")
        return self

    @property
    def size_tib(self) -> float | None:
        """Usable capacity in TiB, None if not given."""
        return self.capacity_pib * 1024 if self.capacity_pib is not None else self.capacity_tib

    @property
    def used_by(self) -> tuple[str, ...]:
        """Names of the clusters that it is limited to; empty for all."""
        return (self.cluster,) if self.cluster is not None else self.clusters


class Quota(Model):
    """Limits of a tenant beside its GPUs."""

    cpu: Count | None = None
    """CPU cores; follows the share of GPUs if left out."""
    memory_gib: Count | None = None
    """Memory in GiB; follows the share of GPUs if left out."""
    ephemeral_gib: Count | None = None
    """Local disk of nodes that pods fill with logs, layers and empty directories, in GiB; follows the share of GPUs."""
    storage_tib: Number | None = None
    """Storage over all classes in TiB; the share of GPUs in each class's capacity if left out."""
    pods: Count = 1000
    """Pods; also how many objects of each other kind."""
    load_balancers: Annotated[int, Field(ge=0, le=1000), BeforeValidator(not_bool)] = 8
    """Services of type LoadBalancer, each of which takes an address (default: assumption)."""


class Tenant(Model):
    """A tenant: whole racks of its own, or a share of a cluster's GPUs."""

    name: ShortName
    """Name of the tenant; unique in the region, and its namespace."""
    isolation: Literal["shared", "dedicated-nodes", "dedicated-cluster", "confidential"]
    """How it is kept apart. `dedicated-cluster` and `confidential` come later."""
    cluster: Name
    """Cluster that it lives on."""
    racks: Count | None = None
    """Whole racks (NVLink domains), for `dedicated-nodes`."""
    gpus: Count | None = None
    """GPUs, for `shared`."""
    services: Names = ()
    """Services that it uses: catalogue profiles, or services of this file."""
    groups: tuple[Group, ...] = ()
    """Identity-provider groups that may work in the enclave; `tenant:<name>` if left out."""
    residency: Countries | None = None
    """Countries its data may be in; the region's if left out."""
    quota: Quota = Quota()
    """Other limits."""

    @model_validator(mode="after")
    def _size(self) -> Self:
        wanted = {"shared": "gpus", "dedicated-nodes": "racks"}.get(self.isolation)
        if wanted is None:
            return self
        other = "racks" if wanted == "gpus" else "gpus"
        if getattr(self, wanted) is None:
            raise ValueError(f"isolation {self.isolation} is sized by {wanted}: give {wanted}")
        if getattr(self, other) is not None:
            raise ValueError(f"isolation {self.isolation} is sized by {wanted}: leave out {other}")
        return self


class Service(Model):
    """A service of this region, made from a catalogue profile."""

    name: Name
    """Name that tenants use."""
    profile: Word
    """Catalogue profile that it is made from."""
    priority: Annotated[int, Field(ge=-1_000_000, le=1_000_000), BeforeValidator(not_bool)] | None = None
    """Queue priority; the profile's if left out. Higher runs first and is shed last."""
    purposes: tuple[Purpose, ...] | None = None
    """Cluster purposes it goes with; the profile's if left out."""


class Energy(Model):
    """Energy policy of the region."""

    power_profile: Literal["max-p", "max-q"] = "max-p"
    """GPU power profile of clusters that name none."""
    curtailable_mw: Megawatts | None = None
    """Load that the region has promised to shed on the grid's request, in MW at the meter."""
    shed_first: Names = ()
    """Services shed first when power is short, in this order."""
