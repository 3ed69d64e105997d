"""What differs between objects and between plans."""

from __future__ import annotations

import functools
import random
import re
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_factory.infra.gate.impact import diff, items, order, totals
from ai_factory.infra.gate.records import Change, FieldChange, ObjectRecord, StackDelta
from ai_factory.infra.objects import ids
from ai_factory.infra.objects.base import Block, HelmRelease, KubeObject, make
from ai_factory.infra.objects.ids import Subject
from ai_factory.infra.plan import regions
from tests.gate import plans

pytestmark = pytest.mark.slow

UNSET = msgspec.UNSET


# Records


def _record(name: str, spec: Any = 1, stack: str = "s", component: str = "C c", protect: bool = False) -> ObjectRecord:
    manifest = make("v1", "ConfigMap", name, "n", data={"spec": spec})
    item = KubeObject(target="t", owner=ids.cluster("c"), manifest=manifest, protect=protect)
    block = Block(type="GpuCluster", name="c", stack=stack, items=(item,))
    return msgspec.structs.replace(items.record(item, block), component=component)


def test_a_digest_knows_content_and_protection_not_the_order_of_keys() -> None:
    one = {"a": 1, "b": {"c": 1, "d": 2}}
    assert items.digest(one, False) == items.digest({"b": {"d": 2, "c": 1}, "a": 1}, False)
    assert items.digest(one, False) != items.digest(one, True)
    assert items.digest(one, False) != items.digest({**one, "a": 2}, False)
    assert re.fullmatch("[0-9a-f]{16}", items.digest(one, False))


def test_a_record_holds_the_object_and_its_place() -> None:
    item = KubeObject(
        target="t",
        owner=ids.cluster("c"),
        manifest=make("v1", "ConfigMap", "a", "b", data={"z": "1", "c": "2"}),
        protect=True,
    )
    block = Block(type="GpuCluster", name="c", stack="s", items=(item,))
    found = items.record(item, block)
    assert (found.id, found.stack, found.component, found.owner) == (
        "t/ConfigMap/b/a",
        "s",
        "GpuCluster c",
        "cluster/c",
    )
    assert found.protect
    assert found.data() == item.manifest
    assert found.digest == items.digest(item.manifest, True)
    assert msgspec.json.decode(msgspec.json.encode(found), type=ObjectRecord) == found


def test_a_release_is_an_object() -> None:
    item = HelmRelease(
        target="m",
        owner=ids.management("m"),
        name="flux",
        namespace="f",
        repo="r",
        chart="c",
        version="1",
        values={"a": 1},
    )
    found = items.record(item, Block(type="ManagementCluster", name="m", stack="s", items=(item,)))
    assert (found.id, found.owner) == ("m/Chart/f/flux", "management/m")
    assert found.data() == {
        "apiVersion": "helm.sh/v3",
        "kind": "Release",
        "metadata": {"name": "flux", "namespace": "f"},
        "spec": {"repo": "r", "chart": "c", "version": "1", "values": {"a": 1}},
    }


def test_a_new_kind_of_block_needs_no_change_in_the_gate() -> None:
    item = KubeObject(target="t", owner=Subject("facility", "h1"), manifest=make("v1", "ConfigMap", "a"))
    record = items.record(item, Block(type="PowerTree", name="x", stack="s", items=(item,)))
    assert record.owner == "facility/h1"


def test_the_owner_is_no_part_of_the_digest() -> None:
    manifest = make("v1", "ConfigMap", "a")
    owned = [KubeObject(target="t", owner=owner, manifest=manifest) for owner in (ids.tenant("a"), ids.tenant("b"))]
    records = [items.record(item, Block(type="C", name="x", stack="s", items=(item,))) for item in owned]
    assert records[0].digest == records[1].digest
    assert diff.compare(records[:1], records[1:], "r") == []


def test_what_was_planned_before_objects_had_owners_takes_the_owner_of_what_is_to_be() -> None:
    old, new = _record("a", spec=1), _record("a", spec=2)
    former = msgspec.structs.replace(old, owner="unknown")
    assert [change.owner for change in diff.compare([former], [new], "r")] == ["cluster/c"]
    assert [change.owner for change in diff.compare([former], [], "r")] == ["unknown"]


