"""Plain values that building blocks yield: Kubernetes objects, Helm releases, and the blocks that group them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from .ids import ObjectId, Subject, owned

Manifest = dict[str, Any]
"""A Kubernetes object as plain JSON data, in the API's own camelCase."""

LABEL = "ai-factory.dev"
"""Prefix of this package's own labels and annotations."""
MANAGED_BY = {"app.kubernetes.io/managed-by": "ai-factory"}


@dataclass(frozen=True, slots=True, kw_only=True)
class KubeObject:
    """One Kubernetes object and how it is to be applied."""

    target: str
    """Cluster that it is applied to: the name of a management or GPU cluster of the region."""
    manifest: Manifest
    """What makes it what it is: compared, judged, and the content of digests."""
    owner: Subject
    """What it belongs to; applied as an annotation, which is no part of the manifest (`applied`)."""
    after: tuple[str, ...] = ()
    """Ids of objects that must exist first. Ids of other stacks or components are left to the stack order."""
    protect: bool = False
    """Deleting it loses state or running capacity: engines refuse unless told to."""
    wait_for: str | None = None
    """What ready means, in the form of pulumi.com/waitFor: `condition=Ready` or `jsonpath={..}=value`."""
    timeout_seconds: int = 600
    """How long readiness may take."""
    ignore_changes: tuple[str, ...] = ()
    """Fields, such as `spec.online`, that are set when the object is created and belong to a controller from then
    on. Engines keep the live value: Pulumi by ignoreChanges, server-side apply by sending what it read."""
    retain: bool = False
    """Left on the cluster when the plan has it no more, because what runs there still refers to it; its owner on the
    cluster removes it in the end. Pulumi by retainOnDelete, the direct engine by not pruning it."""

    @property
    def id(self) -> str:
        """Text of its `ObjectId`: unique in the region."""
        return str(ObjectId.of(self.target, self.manifest))

    @property
    def applied(self) -> Manifest:
        """The manifest as engines send it: with its owner's annotation."""
        return owned(self.manifest, self.owner)


@dataclass(frozen=True, slots=True, kw_only=True)
class HelmRelease:
    """A chart that the Pulumi engine itself installs: only the management stack has any."""

    target: str
    owner: Subject
    name: str
    namespace: str
    repo: str
    """Repository URL, or the `oci://` prefix."""
    chart: str
    version: str
    values: Manifest
    after: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """Text of its `ObjectId`, of kind `Chart`."""
        return str(ObjectId.chart(self.target, self.namespace, self.name))


Item = KubeObject | HelmRelease


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """What one component resource declares: its items in order, and its child blocks."""

    type: str
    """Name of the component class, such as `GpuCluster`."""
    name: str
    """Name of the component; child names derive from it."""
    stack: str
    """Stack that it belongs to."""
    items: tuple[Item, ...]
    children: tuple[Block, ...] = ()

    def walk(self) -> Iterator[Block]:
        """This block and all below it, parents first."""
        yield self
        for child in self.children:
            yield from child.walk()


def resource_name(component: str, item: Item) -> str:
    """Pulumi name of an item below its component: derived from the component's name, unique within it.

    >>> owner = Subject("management", "m")
    >>> flux = HelmRelease(
    ...     target="m", owner=owner, name="flux", namespace="f", repo="", chart="", version="", values={}
    ... )
    >>> resource_name("c", flux)
    'c-chart-f-flux'
    """
    if isinstance(item, HelmRelease):
        return f"{component}-chart-{item.namespace}-{item.name}"
    meta = item.manifest["metadata"]
    parts = (component, item.manifest["kind"].lower(), meta.get("namespace"), meta["name"])
    return "-".join(part for part in parts if part)


def make(api_version: str, kind: str, name: str, namespace: str | None = None, **fields: Any) -> Manifest:
    """A Kubernetes manifest, metadata first; `labels` and `annotations` go into the metadata, None is left out."""
    metadata: Manifest = {"name": name}
    if namespace is not None:
        metadata["namespace"] = namespace
    metadata["labels"] = {**MANAGED_BY, **(fields.pop("labels", None) or {})}
    if annotations := fields.pop("annotations", None):
        metadata["annotations"] = annotations
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": metadata,
        **{key: value for key, value in fields.items() if value is not None},
    }


def items_of(blocks: Iterable[Block]) -> Iterator[Item]:
    """Every object and Helm release of the blocks and of all blocks below them."""
    for block in blocks:
        for inner in block.walk():
            yield from inner.items
