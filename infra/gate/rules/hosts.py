"""Hosts of one cluster, as the inventory lists them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...plan.model import ClusterPlan, Host
from ...spec.inventory import SAMPLE_PREFIX
from .. import rule
from ..rule import Breach, ClusterView

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
    id="bmc-planned", area="addresses", severity="warning",
    reason="a BMC with the address of another slot was mostly cabled to another slot: the wrong tray is switched off",
    remedy="check the cabling, then give the BMC its planned address", source="docs/adr/0003-allocations.md",
)  # fmt: skip
def bmc_planned(view: ClusterView) -> Iterator[Breach]:
    """Hosts whose BMC has another address than planned for their slot."""
    if view.cluster.networks is None:
        return
    off = [
        (host, planned)
        for rack in view.cluster.declared_racks
        for host in rack.hosts
        if host.bmc != (planned := view.cluster.bmc_address(rack, host.slot))
    ]
    if off:
        host, planned = off[0]
        message = f"a BMC has the address of its slot: {host.name} has {host.bmc}, planned is {planned}{_more(off)}"
        yield Breach(message=message, path=("clusters", view.cluster.name))


@rule.cluster(
    id="inventory-mixed", area="capacity", severity="error",
    reason="one made-up host makes the whole region a sample, of which nothing is applied to real hardware",
    remedy="take the made-up hosts out of the inventory", source="docs/adr/0006-sandbox.md",
)  # fmt: skip
def inventory_mixed(view: ClusterView) -> Iterator[Breach]:
    """Clusters with made-up hosts among real ones."""
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
    """Real hosts whose boot address is locally administered."""
    local = [host for host in _hosts(view.cluster) if not _made_up(host) and int(host.mac[:2], 16) & _LOCAL_BIT]
    if local:
        message = f"a boot address is a burnt-in one: {local[0].mac} of {local[0].name} is locally administered"
        yield Breach(message=f"{message}{_more(local)}", path=("inventory",))


def _hosts(cluster: ClusterPlan) -> list[Host]:
    return [*cluster.core_hosts, *(host for rack in cluster.declared_racks for host in rack.hosts)]


def _made_up(host: Host) -> bool:
    return host.serial.startswith(SAMPLE_PREFIX)


def _more(hosts: Sequence[object]) -> str:
    return f" (and {len(hosts) - 1} more hosts)" if len(hosts) > 1 else ""
