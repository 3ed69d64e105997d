"""All rules, by what they look at. A rule is a function with the decorator of its scope (`gate.rule`).

What runs them, and what they have in common:

- `running`: runs the rules on objects, clusters, a region, a change or all regions, and makes findings of breaches;
  finds a finding's place in the region file.
- `waivers`: lays a region's waivers over its findings; waivers and approvals that cover nothing or reach too far.
- `_manifests`: how rules read objects: their namespace, whose tenant it is, pods and containers, selectors, values.
- `_pod_standard`: fields of pods that reach into their host. `_secrets`: whether a text holds a secret.
- `_principals`: whom a binding of rights is for.

The region file, its plan and its numbers:

- `stacks`: the region file's name, layout, stacks over their budget, objects that move to another stack; API servers
  that two clusters are reached at.
- `lock_entries`: the lock file: numbers that it lacks, holds for what is gone, gives out again; lines that were edited.
- `addresses`: pools of IPv4 addresses, AS numbers and VNIs that are nearly full; ranges of pods and services.
- `facility`: power and cooling of the site: supply, feeds, what is promised to the grid, coolant.
- `capacity`: halls and sites at `max_racks`; GPUs to spare for service.
- `placement`: NVLink domains of clusters, tenants' shares of them, and dedicated racks scattered over scalable units.
- `sovereignty`: countries: residency of data, operators, tenants of sovereign services; who holds keys.
- `fleet`: what two regions may not share.
- `project_files`: files beside the region files: settings of stacks, fleet, project; pipelines and what else is only
  named.

Hardware and what runs on it:

- `hosts`: bare-metal hosts: the inventory's racks, core hosts, samples and boot addresses; hosts twice; fields of the
  provider.
- `bmc`: BMCs: certificates, protocol, secrets and passwords, planned addresses; Secure Boot.
- `images`: images of nodes and containers, their checksums and tags; charts, repositories and sources: pinned, by TLS.
- `machines`: machine deployments and health checks: how they roll, rack by rack, how long a start may take.
- `quorum`: nodes, members and monitors of control planes and Ceph: too few, even in number, fewer than before.
- `storage`: encryption of storage and storage classes, Ceph's copies and data kept, quotas, what training
  needs.
- `upgrades`: versions of Kubernetes and add-on charts: skipped, behind, gone back, several at
  once.
- `disruption`: racks that drain, clusters that get another driver, and control planes that roll in one change; pods'
  disruption budgets.

Tenants and objects:

- `isolation`: tenants' namespaces: pod security standard, quotas of GPUs and pods; admission policies that fail open.
- `traffic`: tenants' network policies: denied by default, and none that admits others.
- `rights`: roles, bindings and groups: rights of tenants beyond their namespace, of everyone, on everything.
- `queues`: Kueue's flavours and cluster queues.
- `workloads`: pods in their host's namespaces, in whatever kind their template stands; GPUs asked for twice; compute
  domains.
- `inline_secrets`: Secrets with values; passwords and keys in charts' values, ConfigMaps and scripts.
- `shape`: any object's API version, name, labels and size; objects declared more than once.

What a change takes away:

- `destruction`: regions, clusters, racks, tenants, storage and single objects that go or are replaced: what holds
  state, add-ons, policies, queues; renaming.
- `protection`: whether a region, and each object of it, is protected from deletion.
- `promises`: GPUs and isolation that tenants had before.
- `settings`: how running clusters are reached; ranges of pods; storage endpoints and sizes; quotas and groups of
  tenants.

Found elsewhere and only described here: `planning` (what planning refuses) and `previews` (previews, bases and
code that can't be judged, projects that go). A new module goes into the list below.
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
    lock_entries,
    machines,
    placement,
    planning,
    previews,
    project_files,
    promises,
    protection,
    queues,
    quorum,
    rights,
    settings,
    shape,
    sovereignty,
    stacks,
    storage,
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
    "lock_entries",
    "machines",
    "placement",
    "planning",
    "previews",
    "project_files",
    "promises",
    "protection",
    "queues",
    "quorum",
    "rights",
    "settings",
    "shape",
    "sovereignty",
    "stacks",
    "storage",
    "traffic",
    "upgrades",
    "waivers",
    "workloads",
]
