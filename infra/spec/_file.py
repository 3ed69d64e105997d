"""The region file as a whole."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ._base import Flag, Model, Text
from ._cluster import Bmc, Cluster, Images, Management
from ._decisions import Approval, Costs, Waiver
from ._services import Energy, RegionInfo, Service, Sovereignty, Storage, Tenant
from ._site import Addressing, Core, Site

Layout = Literal["single", "split", "wide"]
"""How a region is cut into stacks."""


class Region(Model):
    """One AI factory: everything that its platform engineers decide. The rest is computed from it."""

    region: RegionInfo
    """Name and place."""
    layout: Layout = "split"
    """`single`: one stack for a region that will always fit the budget; `split`: a stack per plane, cluster
    and group of racks; `wide`: as `split`, and a stack for each management cluster with the management plane of its
    clusters, for a region of so many that one stack can't hold them. Chosen once: moving a resource between stacks
    deletes and recreates it."""
    protect: Flag = Field(default=True)
    """Protect clusters, storage and tenant namespaces from deletion; only a region for trying things says false."""
    sovereignty: Sovereignty
    """Where data, keys and hands may be."""
    addressing: Addressing
    """Address and number pools."""
    site: Site
    """Power, cooling, halls."""
    inventory: Text | None = None
    """CSV file of the hosts, relative to the region file, at most 64 MiB and in the same project; `sample` makes a
    marked sample on the fly."""
    core: Core
    """Core nodes."""
    bmc: Bmc = Bmc()
    """Baseboard management controllers."""
    images: Images | None = None
    """Node images; a must for clusters built from bare metal."""
    management: tuple[Management, ...] = ()
    """Management clusters; one that is installed by context `<region>-management` if left out."""
    clusters: tuple[Cluster, ...] = Field(min_length=1)
    """GPU clusters; at least one."""
    storage: tuple[Storage, ...] = ()
    """Storage systems and classes."""
    tenants: tuple[Tenant, ...] = ()
    """Tenants."""
    services: tuple[Service, ...] = ()
    """Services beyond the catalogue's profiles."""
    energy: Energy = Energy()
    """Energy policy."""
    waivers: tuple[Waiver, ...] = ()
    """Findings of the gate that are accepted for a time."""
    approvals: tuple[Approval, ...] = ()
    """Losses that the gate lets pass."""
    costs: Costs | None = None
    """Prices; changes are not priced if left out."""
