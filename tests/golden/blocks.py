"""Which blocks are held: one of each kind for each provider, fabric kind, storage driver and isolation tier."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from ai_factory.infra.objects import base, region

from . import plans

Documents = list[dict[str, Any]]


class Place(NamedTuple):
    """Where a block is: its region, type and name."""

    region: str
    type: str
    name: str


PLACES = {
    "management-install": Place("strict", "ManagementCluster", "management"),
    "management-install-unverified": Place("open", "ManagementCluster", "new"),
    "management-existing": Place("open", "ManagementCluster", "old"),
    "cluster-metal3": Place("strict", "GpuCluster", "train"),
    "cluster-metal3-one-replica": Place("strict", "GpuCluster", "serve"),
    "cluster-metal3-unprotected": Place("open", "GpuCluster", "servers"),
    "cluster-existing": Place("strict", "GpuCluster", "twin"),
    "racks-infiniband": Place("strict", "RackGroup", "train-0"),
    "racks-ethernet": Place("strict", "RackGroup", "serve-0"),
    "racks-unprotected": Place("open", "RackGroup", "servers-0"),
    "platform-infiniband-weka": Place("strict", "ClusterPlatform", "train"),
    "platform-ethernet-vast": Place("strict", "ClusterPlatform", "serve"),
    "platform-servers-ceph": Place("open", "ClusterPlatform", "servers"),
    "platform-existing": Place("strict", "ClusterPlatform", "twin"),
    "fabric-infiniband": Place("strict", "FabricNetwork", "train"),
    "fabric-ethernet": Place("strict", "FabricNetwork", "serve"),
    "fabric-none": Place("open", "FabricNetwork", "plain"),
    "fabric-existing-infiniband": Place("open", "FabricNetwork", "ib"),
    "fabric-existing-ethernet": Place("open", "FabricNetwork", "rails"),
    "storage-weka-local-nvme": Place("strict", "Storage", "train"),
    "storage-vast-context-memory": Place("strict", "Storage", "serve"),
    "storage-ddn-ceph": Place("strict", "Storage", "twin"),
    "storage-weka-unencrypted": Place("open", "Storage", "plain"),
    "storage-vast-unencrypted": Place("open", "Storage", "rails"),
    "storage-ddn-unencrypted": Place("open", "Storage", "ib"),
    "storage-ceph-unencrypted": Place("open", "Storage", "servers"),
    "enclave-dedicated-nodes-infiniband": Place("strict", "TenantEnclave", "gov"),
    "enclave-dedicated-nodes-unprotected": Place("open", "TenantEnclave", "lab"),
    "enclave-shared-infiniband": Place("strict", "TenantEnclave", "acme"),
    "enclave-shared-ethernet": Place("strict", "TenantEnclave", "chat"),
    "enclave-shared-existing": Place("strict", "TenantEnclave", "twins"),
}


@functools.cache
def _blocks(name: str) -> dict[tuple[str, str], base.Block]:
    tops = region.region_blocks(plans.plan(name))
    return {(block.type, block.name): block for top in tops for block in top.walk()}


def block(case: str) -> base.Block:
    """The block of a case."""
    place = PLACES[case]
    return _blocks(place.region)[place.type, place.name]


def documents(case: str) -> Documents:
    """A block as plain data: what it is, then each of its items."""
    held = block(case)
    children = [f"{child.type} {child.name}" for child in held.children]
    return [{"type": held.type, "name": held.name, "stack": held.stack, "children": children}, *_items(held)]


def _items(held: base.Block) -> Iterator[dict[str, Any]]:
    for item in held.items:
        yield chart(item) if isinstance(item, base.HelmRelease) else kube_object(item)


def chart(item: base.HelmRelease) -> dict[str, Any]:
    """A release, whole."""
    return {
        "target": item.target,
        "after": item.after,
        "release": {"name": item.name, "namespace": item.namespace},
        "chart": {"repo": item.repo, "chart": item.chart, "version": item.version},
        "values": item.values,
    }


def kube_object(item: base.KubeObject) -> dict[str, Any]:
    """An object and how it is applied; what is off or empty is left out, so that the rest is seen."""
    switches = {
        "owner": item.owner.path,
        "protect": item.protect,
        "retain": item.retain,
        "wait_for": item.wait_for,
        "ignore_changes": item.ignore_changes,
    }
    return {
        "target": item.target,
        "after": item.after,
        "timeout_seconds": item.timeout_seconds,
        **{key: value for key, value in switches.items() if value not in (False, None, ())},
        "manifest": item.manifest,
    }


CASES: dict[str, Callable[[], Documents]] = {f"blocks/{case}": functools.partial(documents, case) for case in PLACES}
