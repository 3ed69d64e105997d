"""Racks of a GPU cluster, a group of 32 to a stack: hosts, and the machine deployment that turns them into nodes.

A rack with inventory is 5 objects (with 18 hosts: 22): one secret for all its BMCs, its hosts, a machine template
that selects exactly them, a machine deployment and a health check. One deployment a rack keeps replacement inside
the NVLink domain and gives all its nodes the same hall, scalable-unit and rack labels.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..plan import stacks
from ..plan.model import ClusterPlan, Host, Rack, RegionPlan
from . import _hosts, _machines, ids, labels
from .base import Block, KubeObject, Manifest, make

NODES_PER_TOLERATED_FAULT = 9
"""A health check acts up to one unhealthy node in nine (two in an NVL72 rack); more is a fault of the rack."""


def rack_group_block(plan: RegionPlan, cluster: ClusterPlan, group: int, stack: str) -> Block:
    """Objects of the declared racks of a group: hosts, credentials, machine deployments, health checks.

    Args:
        plan: the region.
        cluster: a cluster built from bare metal.
        group: number of the group from 0.
        stack: stack of the block.

    Raises:
        ValueError: the region names no node images.
    """
    shared = _Shared(plan, cluster)
    racks = (rack for rack in cluster.declared_racks if stacks.rack_group(rack.index) == group)
    items = tuple(item for rack in racks for item in _rack(shared, rack))
    return Block(type="RackGroup", name=f"{cluster.name}-{group}", stack=stack, items=items)


class _Shared:
    """What all racks of a cluster refer to, made once: rendering a template for each rack would take minutes."""

    def __init__(self, plan: RegionPlan, cluster: ClusterPlan) -> None:
        self.plan = plan
        self.cluster = cluster
        self.image = _machines.images(plan).gpu
        self.data = _machines.data_template(cluster, labels.ROLE_GPU)
        self.bootstrap = {
            tenant: _machines.ref(_machines.bootstrap_template(plan, cluster, tenant))
            for tenant in (None, *_machines.dedicated_tenants(plan, cluster))
        }


def _rack(shared: _Shared, rack: Rack) -> Iterator[KubeObject]:
    plan, cluster = shared.plan, shared.cluster
    owner = ids.rack(rack.name, cluster.name)
    namespace = (_hosts.namespace_id(cluster),)
    secret = _hosts.credentials(plan, cluster, rack.name, owner)
    yield secret
    for host in rack.hosts:
        yield _host(shared, rack, host, owner, secret.id)
    match = {labels.HOST_RACK: rack.name, labels.HOST_ROLE: labels.ROLE_GPU}
    machines = _machines.machine_template(cluster, rack.name, shared.image, shared.data, match)
    template = KubeObject(target=cluster.management, owner=owner, manifest=machines, after=namespace)
    yield template
    deployment = KubeObject(
        target=cluster.management, owner=owner, manifest=_deployment(shared, rack, machines), after=(template.id,)
    )
    yield deployment
    most = max(1, len(rack.hosts) // NODES_PER_TOLERATED_FAULT)
    health = _machines.health_check(cluster, rack.name, {labels.RACK: rack.name}, most)
    yield KubeObject(target=cluster.management, owner=owner, manifest=health, after=(deployment.id,))


def _host(shared: _Shared, rack: Rack, host: Host, owner: ids.Subject, secret: str) -> KubeObject:
    cluster = shared.cluster
    return _hosts.bare_metal_host(
        shared.plan,
        cluster,
        host,
        system=cluster.system.id,
        role=labels.ROLE_GPU,
        owner=owner,
        links=links_text(cluster, rack, host.slot),
        after=(secret,),
    )


def links_text(cluster: ClusterPlan, rack: Rack, slot: int) -> str:
    """North-south links of a host in the form that cloud-init reads, `ns0=10.64.0.1/31,ns1=10.64.0.3/31`.

    East-west addresses belong to the virtual functions that pods get (see `fabric_network`).
    """
    return ",".join(cluster.north_south(rack, slot))


def node_labels(cluster: ClusterPlan, rack: Rack) -> dict[str, str]:
    """Labels of a rack's machines, which Cluster API copies to their nodes.

    All three topology levels are always there: a node without one is unusable for topology-aware scheduling.
    """
    marks = {
        labels.HALL: cluster.hall,
        labels.SU: labels.scalable_unit(rack.scalable_unit),
        labels.RACK: rack.name,
        labels.SYSTEM: cluster.system.id,
        labels.POWER_PROFILE: cluster.power_profile,
        labels.ROLE: labels.ROLE_GPU,
    }
    return marks | ({labels.TENANT: rack.tenant} if rack.tenant else {})


def _deployment(shared: _Shared, rack: Rack, machines: Manifest) -> Manifest:
    cluster = shared.cluster
    # Cluster API would add both labels itself; written out, what is declared is what is stored.
    own = {"cluster.x-k8s.io/cluster-name": cluster.name, "cluster.x-k8s.io/deployment-name": rack.name}
    body = {
        "clusterName": cluster.name,
        "replicas": len(rack.hosts),
        # No spare metal: a node goes before its successor comes, one at a time.
        "rollout": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}},
        "selector": {"matchLabels": own},
        "template": {
            "metadata": {"labels": {**own, **node_labels(cluster, rack)}},
            "spec": {
                "clusterName": cluster.name,
                "version": cluster.kubernetes,
                "bootstrap": {"configRef": shared.bootstrap[rack.tenant]},
                "infrastructureRef": _machines.ref(machines),
                "deletion": {"nodeDrainTimeoutSeconds": 1800},
            },
        },
    }
    return make("cluster.x-k8s.io/v1beta2", "MachineDeployment", rack.name, cluster.name, spec=body)
