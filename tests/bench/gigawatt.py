"""A made-up region of any number of GB300 racks; 5,500 of them are a gigawatt (396,000 GPUs, 99,000 hosts)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

RACKS_PER_CLUSTER = 275
"""275 x 18 hosts stay below the 5,000 nodes of a cluster."""
ASN_COUNT = 5_000_000


def name(number: int) -> str:
    """Name of one of several regions."""
    return f"made-up-{number}"


def region(racks: int, tenants: int = 0, number: int = 0) -> dict[str, Any]:
    """Data of the region file."""
    sizes = [RACKS_PER_CLUSTER] * (racks // RACKS_PER_CLUSTER)
    if racks % RACKS_PER_CLUSTER:
        sizes.append(racks % RACKS_PER_CLUSTER)
    clusters = [_cluster(number, size) for number, size in enumerate(sizes)]
    return {
        "region": {"name": name(number), "country": "KR", "city": "nowhere"},
        "sovereignty": {"residency": ["KR"], "operators": ["KR"]},
        "addressing": {
            "underlay_v4": f"{10 + number}.0.0.0/9",
            "oob_v4": f"{10 + number}.128.0.0/9",
            "ula_v6": f"fd{number:02x}::/40",
            "asn_base": 4_200_000_000 + number * ASN_COUNT,
            "asn_count": ASN_COUNT,
            "vni_base": 100_000 + number * 10_000,
        },
        "site": {
            "power": {"utility_mw": max(1, racks * 0.25), "pue": 1.15},
            "halls": [{"name": f"h{n}", "max_it_mw": size * 0.22} for n, size in enumerate(sizes)],
        },
        "inventory": "sample",
        "core": {"nodes": 3 * len(sizes) + 8},
        "images": {"gpu": _image("gpu"), "core": _image("core")},
        "management": [
            {"name": f"management-{n}", "provider": "existing", "access": {"context": f"management-{n}"}}
            for n in range(len(sizes))
        ],
        "clusters": clusters,
        "storage": [{"name": "scratch", "tier": "local", "driver": "local-nvme"}],
        "tenants": [_tenant(number, clusters) for number in range(tenants)],
    }


def _image(name: str) -> dict[str, str]:
    return {"url": f"https://images.example/{name}.qcow2", "checksum": "0" * 64}


def _cluster(number: int, racks: int) -> dict[str, Any]:
    return {
        "name": f"train-{number}",
        "hall": f"h{number}",
        "management": f"management-{number}",
        "system": "gb300-nvl72",
        "racks": racks,
        "purpose": "training",
        "fabric": "quantum-x800",
    }


def _tenant(number: int, clusters: list[dict[str, Any]]) -> dict[str, Any]:
    cluster = clusters[number % len(clusters)]
    return {"name": f"tenant-{number}", "isolation": "shared", "gpus": 72, "cluster": cluster["name"]}


def write(folder: Path, racks: int, tenants: int = 0, number: int = 0) -> Path:
    """Write the region file."""
    path = folder / f"{name(number)}.yaml"
    path.write_text(yaml.safe_dump(region(racks, tenants, number), sort_keys=False), encoding="utf-8")
    return path
