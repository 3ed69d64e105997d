"""Server-side apply as Kubernetes' documentation describes it: ownership, conflicts, removal, lists."""

from __future__ import annotations

from typing import Any

import pytest

from .server import FakeApi
from .values import APPLY, MERGE, Manifest, RefusalError

WIDGETS = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "widgets.example.org"},
    "spec": {
        "group": "example.org",
        "scope": "Namespaced",
        "names": {"kind": "Widget", "plural": "widgets"},
        "versions": [{"name": "v1", "served": True, "subresources": {"status": {}}}],
    },
}


def config_map(**data: str) -> Manifest:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "a"}, "data": data}


def widget(**spec: Any) -> Manifest:
    return {"apiVersion": "example.org/v1", "kind": "Widget", "metadata": {"name": "w", "namespace": "a"}, "spec": spec}


def apply(api: FakeApi, manifest: Manifest, manager: str = "me", **query: str) -> Manifest:
    path = api.path(manifest["kind"], manifest["metadata"]["name"], "a")
    return api.call("PATCH", path, manifest, manager=manager, content=APPLY, **query)


def owned(live: Manifest) -> dict[str, Manifest]:
    """Fields by `<manager> <operation>`."""
    return {f"{e['manager']} {e['operation']}": e["fieldsV1"] for e in live["metadata"].get("managedFields") or ()}


def test_applier_owns_what_it_applies_and_nothing_else(api: FakeApi) -> None:
    live = apply(api, {**config_map(a="1"), "metadata": {"name": "c", "namespace": "a", "labels": {"x.org/y": "z"}}})
    (entry,) = live["metadata"]["managedFields"]
    assert entry.pop("time").endswith("Z")
    assert entry == {
        "manager": "me",
        "operation": "Apply",
        "apiVersion": "v1",
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:data": {"f:a": {}}, "f:metadata": {"f:labels": {"f:x.org/y": {}}}},
    }


def test_apply_of_the_same_writes_nothing(api: FakeApi) -> None:
    first = apply(api, config_map(a="1"))
    assert apply(api, config_map(a="1")) == first
    assert apply(api, config_map(a="2"))["metadata"]["resourceVersion"] != first["metadata"]["resourceVersion"]


def test_conflict_names_owner_and_field_and_changes_nothing(api: FakeApi) -> None:
    apply(api, config_map(a="1", b="1"), "them")
    with pytest.raises(RefusalError) as caught:
        apply(api, config_map(a="2", b="2"))
    body = caught.value.answer.body
    assert (body["code"], body["reason"]) == (409, "Conflict")
    assert body["message"] == 'Apply failed with 2 conflicts: conflicts with "them":\n- .data.a\n- .data.b'
    assert body["details"]["causes"][0] == {
        "reason": "FieldManagerConflict", "message": 'conflict with "them"', "field": ".data.a",
    }  # fmt: skip
    live = api.get("ConfigMap", "c", "a")
    assert live is not None
    assert live["data"] == {"a": "1", "b": "1"}


def test_force_takes_fields_over(api: FakeApi) -> None:
    apply(api, config_map(a="1", b="1"), "them")
    live = apply(api, config_map(a="2"), force="true")
    assert live["data"] == {"a": "2", "b": "1"}
    assert owned(live) == {"them Apply": {"f:data": {"f:b": {}}}, "me Apply": {"f:data": {"f:a": {}}}}


def test_equal_values_are_owned_together_and_stay_for_the_other_applier(api: FakeApi) -> None:
    apply(api, config_map(a="1", b="1"), "them")
    apply(api, config_map(a="1"))
    live = apply(api, config_map())
    assert live["data"] == {"a": "1", "b": "1"}
    assert apply(api, config_map(b="1"), "them")["data"] == {"b": "1"}


def test_field_that_is_applied_no_more_goes_unless_somebody_changed_it(api: FakeApi) -> None:
    apply(api, config_map(a="1", b="1", c="1"))
    api.call("PATCH", api.path("ConfigMap", "c", "a"), {"data": {"b": "2"}}, manager="kubectl-edit", content=MERGE)
    live = apply(api, config_map(a="1"))
    assert live["data"] == {"a": "1", "b": "2"}
    assert owned(live) == {"me Apply": {"f:data": {"f:a": {}}}, "kubectl-edit Update": {"f:data": {"f:b": {}}}}


def test_field_that_an_updater_set_alike_goes_with_its_only_applier(api: FakeApi) -> None:
    api.create(config_map(a="1"), manager="kubectl-create")
    apply(api, config_map(a="1"))
    assert "data" not in apply(api, config_map())


def test_conflict_with_an_updater_tells_version_and_time(api: FakeApi) -> None:
    api.create(config_map(a="1"), manager="helm")
    with pytest.raises(RefusalError, match=r'1 conflict: conflict with "helm" using v1 at \d{4}-.*Z: \.data\.a'):
        apply(api, config_map(a="2"))


def test_fields_of_an_object_without_any_manager_go_to_one_before_the_first_apply(api: FakeApi) -> None:
    api.create(config_map(a="1"))
    body = {"metadata": {"managedFields": [{}]}}
    assert owned(api.call("PATCH", api.path("ConfigMap", "c", "a"), body, content=MERGE)) == {}
    with pytest.raises(RefusalError, match='conflict with "before-first-apply" using v1'):
        apply(api, config_map(a="2"))


