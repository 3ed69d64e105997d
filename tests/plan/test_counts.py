"""Whatever a file counts, checking it ends: too many of a kind is one fault, said before anything is computed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ai_factory.infra.plan import regions
from ai_factory.infra.spec.problems import InputError
from tests import regionfile

pytestmark = pytest.mark.slow

WAIVER = {"rule": "image-pinned", "reason": "signed by the image server", "until": "2027-01-01"}
LOSS = {"action": "delete", "subject": "tenant/acme", "by": "CHG-1", "reason": "contract ended", "until": "2027-01-01"}
TWIN = {"provider": "existing", "system": "rtx-pro-server", "nodes": 4, "rack_kw": 30, "purpose": "inference"}


def many(count: int, **entry: Any) -> list[dict[str, Any]]:
    return [{"name": f"x{number}", **entry} for number in range(count)]


CASES: dict[str, tuple[dict[str, Any], str]] = {
    "core nodes": ({"core.nodes": 10**6}, "core.nodes: 1,000,000 are more than the 5,000 that a region may have"),
    "tenants": (
        {"tenants": many(5001, isolation="shared", gpus=1, cluster="infer")},
        "tenants: 5,001 are more than the 5,000",
    ),
    "clusters": (
        {"clusters": many(251, access={"context": "c"}, **TWIN), "tenants": [], "storage": []},
        "clusters: 251 are more than the 250",
    ),
    "storages": ({"storage": many(201, tier="local", driver="local-nvme")}, "storage: 201 are more than the 200"),
    "halls": ({"site.halls": many(251, max_it_mw=1)}, "site.halls: 251 are more than the 250"),
    "feeds": ({"site.power.feeds": [f"f{n}" for n in range(251)]}, "feeds: 251 are more than the 250"),
    "management clusters": ({"management": many(251, access={"context": "m"})}, "management: 251 are more than"),
    "services": ({"services": many(251, profile="inference")}, "services: 251 are more than the 250"),
    "waivers": ({"waivers": [WAIVER] * 1001}, "waivers: 1,001 are more than the 1,000"),
    "approvals": ({"approvals": [LOSS] * 1001}, "approvals: 1,001 are more than the 1,000"),
    "groups": (
        {"tenants[0].groups": [f"g{number}" for number in range(20_001)]},
        "tenants: tenants have 20,004 groups and services, more than 20,000",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_too_many_of_a_kind_is_one_fault(name: str, tmp_path: Path) -> None:
    changes, fault = CASES[name]
    file = tmp_path / "lab.yaml"
    data = regionfile.patched("lab", to=changes)
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    dumper.ignore_aliases = lambda *_: True
    file.write_text(yaml.dump(data, Dumper=dumper, sort_keys=False), encoding="utf-8")

    with pytest.raises(InputError) as caught:
        regions.open_region(file)

    (problem,) = caught.value.problems
    assert fault in str(problem)
