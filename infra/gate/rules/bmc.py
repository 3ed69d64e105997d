"""Bare-metal hosts: how their BMCs are reached, and what of them belongs to the provider."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from urllib.parse import urlsplit

from ...objects.base import Manifest
from .. import rule
from ..rule import Breach, Objects, ObjectView
from . import _manifests

_HOST = "BareMetalHost"
_OWNED = ("image", "consumerRef")
"""Fields that the provider writes when a machine takes a host. `online` is required by the schema: engines send it
once and leave it alone then (`objects._hosts`)."""
_PLAIN = frozenset({"ipmi", "libvirt"})


@rule.object_set(
    id="host-bmc-tls", area="secrets", severity="error",
    reason="who answers in a BMC's place gets its password, and with it power, console and disks of the host",
    remedy="set disableCertificateVerification: false, and give Ironic the authority that signed the certificates",
    source="https://book.metal3.io/bmo/supported_hardware",
)  # fmt: skip
def host_bmc_tls(views: Objects) -> Iterator[Breach]:
    """Hosts whose BMC's certificate is not checked; told once for all of a set."""
    loose = [view for view in _manifests.of_kind(views, _HOST) if _bmc(view).get("disableCertificateVerification")]
    if loose:
        names = _manifests.listed(view.name for view in loose)
        yield Breach(message=f"the certificate of a BMC is checked: {names} do without", subject=loose[0].id)


def _bmc(view: ObjectView) -> Manifest:
    return view.spec.get("bmc") or {}


@rule.each_object(
    id="host-bmc-protocol", area="secrets", severity="error",
    reason="IPMI and plain HTTP send what opens the BMC so that who listens on the out-of-band network has it",
    remedy="use Redfish over TLS, such as redfish-virtualmedia+https://",
    source="https://book.metal3.io/bmo/supported_hardware and US-CERT alert TA13-207A (risks of IPMI)",
)  # fmt: skip
def host_bmc_protocol(view: ObjectView) -> Iterator[Breach]:
    """Hosts whose BMC is reached without TLS."""
    if view.kind != _HOST or not (address := str(_bmc(view).get("address") or "")):
        return
    # Without a scheme Metal3 takes IPMI.
    scheme = address.partition("://")[0] if "://" in address else "ipmi"
    if scheme in _PLAIN or scheme.endswith("+http"):
        yield Breach(message=f"a BMC is reached over TLS: {view.name} has {scheme} ({address.rpartition('@')[2]})")


@rule.each_object(
    id="host-bmc-credentials", area="secrets", severity="error",
    reason="a password in an address stands in the repository, in the state, and in every log that names the host",
    remedy="name a secret by credentialsName, fetched from the region's secret store",
    source="https://book.metal3.io/bmo/instance_customization (BMC credentials)",
)  # fmt: skip
def host_bmc_credentials(view: ObjectView) -> Iterator[Breach]:
    """Hosts without a secret for their BMC, or with a password in its address."""
    if view.kind != _HOST or not (bmc := _bmc(view)):
        return
    if not bmc.get("credentialsName"):
        yield Breach(message=f"the password of a BMC comes from a secret: {view.name} names none")
    address = str(bmc.get("address") or "")
    if "@" in address and urlsplit(address).password:
        yield Breach(message=f"the password of a BMC comes from a secret: {view.name} has one in its address")


@rule.each_object(
    id="host-owned-fields", area="disruption", severity="error",
    reason="the provider writes these when a machine takes the host: an engine that puts them back wipes running nodes",
    remedy="leave them out; the machine's template says which image a host gets",
    source="https://book.metal3.io/bmo/provisioning",
)  # fmt: skip
def host_owned_fields(view: ObjectView) -> Iterator[Breach]:
    """Hosts with fields that belong to the infrastructure provider."""
    if view.kind != _HOST:
        return
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
    """Hosts that share a BMC address or the MAC address that they boot from."""
    first: dict[str, ObjectView] = {}
    again: dict[str, list[ObjectView]] = defaultdict(list)
    for view in _manifests.of_kind(views, _HOST):
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
