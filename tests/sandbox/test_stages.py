"""Stages and stand-ins as data."""

from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from ai_factory.infra.sandbox import (
    Behaviour,
    SandboxError,
    kwok_config,
    management_stages,
    read_crds,
    stand_in,
    stand_ins,
    workload_stages,
)


@dataclass(frozen=True)
class Kind:
    group: str = "metal3.io"
    version: str = "v1alpha1"
    kind: str = "BareMetalHost"
    plural: str = "baremetalhosts"
    namespaced: bool = True


def names(stages: list[dict]) -> list[str]:
    return [stage["metadata"]["name"] for stage in stages]


@pytest.mark.parametrize(
    ("rate", "weights"), [(0.0, {"ready": 1000}), (0.25, {"ready": 750, "failed": 250}), (1.0, {"failed": 1000})]
)
def test_failure_rate_is_the_weight_of_the_failing_stage(rate: float, weights: dict[str, int]) -> None:
    stages = management_stages({"BareMetalHost": Behaviour(failure_rate=rate, delay_ms=50, jitter_ms=25)})
    hosts = [stage for stage in stages if stage["spec"]["resourceRef"]["kind"] == "BareMetalHost"]
    assert {stage["metadata"]["name"].split("-")[1]: stage["spec"]["weight"] for stage in hosts} == weights
    assert hosts[0]["spec"]["delay"] == {"durationMilliseconds": 50, "jitterDurationMilliseconds": 75}


@pytest.mark.parametrize("wrong", [{"failure_rate": 1.1}, {"failure_rate": -0.1}, {"delay_ms": -1}, {"jitter_ms": -1}])
def test_impossible_behaviour_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Behaviour(**wrong)


@pytest.mark.parametrize("make", [management_stages, workload_stages])
def test_stage_names_are_unique_and_the_file_is_yaml(make) -> None:
    stages = make(Behaviour(failure_rate=0.5))
    assert len(set(names(stages))) == len(stages)
    documents = list(yaml.safe_load_all(kwok_config.render(stages)))
    assert documents[0]["options"]["enableDebuggingHandlers"] is False
    assert names(documents[1:]) == names([*kwok_config.builtin_stages(), *stages])


def test_named_clusters_leave_their_kubeconfig() -> None:
    stages = {s["metadata"]["name"]: s["spec"] for s in management_stages(kubeconfigs={"train": "text"})}
    assert [list(step) for step in stages["cluster-ready-train"]["steps"]] == [["apply"], ["patch"]]
    which = [
        stages[name]["selector"]["matchExpressions"][-1]["jq"] for name in ("cluster-ready", "cluster-ready-train")
    ]
    assert [(w["operator"], w["values"]) for w in which] == [("NotIn", ["train"]), ("In", ["train"])]


def test_stages_of_kinds_that_are_not_served_are_left_out() -> None:
    served = {"metal3.io/v1alpha1": frozenset({"BareMetalHost"})}
    good, left_out = kwok_config.split_by(management_stages(), served)
    assert names(good) == ["baremetalhost-ready"]
    assert "cluster.x-k8s.io/v1beta2 MachineDeployment" in left_out
    assert "metal3.io/v1alpha1 BareMetalHost" not in left_out


def test_stand_in_has_the_right_names_and_an_open_schema() -> None:
    crd = stand_in(Kind())
    assert crd["metadata"] == {"name": "baremetalhosts.metal3.io"}
    assert crd["spec"]["scope"] == "Namespaced"
    (version,) = crd["spec"]["versions"]
    assert version["subresources"] == {"status": {}}
    assert version["schema"]["openAPIV3Schema"]["x-kubernetes-preserve-unknown-fields"] is True


@pytest.mark.parametrize(
    ("group", "marks"),
    [
        ("cluster.x-k8s.io", {"labels": {"cluster.x-k8s.io/v1beta2": "v1"}}),
        ("infrastructure.cluster.x-k8s.io", {"labels": {"cluster.x-k8s.io/v1beta2": "v1"}}),
        ("mycluster.x-k8s.io", {}),
        ("kueue.x-k8s.io", {}),
        (
            "gateway.networking.k8s.io",
            {"annotations": {"api-approved.kubernetes.io": "unapproved, stand-in of a sandbox"}},
        ),
    ],
)
def test_stand_in_bears_the_marks_of_its_group(group: str, marks: dict) -> None:
    assert stand_in(Kind(group=group, version="v1"))["metadata"] == {"name": f"baremetalhosts.{group}", **marks}


def test_stand_in_of_a_cluster_scoped_kind() -> None:
    assert stand_in(Kind(namespaced=False))["spec"]["scope"] == "Cluster"


def test_kind_twice_in_the_table_is_refused() -> None:
    with pytest.raises(SandboxError, match=r"baremetalhosts\.metal3\.io"):
        stand_ins([Kind(), Kind(version="v1beta1")])


def test_real_definitions_are_read_without_their_webhooks(tmp_path: Path) -> None:
    real = stand_in(Kind()) | {"status": {"conditions": []}}
    real["spec"]["conversion"] = {"strategy": "Webhook"}
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "all.yaml").write_text(
        yaml.safe_dump_all([{"kind": "Namespace"}, real, stand_in(Kind(plural="b"))])
    )
    assert read_crds(tmp_path, ["baremetalhosts.metal3.io"]) == [stand_in(Kind())]
    assert [crd["metadata"]["name"] for crd in read_crds(tmp_path)] == ["b.metal3.io", "baremetalhosts.metal3.io"]


@pytest.mark.parametrize(("text", "message"), [("a: 1", "no x.y in"), ("a: [", "not YAML")])
def test_folder_without_the_definition_is_told(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "x.yaml").write_text(text)
    with pytest.raises(SandboxError, match=message):
        read_crds(tmp_path, ["x.y"])
