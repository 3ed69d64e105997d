"""A management cluster: Cluster API, Metal3 with Ironic, Flux, External Secrets; and the gate for all that follows.

The charts that the catalogue gives to the management plane come by the engine itself (cert-manager, Flux, the
Cluster API operator, External Secrets). They bring up what installs the rest: the Cluster API operator its
providers, Flux the Metal3 operators from their pinned tags. Where all that exists already, only the gate is applied.

The gate is one ConfigMap with the region's facts, applied last: what needs the management stack waits for it.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..plan.model import ManagementPlan, RegionPlan
from . import _metal3, ids
from ._metal3 import NamedItems, applied, namespace
from .base import Block, HelmRelease, Item, KubeObject, Manifest, make
from .ids import object_id

GATE_NAMESPACE = "ai-factory"
GATE = "ai-factory-region"

CLUSTER_API = "v1.14.2"
METAL3 = "v1.13.2"
"""Cluster API provider Metal3 and its address manager: released together, for Cluster API's contract v1beta2."""

_OPERATOR_CHART = "cluster-api-operator"
_FLUX_CHART = "flux"
# Kind, name, version, namespace; names and namespaces as clusterctl and the projects' own manifests have them.
_CORE = ("CoreProvider", "cluster-api", CLUSTER_API, "capi-system")
_PROVIDERS = (
    ("BootstrapProvider", "kubeadm", CLUSTER_API, "capi-kubeadm-bootstrap-system"),
    ("ControlPlaneProvider", "kubeadm", CLUSTER_API, "capi-kubeadm-control-plane-system"),
    ("InfrastructureProvider", "metal3", METAL3, "capm3-system"),
    ("IPAMProvider", "metal3", METAL3, "metal3-ipam-system"),
)


def block(plan: RegionPlan, management: ManagementPlan, stack: str) -> Block:
    """Objects of a management cluster: charts, providers and Metal3 where they are installed, then the gate.

    Args:
        plan: the region.
        management: one of its management clusters.
        stack: stack of the block.

    Raises:
        KeyError: the stack is to be installed and the catalogue has no chart of Flux or the Cluster API operator.
    """
    items = list(_installed(plan, management)) if management.spec.provider == "install" else []
    items += _gate(plan, management, _to_wait_for(items))
    return Block(type="ManagementCluster", name=management.name, stack=stack, items=tuple(items))


def _to_wait_for(items: list[Item]) -> tuple[str, ...]:
    """Ids of what the gate waits for: releases, and objects that say what ready means."""
    return tuple(item.id for item in items if isinstance(item, HelmRelease) or item.wait_for)


def gate_id(management: str) -> str:
    """Id of the gate of a management cluster: the ConfigMap that what needs its stack comes after.

    >>> gate_id("management")
    'management/ConfigMap/ai-factory/ai-factory-region'
    """
    return object_id(management, make("v1", "ConfigMap", GATE, GATE_NAMESPACE))


def _gate(plan: RegionPlan, management: ManagementPlan, after: tuple[str, ...]) -> list[KubeObject]:
    home = namespace(management.name, GATE_NAMESPACE)
    manifest = make("v1", "ConfigMap", GATE, GATE_NAMESPACE, data=_facts(plan, management))
    return [
        home,
        KubeObject(
            target=management.name, owner=ids.management(management.name), manifest=manifest, after=(home.id, *after)
        ),
    ]


def _facts(plan: RegionPlan, management: ManagementPlan) -> dict[str, str]:
    sovereignty = plan.spec.sovereignty
    return {
        "region": plan.name,
        "country": plan.spec.region.country,
        "city": plan.spec.region.city,
        "residency": ",".join(sovereignty.residency),
        "keys": sovereignty.keys,
        "operators": ",".join(sovereignty.operators),
        "clusters": ",".join(management.clusters),
    }


def _installed(plan: RegionPlan, management: ManagementPlan) -> Iterator[Item]:
    target = management.name
    charts = _charts(plan, target)
    yield from charts.items
    operator, flux = charts[_OPERATOR_CHART], charts[_FLUX_CHART]
    metal3 = _metal3.items(plan, management, flux, _to_wait_for(charts.items))
    yield from metal3.items
    yield from _providers(target, operator, metal3[_metal3.BAREMETAL_OPERATOR])


def _charts(plan: RegionPlan, target: str) -> NamedItems:
    """Releases of the management charts, each in its namespace, by catalogue id."""
    entries = [entry for entry in plan.charts if entry.plane == "management"]
    charts = NamedItems()
    for name in dict.fromkeys(entry.namespace for entry in entries):
        charts.id_of[f"namespace {name}"] = charts.add(namespace(target, name))
    for entry in entries:
        release = HelmRelease(
            target=target,
            owner=ids.management(target),
            name=entry.chart,
            namespace=entry.namespace,
            repo=entry.repo,
            chart=entry.chart,
            version=entry.version,
            values=dict(entry.values),
            after=(charts[f"namespace {entry.namespace}"], *(charts[needed] for needed in entry.depends_on)),
        )
        charts.id_of[entry.id] = charts.add(release)
    return charts


def _providers(target: str, operator: str, baremetal_operator: str) -> Iterator[KubeObject]:
    core = _provider(target, *_CORE, after=(operator,))
    yield from core
    for kind, name, version, home in _PROVIDERS:
        # Metal3's provider watches the hosts' kind, which comes with the bare-metal operator.
        needs = (baremetal_operator,) if kind == "InfrastructureProvider" else ()
        yield from _provider(target, kind, name, version, home, after=(core[1].id, *needs))


def _provider(
    target: str, kind: str, name: str, version: str, home: str, *, after: tuple[str, ...]
) -> tuple[KubeObject, KubeObject]:
    room = namespace(target, home)
    manifest: Manifest = make("operator.cluster.x-k8s.io/v1alpha2", kind, name, home, spec={"version": version})
    return room, applied(target, manifest, (room.id, *after), ready=True)
