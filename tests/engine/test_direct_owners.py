"""What belongs to others is not taken over unless told to; what is let go of, others can have."""

from __future__ import annotations

from typing import Any

import pytest

from ai_factory.infra.objects.ids import OWNER
from tests.engine.harness import (
    HOME,
    MERGE,
    NAMESPACE,
    PARENT,
    PART_OF,
    TARGET,
    RefusedError,
    Region,
    config_map,
    host,
    planned,
    short,
)
from tests.fake_api.faults import meanwhile

PULUMI = "pulumi-kubernetes-1a2b3c4d"


def test_field_that_another_applier_owns_is_refused_until_adopted(region: Region) -> None:
    region.up(config_map("a"), config_map("b"))
    region.apply_as("flux", config_map("a", "theirs"))
    wanted = (config_map("a", "2"), config_map("b", "2"))
    refusal = r"a/a: flux owns data\.value; take these fields over with --adopt, or leave them out of the plan"
    with pytest.raises(RefusedError, match=refusal):
        region.up(*wanted)
    assert (region.value("a"), region.value("b")) == ("theirs", "2")
    assert [difference.kind for difference in region.preview(*wanted)] == ["refused"]
    assert str(region.up(*wanted, adopt=True)) == "1 repaired, 2 unchanged"
    assert region.value("a") == "2"


@pytest.mark.parametrize("manager", ["hpa-controller", "kubectl-client-side-apply"])
def test_field_that_a_controller_owns_is_refused(region: Region, manager: str) -> None:
    region.up(config_map("a"))
    region.patch("a", {"data": {"value": "theirs"}}, manager)
    with pytest.raises(RefusedError, match=f"{manager} owns data.value"):
        region.up(config_map("a"))


def test_field_that_somebody_changed_by_hand_is_put_right(region: Region) -> None:
    region.up(config_map("a"))
    region.patch("a", {"data": {"value": "by hand"}}, "kubectl-edit")
    assert str(region.up(config_map("a"))) == "1 repaired, 1 unchanged"
    assert region.value("a") == "1"


def test_owners_of_several_fields_are_named_with_theirs(region: Region) -> None:
    def wanted(value: str) -> Any:
        return planned("ConfigMap", "a", NAMESPACE, data={"x": value, "y": value, "z": value})

    region.up(wanted("1"))
    region.apply_as("flux", planned("ConfigMap", "a", NAMESPACE, data={"x": "2", "y": "2"}))
    region.patch("a", {"data": {"z": "3"}}, "argocd")
    with pytest.raises(RefusedError, match=r"flux owns data\.x, data\.y; argocd owns data\.z"):
        region.up(wanted("4"))


def test_object_of_somebody_else_is_refused_before_anything_is_changed(region: Region) -> None:
    region.up()
    region.api.create(config_map("a", "theirs").manifest, manager="helm")
    wanted = (config_map("a"), config_map("b"))
    with pytest.raises(RefusedError, match=rf"{TARGET}/ConfigMap/a/a: exists and belongs to somebody else \(helm\)"):
        region.up(*wanted)
    assert (region.value("a"), region.value("b")) == ("theirs", None)
    assert [(d.kind, short(d.id)) for d in region.preview(*wanted)] == [("refused", "a"), ("missing", "b")]
    report = region.up(*wanted, adopt=True)
    assert (report.count("adopted"), region.value("a")) == (1, "1")
    assert region.up(*wanted).nothing_changed


def test_all_that_is_refused_is_said_at_once(region: Region) -> None:
    region.up(host(protect=True), config_map("c"))
    for name in ("a", "b"):
        region.api.create(config_map(name).manifest, manager="helm")
    odd = config_map("d", wait_for="some day")
    with pytest.raises(RefusedError) as caught:
        region.up(config_map("a"), config_map("b"), odd)
    assert [line.partition(":")[0] for line in caught.value.lines] == [
        f"{TARGET}/ConfigMap/a/a", f"{TARGET}/ConfigMap/a/b", f"{TARGET}/BareMetalHost.metal3.io/a/h",
        f"{TARGET}/ConfigMap/a/d",
    ]  # fmt: skip
    assert region.value("c") == "1"


def test_object_of_the_pulumi_engine_is_refused_and_taken_over(region: Region) -> None:
    region.up()
    more = planned("ConfigMap", "a", NAMESPACE, data={"value": "1", "only-theirs": "1"})
    region.apply_as(PULUMI, more)
    with pytest.raises(RefusedError, match="belongs to the Pulumi engine"):
        region.up(config_map("a"))
    assert region.drift(more) == []  # its objects lack our labels: that is no drift
    assert str(region.up(config_map("a"), adopt=True)) == "1 adopted, 1 unchanged"
    managers = [entry["manager"] for entry in region.live("ConfigMap", "a")["metadata"]["managedFields"]]
    assert managers == ["ai-factory"]
    assert region.up(config_map("a")).nothing_changed


