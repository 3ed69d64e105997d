"""BMCs of bare-metal hosts: how they are reached, with which secret and address, and what they let boot."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from ...objects.base import Manifest
from .. import rule
from ..rule import Breach, ClusterView, Objects, ObjectView, RegionView
from . import _manifests
from .hosts import more_hosts

_HOST = "BareMetalHost"
_METAL3 = "metal3-io/baremetal-operator, docs/api.md"
_PLAIN = frozenset({"ipmi", "libvirt"})


@rule.object_set(
    id="host-bmc-tls", area="secrets", severity="error",
    reason="who answers in a BMC's place gets its password, and with it power, console and disks of the host",
    remedy="set disableCertificateVerification: false, and give Ironic the authority that signed the certificates",
    source="https://book.metal3.io/bmo/supported_hardware",
)  # fmt: skip
def host_bmc_tls(views: Objects) -> Iterator[Breach]:
    """Host objects whose BMC's certificate is not checked; told once for all of a set."""
    loose = [view for view in views.of_kind(_HOST) if _bmc(view).get("disableCertificateVerification")]
    if loose:
        names = _manifests.listed(view.name for view in loose)
        yield Breach(message=f"the certificate of a BMC is checked: {names} do without", subject=loose[0].id)


def _bmc(view: ObjectView) -> Manifest:
    return view.spec.get("bmc") or {}


@rule.each_object(
    id="host-bmc-protocol", area="secrets", severity="error", kinds={_HOST},
    reason="IPMI and plain HTTP send what opens the BMC so that who listens on the out-of-band network has it",
    remedy="use Redfish over TLS, such as redfish-virtualmedia+https://",
    source="https://book.metal3.io/bmo/supported_hardware and US-CERT alert TA13-207A (risks of IPMI)",
)  # fmt: skip
def host_bmc_protocol(view: ObjectView) -> Iterator[Breach]:
    """Hosts whose BMC is reached without TLS."""
    if not (address := str(_bmc(view).get("address") or "")):
        return
    # Without a scheme Metal3 takes IPMI.
    scheme = address.partition("://")[0] if "://" in address else "ipmi"
    if scheme in _PLAIN or scheme.endswith("+http"):
        yield Breach(message=f"a BMC is reached over TLS: {view.name} has {scheme} ({address.rpartition('@')[2]})")


@rule.each_object(
    id="host-bmc-credentials", area="secrets", severity="error", kinds={_HOST},
    reason="a password in an address stands in the repository, in the state, and in every log that names the host",
    remedy="name a secret by credentialsName, fetched from the region's secret store",
    source="https://book.metal3.io/bmo/instance_customization (BMC credentials)",
)  # fmt: skip
def host_bmc_credentials(view: ObjectView) -> Iterator[Breach]:
    """Hosts without a secret for their BMC, or with a password in its address."""
    if not (bmc := _bmc(view)):
        return
    if not bmc.get("credentialsName"):
        yield Breach(message=f"the password of a BMC comes from a secret: {view.name} names none")
    address = str(bmc.get("address") or "")
    if "@" in address and urlsplit(address).password:
        yield Breach(message=f"the password of a BMC comes from a secret: {view.name} has one in its address")


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
        message = (
            f"a BMC has the address of its slot: {host.name} has {host.bmc}, planned is {planned}{more_hosts(off)}"
        )
        yield Breach(message=message, path=("clusters", view.cluster.name))


@rule.region(
    id="bmc-tls", area="secrets", severity="error",
    reason="a BMC that is not verified may be anyone: it is handed the password of the rack and the image to boot",
    remedy="set bmc.verify_tls: true, and have the BMCs' certificates signed by an authority of your own",
    source=_METAL3,
)  # fmt: skip
def bmc_tls(view: RegionView) -> Iterator[Breach]:
    """Regions that speak to BMCs without verifying their certificates."""
    if not view.plan.spec.bmc.verify_tls:
        yield Breach(message="certificates of BMCs are verified: verify_tls is off", path=("bmc", "verify_tls"))


@rule.region(
    id="secure-boot", area="images", severity="warning",
    reason="who once had root keeps the host: what was put into the boot chain survives a reinstall",
    remedy="set bmc.secure_boot: true, with driver modules signed for the node image",
    source="UEFI specification 2.10, chapter 32, Secure Boot and Driver Signing",
)  # fmt: skip
def secure_boot(view: RegionView) -> Iterator[Breach]:
    """Regions without Secure Boot: their BMCs let hosts boot anything."""
    if not view.plan.spec.bmc.secure_boot:
        yield Breach(message="hosts boot what is signed: secure_boot is off", path=("bmc", "secure_boot"))
