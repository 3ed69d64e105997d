"""Images, charts and sources: what runs is what was reviewed, and comes from who it should."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ... import spec
from ...objects.base import Manifest
from .. import rule
from ..rule import Breach, Objects, ObjectView, RegionView
from . import _manifests
from ._manifests import Node

_EXACT = re.compile(r"v?\d+\.\d+\.\d+([-+][0-9A-Za-z.+-]+)?")
"""One version, not a range of them."""
_SOURCES = frozenset({"HelmRepository", "OCIRepository", "GitRepository", "Bucket"})
_STORES = frozenset({"ClusterSecretStore", "SecretStore"})
_PLAIN = ("http://", "git://", "ftp://")
"""Schemes without TLS."""
_RELEASES = frozenset({"HelmRelease", "Release"})
_PROVIDERS = frozenset(
    {"CoreProvider", "BootstrapProvider", "ControlPlaneProvider", "InfrastructureProvider", "IPAMProvider"}
)
_VERSIONED = _PROVIDERS | _RELEASES | {"OCIRepository", "GitRepository"}
_SKIPS = frozenset({"insecureskipverify", "insecureskiptlsverify", "tlsskipverify", "skiptlsverify", "insecuretls"})
_VERIFIES = frozenset({"verifyssl", "sslverify", "verifytls", "tlsverify"})
"""Names of settings, in small letters without `-` and `_`, that turn the check of certificates off or on."""
_METAL3 = "metal3-io/baremetal-operator, docs/api.md"
_APART = frozenset({"imageTag", "repository", "tag", "version"})
"""Keys beside `image` that tell its version, so that it is no whole reference."""
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
_MOVING = frozenset(
    {"", "latest", "main", "master", "trunk", "head", "edge", "nightly", "rolling", "snapshot", "canary", "dev"}
    | {"develop", "development", "stable", "unstable", "testing"}
)
"""Tags that projects move by habit: names of branches and channels."""
_MD5 = re.compile(r"[0-9a-f]{32}")


@rule.each_object(
    id="image-tag", area="images", severity="error", but_not=_manifests.NUMEROUS,
    reason="an image without a tag, or with latest, is another one on the next node, and no roll-back brings it back",
    remedy="name the image's version, or better its digest",
    source="https://kubernetes.io/docs/concepts/containers/images/",
)  # fmt: skip
def image_tag(view: ObjectView) -> Iterator[Breach]:
    """Container images whose version is left open, or whose digest is none, in templates of pods of whatever kind.

    It can't see images that a chart names, and those whose repository and tag stand apart in a kind of others.
    """
    for image in _images(view):
        if _is_open(image):
            yield Breach(message=f"an image has a version: {view.kind} {view.name} has {image}")


def _is_open(image: str) -> bool:
    """Whether a reference of an image names what may be another one tomorrow."""
    name, at, digest = image.partition("@")
    tag = name.rpartition("/")[2].partition(":")[2]
    return not _DIGEST.fullmatch(digest) if at else tag in _MOVING


def _images(view: ObjectView) -> list[str]:
    kind = view.kind
    if (spec := _manifests.pod(view)) is not None:
        return [container["image"] for container in _manifests.containers(spec) if container.get("image")]
    if _manifests.strange(view):
        parts = (node.value for node in _manifests.walk(view.manifest) if isinstance(node.value, dict))
        return [part["image"] for part in parts if isinstance(part.get("image"), str) and not _APART.intersection(part)]
    if kind == "CephCluster":
        return [str((view.spec.get("cephVersion") or {}).get("image") or "ceph")]
    if kind == "NicClusterPolicy":
        parts = (node.value for node in _manifests.walk(view.spec) if isinstance(node.value, dict))
        return [_joined(part) for part in parts if "image" in part and "repository" in part]
    return []


def _joined(part: Manifest) -> str:
    image, version = f"{part['repository']}/{part['image']}", part.get("version") or ""
    return f"{image}@{version}" if version.startswith("sha256:") else f"{image}:{version}"


@rule.each_object(
    id="chart-pinned", area="versions", severity="error", kinds=_VERSIONED,
    reason="a version that is left open changes by itself: what runs was never reviewed, and regions drift apart",
    remedy="give one version, tag or commit",
    source="https://fluxcd.io/flux/components/helm/helmreleases/ and https://fluxcd.io/flux/components/source/",
)  # fmt: skip
def chart_pinned(view: ObjectView) -> Iterator[Breach]:
    """Charts, repositories of sources and providers that are not pinned to one version."""
    open_ = _open_version(view)
    if open_ is not None:
        yield Breach(message=f"a version is pinned: {view.kind} {view.name} has {open_ or 'none'}")


def _open_version(view: ObjectView) -> str | None:
    """What stands in place of a version; None where one is pinned, or where there is none to pin."""
    kind = view.kind
    if kind == "HelmRelease":
        chart = (view.spec.get("chart") or {}).get("spec")
        return None if chart is None else _unless_exact(chart.get("version"))
    if kind in _PROVIDERS or (kind == "Release" and view.group == "helm.sh"):
        return _unless_exact(view.spec.get("version"))
    if kind in ("OCIRepository", "GitRepository"):
        return _open_reference(view.spec.get("ref") or {}, branches=kind == "GitRepository")
    return None


def _unless_exact(version: str | None) -> str | None:
    return None if _EXACT.fullmatch(version or "") else version or ""


def _open_reference(ref: Manifest, *, branches: bool) -> str | None:
    if ref.get("digest") or ref.get("commit"):
        return None
    if ref.get("semver"):
        return f"semver {ref['semver']}"
    if ref.get("tag"):
        return "tag latest" if ref["tag"] == "latest" else None
    if str(ref.get("name") or "").startswith("refs/tags/"):
        return None
    return f"branch {ref.get('branch') or ref.get('name') or 'of the repository'}" if branches else "no tag"


@rule.each_object(
    id="source-tls", area="images", severity="error", kinds=_SOURCES | _STORES | _RELEASES,
    reason="who stands between can hand out another chart or image, and it runs with the rights of the platform",
    remedy="use https with a certificate that is checked; name your own authority by certSecretRef",
    source="https://fluxcd.io/flux/components/source/ocirepositories/",
)  # fmt: skip
def source_tls(view: ObjectView) -> Iterator[Breach]:
    """Sources of charts and images, and stores of secrets, without TLS, and settings of charts that turn the check of
    certificates off."""
    kind = view.kind
    if kind in _SOURCES:
        given = "insecure: true" if view.spec.get("insecure") is True else str(view.spec.get("url") or "")
        if view.spec.get("insecure") is True or _is_plain(given):
            yield Breach(message=f"a source is reached by checked TLS: {kind} {view.name} has {given}")
    elif kind in _STORES:
        for node in _manifests.walk(view.spec.get("provider")):
            if _is_plain(node.value):
                yield Breach(message=f"a store of secrets is reached by TLS: {kind} {view.name} has {node.value}")
    elif kind in _RELEASES:
        yield from _release(view)


def _release(view: ObjectView) -> Iterator[Breach]:
    if _is_plain(view.spec.get("repo")):
        yield Breach(message=f"a source is reached by checked TLS: {view.kind} {view.name} has {view.spec['repo']}")
    for node in _manifests.walk(view.spec.get("values")):
        if _turns_off(node):
            given = f"{node.path}: {str(node.value).lower()}"
            yield Breach(
                message=f"a chart checks certificates: the values of {view.kind} {view.name} have {given}",
                remedy="turn the check on, and give the authority's certificate to the chart",
            )


def _is_plain(url: object) -> bool:
    return isinstance(url, str) and url.lower().startswith(_PLAIN)


def _turns_off(node: Node) -> bool:
    if not node.key or not isinstance(node.value, bool | str):
        return False
    name, value = re.sub("[-_]", "", node.key.lower()), str(node.value).lower()
    return (name in _SKIPS and value == "true") or (name in _VERIFIES and value == "false")


@rule.object_set(
    id="node-image", area="images", severity="error",
    reason="a node's image that is not checked by a sound checksum can be swapped, and with it the whole node",
    remedy="give the SHA-256 or SHA-512 of the image, and its checksumType",
    source="https://book.metal3.io/bmo/instance_customization and https://book.metal3.io/capm3/introduction",
)  # fmt: skip
def node_image(views: Objects) -> Iterator[Breach]:
    """Node images without a checksum, or with one that can be forged; told once an image."""
    seen: dict[str, str] = {}
    for view in views.of_kind("Metal3MachineTemplate", "BareMetalHost"):
        spec = view.spec if view.kind == "BareMetalHost" else (view.spec.get("template") or {}).get("spec") or {}
        image = spec.get("image") or {}
        if image and image.get("diskFormat") != "live-iso" and (fault := _checksum_fault(image)):
            seen.setdefault(f"{image.get('url')} has {fault}", view.id)
    for what, subject in seen.items():
        yield Breach(message=f"a node's image has a sound checksum: {what}", subject=subject)


def _checksum_fault(image: Manifest) -> str | None:
    checksum = str(image.get("checksum") or "")
    if not checksum:
        return "none"
    md5 = image.get("checksumType") == "md5" or _MD5.fullmatch(checksum)
    return "one of MD5" if md5 else None


@rule.region(
    id="image-pinned", area="images", severity="warning",
    reason="what a checksum file holds can change between two hosts: the same plan then installs two different images",
    remedy="give the checksum itself, in hex", source=_METAL3,
)  # fmt: skip
def image_pinned(view: RegionView) -> Iterator[Breach]:
    """Node images of a protected region that are named by the URL of a checksum."""
    for name, image in _node_images(view):
        if "://" in image.checksum:
            message = f"an image is pinned by its digest: images.{name} takes it from {image.checksum}"
            yield Breach(message=message, path=("images", name, "checksum"))


@rule.region(
    id="image-over-tls", area="images", severity="error",
    reason="who sits on the path replaces the checksum and the image with it, and owns every node from the first boot",
    remedy="serve the checksum by https, or give it in hex", source=_METAL3,
)  # fmt: skip
def image_over_tls(view: RegionView) -> Iterator[Breach]:
    """Node images of a protected region whose checksum travels unprotected. An image may: its checksum is verified."""
    for name, image in _node_images(view):
        if image.checksum.startswith("http://"):
            message = f"a checksum comes by https: that of images.{name} comes from {image.checksum}"
            yield Breach(message=message, path=("images", name, "checksum"))


def _node_images(view: RegionView) -> Iterator[tuple[str, spec.Image]]:
    images = view.plan.spec.images
    if images is not None and view.plan.spec.protect:
        yield from (("gpu", images.gpu), ("core", images.core))
