"""A declared item as the object that is compared, judged and kept: its manifest, its digest, its record."""

from __future__ import annotations

from hashlib import blake2b

import msgspec

from ...objects.base import Block, HelmRelease, Item, Manifest
from ..records import ObjectRecord

RELEASE_API, RELEASE_KIND = "helm.sh/v3", "Release"
"""How a Helm release that the engine installs itself is written as an object."""
_SORTED = msgspec.json.Encoder(order="sorted")


def digest(manifest: Manifest, protect: bool) -> str:
    """Digest (16 hex digits) of an item's object and of what an engine is told beside it, whatever the order of keys.

    >>> digest({"a": 1, "b": 2}, False) == digest({"b": 2, "a": 1}, False)
    True
    """
    return _digest(_SORTED.encode(manifest), protect)


def _digest(text: bytes, protect: bool) -> str:
    return blake2b(text + b"1" if protect else text, digest_size=8).hexdigest()


def manifest_of(item: Item) -> Manifest:
    """A declared item as an object; a Helm release becomes one of kind `Release`, group `helm.sh`."""
    if not isinstance(item, HelmRelease):
        return item.manifest
    return {
        "apiVersion": RELEASE_API,
        "kind": RELEASE_KIND,
        "metadata": {"name": item.name, "namespace": item.namespace},
        "spec": {"repo": item.repo, "chart": item.chart, "version": item.version, "values": item.values},
    }


def record(item: Item, block: Block) -> ObjectRecord:
    """The record of a declared item of a block: the object as it is compared, judged and kept."""
    text = _SORTED.encode(manifest_of(item))
    protect = False if isinstance(item, HelmRelease) else item.protect
    return ObjectRecord(
        id=item.id,
        stack=block.stack,
        component=f"{block.type} {block.name}",
        owner=item.owner.path,
        digest=_digest(text, protect),
        protect=protect,
        retain=not isinstance(item, HelmRelease) and item.retain,
        manifest=msgspec.Raw(text),
    )
