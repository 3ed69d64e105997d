"""Metal3 on a management cluster: Ironic, the operator that runs it, and the bare-metal operator, by Flux.

The bare-metal operator finds Ironic and its credentials through the Ironic object (`config/use-irso`), so no
password passes through this package. Hosts boot by virtual media: Ironic listens on the address of the node that it
runs on, and needs no network of its own, no DHCP and no PXE.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import yaml

from ..plan.model import ManagementPlan, RegionPlan
from . import ids
from ._hosts import architecture
from .base import Item, KubeObject, Manifest, make

BAREMETAL_OPERATOR = "baremetal-operator"
BAREMETAL_OPERATOR_VERSION = "v0.13.2"
IRONIC_OPERATOR = "ironic-standalone-operator"
IRONIC_OPERATOR_VERSION = "v0.11.0"
IRONIC_VERSION = "38.0"
"""Ironic release: the newest that ironic-standalone-operator v0.11.0 supports."""
NAMESPACE = "baremetal-operator-system"
"""The bare-metal operator looks for the Ironic object in its own namespace."""
FLUX_NAMESPACE = "flux-system"

_IRONIC = "ironic"
_TLS = "ironic-tls"
_BMC_CA = "bmc-ca"
# Secrets are read only with these labels: the first for the Ironic operator, the second for the bare-metal operator.
_SECRET_LABELS = {
    "environment.metal3.io/ironic-standalone-operator": "true",
    "environment.metal3.io": "baremetal",
}
_ARM_AGENT = "https://tarballs.opendev.org/openstack/ironic-python-agent-builder/dib/files/ipa-debian-arm64-master"
"""Ironic's agent for aarch64 hosts: the operator's own download is for x86_64 only (Metal3 development list,
2025-09), OpenDev publishes the other at this place."""


@dataclass
class NamedItems:
    """Items in order, and ids of some by a short name, for those that come after them."""

    items: list[Item] = field(default_factory=list)
    id_of: dict[str, str] = field(default_factory=dict)

    def add(self, item: Item) -> str:
        """Append an item; returns its id."""
        self.items.append(item)
        return item.id

    def __getitem__(self, name: str) -> str:
        if name not in self.id_of:
            raise KeyError(f"the catalogue gives no {name} to the management plane")
        return self.id_of[name]


def namespace(target: str, name: str, **marks: str) -> KubeObject:
    """A namespace of the management stack, with labels of its own."""
    return KubeObject(target=target, owner=ids.management(target), manifest=make("v1", "Namespace", name, labels=marks))


def applied(target: str, manifest: Manifest, after: tuple[str, ...], *, ready: bool) -> KubeObject:
    """An object of the management stack, and whether what follows waits until it is ready."""
    wait = "condition=Ready" if ready else None
    return KubeObject(
        target=target, owner=ids.management(target), manifest=manifest, after=after, wait_for=wait, timeout_seconds=1200
    )


def items(plan: RegionPlan, management: ManagementPlan, flux: str, charts: tuple[str, ...]) -> NamedItems:
    """Everything of Metal3 on a management cluster: Ironic, its operator and the bare-metal operator.

    Args:
        plan: the region.
        management: the management cluster.
        flux: id of the release of Flux.
        charts: ids of all charts: certificates and secrets need their operators.
    """
    target = management.name
    metal3 = NamedItems()
    # Ironic listens on its node's own address.
    home = metal3.add(namespace(target, NAMESPACE, **{"pod-security.kubernetes.io/enforce": "privileged"}))
    operator = _from_git(metal3, target, IRONIC_OPERATOR, IRONIC_OPERATOR_VERSION, "./config/default", flux)
    needs = [operator]
    for manifest, ready in _secrets(plan):
        needs.append(metal3.add(applied(target, manifest, (home, *charts), ready=ready)))
    ironic = metal3.add(applied(target, _ironic(plan, management), tuple(needs), ready=True))
    _from_git(metal3, target, BAREMETAL_OPERATOR, BAREMETAL_OPERATOR_VERSION, "./config/use-irso", flux, home, ironic)
    return metal3


def _from_git(metal3: NamedItems, target: str, name: str, version: str, path: str, *after: str) -> str:
    """A Metal3 operator from its repository's kustomization at a tag; returns the id to wait for."""
    source = make(
        "source.toolkit.fluxcd.io/v1",
        "GitRepository",
        name,
        FLUX_NAMESPACE,
        spec={
            "url": f"https://github.com/metal3-io/{name}",
            "ref": {"tag": version},
            "sparseCheckout": ["config"],
            "interval": "12h",
        },
    )
    fetched = metal3.add(applied(target, source, after, ready=True))
    body: dict[str, Any] = {
        "sourceRef": {"kind": "GitRepository", "name": name},
        "path": path,
        "interval": "1h",
        "retryInterval": "2m",
        "timeout": "10m",
        "wait": True,
        "prune": True,
        # Deleting this object must not take the kinds along, and with them every host.
        "deletionPolicy": "Orphan",
        # The manifests name a moving tag, or none.
        "images": [{"name": f"quay.io/metal3-io/{name}", "newTag": version}],
    }
    if name == IRONIC_OPERATOR:
        body["patches"] = [_feature_gate("Overrides")]
    manifest = make("kustomize.toolkit.fluxcd.io/v1", "Kustomization", name, FLUX_NAMESPACE, spec=body)
    metal3.id_of[name] = metal3.add(applied(target, manifest, (fetched,), ready=True))
    return metal3.id_of[name]


