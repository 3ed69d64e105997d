"""The region file: pydantic models, reading with line numbers, and errors that say how to mend them.

Read `_file` first, the region as a whole, then its parts: `_site` (power, cooling, halls, address pools, core nodes),
`_cluster` (management and GPU clusters, how they are reached, images, BMCs), `_services` (storage, tenants, services,
energy, sovereignty), `_decisions` (waivers, approvals, prices), and `_base`, the field types of all. How a file is
read: `source` (YAML to plain data, with the line of every path; names of files and paths in messages), `characters`
(what can't be seen or looks like another letter), `composing` (YAML to nodes, within bounds), `scalars` (numbers and
words that are read in one way only), `plain_file` (files that others name, read inside bounds), `credentials`
(passwords in URLs and arguments), `data` (the same as `source` of data in memory), `load` (data to models, faults to
remedies), `problems` (a fault, and the error that carries all of them). Beside it: `inventory` (the hosts that exist,
CSV), `fetched_kubeconfig` (what one from a cluster may not hold), `schema` (JSON Schema for editors) and `descriptions`
(what each field is, by its docstring).
"""

from ._cluster import Access, Bmc, Cluster, ControlPlane, Exec, Image, Images, Management, Purpose
from ._decisions import Approval, Costs, Waiver
from ._file import Layout, Region
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
    "Layout",
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
