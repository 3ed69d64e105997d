"""What the direct engine creates, changes, leaves alone and prunes, and in which order."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.harness import (
    NAMESPACE,
    PARENT_ID,
    PART_OF,
    TARGET,
    RefusedError,
    Region,
    UnavailableError,
    condition,
    config_map,
    host,
    names,
    planned,
    release,
    short,
    small_pages,
)
from tests.fake_api.faults import admission, invalid, meanwhile
from tests.fake_api.values import Manifest


def test_create_change_nothing_prune(region: Region) -> None:
    a, b = config_map("a"), config_map("b")
    assert set(region.up(a, b).results.values()) == {"created"}
    assert str(region.up(a, b)) == "nothing changed (3 objects are as planned)"
    changed = region.up(config_map("a", "2"), b)
    assert (str(changed), region.value("a")) == ("1 changed, 2 unchanged", "2")
    pruned = region.up(b)
    assert (pruned.deleted, region.value("a")) == ([f"{TARGET}/ConfigMap/{NAMESPACE}/a"], None)
    assert [event.id for event in region.events if event.what == "deleted"] == pruned.deleted


def test_waves_follow_needs_and_namespaces_come_first(region: Region) -> None:
    a = config_map("a", after=(f"{TARGET}/ConfigMap/{NAMESPACE}/b",))
    b = config_map("b", after=(f"{TARGET}/ConfigMap/{NAMESPACE}/c", "elsewhere/ConfigMap/x/y"))
    region.up(a, b, config_map("c"))
    assert [short(path) for path in region.writes()] == [NAMESPACE, "c", "b", "a"]
    assert region.details("begin") == ["4 objects in 4 waves"]
    region.down(a, b, config_map("c"))
    removed = [change.name for change in region.api.changes if change.verb == "remove"]
    assert removed[:4] == ["a", "b", "c", NAMESPACE]


def test_circle_and_doubles_are_refused(region: Region) -> None:
    a = config_map("a", after=(f"{TARGET}/ConfigMap/{NAMESPACE}/b",))
    b = config_map("b", after=(a.id,))
    with pytest.raises(RefusedError, match=r"objects wait for each other: .*/a -> .*/b -> .*/a"):
        region.up(a, b)
    with pytest.raises(RefusedError, match="is planned twice"):
        region.up(config_map("a"), config_map("a", "2"))
    assert region.writes() == []


def test_what_is_as_planned_is_not_sent(region: Region) -> None:
    quota = planned("ResourceQuota", "q", NAMESPACE, spec={"hard": {"cpu": "1000m"}})
    service = planned("Service", "s", NAMESPACE, spec={"ports": [{"name": "http", "port": 80}]})
    fill_in(region)
    objects = (config_map("a"), service, host(), quota)
    region.up(*objects)
    region.api.requests.clear()
    assert region.up(*objects).nothing_changed
    # The Service's ports are told apart by a field that the server fills in, the quota is written in another form.
    assert sorted(short(path) for path in region.writes()) == ["q", "s"]


def fill_in(region: Region) -> None:
    """What a real server makes of ports and quantities."""

    def ports(live: Manifest) -> Manifest:
        filled = [{"protocol": "TCP", "targetPort": port["port"], **port} for port in live["spec"]["ports"]]
        return {**live, "spec": {"type": "ClusterIP", **live["spec"], "ports": filled}}

    def quantities(live: Manifest) -> Manifest:
        return {**live, "spec": {"hard": {**live["spec"]["hard"], "cpu": "1"}}}

    region.api.admit("Service", ports)
    region.api.admit("ResourceQuota", quantities)


def test_defaults_and_forms_of_the_server_are_no_drift(region: Region) -> None:
    fill_in(region)
    service = planned("Service", "s", NAMESPACE, spec={"ports": [{"port": 80}], "selector": {"a": "b"}})
    quota = planned("ResourceQuota", "q", NAMESPACE, spec={"hard": {"cpu": "1000m"}})
    region.up(service, quota)
    assert region.drift(service, quota) == []


def test_parent_and_members_are_an_applyset(region: Region) -> None:
    region.up(config_map("a"), host())
    assert region.parent is not None
    meta = region.parent["metadata"]
    assert meta["labels"]["applyset.kubernetes.io/id"] == PARENT_ID
    assert region.live("ConfigMap", "a")["metadata"]["labels"][PART_OF] == PARENT_ID
    notes = {key.rpartition("/")[2]: value for key, value in meta["annotations"].items()}
    assert notes["contains-group-kinds"] == "BareMetalHost.metal3.io,ConfigMap,Namespace"
    assert notes["additional-namespaces"] == NAMESPACE
    assert notes["tooling"].startswith("ai-factory/v")
    region.up()
    assert region.parent["metadata"]["annotations"]["applyset.kubernetes.io/contains-group-kinds"] == "Namespace"


def test_parent_is_written_before_any_member_so_that_none_is_lost(region: Region) -> None:
    region.up(config_map("a"))
    written = [(change.kind, change.namespace) for change in region.api.changes if change.verb == "create"]
    first = written.index(("ConfigMap", "kube-system"))
    assert first < written.index(("Namespace", ""), first)


def test_field_that_leaves_the_plan_is_removed(region: Region) -> None:
    region.up(planned("ConfigMap", "a", NAMESPACE, data={"value": "1", "more": "2"}))
    region.up(config_map("a"))
    assert region.live("ConfigMap", "a")["data"] == {"value": "1"}


def test_drift_is_shown_and_repaired(region: Region) -> None:
    objects = (config_map("a"), config_map("b"), config_map("c"))
    region.up(*objects)
    assert region.drift(*objects) == []
    region.patch("a", {"data": {"value": "by hand", "theirs": "1"}}, "kubectl-edit")
    region.patch("b", {"metadata": {"labels": {"app.kubernetes.io/managed-by": None}}}, "somebody")
    region.delete("ConfigMap", "c")
    seen = {short(difference.id): difference for difference in region.drift(*objects)}
    assert [(change.path, change.old, change.new) for change in seen["a"].changes] == [("data.value", "by hand", "1")]
    assert [change.path for change in seen["b"].changes] == ['metadata.labels["app.kubernetes.io/managed-by"]']
    assert seen["c"].kind == "missing"
    assert str(region.up(*objects)) == "1 created, 1 changed, 1 repaired, 1 unchanged"
    assert region.live("ConfigMap", "a")["data"] == {"value": "1", "theirs": "1"}
    assert region.drift(*objects) == []


def test_preview_changes_nothing(region: Region) -> None:
    region.up(config_map("a"), config_map("gone"))
    written = len(region.api.changes)
    wanted = (config_map("a", "2"), config_map("b"), planned("ConfigMap", "far", "nowhere"))
    seen = region.preview(*wanted)
    assert names(seen) == [("a", "changed"), ("b", "missing"), ("far", "missing"), ("gone", "leaving")]
    assert "its namespace is not there yet" in seen[2].note
    assert len(region.api.changes) == written
    assert (region.value("a"), region.value("b"), region.value("gone")) == ("1", None, "1")


def test_preview_on_an_empty_cluster_and_of_a_kind_that_is_not_served(region: Region) -> None:
    seen = region.preview(config_map("a"), planned("ClusterPolicy", "p", api="nvidia.com/v1", spec={}))
    assert names(seen) == [("a", "missing"), ("a", "missing"), ("p", "missing")]
    assert seen[2].note == "its kind is not served yet"
    assert region.writes() == []


def test_protected_object_is_kept_until_forced(region: Region) -> None:
    region.up(host(protect=True), config_map("a"))
    with pytest.raises(RefusedError, match=r"BareMetalHost.metal3.io/a/h: left the plan but is protected.*--force"):
        region.up(config_map("a", "2"))
    assert (region.value("a"), region.live("BareMetalHost", "h")["spec"]) == ("1", {"online": False})
    (leaving,) = region.preview(config_map("a"))
    assert (leaving.kind, leaving.note) == ("leaving", "protected")
    with pytest.raises(RefusedError, match=r"is protected.*--force-protected"):
        region.down(host())
    assert region.live("BareMetalHost", "h")
    assert len(region.up(config_map("a"), force_protected=True).deleted) == 1
    region.down(config_map("a"), host(), force_protected=True)
    assert region.api.all("ConfigMap", NAMESPACE) == []


def test_retained_object_stays_when_it_leaves_the_plan(region: Region) -> None:
    """Racks in stacks of their own still refer to a template of old content, which its cluster owns."""
    region.up(config_map("old", retain=True), config_map("a"))
    assert region.preview(config_map("a")) == region.drift(config_map("a")) == []
    report = region.up(config_map("new", retain=True), config_map("a"))
    assert (report.deleted, region.value("old"), region.value("new")) == ([], "1", "1")
    region.api.requests.clear()
    region.down(config_map("new", retain=True), config_map("a"))
    # What runs there may need it until its owner goes: it is deleted with its namespace and not before.
    asked = [short(request.path) for request in region.api.requests if request.method == "DELETE"]
    assert asked[:3] in (["new", "a", NAMESPACE], ["a", "new", NAMESPACE])
    assert region.value("old") is None


def test_ignored_field_belongs_to_its_controller_once_created(region: Region) -> None:
    def wanted(online: bool, mac: str) -> Any:
        return host(spec={"online": online, "bootMACAddress": mac}, ignore_changes=("spec.online",))

    def spec() -> Any:
        return region.live("BareMetalHost", "h")["spec"]

    region.up(wanted(False, "a"))
    region.up(wanted(True, "b"))  # nobody has changed it yet, and the plan's new value is ignored
    assert spec() == {"online": False, "bootMACAddress": "b"}
    region.patch("h", {"spec": {"online": True}}, "provider", kind="BareMetalHost")
    assert region.drift(wanted(False, "b")) == []
    assert region.up(wanted(False, "b")).nothing_changed
    region.up(wanted(False, "c"))
    assert spec() == {"online": True, "bootMACAddress": "c"}


def test_ignored_field_that_a_controller_takes_during_the_run_is_left_to_it(region: Region) -> None:
    item = host(ignore_changes=("spec.online",))
    region.up(item)
    take = meanwhile(lambda: region.patch("h", {"spec": {"online": True}}, "provider", kind="BareMetalHost"))
    region.api.inject("PATCH .*/baremetalhosts/h$", take, times=1)
    changed = host(spec={"online": False, "image": "x"}, ignore_changes=("spec.online",))
    assert region.up(changed).results[changed.id] == "changed"
    assert region.live("BareMetalHost", "h")["spec"] == {"online": True, "image": "x"}


def test_kind_that_is_not_served_is_named_with_what_brings_it(region: Region) -> None:
    item = planned("ClusterPolicy", "p", api="nvidia.com/v1", spec={})
    with pytest.raises(UnavailableError, match=r"lacks kind ClusterPolicy \(nvidia.com/v1\).*NVIDIA GPU operator"):
        region.up(item, config_map("a"))
    assert region.value("a") is None
    with pytest.raises(UnavailableError, match=r"BareMetalHost.*it has v1alpha1.*Metal3 to the planned version"):
        region.up(planned("BareMetalHost", "h", NAMESPACE, api="metal3.io/v1", spec={}))


def definition(group: str, kind: str, plural: str) -> Any:
    spec = {
        "group": group,
        "scope": "Cluster",
        "names": {"kind": kind, "plural": plural},
        "versions": [{"name": "v1", "served": True}],
    }
    return planned("CustomResourceDefinition", f"{plural}.{group}", api="apiextensions.k8s.io/v1", spec=spec)


def test_kind_that_the_plan_brings_is_waited_for(region: Region) -> None:
    region.api.serving.establishes = False
    brings = definition("nvidia.com", "ClusterPolicy", "clusterpolicies")
    item = planned("ClusterPolicy", "p", api="nvidia.com/v1", spec={}, after=(brings.id,))
    region.api.inject("GET apis$", meanwhile(region.api.establish), after=3)
    assert str(region.up(brings, item)) == "3 created"
    assert "kind ClusterPolicy is not served yet" in region.details("waiting")
    region.down(brings, item)
    assert region.api.get("CustomResourceDefinition", "clusterpolicies.nvidia.com") is None


def test_kind_that_an_operator_never_brings_is_given_up(region: Region) -> None:
    region.api.play("HelmRelease.helm.toolkit.fluxcd.io", lambda live: condition())
    operator = release()
    item = planned("ClusterPolicy", "p", api="nvidia.com/v1", spec={}, after=(operator.id,))
    with pytest.raises(UnavailableError, match=r"lacks kind ClusterPolicy.*Install the NVIDIA GPU operator"):
        region.up(operator, item)
    with pytest.raises(UnavailableError, match="lacks kind ClusterPolicy"):
        region.up(operator, item, wait=False)


def test_rejections_of_a_wave_come_all_at_once(region: Region) -> None:
    region.api.inject("PATCH .*/configmaps/a$", invalid("ConfigMap", [("data.value", "too long")]))
    region.api.inject("PATCH .*/configmaps/b$", admission("exceeded quota: tenant"))
    with pytest.raises(RefusedError) as caught:
        region.up(config_map("a"), config_map("b"), config_map("c"))
    assert caught.value.lines == (
        f"{TARGET}/ConfigMap/a/a: the API server rejects it: ConfigMap is invalid: [data.value: too long]",
        f"{TARGET}/ConfigMap/a/b: the API server rejects it: exceeded quota: tenant",
    )
    assert region.value("c") == "1"
    assert region.preview(config_map("a"))[0].kind == "refused"
    region.api.heal()
    assert str(region.up(config_map("a"), config_map("b"), config_map("c"))) == "2 created, 2 unchanged"


def test_server_that_is_too_old_to_list_its_kinds_at_once_is_refused(region: Region) -> None:
    region.api.serving.aggregated = False
    with pytest.raises(UnavailableError, match=r"mgmt: .* aggregated form\. Bring it to Kubernetes 1\.30 or newer"):
        region.up(config_map("a"))


def test_kind_at_another_version_is_named_with_those_that_are_served(region: Region) -> None:
    with pytest.raises(UnavailableError, match="it has v1alpha1"):
        region.up(planned("BareMetalHost", "h", NAMESPACE, api="metal3.io/v1", spec={}))


@pytest.mark.parametrize("count", [5, 12])
def test_few_objects_are_looked_up_one_by_one_and_many_by_lists(region: Region, count: int) -> None:
    """Objects of others are seen either way, over any number of namespaces."""
    spaces = [f"n{number}" for number in range(5)]
    for name in spaces:
        region.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    region.api.create(planned("ConfigMap", "c3", "n3").manifest, manager="helm")
    wanted = [config_map(f"c{number}", namespace=spaces[number % 5]) for number in range(count)]
    with pytest.raises(RefusedError, match=r"ConfigMap/n3/c3: exists and belongs to somebody else \(helm\)"):
        region.up(*wanted)
    assert str(region.up(*wanted, adopt=True)) == f"{count} created, 1 adopted"


def test_pages_of_members_are_read_to_the_end(region: Region, monkeypatch: pytest.MonkeyPatch) -> None:
    small_pages(monkeypatch, 4)
    objects = [config_map(f"c{number}") for number in range(10)]
    region.up(*objects)
    assert len(region.up(config_map("c3")).deleted) == 9
    assert [item["metadata"]["name"] for item in region.api.all("ConfigMap", NAMESPACE)] == ["c3"]


def test_object_of_the_default_namespace_needs_none_in_its_manifest(region: Region) -> None:
    item = planned("ConfigMap", "bare", data={"value": "1"})
    region.up(item)
    assert region.live("ConfigMap", "bare", "default")["data"] == {"value": "1"}
