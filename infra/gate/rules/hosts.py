"""Bare-metal hosts: what the inventory lists of a cluster, which host stands twice, whose fields are whose."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from ...plan.model import ClusterPlan, Host
from ...spec.inventory import SAMPLE_PREFIX
from .. import rule
from ..rule import Breach, ClusterView, Objects, ObjectView
from . import _manifests

_OWNED = ("image", "consumerRef")
"""Fields that the provider writes when a machine takes a host. `online` is required by the schema: engines send it
once and leave it alone then (`objects._hosts`)."""

_HOST = "BareMetalHost"
_LOCAL_BIT = 0x02
"""Bit of the first octet that says: made up on the spot, not burnt in."""


@rule.cluster(
    id="domain-whole-rack", area="domain", severity="error",
    reason="an NVLink domain that lacks trays is declared as if it were whole: jobs of a full rack never fit",
    remedy="list all trays of the rack, or none until they are all there",
    source="DGX SuperPOD with DGX GB200, RA-11338-001",
)  # fmt: skip
def domain_whole_rack(view: ClusterView) -> Iterator[Breach]:
    """Rack-scale racks of which the inventory lists a part."""
    for rack in view.cluster.declared_racks if view.cluster.system.rack_scale else ():
        if len(rack.hosts) < rack.nodes:
            message = f"a rack is declared whole: {len(rack.hosts)} of its {rack.nodes} trays are in the inventory"
            yield Breach(message=message, subject=f"rack/{rack.name}", path=("clusters", view.cluster.name, "racks"))


@rule.cluster(
    id="control-plane-hosts", area="disruption", severity="error",
    reason="racks join a control plane that is not complete: with too few hosts it never forms, or survives no loss",
    remedy="list the control-plane hosts in the inventory before the racks", source="https://etcd.io/docs/v3.6/faq/",
)  # fmt: skip
def control_plane_hosts(view: ClusterView) -> Iterator[Breach]:
    """Clusters with racks in the inventory and fewer core hosts than control-plane replicas."""
    cluster, replicas = view.cluster, view.cluster.spec.control_plane.replicas
    if cluster.built and cluster.declared_racks and len(cluster.core_hosts) < replicas:
        message = (
            f"a control plane has its hosts before racks join: {len(cluster.core_hosts)} of {replicas} are in the "
            f"inventory, and {len(cluster.declared_racks)} racks"
        )
        yield Breach(message=message, path=("clusters", cluster.name, "control_plane"))


@rule.cluster(
    id="inventory-mixed", area="capacity", severity="error",
    reason="one made-up host makes the whole region a sample, of which nothing is applied to real hardware",
    remedy="take the made-up hosts out of the inventory", source="docs/adr/0006-sandbox.md",
)  # fmt: skip
def inventory_mixed(view: ClusterView) -> Iterator[Breach]:
    """Clusters with made-up hosts among the real ones of their inventory."""
    hosts = _hosts(view.cluster)
    made_up = [host for host in hosts if _made_up(host)]
    if made_up and len(made_up) < len(hosts):
        message = (
            f"an inventory is real or a sample: {len(made_up)} of {len(hosts)} hosts are made up, the first is "
            f"{made_up[0].name} ({made_up[0].serial})"
        )
        yield Breach(message=message, path=("inventory",))


@rule.cluster(
    id="boot-mac", area="capacity", severity="warning",
    reason="a host is found by the address burnt into its boot adapter: one that was made up never boots",
    remedy="take the address from the label of the adapter, or from the BMC", source="https://www.rfc-editor.org/rfc/rfc9542",
)  # fmt: skip
def boot_mac(view: ClusterView) -> Iterator[Breach]:
    """Real hosts of the inventory whose boot MAC address is locally administered."""
    local = [host for host in _hosts(view.cluster) if not _made_up(host) and int(host.mac[:2], 16) & _LOCAL_BIT]
    if local:
        message = f"a boot address is a burnt-in one: {local[0].mac} of {local[0].name} is locally administered"
        yield Breach(message=f"{message}{more_hosts(local)}", path=("inventory",))


def _hosts(cluster: ClusterPlan) -> list[Host]:
    return [*cluster.core_hosts, *(host for rack in cluster.declared_racks for host in rack.hosts)]


def _made_up(host: Host) -> bool:
    return host.serial.startswith(SAMPLE_PREFIX)


def more_hosts(hosts: Sequence[object]) -> str:
    """How many hosts have the same fault beside the first, in the words of a message."""
    return f" (and {len(hosts) - 1} more hosts)" if len(hosts) > 1 else ""


@rule.each_object(
    id="host-owned-fields", area="disruption", severity="error", kinds={_HOST},
    reason="the provider writes these when a machine takes the host: an engine that puts them back wipes running nodes",
    remedy="leave them out; the machine's template says which image a host gets",
    source="https://book.metal3.io/bmo/provisioning",
)  # fmt: skip
def host_owned_fields(view: ObjectView) -> Iterator[Breach]:
    """Host objects with fields that belong to the infrastructure provider."""
    spec = view.spec
    if owned := [key for key in _OWNED if spec.get(key) is not None]:
        yield Breach(message=f"the provider owns a host's image and consumer: {view.name} sets {' and '.join(owned)}")


@rule.object_set(
    id="host-twice", area="addresses", severity="error",
    reason="two hosts with one BMC or boot address are one server: what is done to one, even a wipe, hits the other",
    remedy="correct the address of one of them in the inventory",
    source="https://book.metal3.io/bmo/introduction and infra/spec/inventory.py",
)  # fmt: skip
def host_twice(views: Objects) -> Iterator[Breach]:
    """Hosts that stand twice: with the BMC address or boot address of another."""
    first: dict[str, ObjectView] = {}
    again: dict[str, list[ObjectView]] = defaultdict(list)
    for view in views.of_kind(_HOST):
        for address in _addresses(view):
            if first.setdefault(address, view) is not view:
                again[address].append(view)
    for address, others in again.items():
        names = _manifests.listed(host.name for host in (first[address], *others))
        yield Breach(message=f"a server stands once: each of {names} {address}", subject=first[address].id)


def _addresses(view: ObjectView) -> Iterator[str]:
    """What only one server can have, in words."""
    spec = view.spec
    if mac := spec.get("bootMACAddress"):
        yield f"boots from {mac.lower()}"
    if address := (spec.get("bmc") or {}).get("address"):
        yield f"has the BMC {_server(address)}"


def _server(address: str) -> str:
    """A BMC's address without the protocol: a chassis with several systems tells them by path."""
    return address.rpartition("://")[2].rpartition("@")[2].rstrip("/").lower()