def test_storage_owns_what_is_its_own() -> None:
    found = {one.id: one.owner for one in plans.example("lab").records if one.component == "Storage train"}
    assert found == {
        "train/Namespace//ai-factory-storage": "cluster/train",
        "train/StorageClass.storage.k8s.io//scratch": "storage/scratch",
        "train/StorageClass.storage.k8s.io//hps": "storage/hps",
        "train/VolumeSnapshotClass.snapshot.storage.k8s.io//hps": "storage/hps",
    }


@pytest.mark.parametrize("name", regions.known_regions())
def test_every_object_of_the_example_regions_has_an_owner_that_exists(name: str) -> None:
    side = plans.example(name)
    plan = side.plan
    known = {
        f"cluster/{cluster.name}/rack/{rack.name}" for cluster in plan.clusters for rack in cluster.racks if rack.hosts
    }
    known |= {f"cluster/{one.name}" for one in plan.clusters} | {f"tenant/{one.name}" for one in plan.tenants}
    known |= {f"storage/{one.name}" for one in plan.storage} | {f"management/{one.name}" for one in plan.management}
    assert {one.owner for one in side.records} <= known
    groups = [one for one in side.records if one.component.startswith("RackGroup ")]
    assert all(Subject.parse(one.owner).kind == "rack" for one in groups)
    racks = {one.owner for one in groups}
    hosts = sum(len(rack.hosts) for cluster in plan.clusters for rack in cluster.racks)
    assert len(groups) == hosts + 4 * len(racks)


# Plans


@functools.cache
def _pool() -> list[ObjectRecord]:
    return [
        _record(name, spec, stack, protect=protect)
        for name in "abcd"
        for spec in (1, 2)
        for stack in ("s", "t")
        for protect in (False, True)
    ]


_SIDES = st.lists(st.integers(0, 31), unique_by=lambda number: number // 8).map(
    lambda numbers: [_pool()[number] for number in numbers]
)


@given(_SIDES)
def test_a_plan_does_not_differ_from_itself(side: list[ObjectRecord]) -> None:
    assert diff.compare(side, list(reversed(side)), "r") == []


@given(_SIDES, _SIDES)
def test_what_one_way_creates_the_other_deletes(base: list[ObjectRecord], head: list[ObjectRecord]) -> None:
    def named(found: list[Change], action: str) -> set[str]:
        return {one.id for one in found if one.action == action}

    there, back = diff.compare(base, head, "r"), diff.compare(head, base, "r")
    assert named(there, "create") == named(back, "delete")
    for action in ("update", "move", "replace"):
        assert named(there, action) == named(back, action)


@given(_SIDES, _SIDES, st.randoms(use_true_random=False))
def test_the_order_of_objects_does_not_count(
    base: list[ObjectRecord], head: list[ObjectRecord], shuffler: random.Random
) -> None:
    expected = order.ordered(diff.compare(base, head, "r"))
    shuffler.shuffle(base)
    shuffler.shuffle(head)
    assert order.ordered(diff.compare(base, head, "r")) == expected


def test_equal_digests_are_not_decoded() -> None:
    broken = msgspec.structs.replace(_record("a"), manifest=msgspec.Raw(b"no json"))
    assert diff.compare([broken], [broken], "r") == []


def test_protection_is_an_option_of_the_object() -> None:
    (change,) = diff.compare([_record("a", protect=True)], [_record("a")], "r")
    assert (change.action, change.protect) == ("update", True)
    assert change.fields == (FieldChange(path="protect", old=True, new=False),)


def test_another_stack_is_a_move() -> None:
    (change,) = diff.compare([_record("a", stack="s", protect=True)], [_record("a", 2, stack="t", protect=True)], "r")
    assert (change.action, change.stack, change.protect) == ("move", "t", True)
    assert [one.path for one in change.fields] == ["stack", "data.spec"]
    assert change.former_stack == "s"


def test_another_component_is_a_move_within_the_stack() -> None:
    (change,) = diff.compare([_record("a")], [_record("a", component="D d")], "r")
    assert (change.action, change.fields) == ("move", (FieldChange(path="component", old="C c", new="D d"),))
    assert change.former_stack is None


def test_what_is_created_was_not_protected_before() -> None:
    (change,) = diff.compare([], [_record("a", protect=True)], "r")
    assert (change.action, change.protect, change.kind, change.region) == ("create", False, "ConfigMap", "r")


