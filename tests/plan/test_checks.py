"""Rules that no file of tests/cases/wrong can break with today's catalogue."""

from __future__ import annotations

import pytest
from pytest_mock import MockerFixture

from ai_factory.infra import catalog
from ai_factory.infra.catalog import Catalog
from ai_factory.infra.plan.checks import references
from tests import regionfile


def faults(known: Catalog, **changes: object) -> list[str]:
    data = regionfile.patched("lab", to=changes)
    return [str(problem) for problem in references.check(regionfile.model(data), known, regionfile.document(data))]


@pytest.mark.parametrize("name", ["lab", "kr-haein", "kr-ulsan", "kr-dsx-1"])
def test_the_example_regions_are_good(name: str) -> None:
    data = regionfile.base(name)

    assert references.check(regionfile.model(data), catalog.load(), regionfile.document(data)) == []


def test_a_version_that_is_tested_may_be_too_old_for_a_system(mocker: MockerFixture) -> None:
    versions = ("v1.33.9", "v1.34.4", "v1.36.1")
    mocker.patch.object(Catalog, "kubernetes_versions", mocker.PropertyMock(return_value=versions))
    floor = catalog.load().system("gb300-nvl72").min_kubernetes

    assert faults(catalog.load(), **{"clusters[0].kubernetes": "v1.33.9"}) == [
        f"region.yaml: clusters[0].kubernetes: gb300-nvl72 needs Kubernetes {floor} or later, not v1.33.9. "
        "Use one of v1.34.4, v1.36.1."
    ]
    assert faults(catalog.load(), **{"clusters[0].kubernetes": "v1.34.4"}) == []


def test_an_infiniband_fabric_that_is_too_large_is_a_fault_of_the_cluster(mocker: MockerFixture) -> None:
    limits = catalog.load().limits.model_copy(update={"nodes_per_cluster": 10**6, "hosts_per_management": 10**6})
    mocker.patch.object(catalog.load(), "limits", limits)
    large = {"clusters[0].racks": 2, "clusters[0].max_racks": 50_000, "layout": "split"}

    (fault,) = faults(catalog.load(), **large)

    assert fault.startswith("region.yaml: clusters[0].max_racks: ")
    assert "endpoints a plane exceed" in fault
    assert fault.endswith("Split the cluster.")
