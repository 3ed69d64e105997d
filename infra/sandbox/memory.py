"""How many clusters fit in memory."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

from ai_factory.infra.sandbox.errors import SandboxError

# Resident memory measured on Linux amd64 with the programs of `programs.py`, a few minutes after the start.
ETCD_MB = 150
"""etcd: 60 to 90 MB, 350 with all the kinds below."""
CLUSTER_MB = 600
"""One cluster: API server 300 MB, controller manager 130, scheduler 70, kwok 55, and a little for their work."""
KIND_MB = 1.5
"""What a custom kind adds to the API server: 465 stand-ins added 0.4 to 0.6 GB."""
SCHEMA_MB_PER_MB = 280
"""What each MB of definitions, as JSON, adds besides: 465 real ones of 11.5 MB added 3.5 GB."""

_CGROUP = Path("/sys/fs/cgroup")


def available_mb() -> int:
    """Memory that can be had without swapping, in MB of 10^6 bytes: the machine's, or less in a container."""
    free = psutil.virtual_memory().available
    try:
        limit = (_CGROUP / "memory.max").read_text().strip()
        used = int((_CGROUP / "memory.current").read_text())
    except (OSError, ValueError):
        return int(free // 10**6)
    return int((free if limit == "max" else min(free, int(limit) - used)) // 10**6)


def cluster_mb(crds: Sequence[Mapping[str, Any]]) -> int:
    """The memory that one cluster of the sandbox with these custom kinds needs, in MB."""
    schemas_mb = sum(len(json.dumps(document)) for document in crds) / 1e6
    return round(CLUSTER_MB + len(crds) * KIND_MB + schemas_mb * SCHEMA_MB_PER_MB)


def check_fits(needs_mb: Mapping[str, int], *, etcd_running: bool) -> None:
    """Raise `SandboxError` unless the sandbox's clusters can be started in the memory at hand.

    `needs_mb` maps their names to the memory of each.
    """
    available = available_mb()
    used = 0 if etcd_running else ETCD_MB
    fitting: list[str] = []
    for name, need in needs_mb.items():
        used += need
        if used <= available:
            fitting.append(name)
    if len(fitting) == len(needs_mb):
        return
    asked = ", ".join(f"{name} {need} MB" for name, need in needs_mb.items())
    raise SandboxError(
        f"the clusters ({asked}) and etcd need {used} MB of memory, {available} MB are available; "
        f"what fits: {', '.join(fitting) or 'none'}",
        "Name fewer clusters, install fewer custom kinds, or free some memory.",
    )
