"""Power and racks by hall, what the site draws, and what limits growth next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .. import spec
from ..catalog import Catalog
from . import quantities
from .model import HallPower, SitePower


def site(region: spec.Region, catalog: Catalog, hall_of: Mapping[str, str]) -> SitePower:
    """Power that the site draws, hall by hall, and what limits further racks.

    Args:
        region: the region.
        catalog: figures.
        hall_of: hall of each cluster.
    """
    share = quantities.fabric_core_share(region, catalog)
    given = region.site.power.fabric_core_share is not None
    pue = region.site.power.pue
    it_kw = sum(quantities.cluster_kw(cluster, region, catalog) for cluster in region.clusters)
    spare_kw = region.site.power.utility_mw * 1000 / pue - it_kw
    halls = tuple(
        _hall(hall, [c for c in region.clusters if hall_of[c.name] == hall.name], region, catalog, spare_kw)
        for hall in region.site.halls
    )
    return SitePower(
        halls=halls,
        it_kw=it_kw,
        facility_kw=it_kw * pue,
        utility_kw=region.site.power.utility_mw * 1000,
        pue=pue,
        fabric_core_share=share,
        share_source="region file" if given else catalog.fabric_core_share.source,
    )


def _hall(
    hall: spec.Hall, clusters: Sequence[spec.Cluster], region: spec.Region, catalog: Catalog, spare_kw: float
) -> HallPower:
    it_kw = sum(quantities.cluster_kw(cluster, region, catalog) for cluster in clusters)
    racks = sum(quantities.racks(cluster, catalog) for cluster in clusters)
    more, limited_by = _growth(hall, clusters, region, catalog, (it_kw, racks, spare_kw))
    return HallPower(
        name=hall.name,
        racks=racks,
        it_kw=it_kw,
        max_it_kw=hall.max_it_mw * 1000,
        max_racks=hall.max_racks,
        more_racks=more,
        limited_by=limited_by,
    )


def _growth(
    hall: spec.Hall,
    clusters: Sequence[spec.Cluster],
    region: spec.Region,
    catalog: Catalog,
    used: tuple[float, int, float],
) -> tuple[int, str]:
    """Further racks of the hall's largest system, and what stops them."""
    it_kw, racks, spare_kw = used
    if not clusters:
        return 0, "no cluster yet"
    largest = max(quantities.rack_kw(cluster, catalog) or 0.0 for cluster in clusters)
    rack_kw = largest * (1 + quantities.fabric_core_share(region, catalog))
    limits = [
        (int((hall.max_it_mw * 1000 - it_kw) / rack_kw), f"power of hall {hall.name}"),
        (int(spare_kw / rack_kw), "utility power"),
        (
            sum(quantities.max_racks(c, catalog) - quantities.racks(c, catalog) for c in clusters),
            "max_racks of its clusters",
        ),
    ]
    if hall.max_racks is not None:
        limits.append((hall.max_racks - racks, f"rack positions of hall {hall.name}"))
    return max(0, min(limits)[0]), min(limits)[1]
