"""Plain records of a planned region: what is compared, judged and kept in the cache. All of them are JSON.

A base may be planned by older code (`sides.own_code`), so a field that is added has a default: without one, every
change of code would be unjudged.

A region is cut into shards: `management`, and for all that depends on one cluster alone `cluster/<name>` and
`cluster/<name>/machines`. A shard is computed from a region file, lock and inventory that were cut down to what it may
see, so its key, a digest of just that, can't stand for other content.
"""

from __future__ import annotations

from typing import Any

import msgspec

from ..objects.fields import FieldChange as FieldChange
from ..objects.ids import UNKNOWN, ObjectId, Subject

Path_ = tuple[str | int, ...]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One breach of a rule, or one thing that the reader should know."""

    rule: str
    """Id of the rule."""
    severity: str
    """`error`, `warning` or `note`; only an error makes the gate say no."""
    region: str
    subject: str
    """What it is about: `region/..`, `cluster/..`, `tenant/..`, `rack/..`, `stack/..` or the id of an object."""
    message: str
    """The rule, then what was observed."""
    remedy: str
    path: Path_ = ()
    """Place in the region file, with the names of list items in place of their numbers."""
    file: str = ""
    line: int | None = None
    waived: str | None = None
    """Reason of the waiver that covers it."""
    until: str | None = None
    """Last day of that waiver."""


class ObjectRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One object that a region declares."""

    id: str
    """Unique in the region, see `objects.base`."""
    stack: str
    component: str
    """Component that registers it, `<Type> <name>`."""
    owner: str = UNKNOWN.path
    """Path of what it belongs to (`objects.ids.Subject`): `tenant/acme`, `cluster/train/rack/train-r0001`."""
    digest: str
    """Of the manifest without its owner, and the options that an engine sees."""
    protect: bool
    retain: bool = False
    """Left where it is when the plan has it no more, because what runs there still refers to it."""
    manifest: msgspec.Raw
    """The object as JSON; `data()` decodes it."""

    def data(self) -> dict[str, Any]:
        """The object as plain data."""
        manifest: dict[str, Any] = msgspec.json.decode(self.manifest)
        return manifest


class StackCount(msgspec.Struct, frozen=True, kw_only=True):
    """What a shard adds to a stack."""

    name: str
    resources: int
    """Component resources and their objects."""
    size_bytes: int
    """Bytes of the objects as JSON."""


class ShardHead(msgspec.Struct, frozen=True, kw_only=True):
    """A shard without its objects."""

    region: str
    name: str
    key: str
    stacks: tuple[StackCount, ...]
    declared_racks: tuple[str, ...]
    """Racks that have hosts."""
    findings: tuple[Finding, ...]
    """What the rules for clusters and objects say of it."""
    objects: int
    payload: str
    """Digest of the objects' bytes."""


class ClusterFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A cluster in numbers."""

    name: str
    system: str
    purpose: str
    hall: str
    provider: str
    management: str
    fabric: str | None
    kubernetes: str
    rack_names: tuple[str, ...]
    nodes: int
    gpus: int
    gpus_per_node: int
    nodes_per_rack: int
    rack_scale: bool
    max_racks: int
    it_kw: float
    """With its share of fabric and core."""
    control_plane: int


class TenantFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant in numbers."""

    name: str
    cluster: str
    isolation: str
    gpus: int
    racks: tuple[str, ...]


class StorageFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A storage system in numbers."""

    name: str
    tier: str
    driver: str | None
    capacity_tib: float | None
    clusters: tuple[str, ...]


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """A value of the region file that what runs was built on, and that no object shows, or only in part."""

    subject: str
    """What it is of: `region/..`, `management/..`, `cluster/..`, `storage/..` or `tenant/..`."""
    name: str
    """Its place below that, such as `access` or `quota.cpu`."""
    value: Any
    """As JSON."""


class PoolFacts(msgspec.Struct, frozen=True, kw_only=True):
    """How full a pool is."""

    name: str
    total: int
    used: int


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """What a region takes."""

    it_kw: float = 0.0
    facility_kw: float = 0.0
    utility_kw: float = 0.0
    racks: int = 0
    nodes: int = 0
    gpus: int = 0
    tenants: int = 0
    currency: str | None = None
    """None where the region file has no `costs`."""
    hardware: float | None = None
    """Price of the racks; None where a system has no price."""
    energy_per_year: float | None = None
    """Price of the energy of a year at full load; None where there is no price."""


class Outline(msgspec.Struct, frozen=True, kw_only=True):
    """A region without its objects: what rules on changes compare, and where its shards are."""

    region: str
    country: str
    file: str
    layout: str
    protect: bool
    sample: bool
    """The hosts are a marked sample."""
    residency: tuple[str, ...]
    totals: Totals
    clusters: tuple[ClusterFacts, ...]
    tenants: tuple[TenantFacts, ...]
    storage: tuple[StorageFacts, ...]
    pools: tuple[PoolFacts, ...]
    charts: dict[str, str]
    """Versions of add-on charts by id."""
    lock: tuple[str, ...]
    """Lines of the lock file's entries as they stand in the file."""
    shards: dict[str, str]
    """Keys of the shards by name."""
    stacks: tuple[str, ...]
    """Stacks in the order of a first `up`."""
    waivers: tuple[dict[str, str], ...] = ()
    approvals: tuple[dict[str, str], ...] = ()
    settings: tuple[Setting, ...] | None = None
    """None where code made it that knew of none: then nothing can be said of them."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What happens to one object."""

    action: str
    """`replace`, `delete`, `move` (to another stack: deleted and made anew), `create` or `update`."""
    id: str
    kind: str
    region: str
    stack: str
    component: str
    owner: str = UNKNOWN.path
    """Path of what the object belongs to."""
    protect: bool
    """Protected before the change."""
    fields: tuple[FieldChange, ...] = ()
    because: tuple[str, ...] = ()
    """Immutable fields that differ: why it is replaced."""

    @property
    def subject(self) -> Subject:
        """What the object belongs to; `UNKNOWN` where it does not say."""
        return Subject.parse(self.owner)

    @property
    def object_id(self) -> ObjectId:
        """The id in parts.

        Raises:
            ValueError: it is the URN of what is no Kubernetes object.
        """
        return ObjectId.parse(self.id)

    @property
    def loses(self) -> bool:
        """Whether the object that is there now goes."""
        return self.action in ("replace", "delete", "move")

    @property
    def former_stack(self) -> str | None:
        """Stack that a moved object leaves; None where it keeps its stack."""
        if self.action != "move":
            return None
        return next((str(field.old) for field in self.fields if field.path == "stack"), None)


class Blast(msgspec.Struct, frozen=True, kw_only=True):
    """What a change takes away or drains, by name; running capacity is what stands before the change."""

    clusters_lost: tuple[str, ...] = ()
    racks_lost: tuple[str, ...] = ()
    hosts_lost: tuple[str, ...] = ()
    gpus_lost: int = 0
    racks_drained: tuple[str, ...] = ()
    """Racks whose machines are replaced one at a time."""
    clusters_drained: tuple[str, ...] = ()
    """Clusters of which every node is taken out of service in turn, for another driver of its GPUs or NICs."""
    gpus_drained: int = 0
    tenants_lost: tuple[str, ...] = ()
    tenants_affected: tuple[str, ...] = ()
    """Tenants with racks or clusters among what is lost or drained, and whose own objects are replaced."""
    storage_lost: tuple[str, ...] = ()
    serving_lost: tuple[str, ...] = ()
    """Ids of objects that serve what stays, such as add-ons, policies of operators and queues."""


class StackDelta(msgspec.Struct, frozen=True, kw_only=True):
    """What a change does to one stack, in numbers of objects."""

    name: str
    create: int = 0
    update: int = 0
    replace: int = 0
    """Replaced, and moved to or from another stack."""
    delete: int = 0
    resources: int = 0
    """Resources after the change."""
