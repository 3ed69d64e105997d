"""From a document to the model: what is missing, close to right, or of the wrong kind, said in the file's own words."""

from __future__ import annotations

from pathlib import Path

import pydantic
import pytest

from ai_factory.infra.spec import load, source
from ai_factory.infra.spec.problems import InputError
from tests import regionfile


def faults(**changes: object) -> list[str]:
    data = regionfile.patched("lab", to=changes)
    with pytest.raises(InputError) as caught:
        load.validate(source.Document("r.yaml", data, {(): 1}))
    return [str(problem) for problem in caught.value.problems]


def test_the_example_region_becomes_a_model_that_never_changes() -> None:
    region, document = load.load(regionfile.REGIONS / "lab.yaml")

    assert [cluster.name for cluster in region.clusters] == ["train", "infer"]
    assert region.clusters[0].control_plane.replicas == 1
    line = regionfile.base_text("lab").splitlines()[(document.line(("clusters", 0, "system")) or 0) - 1]
    assert "gb300-nvl72" in line
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        region.clusters[0].racks = 3


@pytest.mark.parametrize(
    ("path", "known"),
    [
        ("images.gpu.urll", "Did you mean url?"),
        ("clusters[0].access.contxt", "Did you mean context?"),
        ("clusters[1].access.exec.comand", "Did you mean command?"),
        ("energy.curtailable", "Did you mean curtailable_mw?"),
        ("tenants[0].quota.zebra", "Known keys: cpu, ephemeral_gib, load_balancers, memory_gib, pods, storage_tib."),
    ],
)
def test_known_keys_are_named_in_optional_and_repeated_parts_too(path: str, known: str) -> None:
    assert any(f"{path}: no such key here. {known}" in fault for fault in faults(**{path: 1}))


def test_a_missing_key_is_described() -> None:
    data = regionfile.base("lab")
    del data["region"]["city"], data["clusters"][0]["purpose"]
    with pytest.raises(InputError) as caught:
        load.validate(source.Document("r.yaml", data, {(): 1}))

    assert [str(problem) for problem in caught.value.problems] == [
        "r.yaml:1: clusters[0].purpose: is missing. Add it: What the cluster is for.",
        "r.yaml:1: region.city: is missing. Add it: City or site name.",
    ]


def test_a_list_without_one_valid_item_is_not_called_empty() -> None:
    found = faults(**{"site.halls": [{"name": "H1", "max_it_mw": 1}]})

    assert len(found) == 1
    assert "site.halls[0].name: not a legal Kubernetes name" in found[0]


def test_a_long_value_is_cut() -> None:
    (found,) = faults(**{"region.city": "x" * 500})

    assert found.startswith("r.yaml:1: region.city: must have at most 200 characters (given: 'xxx")
    assert len(found) < 200


def test_defaults_are_those_of_the_documentation() -> None:
    data = regionfile.patched("lab", to={}, delete=["management", "storage", "tenants", "layout", "protect"])
    region = regionfile.model(data)

    assert (region.layout, region.protect, region.management) == ("split", True, ())
    assert str(region.addressing.pods_v4) == "100.64.0.0/10"
    assert region.clusters[1].control_plane.replicas == 3


def test_a_file_is_named_as_the_user_named_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.yaml").write_text("region: {}\n", encoding="utf-8")

    with pytest.raises(InputError) as caught:
        load.load(Path("mine.yaml"))

    assert {problem.file for problem in caught.value.problems} == {"mine.yaml"}
