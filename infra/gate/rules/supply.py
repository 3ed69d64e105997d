"""What runs on the metal and how it gets there: images, BMCs, boot, versions."""

from __future__ import annotations

from collections.abc import Iterator

from ... import spec
from .. import rule
from ..rule import Breach, RegionView

_METAL3 = "metal3-io/baremetal-operator, docs/api.md"
_MINORS = 2


@rule.region(
    id="image-pinned", area="images", severity="warning",
    reason="what a checksum file holds can change between two hosts: the same plan then installs two different images",
    remedy="give the checksum itself, in hex", source=_METAL3,
)  # fmt: skip
def image_pinned(view: RegionView) -> Iterator[Breach]:
    """Images of a protected region that are named by the URL of a checksum."""
    for name, image in _images(view):
        if "://" in image.checksum:
            message = f"an image is pinned by its digest: images.{name} takes it from {image.checksum}"
            yield Breach(message=message, path=("images", name, "checksum"))


@rule.region(
    id="image-over-tls", area="images", severity="error",
    reason="who sits on the path replaces the checksum and the image with it, and owns every node from the first boot",
    remedy="serve the checksum by https, or give it in hex", source=_METAL3,
)  # fmt: skip
def image_over_tls(view: RegionView) -> Iterator[Breach]:
    """Images of a protected region whose checksum travels unprotected. An image may: its checksum is verified."""
    for name, image in _images(view):
        if image.checksum.startswith("http://"):
            message = f"a checksum comes by https: that of images.{name} comes from {image.checksum}"
            yield Breach(message=message, path=("images", name, "checksum"))


def _images(view: RegionView) -> Iterator[tuple[str, spec.Image]]:
    images = view.plan.spec.images
    if images is not None and view.plan.spec.protect:
        yield from (("gpu", images.gpu), ("core", images.core))


@rule.region(
    id="bmc-tls", area="secrets", severity="error",
    reason="a BMC that is not verified may be anyone: it is handed the password of the rack and the image to boot",
    remedy="set bmc.verify_tls: true, and have the BMCs' certificates signed by an authority of your own",
    source=_METAL3,
)  # fmt: skip
def bmc_tls(view: RegionView) -> Iterator[Breach]:
    """Regions that speak to BMCs without verifying them."""
    if not view.plan.spec.bmc.verify_tls:
        yield Breach(message="certificates of BMCs are verified: verify_tls is off", path=("bmc", "verify_tls"))


@rule.region(
    id="secure-boot", area="images", severity="warning",
    reason="who once had root keeps the host: what was put into the boot chain survives a reinstall",
    remedy="set bmc.secure_boot: true, with driver modules signed for the node image",
    source="UEFI specification 2.10, chapter 32, Secure Boot and Driver Signing",
)  # fmt: skip
def secure_boot(view: RegionView) -> Iterator[Breach]:
    """Regions whose hosts boot anything."""
    if not view.plan.spec.bmc.secure_boot:
        yield Breach(message="hosts boot what is signed: secure_boot is off", path=("bmc", "secure_boot"))


@rule.region(
    id="versions-behind", area="versions", severity="warning",
    reason="kubeadm goes one minor version at a time: each one missed is one more time that all nodes are drained",
    remedy="upgrade the cluster by one minor version now",
    source="https://kubernetes.io/docs/tasks/administer-cluster/kubeadm/kubeadm-upgrade/",
)  # fmt: skip
def versions_behind(view: RegionView) -> Iterator[Breach]:
    """Built clusters two or more minor versions behind the newest that is tested."""
    newest = max(view.loaded.catalog.kubernetes_versions, key=_parts)
    for cluster in view.plan.clusters:
        behind = _parts(newest)[1] - _parts(cluster.kubernetes)[1]
        if cluster.built and behind >= _MINORS:
            message = (
                f"a cluster is at most one minor version behind the newest that is tested: {cluster.kubernetes} is "
                f"{behind} behind {newest}"
            )
            yield Breach(
                message=message, subject=f"cluster/{cluster.name}", path=("clusters", cluster.name, "kubernetes")
            )


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.removeprefix("v").split("."))
