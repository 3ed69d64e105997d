"""Storage throughput to plan for, by published guideline."""

from __future__ import annotations

from .. import spec
from ..catalog import Catalog


def throughput(storage: spec.Storage, gpus: int, catalog: Catalog) -> tuple[float | None, float | None, str]:
    """Read and write throughput of a storage system in GB/s by published guideline, and where they come from.

    The DGX SuperPOD guideline gives GB/s for one scalable unit of 256 GPUs; it grows linearly with the
    GPUs that use the storage (the 4 SU column of the same table is four times the first).
    """
    if storage.tier != "parallel":
        return None, None, f"no guideline is published for tier {storage.tier}"
    guideline = catalog.storage_guideline(storage.grade)
    factor = gpus / guideline.gpus
    return round(guideline.read_gbps * factor, 1), round(guideline.write_gbps * factor, 1), guideline.source
