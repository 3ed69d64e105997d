"""What changes of real plans take away or drain."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from ai_factory.infra.gate.impact import blast as blasts
from ai_factory.infra.gate.records import Blast, Change, FieldChange
from ai_factory.infra.objects import kueue, labels
from tests.gate import plans

TRAIN_B = {
    "clusters[0].name": "train-b",
    "storage[1].clusters": ["train-b"],
    "tenants[0].cluster": "train-b",
    "tenants[1].cluster": "train-b",
}


def _blast(name: str, to: dict[str, Any], delete: tuple[str, ...] = ()) -> Blast:
    return plans.compared(plans.example(name), plans.changed(name, to, delete))[1]


def _change(**given: Any) -> Change:
    values = {
        "action": "update", "id": "m/MachineDeployment.cluster.x-k8s.io/train/train-r0001", "kind": "MachineDeployment",
        "region": "lab", "stack": "lab", "component": "RackGroup train-0", "owner": "rack/train-r0001",
        "protect": False,
    }  # fmt: skip
    return Change(**(values | given))


def test_fewer_racks_lose_their_hosts_and_gpus() -> None:
    lost = _blast("kr-ulsan", {"clusters[0].racks": 60})
    assert lost.racks_lost == tuple(f"train-a-r{number:04}" for number in range(61, 65))
    assert len(lost.hosts_lost) == 4 * 18
    assert lost.gpus_lost == 4 * 72
    assert lost.tenants_affected == ("research",)
    assert not lost.clusters_lost + lost.racks_drained + lost.tenants_lost + lost.storage_lost


def test_a_tenant_that_goes_drains_its_racks() -> None:
    lost = _blast("lab", {}, ("tenants[0]",))
    assert (lost.tenants_lost, lost.racks_drained, lost.gpus_drained) == (("blue",), ("train-r0001",), 72)
    assert not lost.tenants_affected + lost.racks_lost


@pytest.mark.parametrize("to", [{"clusters[0].kubernetes": "v1.35.6"}, {"images.gpu.checksum": "a" * 64}])
def test_a_new_version_or_image_drains_every_rack(to: dict[str, Any]) -> None:
    lost = _blast("lab", to)
    assert lost.racks_drained == ("train-r0001", "train-r0002")
    assert (lost.gpus_drained, lost.gpus_lost) == (144, 0)
    assert lost.tenants_affected == ("blue", "green")
    assert not lost.racks_lost + lost.hosts_lost + lost.clusters_lost


def test_another_storage_driver_loses_the_storage() -> None:
    lost = _blast("lab", {"storage[1].driver": "vast"})
    assert lost.storage_lost == ("hps",)
    assert lost.serving_lost == ("management/HelmRelease.helm.toolkit.fluxcd.io/train/csi-wekafsplugin",)
    assert lost.tenants_affected == ("blue", "green")
    assert not lost.racks_lost + lost.racks_drained + lost.clusters_drained


def test_storage_that_is_withdrawn_from_a_cluster_is_not_lost() -> None:
    assert _blast("kr-ulsan", {"storage[0].clusters": ["train-a"]}).storage_lost == ()


def test_another_name_loses_the_cluster_and_all_on_it() -> None:
    lost = _blast("lab", TRAIN_B)
    assert (lost.clusters_lost, lost.racks_lost) == (("train",), ("train-r0001", "train-r0002"))
    assert len(lost.hosts_lost) == 2 * 18 + 1
    assert (lost.gpus_lost, lost.tenants_lost) == (144, ("blue", "green"))
    assert not lost.storage_lost


def test_an_adopted_cluster_is_lost_with_its_racks() -> None:
    lost = _blast("lab", {}, ("clusters[1]", "tenants[2]"))
    expected = Blast(clusters_lost=("infer",), racks_lost=("infer-r0001",), gpus_lost=32, tenants_lost=("acme",))
    assert lost == expected


def test_another_layout_moves_and_so_loses_what_it_moves() -> None:
    lost = _blast("lab", {"layout": "split"})
    assert (lost.racks_lost, lost.gpus_lost) == (("train-r0001", "train-r0002"), 144)
    assert (lost.tenants_lost, lost.clusters_lost) == (("acme", "blue", "green"), ())


def test_racks_without_inventory_are_not_lost() -> None:
    without = {"inventory": None}
    base = plans.changed("lab", without)
    head = plans.changed("lab", {"clusters[0].racks": 1, **without}, ("tenants[1]",))
    lost = plans.compared(base, head)[1]
    assert lost == Blast(tenants_lost=("green",))


def test_growth_and_protection_take_nothing() -> None:
    assert _blast("lab", {"clusters[0].racks": 3}) == Blast()
    assert _blast("lab", {"protect": True}) == Blast()


def test_a_new_region_takes_nothing_and_a_removed_one_all() -> None:
    side = plans.example("lab")
    assert blasts.blast(None, side.outline, ()) == Blast()
    gone = [plans.diff.compare(side.records, (), "lab")]
    lost = blasts.blast(side.outline, None, gone[0])
    assert (lost.clusters_lost, lost.gpus_lost) == (("infer", "train"), 144 + 32)
    assert lost.tenants_lost == ("acme", "blue", "green")
    assert lost.storage_lost == ("hps", "scratch")


@pytest.mark.parametrize(
    ("path", "drains"),
    [
        ("spec.template.spec.version", True),
        ("spec.template.spec.bootstrap.configRef.name", True),
        ("spec.template.spec.infrastructureRef", True),
        ("spec.template.spec.failureDomain", True),
        ("spec.template.spec", False),
        ("spec.template.spec.deletion.nodeDrainTimeoutSeconds", False),
        ("spec.template.spec.readinessGates", False),
        ('spec.template.metadata.labels["a/b"]', False),
        ("spec.replicas", False),
        ("spec.template.spec.versionSkew", False),
    ],
)
def test_only_some_fields_of_a_machine_deployment_replace_its_machines(path: str, drains: bool) -> None:
    side = plans.example("lab")
    change = _change(fields=(FieldChange(path=path, old="a", new="b"),))
    lost = blasts.blast(side.outline, side.outline, [change])
    assert lost.racks_drained == (("train-r0001",) if drains else ())
    assert lost.tenants_affected == (("blue",) if drains else ())


def test_a_deployment_that_is_replaced_loses_the_rack_though_its_hosts_stay() -> None:
    side = plans.example("lab")
    version = FieldChange(path="spec.template.spec.version", old="a", new="b")
    lost = blasts.blast(side.outline, side.outline, [_change(action="replace", fields=(version,))])
    assert (lost.racks_lost, lost.hosts_lost, lost.gpus_lost) == (("train-r0001",), (), 72)
    assert (lost.racks_drained, lost.gpus_drained) == ((), 0)


def test_the_last_rack_may_hold_fewer_nodes() -> None:
    side = plans.example("lab")
    train = msgspec.structs.replace(side.outline.clusters[0], nodes=20)
    outline = msgspec.structs.replace(side.outline, clusters=(train, *side.outline.clusters[1:]))
    lost = blasts.blast(outline, outline, [_change(action="replace", owner="cluster/train/rack/train-r0002")])
    assert lost.gpus_lost == 2 * 4


def test_a_host_that_goes_takes_its_gpus_and_hits_the_tenants_of_its_rack() -> None:
    side = plans.example("lab")
    host = "management/BareMetalHost.metal3.io/train/train-r0002-u01"
    lost = blasts.blast(
        side.outline,
        side.outline,
        [_change(action="replace", kind="BareMetalHost", id=host, owner="cluster/train/rack/train-r0002")],
    )
    expected = Blast(hosts_lost=("train-r0002-u01",), gpus_lost=4, tenants_affected=("green",))
    assert lost == expected


def test_a_tenants_object_that_is_replaced_affects_it() -> None:
    side = plans.example("lab")
    queue = _change(
        action="replace", kind="LocalQueue", id="train/LocalQueue.kueue.x-k8s.io/blue/q", owner="tenant/blue"
    )
    expected = Blast(tenants_affected=("blue",), serving_lost=(queue.id,))
    assert blasts.blast(side.outline, side.outline, [queue]) == expected


def _upgraded(cluster: str) -> Change:
    return _change(
        action="update",
        kind="HelmRelease",
        id=f"management/HelmRelease.helm.toolkit.fluxcd.io/{cluster}/gpu-operator",
        owner=f"cluster/{cluster}",
        fields=(FieldChange(path="spec.chart.spec.version", old="v26.3.0", new="v26.7.0"),),
    )


def test_a_new_driver_drains_the_whole_cluster_and_counts_its_racks_once() -> None:
    base, head = plans.example("lab"), plans.changed("lab", {"images.gpu.checksum": "a" * 64})
    changes, _ = plans.compared(base, head)
    lost = blasts.blast(base.outline, head.outline, [*changes, _upgraded("train")])
    assert lost.clusters_drained == ("train",)
    assert lost.gpus_drained == 144
    assert lost.tenants_affected == ("blue", "green")


def test_a_cluster_that_goes_or_comes_is_not_drained() -> None:
    base, head = plans.example("lab"), plans.changed("lab", TRAIN_B)
    changes, _ = plans.compared(base, head)
    lost = blasts.blast(base.outline, head.outline, [*changes, _upgraded("train"), _upgraded("train-b")])
    assert lost.clusters_drained == ()
    assert lost.serving_lost == ()


def test_a_region_that_goes_names_no_add_on_of_it() -> None:
    side = plans.example("lab")
    changes = plans.diff.compare(side.records, (), "lab")
    assert blasts.blast(side.outline, None, changes).serving_lost == ()


def test_another_way_to_a_cluster_affects_its_tenants() -> None:
    assert _blast("kr-ulsan", {"clusters[2].access": {"context": "x"}}) == Blast(tenants_affected=("factory-twin",))


def test_a_ceph_pool_that_goes_is_storage_that_is_lost() -> None:
    side = plans.example("lab")
    pool = _change(
        action="delete", kind="CephBlockPool", id="train/CephBlockPool.ceph.rook.io/rook-ceph/hps", owner="storage/hps"
    )
    assert blasts.blast(side.outline, side.outline, [pool]).storage_lost == ("hps",)


def test_without_outlines_names_are_read_from_the_changes() -> None:
    side = plans.example("lab")
    lost = blasts.blast(None, None, plans.diff.compare(side.records, (), "lab"))
    assert lost.clusters_lost == ("infer", "train")
    assert lost.racks_lost == ("train-r0001", "train-r0002")
    assert (lost.gpus_lost, lost.tenants_lost) == (0, ("acme", "blue", "green"))
    assert lost.storage_lost == ("hps", "scratch")


def test_nodes_that_get_another_label_are_neither_lost_nor_drained(monkeypatch: pytest.MonkeyPatch) -> None:
    """A base of before labels that no kubelet can set: machines are relabelled in place, and a flavour takes over.

    The old flavour does go, and who looks at a change is to see it: a queue without flavour admits nothing.
    """
    monkeypatch.setattr(labels, "TENANT", "node.cluster.x-k8s.io/tenant")
    monkeypatch.setattr(kueue, "flavour_name", lambda owner: f"tenant-{owner.name}" if owner else kueue.SHARED)
    old = plans.changed("lab", {})
    monkeypatch.undo()

    changes, lost = plans.compared(old, plans.example("lab"))

    relabelled = [change for change in changes if change.kind == "MachineDeployment"]
    assert {change.action for change in relabelled} == {"update"}
    assert {field.path.partition(".labels")[0] for change in relabelled for field in change.fields} == {
        "spec.template.metadata"
    }
    assert not lost.racks_lost + lost.racks_drained + lost.clusters_drained + lost.tenants_lost
    assert (lost.gpus_lost, lost.gpus_drained) == (0, 0)
    assert lost.serving_lost == ("train/ResourceFlavor.kueue.x-k8s.io//tenant-blue",)
    assert [change.action for change in changes if change.kind == "ClusterQueue"] == ["update"]
