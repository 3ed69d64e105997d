"""Stacks over several clusters: order, what former plans have left, clusters that are not there (yet)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.harness import (
    CLUSTERS,
    HOME,
    FactoryError,
    Halt,
    InterruptedRunError,
    NotBuiltError,
    NotReadyError,
    RefusedError,
    Region,
    UnavailableError,
    condition,
    config_map,
    planned,
    release,
    short,
)
from tests.fake_api.access import kubeconfig
from tests.fake_api.faults import dropped, invalid, meanwhile

TWIN = f"{HOME}.twin"
RACKS = f"{HOME}.train.0"
TRAIN = f"{HOME}.train"
CLUSTER = "Cluster.cluster.x-k8s.io"


def on(target: str, name: str, **own: Any) -> Any:
    """A ConfigMap in the default namespace of a cluster."""
    return config_map(name, namespace="default", on=target, **own)


def test_each_cluster_gets_its_own_and_reports_it(region: Region) -> None:
    region.add("twin")
    reports = region.up_all({HOME: [on("mgmt", "m")], TWIN: [on("twin", "t")]})
    assert {key: str(report) for key, report in reports.items()} == {
        (HOME, "mgmt"): "1 created", (TWIN, "twin"): "1 created",
    }  # fmt: skip
    assert region.servers["twin"].get("ConfigMap", "t", "default")
    assert region.servers["twin"].get("ConfigMap", "m", "default") is None


def test_stacks_go_in_steps_and_side_by_side_within(region: Region) -> None:
    region.add("twin")
    region.add("train")
    order: list[str] = []
    for target, names in {"mgmt": ("home", "racks"), "train": ("w",), "twin": ("t",)}.items():
        for name in names:
            note = meanwhile(lambda name=name: order.append(name))
            region.servers[target].inject(f"PATCH .*/configmaps/{name}$", note)
    stacks = {
        TWIN: [on("twin", "t")], TRAIN: [on("train", "w")], RACKS: [on("mgmt", "racks")], HOME: [on("mgmt", "home")],
    }  # fmt: skip
    region.up_all(stacks)
    assert order[:2] == ["home", "racks"]
    assert set(order[2:]) == {"w", "t"}
    order.clear()
    region.lifecycle(stacks).down(list(stacks))
    removed = [change.name for change in region.api.changes if change.verb == "remove" and change.kind == "ConfigMap"]
    assert [name for name in removed if not name.startswith("ai-factory")] == ["racks", "home"]


def built(region: Region) -> None:
    """Cluster API builds the cluster `train`: it serves, and its secret is there, before its object is ready."""
    region.add("train")
    region.api.set_status(CLUSTER, "train", "train", **condition())


def of_train() -> Any:
    """A cluster that is built, and what is on it and comes after it."""
    home = planned("Namespace", "train")
    own = {"spec": {}, "wait_for": "condition=Ready", "timeout_seconds": 60, "after": (home.id,)}
    cluster = planned("Cluster", "train", "train", api=CLUSTERS, **own)
    inside = on("train", "inside")
    return [home, cluster, inside, on("mgmt", "late", after=(inside.id,))]


def test_cluster_that_is_built_in_the_same_run_is_reached_when_it_is_ready(region: Region) -> None:
    region.once("waiting", "Cluster", lambda: built(region))
    reports = region.up_all({HOME: of_train()})
    assert str(reports[HOME, "mgmt"]) == "3 created"
    assert str(reports[HOME, "train"]) == "1 created"
    assert region.api.get("ConfigMap", "late", "default")
    assert region.up_all({HOME: of_train()})[HOME, "mgmt"].nothing_changed


def test_cluster_that_is_not_built_yet_misses_all(region: Region) -> None:
    lifecycle = region.lifecycle({HOME: of_train()})
    seen = {short(each.id): each for each in lifecycle.drift([HOME])[HOME]}
    assert (seen["inside"].kind, seen["inside"].note) == ("missing", "its cluster has no kubeconfig secret")
    (health,) = [each for healths in lifecycle.status([HOME]).values() for each in healths if "inside" in each.id]
    assert (health.state, health.why) == ("missing", "its cluster has no kubeconfig secret")
    with pytest.raises(NotReadyError, match=r"Cluster.cluster.x-k8s.io/train/train is not ready after 60 s"):
        region.up_all({HOME: of_train()})
    region.lifecycle({HOME: of_train()}).down([HOME])
    assert "left out: its cluster has no kubeconfig secret" in region.details("note")


def test_stack_of_a_cluster_that_is_not_there_says_who_makes_its_secret(region: Region) -> None:
    region.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "train"}})
    with pytest.raises(NotBuiltError, match=r"no secret train/train-kubeconfig on mgmt. Cluster API writes it once"):
        region.up_all({TRAIN: [on("train", "w")]})
    region.write_secret("train", "nothing of use")
    with pytest.raises(UnavailableError, match="secret train/train-kubeconfig on mgmt: not a kubeconfig"):
        region.up_all({TRAIN: [on("train", "w")]})


@pytest.mark.parametrize("data", [None, {}, {"value": "/w=="}])
def test_secret_without_a_kubeconfig(region: Region, data: Any) -> None:
    region.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "train"}})
    meta = {"name": "train-kubeconfig", "namespace": "train"}
    region.api.create({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "data": data})
    with pytest.raises(UnavailableError, match=r"has no kubeconfig under `value`. See who wrote it"):
        region.up_all({TRAIN: [on("train", "w")]})


def test_secret_that_rotates_during_a_run_is_read_again(region: Region) -> None:
    train = region.add("train")
    path = region.api.path("Secret", "train-kubeconfig", "train")

    def rotate() -> None:
        train.tokens = {"new"}
        region.api.call("DELETE", path)
        region.write_secret("train", kubeconfig({"train": train}, {"train": {"token": "new"}}))

    region.once("applied", "/first", rotate)
    first = on("train", "first")
    assert region.up_all({TRAIN: [first, on("train", "second", after=(first.id,))]})[TRAIN, "train"].complete


def test_down_goes_the_other_way_round(region: Region) -> None:
    region.once("waiting", "Cluster", lambda: built(region))
    region.up_all({HOME: of_train()})
    order: list[str] = []
    for server in region.servers.values():
        for name in ("late", "inside", "train"):
            note = meanwhile(lambda name=name: order.append(name))
            server.inject(f"DELETE .*/(configmaps|clusters)/{name}$", note)
    region.lifecycle({HOME: of_train()}).down([HOME])
    assert order == ["late", "inside", "train"]
    assert region.parent is None


def test_what_the_region_had_once_is_deleted_when_all_of_it_is_brought_up(region: Region) -> None:
    region.add("twin")
    region.add("train")
    gone = f"{HOME}.gone"
    region.up_all({gone: [on("mgmt", "left")], "other": [on("mgmt", "theirs")], TWIN: [on("mgmt", "moved")]})
    every = {HOME: [on("mgmt", "m")], RACKS: [], TRAIN: [], TWIN: [on("twin", "t")], f"{TRAIN}.t0": []}
    part = {HOME: every[HOME]}
    assert (HOME, "mgmt") in region.up_all(part)
    assert region.api.get("ConfigMap", "left", "default"), "only part of the region was brought up"
    differences = region.lifecycle(every).drift(list(every))
    assert {name: [(short(d.id), d.kind) for d in some] for name, some in differences.items() if some} == {
        TWIN: [("t", "missing"), ("moved", "leaving")], gone: [("left", "leaving")],
    }  # fmt: skip
    reports = region.up_all(every)
    assert str(reports[gone, "mgmt"]) == "1 deleted"
    assert (gone, "mgmt") not in region.up_all(every)
    assert [item["metadata"]["name"] for item in region.api.all("ConfigMap", "default")] == ["m", "theirs"]


def test_what_is_left_and_protected_is_refused_before_anything_is_changed(region: Region) -> None:
    region.up_all({HOME: [on("mgmt", "a")], TWIN: [on("mgmt", "kept", protect=True)]})
    region.add("twin")
    with pytest.raises(RefusedError, match=r"ConfigMap/default/kept: is protected.*--force-protected"):
        region.up_all({HOME: [on("mgmt", "a", value="2")], TWIN: [on("twin", "t")]})
    assert region.live("ConfigMap", "a", "default")["data"] == {"value": "1"}
    region.up_all({HOME: [on("mgmt", "a")], TWIN: [on("twin", "t")]}, force_protected=True)
    assert region.api.get("ConfigMap", "kept", "default") is None


def test_down_says_all_that_is_protected_in_all_stacks(region: Region) -> None:
    stacks = {HOME: [on("mgmt", "a", protect=True)], RACKS: [on("mgmt", "b", protect=True), on("mgmt", "c")]}
    region.up_all(stacks)
    with pytest.raises(RefusedError) as caught:
        region.lifecycle(stacks).down(list(stacks))
    assert [line.partition(":")[0] for line in caught.value.lines] == [
        "mgmt/ConfigMap/default/a", "mgmt/ConfigMap/default/b",
    ]  # fmt: skip
    assert region.api.get("ConfigMap", "c", "default")


def test_letting_go_takes_all_stacks_and_what_is_left(region: Region) -> None:
    region.add("twin")
    region.up_all({HOME: [on("mgmt", "a")], TWIN: [on("mgmt", "moved")]})
    stacks = {HOME: [on("mgmt", "a")], TWIN: [on("twin", "t")]}
    region.up_all({TWIN: [on("twin", "t")]} | {HOME: [on("mgmt", "a")]}, force_protected=True)
    assert region.lifecycle(stacks).release(list(stacks)) == 2
    assert region.parent is None


def failing(region: Region) -> dict[str, list[Any]]:
    """Two stacks side by side, either of which fails."""
    region.add("twin")
    region.add("train")
    return {TRAIN: [on("train", "w")], TWIN: [on("twin", "t")]}


def test_faults_of_stacks_side_by_side_come_as_one_and_the_gravest_counts(region: Region) -> None:
    stacks = failing(region)
    region.servers["train"].inject("PATCH .*/w$", invalid("ConfigMap", [("data", "no")]))
    region.servers["twin"].inject("PATCH .*/t$", dropped())
    with pytest.raises(UnavailableError) as caught:
        region.up_all(stacks)
    assert (len(caught.value.lines), caught.value.exit_code) == (2, 3)
    assert len(region.details("failed")) == 2


def test_interrupt_is_what_counts_of_all(region: Region) -> None:
    stacks, halt = failing(region), Halt()
    stop = meanwhile(lambda: halt.stop(InterruptedRunError("interrupted")))
    for server in region.servers.values():
        server.inject("PATCH .*/(w|t)$", stop)
        server.inject("PATCH .*/(w|t)$", dropped())
    with pytest.raises(InterruptedRunError) as caught:
        region.up_all(stacks, halt=halt)
    assert (str(caught.value), caught.value.exit_code) == ("interrupted", 130)


def test_fault_of_the_program_is_not_taken_for_one_of_the_run(region: Region) -> None:
    stacks = failing(region)

    def broken() -> None:
        raise ZeroDivisionError

    region.once("applied", "/t", broken)
    with pytest.raises(ZeroDivisionError):
        region.up_all(stacks)


def test_failed_step_keeps_the_next_from_beginning(region: Region) -> None:
    region.add("twin")
    stacks = {HOME: [planned("Namespace", "a"), release(timeout_seconds=5)], TWIN: [on("twin", "t")]}
    lifecycle = region.lifecycle(stacks)
    with pytest.raises(FactoryError, match="is not ready after 5 s"):
        lifecycle.up(list(stacks))
    assert [(report.stack, report.target) for report in lifecycle.reports] == [(HOME, "mgmt")]
    assert not [request for request in region.servers["twin"].requests if request.method != "GET"]


def test_all_clusters_are_looked_at_before_any_is_changed(region: Region) -> None:
    twin = region.add("twin")
    twin.create(on("twin", "t").manifest, manager="helm")
    with pytest.raises(RefusedError, match=r"twin/ConfigMap/default/t: exists and belongs to somebody else \(helm\)"):
        region.up_all({HOME: [on("mgmt", "m"), on("twin", "t")]})
    assert region.api.get("ConfigMap", "m", "default") is None


def test_missing_context_is_said_before_anything_is_asked(region: Region) -> None:
    with pytest.raises(UnavailableError, match=r"there is no context twin in .* it has: kr-test-mgmt"):
        region.up_all({HOME: [on("mgmt", "m"), on("twin", "t")]})
    assert region.api.requests == []


def test_two_stacks_on_one_server_by_two_names(region: Region) -> None:
    """Both names of a cluster may lead to one server: ApplySets and Leases are told apart by them."""
    region.servers["twin"] = region.api
    region.write_kubeconfig()
    region.up_all({HOME: [on("mgmt", "a"), on("twin", "b")]})
    assert region.up_all({HOME: [on("mgmt", "a"), on("twin", "b")]})[HOME, "twin"].nothing_changed
    assert str(region.up_all({HOME: [on("mgmt", "a"), on("twin", "c")]})[HOME, "twin"]) == "1 created, 1 deleted"
    assert region.api.get("ConfigMap", "a", "default")
