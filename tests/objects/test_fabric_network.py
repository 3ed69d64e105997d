"""Rails, addresses and partitions of the compute fabric, and what the switch team is told."""

from __future__ import annotations

import dataclasses
import ipaddress
import json
from typing import Any

import pytest

from ai_factory.infra.objects import _flux, fabric_network
from ai_factory.infra.objects.base import KubeObject
from ai_factory.infra.plan.model import ClusterPlan, RegionPlan
from tests import schema

from .conftest import changed_cluster, make_plan, manifests, named

Objects = list[dict[str, Any]]


def ethernet(**changes: Any) -> RegionPlan:
    return make_plan(clusters=changed_cluster(fabric="spectrum-x"), **changes)


@pytest.fixture(scope="module")
def rails() -> RegionPlan:
    return ethernet()


def objects_of(plan: RegionPlan, cluster: str = "train") -> Objects:
    return manifests(fabric_network.block(plan, plan.cluster(cluster), "s"))


def items_of(plan: RegionPlan, cluster: str = "train") -> dict[str, KubeObject]:
    items = fabric_network.block(plan, plan.cluster(cluster), "s").items
    return {item.manifest["kind"] + "/" + item.manifest["metadata"]["name"]: item for item in items}


def all_of(objects: Objects, kind: str) -> Objects:
    return [o for o in objects if o["kind"] == kind]


@pytest.mark.parametrize("fabric", ["quantum-x800", "spectrum-x"])
def test_every_object_passes_its_schema(fabric: str) -> None:
    objects = objects_of(make_plan(clusters=changed_cluster(fabric=fabric)))
    assert [fault for one in objects for fault in schema.validate(one)] == []


def test_a_cluster_without_a_fabric_has_facts_only(plan: RegionPlan, twin: ClusterPlan) -> None:
    [facts] = objects_of(plan, "twin")
    assert json.loads(facts["data"]["fabric.json"]) == {"cluster": "twin", "maxRacks": twin.max_racks}
    assert fabric_network.rail_resources(twin) == {}


def test_the_switch_team_gets_counts_blocks_and_as_numbers(plan: RegionPlan, train: ClusterPlan) -> None:
    facts = named(objects_of(plan), "ConfigMap", "fabric-plan")
    assert facts["metadata"]["namespace"] == "train"
    told = json.loads(facts["data"]["fabric.json"])
    assert train.fabric_size is not None and train.networks is not None
    assert told["fabric"] == train.fabric_size.as_dict()
    assert told["networks"]["hosts"] == str(train.networks.hosts)
    first, last = told["networks"]["switchAsns"]
    assert (first, last) == (train.networks.switch_asns[0], train.networks.switch_asns[-1])


# InfiniBand -------------------------------------------------------------------------------------------------


def test_nic_policy_of_infiniband(plan: RegionPlan, train: ClusterPlan) -> None:
    spec = named(objects_of(plan), "NicClusterPolicy")["spec"]
    assert spec["ofedDriver"]["version"] == "doca3.4.0-26.04-0.8.6.0-0"
    assert spec["tolerations"] == [{"operator": "Exists"}], "nodes of tenants need their drivers too"
    assert "rdmaSharedDevicePlugin" not in spec, "its pods would be in the fabric's default partition"
    assert "nvIpam" not in spec, "InfiniBand rails carry no IP address"
    assert spec["ibKubernetes"]["ufmSecret"] == named(objects_of(plan), "ExternalSecret")["spec"]["target"]["name"]


def test_clusters_hand_out_guids_of_their_own() -> None:
    clusters = [changed_cluster()[0], {**changed_cluster()[0], "name": "train-b", "hall": "h2"}]
    plan = make_plan(clusters=clusters, storage=None)
    ranges = set()
    for cluster in ("train", "train-b"):
        part = named(objects_of(plan, cluster), "NicClusterPolicy")["spec"]["ibKubernetes"]
        ranges.add((part["pKeyGUIDPoolRangeStart"], part["pKeyGUIDPoolRangeEnd"]))
    assert len(ranges) == 2
    assert ("02:00:00:01:00:00:00:00", "02:00:00:01:FF:FF:FF:FF") in ranges


@pytest.mark.parametrize(("number", "prefix"), [(1, "00:01"), (255, "00:FF"), (256, "01:00"), (515, "02:03")])
def test_guids_follow_the_number_of_the_cluster(number: int, prefix: str, train: ClusterPlan, plan: RegionPlan) -> None:
    cluster = dataclasses.replace(train, number=number)
    policy = named(manifests(fabric_network.block(plan, cluster, "s")), "NicClusterPolicy")["spec"]["ibKubernetes"]

    assert policy["pKeyGUIDPoolRangeStart"] == f"02:00:{prefix}:00:00:00:00"
    assert policy["pKeyGUIDPoolRangeEnd"] == f"02:00:{prefix}:FF:FF:FF:FF"


def test_infiniband_rails(plan: RegionPlan, train: ClusterPlan) -> None:
    policy = named(objects_of(plan), "SriovNetworkNodePolicy", "ib-rails")["spec"]
    assert policy["resourceName"] == "ib_rails", "device plugin resources have no hyphens"
    assert policy["nicSelector"] == {"vendor": "15b3", "deviceID": "1023", "pfNames": ["ew0", "ew1", "ew2", "ew3"]}
    assert (policy["linkType"], policy["numVfs"], policy["isRdma"]) == ("IB", 1, True)
    assert fabric_network.rail_resources(train) == {"nvidia.com/ib_rails": 4}
    assert not all_of(objects_of(plan), "CIDRPool")


