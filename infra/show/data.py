"""Plain JSON data of plans and previews: stable keys, units in the names."""

from __future__ import annotations

import dataclasses
import ipaddress
from typing import Any

import pydantic

from ..objects.budget import Preview
from ..plan.model import ClusterPlan, RegionPlan


def plain(value: Any) -> Any:
    """Any value of the plan as JSON data."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, pydantic.BaseModel):
        return value.model_dump(mode="json", exclude_none=True)
    if isinstance(value, range):
        return {"first": value.start, "last": value.stop - 1}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, ipaddress.IPv4Address | ipaddress.IPv6Address | ipaddress.IPv4Network | ipaddress.IPv6Network):
        return str(value)
    return value


def plan_data(plan: RegionPlan, *, hosts: bool = True) -> dict[str, Any]:
    """A plan as JSON data (`plan --json`).

    Args:
        plan: the plan.
        hosts: whether to list every host with its addresses.
    """
    return {
        "region": plan.name,
        "country": plan.spec.region.country,
        "layout": plan.spec.layout,
        "sample_inventory": plan.sample_inventory,
        "totals": totals(plan),
        "power": plain(plan.power),
        "management": [
            {"name": m.name, "provider": m.spec.provider, "clusters": list(m.clusters), "hosts": m.hosts}
            for m in plan.management
        ],
        "clusters": [_cluster(plan, cluster, hosts) for cluster in plan.clusters],
        "storage": [
            plain({"name": s.name, "tier": s.spec.tier, "driver": s.spec.driver, "network": s.network})
            | {"network": str(s.network), "capacity_tib": s.spec.size_tib, "clusters": list(s.clusters)}
            | {"read_gbps": s.read_gbps, "write_gbps": s.write_gbps, "guideline": s.guideline}
            for s in plan.storage
        ],
        "tenants": [
            {"name": t.name, "number": t.number, "cluster": t.cluster, "isolation": t.spec.isolation, "gpus": t.gpus}
            | {"racks": list(t.racks), "vni": t.vni, "pkey": t.pkey, "network": str(t.network)}
            | {"quota": plain(t.quota), "services": [s.name for s in t.services]}
            for t in plan.tenants
        ],
        "pools": [plain(pool) for pool in plan.pools],
        "notices": list(plan.notices),
    }


def totals(plan: RegionPlan) -> dict[str, Any]:
    """Totals of a plan as JSON data: the numbers that a reader asks for first, power in MW."""
    sums = plan.totals
    return {
        "clusters": sums.clusters,
        "racks": sums.racks,
        "declared_racks": sums.declared_racks,
        "nodes": sums.nodes,
        "gpus": sums.gpus,
        "tenants": sums.tenants,
        "it_power_mw": round(sums.it_kw / 1000, 3),
        "facility_power_mw": round(sums.facility_kw / 1000, 3),
    }


def _cluster(plan: RegionPlan, cluster: ClusterPlan, hosts: bool) -> dict[str, Any]:
    return {
        "name": cluster.name,
        "number": cluster.number,
        "system": cluster.system.id,
        "provider": cluster.spec.provider,
        "purpose": cluster.spec.purpose,
        "hall": cluster.hall,
        "management": cluster.management,
        "kubernetes": cluster.kubernetes,
        "endpoint": cluster.endpoint or None,
        "racks": len(cluster.racks),
        "max_racks": cluster.max_racks,
        "declared_racks": len(cluster.declared_racks),
        "nodes": cluster.nodes,
        "gpus": cluster.gpus,
        "rack_kw": cluster.rack_kw,
        "power_profile": cluster.power_profile,
        "fabric": cluster.fabric.id if cluster.fabric else None,
        "fabric_size": plain(cluster.fabric_size),
        "networks": plain(cluster.networks),
        "pods": str(cluster.pods),
        "services": str(cluster.services),
        "rack_list": [_rack(cluster, index, hosts) for index in range(len(cluster.racks))],
    }


def _rack(cluster: ClusterPlan, index: int, hosts: bool) -> dict[str, Any]:
    rack = cluster.racks[index]
    data: dict[str, Any] = {
        "name": rack.name,
        "nodes": rack.nodes,
        "scalable_unit": rack.scalable_unit,
        "tenant": rack.tenant,
        "declared": bool(rack.hosts),
    }
    if hosts and cluster.networks:
        names = {host.slot: host for host in rack.hosts}
        data["hosts"] = [_host(cluster, index, slot, names.get(slot)) for slot in range(rack.nodes)]
    return data


def _host(cluster: ClusterPlan, index: int, slot: int, host: Any) -> dict[str, Any]:
    rack = cluster.racks[index]
    links = [{"name": link.name, "host": f"{link.host}/{link.prefix}", "switch": f"{link.switch}/{link.prefix}"}
             for link in cluster.host_links(rack, slot)]  # fmt: skip
    data: dict[str, Any] = {"slot": slot, "bmc": str(cluster.bmc_address(rack, slot)), "links": links}
    if host is not None:
        data |= {"name": host.name, "u": host.u, "serial": host.serial, "mac": host.mac, "bmc": str(host.bmc)}
    return data


def preview_data(preview: Preview) -> dict[str, Any]:
    """What would be declared as JSON data, by stack and component (`preview --json`)."""
    return {
        "region": preview.region,
        "resources": preview.resources,
        "bytes": preview.size_bytes,
        "stacks": [
            {
                "name": stack.name,
                "resources": stack.resources,
                "bytes": stack.size_bytes,
                "components": [
                    {"type": c.type, "name": c.name, "resources": c.resources, "bytes": c.size_bytes}
                    | {"kinds": dict(c.kinds), "objects": list(c.ids)}
                    for c in stack.components
                ],
            }
            for stack in preview.stacks
        ],
    }
