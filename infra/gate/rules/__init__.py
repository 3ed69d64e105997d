"""All rules, one module an area of life. A rule is a function with the decorator of its scope (`gate.rule`).

Read `running`, which runs them and lays waivers over what they find, and `_manifests` (what rules on objects have in
common). Then the rules, by what they look at: a region as planned (`addresses`, `capacity`, `disruption`, `facility`,
`layout`, `sovereignty`, `storage`; `supply` for what runs on the metal), hosts of a cluster (`hosts`), objects (`bmc`,
`images`, `inline_secrets`, `isolation`, `machines`, `queues`, `rights`, `shape`, `storage_objects`, `traffic`,
`workloads`), what a change does (`destruction`, `promises`, `upgrades`), all regions together (`fleet`). What is found
elsewhere and only described here: `planning`, `previews`, `waivers`. A new module goes into the list below.
"""

from __future__ import annotations

from . import (
    addresses,
    bmc,
    capacity,
    destruction,
    disruption,
    facility,
    fleet,
    hosts,
    images,
    inline_secrets,
    isolation,
    layout,
    machines,
    planning,
    previews,
    promises,
    queues,
    rights,
    shape,
    sovereignty,
    storage,
    storage_objects,
    supply,
    traffic,
    upgrades,
    waivers,
    workloads,
)

__all__ = [
    "addresses",
    "bmc",
    "capacity",
    "destruction",
    "disruption",
    "facility",
    "fleet",
    "hosts",
    "images",
    "inline_secrets",
    "isolation",
    "layout",
    "machines",
    "planning",
    "previews",
    "promises",
    "queues",
    "rights",
    "shape",
    "sovereignty",
    "storage",
    "storage_objects",
    "supply",
    "traffic",
    "upgrades",
    "waivers",
    "workloads",
]
