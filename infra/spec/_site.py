"""The site: power, cooling, halls, address pools, core nodes."""

from __future__ import annotations

import ipaddress
from typing import Literal

from pydantic import Field

from ._base import Count, Kilowatts, Megawatts, Model, Name, Names, Network4, Network6, Number, Ratio, Whole


class Power(Model):
    """Electrical supply of the whole site."""

    utility_mw: Megawatts
    """Power that the site may draw from its utility feeds, in MW at the meter."""
    feeds: Names = Field(default=("main-a", "main-b"), min_length=1)
    """Names of the utility feeds, as grid and building systems call them; one or more."""
    redundancy: Literal["n", "n+1", "2n", "4-to-make-3"] = "4-to-make-3"
    """How the distribution survives the loss of one path; `utility_mw` is already what may be drawn."""
    pue: Number = Field(default=1.2, ge=1.0, le=3.0)
    """Power usage effectiveness planned for: facility power over IT power."""
    fabric_core_share: Ratio | None = None
    """Power of switches and core nodes as a share of the racks' power; the catalogue's derived figure if left out."""


class Cooling(Model):
    """Technology cooling of the halls."""

    supply_c: Number = Field(default=45, ge=5, le=60)
    """Supply temperature of the liquid loop, in degrees Celsius."""
    cdu_redundancy: Literal["n", "n+1", "2n"] = "n+1"
    """Redundancy of the coolant distribution units."""


class Hall(Model):
    """One data hall."""

    name: Name
    """Name of the hall; unique in the region."""
    max_it_mw: Megawatts
    """IT power that the hall can feed and cool, in MW."""
    max_racks: Count | None = None
    """Rack positions in the hall; unlimited if left out."""
    max_rack_kw: Kilowatts | None = None
    """Largest rack that a position can feed and cool, in kW; unlimited if left out."""
    cooling: tuple[Literal["air", "rear-door", "liquid"], ...] = ("air", "rear-door", "liquid")
    """Cooling methods that the hall offers."""


class Site(Model):
    """Power, cooling and halls."""

    power: Power
    """Electrical supply."""
    cooling: Cooling = Cooling()
    """Technology cooling."""
    halls: tuple[Hall, ...] = Field(min_length=1)
    """Data halls; at least one."""


class Addressing(Model):
    """Pools that addresses and numbers are allocated from; what is allocated stands in the lock file."""

    underlay_v4: Network4
    """Pool of host links (/31), node, loopback, service, storage and tenant networks."""
    oob_v4: Network4
    """Pool of the out-of-band network: BMCs, DPU and switch management."""
    ula_v6: Network6 | None = None
    """Pool used where an IPv4 pool has no room left."""
    pods_v4: Network4 = ipaddress.IPv4Network("100.64.0.0/10")
    """Pod range; repeats in every cluster and is never routed."""
    cluster_services_v4: Network4 = ipaddress.IPv4Network("172.20.0.0/16")
    """Kubernetes service range; repeats in every cluster and is never routed."""
    asn_base: Whole = Field(default=4_200_000_000, ge=64_512, le=4_294_967_294)
    """First 32-bit private AS number (RFC 6996) of the region."""
    asn_count: Whole = Field(default=1_000_000, ge=1, le=94_967_295)
    """How many AS numbers the region may use from `asn_base` on."""
    vni_base: Whole = Field(default=100_000, ge=1, le=16_777_214)
    """First VXLAN network identifier of the region's tenants."""
    vni_count: Whole = Field(default=10_000, ge=1, le=16_777_214)
    """How many VNIs the region may use from `vni_base` on."""


class Core(Model):
    """Core nodes: control planes, management clusters, storage."""

    system: Name = "cpu-server"
    """Catalogue id of the core nodes."""
    nodes: Count
    """How many there are."""
    nodes_per_rack: Count = 16
    """Core nodes in a rack."""
    node_kw: Kilowatts | None = None
    """Power of one core node, in kW; needed where the catalogue has none and core power is to be planned apart."""
    hall: Name | None = None
    """Hall of the core racks; the first hall if left out."""
