"""Bare-metal hosts and the credentials of their BMCs, for GPU racks and for control planes."""

from __future__ import annotations

from functools import cache
from ipaddress import IPv6Address

from .. import catalog, spec
from ..plan.model import ClusterPlan, Host, RegionPlan
from . import labels
from .base import LABEL, KubeObject, Manifest, make
from .ids import Subject, object_id

BOOT_MAC = f"{LABEL}/boot-mac"
"""Annotation: MAC address of the boot interface. Metal3DataTemplate reads no spec fields, only labels, annotations
and interface names, and those differ between systems."""
SERIAL = f"{LABEL}/serial"
"""Annotation: serial number, as the inventory has it."""

_ARCHITECTURES = {"amd64": "x86_64", "arm64": "aarch64"}


@cache
def architecture(system: str) -> str:
    """CPU architecture of a bare-metal host's system as Ironic names it, `x86_64` or `aarch64`."""
    return _ARCHITECTURES[catalog.load().system(system).arch]


def namespace_id(cluster: ClusterPlan) -> str:
    """Id of the namespace on the management cluster that holds all of a cluster: hosts, machines, facts."""
    return object_id(cluster.management, make("v1", "Namespace", cluster.name))


def _credentials_name(rack: str) -> str:
    """Name of the secret with the BMC credentials of a rack."""
    return f"bmc-{rack}"


def bmc_address(bmc: spec.Bmc, host: Host) -> str:
    """BMC address of a host as Metal3 writes it, with TLS.

    >>> from ipaddress import ip_address
    >>> bmc, mac = ip_address("10.65.0.1"), "02:00:00:00:00:01"
    >>> host = Host(name="r-u01", rack="r", slot=0, u=1, serial="s", bmc=bmc, mac=mac)
    >>> bmc_address(spec.Bmc(), host)
    'redfish-virtualmedia+https://10.65.0.1/redfish/v1/Systems/1'
    """
    address = f"[{host.bmc}]" if isinstance(host.bmc, IPv6Address) else str(host.bmc)
    return f"{bmc.protocol}+https://{address}{bmc.system_path}"


def credentials(plan: RegionPlan, cluster: ClusterPlan, rack: str, owner: Subject) -> KubeObject:
    """The secret with the BMC credentials that all hosts of a rack share, fetched from the region's secret store."""
    name = _credentials_name(rack)
    data = [
        {"secretKey": key, "remoteRef": {"key": f"bmc/{rack}", "property": key}} for key in ("username", "password")
    ]
    # The operator reads only secrets with this label through its cache; set here, or it and External Secrets
    # would write the label in turns.
    template = {"type": "Opaque", "metadata": {"labels": {"environment.metal3.io": "baremetal"}}}
    manifest = make(
        "external-secrets.io/v1",
        "ExternalSecret",
        name,
        cluster.name,
        spec={
            "refreshInterval": "1h0m0s",
            "secretStoreRef": {"kind": "ClusterSecretStore", "name": plan.spec.bmc.secret_store},
            "target": {"name": name, "creationPolicy": "Owner", "deletionPolicy": "Retain", "template": template},
            "data": data,
        },
    )
    return KubeObject(
        target=cluster.management,
        owner=owner,
        manifest=manifest,
        after=(namespace_id(cluster),),
        wait_for="condition=Ready",
    )


def bare_metal_host(
    plan: RegionPlan,
    cluster: ClusterPlan,
    host: Host,
    *,
    system: str,
    role: str,
    owner: Subject,
    links: str | None = None,
    after: tuple[str, ...] = (),
) -> KubeObject:
    """One BareMetalHost: a tray or server of the inventory with its BMC, boot MAC and labels.

    `spec.online` is required by the schema, so it is sent when the host is created and then left to the
    provider, which writes it when a machine takes or leaves the host: owning it would power off running nodes.
    `image` and `consumerRef` are never sent.

    Args:
        plan: the region.
        cluster: cluster that owns the host.
        host: the host.
        system: catalogue id of its system.
        role: `gpu` or `control-plane`.
        owner: what the host belongs to.
        links: its north-south links, `ns0=10.64.0.1/31,..`; None or empty where it has none.
        after: ids of what must exist first.
    """
    annotations = {BOOT_MAC: host.mac, SERIAL: host.serial} | ({labels.HOST_LINKS: links} if links else {})
    bmc = plan.spec.bmc
    body: Manifest = {
        "online": False,
        "architecture": architecture(system),
        "automatedCleaningMode": "metadata",
        "bmc": {
            "address": bmc_address(bmc, host),
            "credentialsName": _credentials_name(host.rack),
            "disableCertificateVerification": not bmc.verify_tls,
        },
        "bootMACAddress": host.mac,
        # The kernel then loads signed modules only: GPU and network drivers come signed, with the node image.
        "bootMode": "UEFISecureBoot" if plan.spec.bmc.secure_boot else "UEFI",
        # No hint at all means /dev/sda, which NVMe systems lack; an empty one means the smallest disk: the boot disk.
        "rootDeviceHints": {},
    }
    marks = {labels.HOST_RACK: host.rack, labels.HOST_ROLE: role, labels.HOST_SLOT: str(host.slot)}
    manifest = make(
        "metal3.io/v1alpha1", "BareMetalHost", host.name, cluster.name, labels=marks, annotations=annotations, spec=body
    )
    return KubeObject(
        target=cluster.management,
        owner=owner,
        manifest=manifest,
        after=after,
        protect=plan.spec.protect,
        ignore_changes=("spec.online",),
    )
