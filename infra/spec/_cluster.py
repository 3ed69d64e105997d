"""Management clusters and GPU clusters, and how they are reached."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from ._base import Count, Flag, Kilowatts, Model, Name, NoCredentials, Text, Version, Visible, Word, not_bool
from .credentials import refuse_in_arguments

_HEX_DIGITS = {"sha256": 64, "sha512": 128}
Purpose = Literal["training", "inference", "physical"]


class Exec(Model):
    """A command that prints an ExecCredential, as in a kubeconfig."""

    command: Word
    """Program to run."""
    args: tuple[Word, ...] = ()
    """Its arguments."""
    server: Annotated[str, StringConstraints(pattern=r"^https://[^\s]+$"), Visible, NoCredentials]
    """URL of the API server."""
    ca_file: Text | None = None
    """File of the project with the API server's certificate authority, in PEM; relative to the project's folder."""

    @model_validator(mode="after")
    def _no_secret(self) -> Self:
        refuse_in_arguments((self.command, *self.args))
        return self


class Access(Model):
    """How a cluster's API server is reached; exactly one way."""

    context: Word | None = None
    """Context of the kubeconfig in use (KUBECONFIG, else ~/.kube/config)."""
    exec: Exec | None = None
    """Credentials by a command."""
    capi_secret: Name | None = None
    """Name of the Cluster API kubeconfig secret on the management cluster, read at run time because it rotates."""

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        given = [k for k in ("context", "exec", "capi_secret") if getattr(self, k) is not None]
        if len(given) != 1:
            raise ValueError(f"give exactly one of context, exec and capi_secret, not {', '.join(given) or 'none'}")
        return self


class Image(Model):
    """An operating-system image for bare metal, pinned by checksum."""

    url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s]+\.(qcow2|raw|iso)$"), Visible, NoCredentials]
    """Where the image is, inside the region."""
    checksum: Annotated[
        str, StringConstraints(pattern=r"^([0-9a-f]{64}|[0-9a-f]{128}|https?://[^\s]+)$"), Visible, NoCredentials
    ]
    """SHA-256 or SHA-512 of the image in hex, or the URL of a checksum file."""
    checksum_type: Literal["sha256", "sha512"] = "sha256"
    """Kind of checksum."""
    disk_format: Literal["qcow2", "raw"] = "qcow2"
    """Format of the image."""

    @model_validator(mode="after")
    def _of_one_kind(self) -> Self:
        """A checksum is as long as its kind says, and names of files say the same as their fields."""
        digits, other = _HEX_DIGITS[self.checksum_type], "sha256" if self.checksum_type == "sha512" else "sha512"
        if ":" not in self.checksum and len(self.checksum) != digits:
            raise ValueError(
                f"checksum_type {self.checksum_type} has {digits} hex digits, the checksum has {len(self.checksum)}; "
                f"say checksum_type: {other}, or give the other checksum"
            )
        if self.checksum.lower().endswith((f".{other}", f".{other}sum")):
            raise ValueError(f"the checksum's file is of {other}, checksum_type says {self.checksum_type}; mend one")
        ending = self.url.rpartition(".")[2]
        if ending != self.disk_format:
            raise ValueError(f"the image is a .{ending}, disk_format says {self.disk_format}; mend one of the two")
        return self


class Images(Model):
    """Node images of the region."""

    gpu: Image
    """Image of GPU nodes."""
    core: Image
    """Image of core nodes."""


class Management(Model):
    """One management cluster: Cluster API, Metal3, Flux and the inventory of its hosts."""

    name: Name = "management"
    """Name of the management cluster; unique in the region."""
    provider: Literal["install", "existing"] = "install"
    """`install`: this package installs the management stack on the cluster; `existing`: it is all there."""
    access: Access
    """How the cluster is reached: `context` or `exec`."""

    @model_validator(mode="after")
    def _no_secret(self) -> Self:
        if self.access.capi_secret is not None:
            raise ValueError("a management cluster is reached by context or exec: nothing above it holds its secret")
        return self


class ControlPlane(Model):
    """Control plane of a cluster that is built here."""

    replicas: Annotated[Literal[1, 3, 5], BeforeValidator(not_bool)] = 3
    """Control-plane nodes, taken from the core nodes; odd, so that etcd keeps a quorum."""


class Cluster(Model):
    """A GPU cluster: racks of one system on one compute fabric."""

    name: Name
    """Name of the cluster; unique in the region, and the namespace of its hosts."""
    hall: Name | None = None
    """Hall of its racks; the first hall with room if left out (kept in the lock file)."""
    provider: Literal["metal3", "nico", "existing"] = "metal3"
    """`metal3` builds the cluster from bare metal; `existing` adopts one; `nico` comes later."""
    management: Name | None = None
    """Management cluster that owns it; the first one if left out."""
    system: Word
    """Catalogue id of the GPU system, such as `gb300-nvl72`."""
    racks: Count | None = None
    """Racks of the cluster (or give `nodes`)."""
    nodes: Count | None = None
    """Nodes of the cluster, for systems of several nodes a rack (or give `racks`)."""
    max_racks: Count | None = None
    """Racks that fabric and addresses are sized for; fixed once allocated; `racks` if left out."""
    nodes_per_rack: Count | None = None
    """Nodes in a rack, one of the catalogue's options; the catalogue's default if left out."""
    rack_kw: Kilowatts | None = None
    """Planning power of a rack in kW, over the catalogue's figure; a must where that is unknown or a range."""
    purpose: Purpose
    """What the cluster is for."""
    fabric: Word | None = None
    """Compute fabric: one that the system offers; the system's default if left out."""
    power_profile: Literal["max-p", "max-q"] | None = None
    """GPU power profile; the energy policy's default if left out. Planning always uses the full rack figure."""
    kubernetes: Version | None = None
    """Kubernetes version; the catalogue's default if left out."""
    control_plane: ControlPlane = ControlPlane()
    """Control plane, for `metal3`."""
    access: Access | None = None
    """How the cluster is reached; for `metal3` its Cluster API secret if left out."""

    @model_validator(mode="after")
    def _size(self) -> Self:
        if (self.racks is None) == (self.nodes is None):
            raise ValueError("give either racks or nodes" + ("" if self.racks is None else ", not both"))
        if self.racks is not None and self.max_racks is not None and self.max_racks < self.racks:
            raise ValueError(f"max_racks ({self.max_racks}) is below racks ({self.racks}); raise it")
        return self

    @model_validator(mode="after")
    def _reach(self) -> Self:
        if self.provider == "existing" and self.access is None:
            raise ValueError("an existing cluster needs access, for instance access: {context: " + self.name + "}")
        return self


class Bmc(Model):
    """How baseboard management controllers are spoken to: Redfish over TLS only, IPMI is off."""

    protocol: Literal["redfish-virtualmedia", "redfish-uefihttp", "idrac-virtualmedia", "ilo5-virtualmedia"] = (
        "redfish-virtualmedia"
    )
    """Metal3 driver; TLS is always on."""
    system_path: Annotated[str, StringConstraints(pattern=r"^/redfish/v1/Systems/[^\s/]+$")] = "/redfish/v1/Systems/1"
    """Redfish path of the host."""
    secret_store: Word = "bmc"  # noqa: S105 the name of a store, not a secret
    """ClusterSecretStore of External Secrets that holds the credentials, at `bmc/<rack>`."""
    verify_tls: Flag = Field(default=True)
    """Whether the BMC's certificate is verified."""
    secure_boot: Flag = Field(default=True)
    """Whether hosts boot by UEFI Secure Boot; the GPU driver's modules must then be signed for the node image."""
