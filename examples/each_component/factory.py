"""What the programs beside this one share: a small region, planned in memory, and providers of its clusters."""

from __future__ import annotations

from typing import Any

from ai_factory.components import ClusterProviders
from ai_factory.infra import plan_region

REGION: dict[str, Any] = {
    "region": {"name": "kr-edge", "country": "KR", "city": "Pohang"},
    "layout": "single",
    "sovereignty": {"residency": ["KR"], "operators": ["KR"]},
    "addressing": {"underlay_v4": "10.80.0.0/20", "oob_v4": "10.81.0.0/20"},
    "site": {"power": {"utility_mw": 2, "redundancy": "n"}, "halls": [{"name": "h1", "max_it_mw": 1.5}]},
    "inventory": "sample",  # made-up hosts: planned and previewed, applied in a sandbox only
    "core": {"nodes": 4},
    "images": {name: {"url": f"https://images.example/{name}.qcow2", "checksum": "0" * 64} for name in ("gpu", "core")},
    "management": [{"name": "management", "provider": "existing", "access": {"context": "edge-management"}}],
    "clusters": [
        {
            "name": "train-a",
            "system": "gb300-nvl72",
            "racks": 2,
            "max_racks": 4,
            "purpose": "training",
            "fabric": "quantum-x800",
            "control_plane": {"replicas": 1},
        }
    ],
    "storage": [{"name": "scratch", "tier": "local", "driver": "local-nvme"}],
    "tenants": [
        {
            "name": "acme",
            "isolation": "shared",
            "gpus": 36,
            "cluster": "train-a",
            "services": ["fine-tuning"],
        }
    ],
}
"""In your program a path, such as `stacks/regions/kr-ulsan.yaml`, stands in its place."""

plan = plan_region(REGION)
providers = ClusterProviders(plan)