def test_changes_are_ordered_by_what_they_take() -> None:
    base = [_record(name, protect=name == "p") for name in ("u", "d", "p", "m", "r-10", "r-9")]
    head = [_record("u", 2), _record("n"), _record("m", stack="t")]
    found = order.ordered(diff.compare(base, head, "r"))
    assert [(one.action, one.id.rpartition("/")[2]) for one in found] == [
        ("delete", "p"), ("delete", "d"), ("delete", "r-9"), ("delete", "r-10"),
        ("move", "m"), ("update", "u"), ("create", "n"),
    ]  # fmt: skip


def test_stack_deltas_count_a_move_on_both_sides() -> None:
    base = [_record("a", stack="s"), _record("b", stack="s"), _record("c", stack="gone"), _record("d", stack="s.10")]
    head = [_record("a", stack="t"), _record("b", 2, stack="s"), _record("d", 2, stack="s.10"), _record("e", stack="s")]
    found = totals.stack_deltas(diff.compare(base, head, "r"), {"s": 4, "t": 3, "s.10": 3}, ["s", "s.2", "t", "s.10"])
    assert found == (
        StackDelta(name="s", create=1, update=1, replace=1, resources=4),
        StackDelta(name="t", replace=1, resources=3),
        StackDelta(name="s.10", update=1, resources=3),
        StackDelta(name="gone", delete=1, resources=0),
    )


# Real regions


def _actions(name: str, to: dict[str, Any], delete: tuple[str, ...] = ()) -> dict[tuple[str, str], int]:
    changes, _ = plans.compared(plans.example(name), plans.changed(name, to, delete))
    found: dict[tuple[str, str], int] = {}
    for one in changes:
        found[one.action, one.kind] = found.get((one.action, one.kind), 0) + 1
    return found


def test_fewer_racks_delete_their_objects_only() -> None:
    assert _actions("kr-ulsan", {"clusters[0].racks": 60}) == {
        ("delete", "BareMetalHost"): 72,
        ("delete", "ExternalSecret"): 4,
        ("delete", "MachineDeployment"): 4,
        ("delete", "MachineHealthCheck"): 4,
        ("delete", "Metal3MachineTemplate"): 4,
    }


def test_another_kubernetes_version_updates_machines_and_control_plane() -> None:
    side = plans.changed("lab", {"clusters[0].kubernetes": "v1.36.6"})
    changes, _ = plans.compared(plans.example("lab"), side)
    assert [(one.kind, [field.path for field in one.fields]) for one in changes] == [
        ("KubeadmControlPlane", ["spec.version"]),
        ("MachineDeployment", ["spec.template.spec.version"]),
        ("MachineDeployment", ["spec.template.spec.version"]),
    ]
    assert {one.action for one in changes} == {"update"}


def test_another_image_makes_new_templates() -> None:
    assert _actions("lab", {"images.gpu.checksum": "a" * 64}) == {
        ("delete", "Metal3MachineTemplate"): 2,
        ("update", "MachineDeployment"): 2,
        ("create", "Metal3MachineTemplate"): 2,
    }


def test_another_storage_driver_replaces_the_class() -> None:
    changes, _ = plans.compared(plans.example("lab"), plans.changed("lab", {"storage[1].driver": "vast"}))
    (replaced,) = (one for one in changes if one.action == "replace")
    assert replaced.id == "train/StorageClass.storage.k8s.io//hps"
    assert replaced.because[0] == "provisioner"
    assert all(path.startswith(("provisioner", "parameters")) for path in replaced.because)


def test_another_endpoint_of_the_fabric_plan_shows_one_text() -> None:
    changes, _ = plans.compared(plans.example("lab"), plans.changed("lab", {"clusters[0].fabric": "spectrum-x"}))
    (facts,) = (one for one in changes if one.id == "management/ConfigMap/train/fabric-plan")
    assert [field.path for field in facts.fields] == ['data["fabric.json"]']
    assert facts.fields[0].old.count("\n") > 5


def test_another_layout_moves_all_that_leaves_the_stack() -> None:
    base, head = plans.example("lab"), plans.changed("lab", {"layout": "split"})
    changes, _ = plans.compared(base, head)
    stays = [one for one in head.records if one.stack == "lab"]
    assert {one.action for one in changes} == {"move"}
    assert len(changes) == len(base.records) - len(stays)
    deltas = totals.stack_deltas(changes, {}, head.outline.stacks)
    assert [one.name for one in deltas] == ["lab", *(name for name in head.outline.stacks if name != "lab")]
    assert deltas[0].replace == len(changes) == sum(one.replace for one in deltas[1:])