def test_taking_over_from_pulumi_goes_on_when_others_write_meanwhile(region: Region) -> None:
    region.up()
    region.apply_as(PULUMI, config_map("a"))
    touch = meanwhile(lambda: region.patch("a", {"metadata": {"annotations": {"x": "y"}}}, "somebody"))
    region.api.inject(r"PATCH .*/configmaps/a$", touch, times=1, after=1)
    region.up(config_map("a"), adopt=True)
    managers = {entry["manager"] for entry in region.live("ConfigMap", "a")["metadata"]["managedFields"]}
    assert managers == {"ai-factory", "somebody"}


def test_member_that_pulumi_applies_as_well_is_not_deleted(region: Region) -> None:
    region.up(config_map("a"))
    region.apply_as(PULUMI, config_map("a"))
    with pytest.raises(RefusedError, match="the Pulumi engine, and left the plan"):
        region.up()
    with pytest.raises(RefusedError, match="is the Pulumi engine's as well; delete it there"):
        region.down(config_map("a"))
    assert region.value("a") == "1"
    assert len(region.up(adopt=True).deleted) == 1


def test_objects_that_are_let_go_can_be_taken_over_without_force(region: Region) -> None:
    item = config_map("a", protect=True, retain=True)
    region.up(item)
    assert region.release(item) == 2
    meta = region.live("ConfigMap", "a")["metadata"]
    assert meta["labels"] == {"app.kubernetes.io/managed-by": "ai-factory"}
    # The owner stays, which both engines set alike; the marks of this one go.
    assert (meta["annotations"], region.parent, region.lease) == ({OWNER: "cluster/train"}, None, None)
    region.apply_as(PULUMI, config_map("a", "2"), force=False)
    with pytest.raises(RefusedError, match="belongs to the Pulumi engine"):
        region.up(item)
    assert region.release(item) == 0


def test_letting_go_is_tried_again_when_others_write_meanwhile(region: Region) -> None:
    region.up(config_map("a"))
    touch = meanwhile(lambda: region.patch("a", {"data": {"value": "theirs"}}, "somebody"))
    region.api.inject(r"PATCH .*/configmaps/a$", touch, times=1)
    assert region.release(config_map("a")) == 2
    assert PART_OF not in region.live("ConfigMap", "a")["metadata"]["labels"]
    assert region.value("a") == "theirs"


def test_object_of_another_stack_is_refused_with_its_name(region: Region) -> None:
    other = f"{HOME}.twin"
    region.up(config_map("a"))
    wanted = {other: [config_map("a", "2")]}
    with pytest.raises(RefusedError, match=f"ApplySet kube-system/{PARENT} of ai-factory/v"):
        region.up_all(wanted)
    region.up_all(wanted, adopt=True)
    assert region.up().deleted == []  # it is the other stack's now: leaving this plan does not delete it
    assert region.value("a") == "2"


def test_label_that_somebody_took_off_is_put_back(region: Region) -> None:
    region.up(config_map("a"))
    region.patch("a", {"metadata": {"labels": {PART_OF: None}}}, "kubectl-label")
    assert region.up(config_map("a")).count("changed") == 1


def test_label_of_an_unknown_applyset_is_named(region: Region) -> None:
    region.up()
    region.api.create(planned("ConfigMap", "a", NAMESPACE, labels={PART_OF: "applyset-x-v1"}, data={}).manifest)
    with pytest.raises(RefusedError, match="belongs to the ApplySet applyset-x-v1"):
        region.up(config_map("a"))


def test_parent_of_another_tool_is_refused(region: Region) -> None:
    region.up()
    change = {"metadata": {"annotations": {"applyset.kubernetes.io/tooling": "kubectl/v1.37"}}}
    region.api.call("PATCH", region.api.path("ConfigMap", PARENT, "kube-system"), change, content=MERGE)
    with pytest.raises(RefusedError, match=r"no ApplySet of this tool \(kubectl/v1.37\). Rename or delete it"):
        region.up()


def test_change_of_somebody_else_between_is_not_counted_as_ours(region: Region) -> None:
    """What has a generation is as it was if that, its labels and our fields are."""
    region.up(host())
    region.patch("h", {"spec": {"image": "theirs"}, "metadata": {"labels": {"x": "y"}}}, "provider", "BareMetalHost")
    assert region.up(host()).nothing_changed
    assert region.live("BareMetalHost", "h")["spec"] == {"online": False, "image": "theirs"}