def test_rdma_devices_belong_to_their_pod(plan: RegionPlan, train: ClusterPlan) -> None:
    spec = named(objects_of(plan), "SriovNetworkPoolConfig")["spec"]
    assert (spec["rdmaMode"], spec["maxUnavailable"]) == ("exclusive", train.nodes_per_rack)


# Ethernet ---------------------------------------------------------------------------------------------------


def test_a_rail_for_each_adapter_and_plane(rails: RegionPlan) -> None:
    names = [f"ew{rail}p{plane}" for rail in range(4) for plane in range(2)]
    objects = objects_of(rails)
    for kind in ("SriovNetworkNodePolicy", "SriovNetwork", "CIDRPool"):
        assert [o["metadata"]["name"] for o in all_of(objects, kind)] == names
    assert fabric_network.rail_resources(rails.cluster("train")) == {f"nvidia.com/{name}": 1 for name in names}
    network = named(objects, "SriovNetwork", "ew3p1")["spec"]
    assert json.loads(network["ipam"]) == {"type": "nv-ipam", "poolName": "ew3p1", "poolType": "cidrpool"}
    assert (network["resourceName"], network["networkNamespace"]) == ("ew3p1", "default")


def test_each_node_gets_the_link_that_the_plan_gave_it(rails: RegionPlan) -> None:
    cluster = rails.cluster("train")
    rack = cluster.racks[1]
    host = rack.hosts[5]
    planned = {link.name: f"{link.switch}/{link.prefix}" for link in cluster.host_links(rack, host.slot)}
    for pool in all_of(objects_of(rails), "CIDRPool"):
        given = {one["nodeName"]: one["prefix"] for one in pool["spec"]["staticAllocations"]}
        assert len(given) == 36
        assert given[host.name] == planned[pool["metadata"]["name"]]


def test_no_link_is_given_twice_and_the_gateway_is_the_switch(rails: RegionPlan) -> None:
    cluster = rails.cluster("train")
    assert cluster.networks is not None
    seen: list[str] = []
    for pool in all_of(objects_of(rails), "CIDRPool"):
        spec = pool["spec"]
        assert (spec["gatewayIndex"], spec["perNodeNetworkPrefix"], spec["cidr"]) == (
            0,
            31,
            str(cluster.networks.hosts),
        )
        seen += [one["prefix"] for one in spec["staticAllocations"]]
    assert len(seen) == len(set(seen)) == 8 * 36
    assert all(ipaddress.ip_network(one).subnet_of(cluster.networks.hosts) for one in seen)  # type: ignore[arg-type]


def test_only_nodes_of_declared_racks_get_addresses() -> None:
    """A node without an entry would be given a free /31, maybe another rail's."""
    pool = all_of(objects_of(ethernet()), "CIDRPool")[0]["spec"]
    [match] = pool["nodeSelector"]["nodeSelectorTerms"][0]["matchExpressions"]
    assert (match["key"], match["values"]) == ("node.cluster.x-k8s.io/rack", ["train-r0001", "train-r0002"])


def test_pools_come_after_what_brings_their_kind(rails: RegionPlan) -> None:
    items = items_of(rails)
    policy = items["NicClusterPolicy/nic-cluster-policy"]
    assert policy.wait_for == "jsonpath={.status.state}=ready"
    assert policy.id in items["CIDRPool/ew0p0"].after
    assert _flux.release_id(rails.cluster("train"), "network-operator") in policy.after


def test_without_hosts_nothing_is_waited_for_or_addressed() -> None:
    items = items_of(ethernet(hosts=False))
    assert items["NicClusterPolicy/nic-cluster-policy"].wait_for is None, "no node would make it ready"
    assert not [name for name in items if name.startswith(("CIDRPool", "SriovNetwork/"))]


def test_networks_of_an_adopted_cluster_are_its_owners() -> None:
    clusters = changed_cluster(
        fabric="spectrum-x", provider="existing", access={"context": "x"}, max_racks=None, kubernetes=None
    )
    plan = make_plan(clusters=clusters, tenants=None)
    kinds = {o["kind"] for o in objects_of(plan)}
    assert "SriovNetworkNodePolicy" in kinds
    assert not {"CIDRPool", "SriovNetwork"} & kinds


def test_the_largest_pool_stays_below_a_megabyte() -> None:
    clusters = changed_cluster(fabric="spectrum-x", racks=32, max_racks=256)
    site = {"power": {"utility_mw": 100}, "halls": [{"name": "h1", "max_it_mw": 80}, {"name": "h2", "max_it_mw": 2}]}
    plan = make_plan(clusters=clusters, site=site, addressing={"underlay_v4": "10.64.0.0/13", "oob_v4": "10.80.0.0/13"})
    pool = all_of(objects_of(plan), "CIDRPool")[0]
    entries = len(pool["spec"]["staticAllocations"])
    assert entries == 32 * 18
    assert len(json.dumps(pool)) / entries * 5000 < 1_000_000