def _feature_gate(name: str) -> Manifest:
    """Patch that turns a feature gate of an operator on: images by architecture stand below one."""
    change = [{"op": "add", "path": "/spec/template/spec/containers/0/args/-", "value": f"--feature-gates={name}=true"}]
    return {"target": {"kind": "Deployment", "name": "controller-manager"}, "patch": yaml.safe_dump(change)}


def _secrets(plan: RegionPlan) -> list[tuple[Manifest, bool]]:
    """What Ironic's certificates need: manifest, and whether its readiness is waited for."""
    issuer = make("cert-manager.io/v1", "Issuer", _IRONIC, NAMESPACE, spec={"selfSigned": {}})
    host = f"{_IRONIC}.{NAMESPACE}.svc"
    certificate = make(
        "cert-manager.io/v1",
        "Certificate",
        _TLS,
        NAMESPACE,
        spec={
            "secretName": _TLS,
            "secretTemplate": {"labels": _SECRET_LABELS},
            "dnsNames": [host, f"{host}.cluster.local"],
            "duration": "8760h",
            "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"},
            "issuerRef": {"kind": "Issuer", "name": _IRONIC},
        },
    )
    secrets = [(issuer, False), (certificate, True)]
    return [*secrets, (_bmc_ca(plan), True)] if plan.spec.bmc.verify_tls else secrets


def _bmc_ca(plan: RegionPlan) -> Manifest:
    """The authority that signed the BMCs' certificates, from the region's secret store at `bmc/ca`."""
    return make(
        "external-secrets.io/v1",
        "ExternalSecret",
        _BMC_CA,
        NAMESPACE,
        spec={
            "refreshInterval": "1h0m0s",
            "secretStoreRef": {"kind": "ClusterSecretStore", "name": plan.spec.bmc.secret_store},
            "target": {
                "name": _BMC_CA,
                "creationPolicy": "Owner",
                "deletionPolicy": "Retain",
                "template": {"type": "Opaque", "metadata": {"labels": _SECRET_LABELS}},
            },
            "data": [{"secretKey": "ca.crt", "remoteRef": {"key": "bmc/ca", "property": "ca.crt"}}],
        },
    )


def _ironic(plan: RegionPlan, management: ManagementPlan) -> Manifest:
    tls: dict[str, Any] = {"certificateName": _TLS}
    if plan.spec.bmc.verify_tls:
        tls["bmcCA"] = {"kind": "Secret", "name": _BMC_CA}
    body: dict[str, Any] = {"version": IRONIC_VERSION, "tls": tls}
    if "aarch64" in _architectures(plan, management):
        image = {"architecture": "aarch64", "kernel": f"{_ARM_AGENT}.kernel", "initramfs": f"{_ARM_AGENT}.initramfs"}
        body["overrides"] = {"agentImages": [image]}
    return make("ironic.metal3.io/v1alpha1", "Ironic", _IRONIC, NAMESPACE, spec=body)


def _architectures(plan: RegionPlan, management: ManagementPlan) -> set[str]:
    """CPU architectures of the hosts of a management cluster."""
    clusters = [plan.cluster(name) for name in management.clusters]
    systems = {cluster.system.id for cluster in clusters if cluster.built} | {plan.spec.core.system}
    return {architecture(system) for system in systems}