def test_managed_fields_can_be_written(api: FakeApi) -> None:
    live = apply(api, config_map(a="1", b="1"))
    entry = live["metadata"]["managedFields"][0]
    body = {"metadata": {"managedFields": [{**entry, "fieldsV1": {"f:data": {"f:a": {}}}}]}, "data": {"b": "2"}}
    live = api.call("PATCH", api.path("ConfigMap", "c", "a"), body, manager="hand", content=MERGE)
    assert owned(live) == {"me Apply": {"f:data": {"f:a": {}}}, "hand Update": {"f:data": {"f:b": {}}}}


PORTS = [{"port": 80, "name": "http"}, {"port": 53, "protocol": "UDP"}]


def service(*ports: Manifest, **spec: Any) -> Manifest:
    meta = {"name": "s", "namespace": "a", "finalizers": ["x.org/mine"]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": {"ports": list(ports), **spec}}


def test_entries_of_keyed_lists_are_owned_one_by_one_and_maps_of_atomic_types_as_a_whole(api: FakeApi) -> None:
    live = apply(api, service(*PORTS, selector={"a": "b"}))
    assert owned(live)["me Apply"]["f:spec"] == {
        "f:ports": {
            'k:{"port":80,"protocol":"TCP"}': {".": {}, "f:name": {}, "f:port": {}},
            'k:{"port":53,"protocol":"UDP"}': {".": {}, "f:port": {}, "f:protocol": {}},
        },
        "f:selector": {},
    }
    assert owned(live)["me Apply"]["f:metadata"] == {"f:finalizers": {'v:"x.org/mine"': {}}}
    more = {**service({"port": 443}), "metadata": {"name": "s", "namespace": "a", "finalizers": ["x.org/theirs"]}}
    live = apply(api, more, "them")
    assert [port["port"] for port in live["spec"]["ports"]] == [80, 53, 443]
    assert live["metadata"]["finalizers"] == ["x.org/mine", "x.org/theirs"]
    live = apply(api, {**service(PORTS[1]), "metadata": {"name": "s", "namespace": "a"}})
    assert [port["port"] for port in live["spec"]["ports"]] == [53, 443]
    assert (live["metadata"]["finalizers"], "selector" in live["spec"]) == (["x.org/theirs"], False)


def test_conflict_in_a_keyed_list_names_its_entry(api: FakeApi) -> None:
    apply(api, service(PORTS[0]))
    with pytest.raises(RefusalError, match=r'\.spec\.ports\[port=80,protocol="TCP"\]\.name'):
        apply(api, service({"port": 80, "name": "web"}), "them")


def test_open_schemas_merge_maps_and_replace_lists(api: FakeApi) -> None:
    api.create(WIDGETS)
    apply(api, widget(a={"b": 1}, names=["x"]))
    live = apply(api, widget(a={"c": 2}), "them")
    assert live["spec"] == {"a": {"b": 1, "c": 2}, "names": ["x"]}
    with pytest.raises(RefusalError, match=r"\.spec\.names"):
        apply(api, widget(names=["x", "y"]), "them")


def test_generation_counts_changes_of_the_spec_and_status_is_written_apart(api: FakeApi) -> None:
    api.create(WIDGETS)
    assert "status" not in apply(api, {**widget(a=1), "status": {"ready": True}})
    api.call(
        "PATCH", api.path("Widget", "w", "a") + "/status", {"status": {"ready": True}}, manager="ctl", content=MERGE
    )
    live = apply(api, widget(a=1))
    assert (live["metadata"]["generation"], live["status"]) == (1, {"ready": True})
    entry = next(each for each in live["metadata"]["managedFields"] if each["manager"] == "ctl")
    assert (entry["subresource"], entry["fieldsV1"]) == ("status", {"f:status": {"f:ready": {}}})
    assert apply(api, widget(a=2))["metadata"]["generation"] == 2
    assert "generation" not in apply(api, config_map())["metadata"]


def test_dry_run_tells_and_writes_nothing(api: FakeApi) -> None:
    assert apply(api, config_map(a="1"), dryRun="All")["data"] == {"a": "1"}
    assert api.get("ConfigMap", "c", "a") is None
    apply(api, config_map(a="1"))
    before = api.get("ConfigMap", "c", "a")
    assert apply(api, config_map(a="2"), dryRun="All")["data"] == {"a": "2"}
    assert api.get("ConfigMap", "c", "a") == before


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"kind": "Secret"}, 400),
        ({"apiVersion": "v2"}, 400),
        ({"metadata": {"name": "d", "namespace": "a"}}, 400),
        ({"metadata": {"name": "c", "namespace": "a", "resourceVersion": "1"}}, 409),
    ],
)
def test_apply_that_does_not_fit_is_refused(api: FakeApi, change: Manifest, code: int) -> None:
    apply(api, config_map(a="1"))
    with pytest.raises(RefusalError) as caught:
        api.call("PATCH", api.path("ConfigMap", "c", "a"), {**config_map(a="2"), **change}, content=APPLY)
    assert caught.value.answer.code == code
