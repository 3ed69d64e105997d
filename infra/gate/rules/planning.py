"""What planning itself refuses (`plan.checks`, `plan.allocation`, `plan.regions`): well formed, but not to be built.

None can be waived: a region that breaks one has no plan, so there is nothing that a waiver could let pass.
"""

from __future__ import annotations

from .. import rule

_ALLOCATIONS = "docs/adr/0003-allocations.md"
_REFERENCE = "the system's reference architecture, named in its file below infra/catalog/systems"


def _refused(id: str, area: str, reason: str, remedy: str, source: str) -> None:
    rule.found_by_planning(
        id=id, area=area, severity="error", reason=reason, remedy=remedy, source=source, waivable=False
    )(None)


_refused(
    "power-hall", "power",
    "breakers trip, or the last racks stay dark, where racks can draw more than their hall feeds",
    "lower the racks of the hall, or move some to another hall",
    "NVIDIA DSX facilities reference design, docs.nvidia.com/dsx/facilities-infra/reference-design-overview",
)  # fmt: skip
_refused(
    "power-utility", "power",
    "a site that draws more than its connection allows is shed by the grid operator, all tenants at once",
    "lower racks, or raise the supply",
    "NVIDIA DSX facilities reference design, docs.nvidia.com/dsx/facilities-infra/reference-design-overview",
)  # fmt: skip
_refused(
    "power-position", "power",
    "the busway and pipes of a position are sized for one rack: a larger one can't be energised where it stands",
    "choose a hall with stronger positions", _REFERENCE,
)  # fmt: skip
_refused(
    "power-rack", "power",
    "a rack whose power nobody published or measured makes every sum of the site a guess",
    "add rack_kw: the figure of your racks", _REFERENCE,
)  # fmt: skip
_refused(
    "power-promise", "power",
    "the grid counts on what was promised: a load that does not exist can't be shed, and the default is penalised",
    "promise less", "NVIDIA/dsx-exchange, schemas/asyncapi/dsx-flex",
)  # fmt: skip
_refused(
    "cooling-method", "cooling",
    "a liquid-cooled rack in a hall without liquid can't be switched on at all",
    "choose another hall, or add the cooling", _REFERENCE,
)  # fmt: skip
_refused(
    "capacity-positions", "capacity",
    "racks are delivered that there is no place for",
    "lower the racks of the hall, or move some to another hall", "docs/adr/0002-plan-before-engine.md",
)  # fmt: skip
_refused(
    "capacity-system", "capacity",
    "a combination that the vendor does not build has no parts list, cabling or support",
    "use a combination of the catalogue", _REFERENCE,
)  # fmt: skip
_refused(
    "capacity-service", "capacity",
    "a service on a cluster that lacks what it needs queues for ever",
    "move the tenant, or choose another service", "docs/adr/0002-plan-before-engine.md",
)  # fmt: skip
_refused(
    "capacity-max-racks", "capacity",
    "fabric and addresses are sized for max_racks: the racks beyond it have neither ports nor addresses",
    "raise max_racks, or lower nodes", _ALLOCATIONS,
)  # fmt: skip
_refused(
    "capacity-cluster-nodes", "capacity",
    "beyond 5,000 nodes the API server and etcd slow down until nodes are taken for dead",
    "split the cluster", "https://kubernetes.io/docs/setup/best-practices/cluster-large/",
)  # fmt: skip
_refused(
    "capacity-management-hosts", "capacity",
    "a management cluster with too many hosts inspects and repairs them later and later",
    "add a management cluster", "infra/catalog/platform.yaml, limits.hosts_per_management (assumption)",
)  # fmt: skip
_refused(
    "capacity-tenants", "capacity",
    "two tenants are promised the same GPUs, and the one who comes second waits",
    "lower the tenant's share, or raise the cluster's racks", "docs/adr/0002-plan-before-engine.md",
)  # fmt: skip
_refused(
    "capacity-core-nodes", "capacity",
    "a control plane that lacks its nodes loses its quorum or never starts",
    "raise core.nodes", "https://etcd.io/docs/v3.6/faq/",
)  # fmt: skip
_refused(
    "domain-sized-by-racks", "domain",
    "an NVL72 rack is one NVLink domain, delivered and cooled whole: part of one can't be ordered",
    "give racks in place of nodes", "DGX SuperPOD with DGX GB200, RA-11338-001",
)  # fmt: skip
_refused(
    "fabric-size", "fabric",
    "a fat tree of that switch has no ports left for so many nodes",
    "split the cluster", "DGX SuperPOD with DGX H100, RA-11333-001 V11, tables 3 and 4",
)  # fmt: skip
_refused(
    "stacks-single-layout", "stacks",
    "updates of a stack beyond its budget take hours, and moving to another layout later recreates everything",
    "use layout: split", "docs/adr/0004-stacks.md",
)  # fmt: skip
_refused(
    "storage-driver", "storage",
    "a storage class of a kind that its driver can't serve leaves every claim on it pending",
    "choose a driver that offers the tier", "the driver's own documentation, named in infra/catalog/drivers.yaml",
)  # fmt: skip
_refused(
    "versions-kubernetes", "versions",
    "drivers and charts were not tested on it: nodes join without GPUs, or do not join",
    "use a tested version", "infra/catalog/platform.yaml, after the versions that kwok and the charts list",
)  # fmt: skip
_refused(
    "residency-region", "residency",
    "data that may not be stored in the country of the site may not be stored at all",
    "add the region's country to sovereignty.residency", "https://eur-lex.europa.eu/eli/reg/2016/679/oj (chapter V)",
)  # fmt: skip
_refused(
    "residency-tenant", "residency",
    "a tenant's data comes to lie in a country that its contract rules out",
    "place the tenant in another region", "https://eur-lex.europa.eu/eli/reg/2016/679/oj (chapter V)",
)  # fmt: skip
_refused(
    "isolation-adopted", "isolation",
    "nodes of an adopted cluster can't be tainted from here, so other tenants' pods would run on dedicated ones",
    "use isolation shared, or a cluster that is built here",
    "https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/",
)  # fmt: skip
_refused(
    "isolation-system-group", "isolation",
    "groups of Kubernetes hold everyone who is signed in, every pod or every node: all of them get the enclave",
    "name groups of the identity provider",
    "https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
)  # fmt: skip
_refused(
    "addresses-overlap", "addresses",
    "two networks with the same addresses: packets for one arrive in the other",
    "choose a range of its own", _ALLOCATIONS,
)  # fmt: skip
_refused(
    "addresses-private", "addresses",
    "addresses that are public, or that routers do not forward, lead elsewhere or nowhere",
    "use a private range", "https://www.rfc-editor.org/rfc/rfc1918 and https://www.rfc-editor.org/rfc/rfc4193",
)  # fmt: skip
_refused(
    "addresses-numbers", "addresses",
    "a public AS number, or a VNI that does not fit 24 bits, is refused by switches or taken for another network",
    "choose a range inside the private one", "https://www.rfc-editor.org/rfc/rfc6996 and https://www.rfc-editor.org/rfc/rfc7348",
)  # fmt: skip
_refused(
    "pools-exhausted", "addresses",
    "what has no address, number, hall or core node can't be cabled or routed",
    "give a larger pool", _ALLOCATIONS,
)  # fmt: skip
_refused(
    "lock-contradicted", "addresses",
    "hardware is cabled and addressed for what was allocated: a change on paper alone breaks what runs",
    "set it back, or release the item and allocate it anew", _ALLOCATIONS,
)  # fmt: skip
_refused(
    "lock-given-out", "disruption",
    "racks and core nodes that go while they are given out take their holder's work with them",
    "keep them, or release what holds them first", _ALLOCATIONS,
)  # fmt: skip
_refused(
    "lock-damaged", "addresses",
    "the same number in two hands: two hosts with one address, two tenants in one network",
    "restore the lock from version control", _ALLOCATIONS,
)  # fmt: skip
