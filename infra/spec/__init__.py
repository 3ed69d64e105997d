"""The region file: pydantic models, reading with line numbers, and errors that say how to mend them."""

from ._cluster import Access, Bmc, Cluster, ControlPlane, Exec, Image, Images, Management, Purpose
from ._decisions import Approval, Costs, Waiver
from ._file import Region
from ._services import Energy, Quota, RegionInfo, Service, Sovereignty, Storage, Tenant
from ._site import Addressing, Cooling, Core, Hall, Power, Site

__all__ = [
    "Access",
    "Addressing",
    "Approval",
    "Bmc",
    "Cluster",
    "ControlPlane",
    "Cooling",
    "Core",
    "Costs",
    "Energy",
    "Exec",
    "Hall",
    "Image",
    "Images",
    "Management",
    "Power",
    "Purpose",
    "Quota",
    "Region",
    "RegionInfo",
    "Service",
    "Site",
    "Sovereignty",
    "Storage",
    "Tenant",
    "Waiver",
]
