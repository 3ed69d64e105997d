"""Versions, preconditions, ends of objects, lists and discovery, as the Kubernetes API conventions have them."""

from __future__ import annotations

from typing import Any

import pytest

from .lists import selected
from .server import FakeApi
from .test_apply import WIDGETS, apply, config_map, widget
from .values import MERGE, Manifest, RefusalError

LEASE = {
    "apiVersion": "coordination.k8s.io/v1",
    "kind": "Lease",
    "metadata": {"name": "l", "namespace": "a"},
    "spec": {"holderIdentity": "me"},
}


def code_of(api: FakeApi, *request: Any, **more: Any) -> tuple[int, str]:
    """Code and reason of a refusal."""
    with pytest.raises(RefusalError) as caught:
        api.call(*request, **more)
    answer = caught.value.answer
    return answer.code, answer.body["reason"]


def test_write_of_an_old_state_is_refused(api: FakeApi) -> None:
    first = api.create(LEASE)
    path = api.path("Lease", "l", "a")
    api.call("PUT", path, {**first, "spec": {"holderIdentity": "them"}})
    assert code_of(api, "PUT", path, first) == (409, "Conflict")
    body = {"metadata": {"resourceVersion": first["metadata"]["resourceVersion"], "labels": {"a": "b"}}}
    assert code_of(api, "PATCH", path, body, content=MERGE) == (409, "Conflict")


def test_refusals_have_the_codes_and_reasons_of_the_api(api: FakeApi) -> None:
    api.create(config_map())
    here, gone = api.path("ConfigMap", "c", "a"), api.path("ConfigMap", "d", "a")
    assert code_of(api, "POST", api.path("ConfigMap", "", "a"), config_map()) == (409, "AlreadyExists")
    assert code_of(api, "GET", gone) == code_of(api, "DELETE", gone) == (404, "NotFound")
    assert code_of(api, "PATCH", gone, {}, content=MERGE) == (404, "NotFound")
    assert code_of(api, "PATCH", here, {}, content="application/json") == (415, "UnsupportedMediaType")
    assert code_of(api, "POST", here, {})[0] == 405
    far = {**config_map(), "metadata": {"name": "c", "namespace": "far"}}
    assert code_of(api, "POST", api.path("ConfigMap", "", "far"), far) == (404, "NotFound")


def test_delete_minds_the_uid(api: FakeApi) -> None:
    live = api.create(config_map())
    path = api.path("ConfigMap", "c", "a")
    assert code_of(api, "DELETE", path, {"preconditions": {"uid": "other"}}) == (409, "Conflict")
    api.call("DELETE", path, {"preconditions": {"uid": live["metadata"]["uid"]}})
    assert api.get("ConfigMap", "c", "a") is None
    assert api.create(config_map())["metadata"]["uid"] != live["metadata"]["uid"]


def test_object_with_finalizers_stays_until_they_are_gone(api: FakeApi) -> None:
    api.create({**config_map(), "metadata": {"name": "c", "namespace": "a", "finalizers": ["x.org/f"]}})
    path = api.path("ConfigMap", "c", "a")
    going = api.call("DELETE", path)
    assert going["metadata"]["deletionTimestamp"] == api.call("DELETE", path)["metadata"]["deletionTimestamp"]
    apply(api, config_map(a="1"))
    live = api.get("ConfigMap", "c", "a")
    assert live is not None
    assert live["metadata"]["deletionTimestamp"]
    api.call("PATCH", path, {"metadata": {"finalizers": None}}, content=MERGE)
    assert api.get("ConfigMap", "c", "a") is None


def test_namespace_takes_along_what_is_in_it_and_tells_what_is_left(api: FakeApi) -> None:
    api.create({**config_map(), "metadata": {"name": "c", "namespace": "a", "finalizers": ["x.org/f"]}})
    api.create(LEASE)
    api.call("DELETE", api.path("Namespace", "a"))
    home = api.get("Namespace", "a")
    assert home is not None
    assert home["status"]["phase"] == "Terminating"
    messages = [condition["message"] for condition in home["status"]["conditions"] if condition["status"] == "True"]
    assert messages == [
        "Some resources are remaining: configmaps. has 1 resource instances",
        "Some content in the namespace has finalizers remaining: x.org/f in 1 resource instances",
    ]
    assert api.get("Lease", "l", "a") is None
    assert code_of(api, "POST", api.path("Lease", "", "a"), LEASE) == (403, "Forbidden")
    api.call("PATCH", api.path("ConfigMap", "c", "a"), {"metadata": {"finalizers": []}}, content=MERGE)
    assert api.get("Namespace", "a") is None


def owned_by(owner: Manifest, name: str) -> Manifest:
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "c", "uid": owner["metadata"]["uid"]}
    return {**config_map(), "metadata": {"name": name, "namespace": "a", "ownerReferences": [reference]}}


@pytest.mark.parametrize(("policy", "left"), [("Background", []), ("Orphan", ["d"])])
def test_what_an_object_owns_goes_with_it_unless_orphaned(api: FakeApi, policy: str, left: list[str]) -> None:
    api.create(owned_by(api.create(config_map()), "d"))
    api.call("DELETE", api.path("ConfigMap", "c", "a"), {"propagationPolicy": policy})
    assert [item["metadata"]["name"] for item in api.all("ConfigMap")] == left


def test_object_of_two_owners_stays_for_the_other(api: FakeApi) -> None:
    first, second = api.create(config_map()), api.create(owned_by({"metadata": {"uid": "none"}}, "e"))
    both_of = owned_by(first, "d")
    both_of["metadata"]["ownerReferences"].append({"uid": second["metadata"]["uid"]})
    api.create(both_of)
    api.call("DELETE", api.path("ConfigMap", "c", "a"))
    live = api.get("ConfigMap", "d", "a")
    assert live is not None
    assert [owner["uid"] for owner in live["metadata"]["ownerReferences"]] == [second["metadata"]["uid"]]


def test_definition_brings_its_kind_and_takes_all_of_it_along(api: FakeApi) -> None:
    api.create(WIDGETS)
    api.create({**widget(), "metadata": {"name": "w", "namespace": "a", "finalizers": ["x.org/f"]}})
    api.call("DELETE", api.path("CustomResourceDefinition", "widgets.example.org"))
    path = api.path("Widget", "w", "a")
    assert api.call("GET", path)["metadata"]["deletionTimestamp"]
    api.call("PATCH", path, {"metadata": {"finalizers": None}}, content=MERGE)
    assert api.get("CustomResourceDefinition", "widgets.example.org") is None
    with pytest.raises(StopIteration):
        api.path("Widget")


def test_definition_that_is_not_established_serves_nothing_yet(api: FakeApi) -> None:
    api.serving.establishes = False
    api.create(WIDGETS)
    with pytest.raises(StopIteration):
        api.path("Widget")
    api.establish()
    assert api.create(widget())["metadata"]["generation"] == 1


@pytest.mark.parametrize(
    ("selector", "matches"),
    [
        ("", True), ("a", True), ("c", False), ("!c", True), ("!a", False), ("a=1", True), ("a==1", True),
        ("a=2", False), ("a!=2", True), ("c!=1", True), ("a in (1, 2)", True), ("a notin (1,2)", False),
        ("c in (1)", False), ("a=1,x.org/b=2", True), ("a=1,x.org/b=3", False),
    ],
)  # fmt: skip
def test_label_selectors(selector: str, matches: bool) -> None:
    assert selected(selector, {"a": "1", "x.org/b": "2"}) == matches


def test_selector_that_is_none_is_refused(api: FakeApi) -> None:
    api.create(config_map())
    assert code_of(api, "GET", api.path("ConfigMap"), labelSelector="a=b=c") == (400, "BadRequest")
    assert code_of(api, "GET", api.path("ConfigMap"), **{"continue": "x"}) == (400, "BadRequest")


def test_pages_follow_each_other_and_entries_of_built_in_kinds_lack_their_kind(api: FakeApi) -> None:
    for name in "edcb":
        api.create({**config_map(), "metadata": {"name": name, "namespace": "a", "labels": {"n": name}}})
    path = api.path("ConfigMap", "", "a")
    first = api.call("GET", path, limit="3")
    assert ([item["metadata"]["name"] for item in first["items"]], "kind" in first["items"][0]) == (list("bcd"), False)
    assert first["metadata"]["remainingItemCount"] == 1
    last = api.call("GET", path, limit="3", **{"continue": first["metadata"]["continue"]})
    assert [item["metadata"]["name"] for item in last["items"]] == ["e"]
    assert "continue" not in last["metadata"]
    accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
    (item,) = api.call("GET", api.path("ConfigMap"), accept=accept, labelSelector="n=c")["items"]
    assert (item["kind"], "data" in item) == ("PartialObjectMetadata", False)


def test_custom_kinds_are_listed_with_their_kind_and_read_as_metadata(api: FakeApi) -> None:
    api.create(WIDGETS)
    api.create(widget(a=1))
    (item,) = api.call("GET", api.path("Widget"))["items"]
    assert item["kind"] == "Widget"
    accept = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
    assert "spec" not in api.call("GET", api.path("Widget", "w", "a"), accept=accept)


def test_both_sorts_of_discovery_tell_the_same(api: FakeApi) -> None:
    api.create({**WIDGETS, "spec": {**WIDGETS["spec"], "versions": [  # type: ignore[dict-item]
        {"name": "v2", "served": True}, {"name": "v1", "served": True}, {"name": "v0", "served": False},
    ]}})  # fmt: skip
    accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
    groups = {group["metadata"]["name"]: group for group in api.call("GET", "apis", accept=accept)["items"]}
    (plain,) = [group for group in api.call("GET", "apis")["groups"] if group["name"] == "example.org"]
    assert [version["version"] for version in groups["example.org"]["versions"]] == ["v2", "v1"]
    assert plain["preferredVersion"] == {"groupVersion": "example.org/v2", "version": "v2"}
    core = api.call("GET", "api", accept=accept)["items"][0]["versions"][0]["resources"]
    listed = [entry for entry in api.call("GET", "api/v1")["resources"] if "/" not in entry["name"]]
    assert {entry["resource"] for entry in core} == {entry["name"] for entry in listed}
    assert api.call("GET", "api")["versions"] == ["v1"]


def test_admission_and_controllers_are_played(api: FakeApi) -> None:
    api.create(WIDGETS)
    api.admit("Widget.example.org", lambda manifest: {**manifest, "spec": {"size": 1, **manifest["spec"]}})
    api.play("Widget.example.org", lambda live: {"size": live["spec"]["size"]})
    answer = apply(api, widget(a=1))
    assert (answer["spec"], "status" in answer) == ({"size": 1, "a": 1}, False)
    live = api.get("Widget", "w", "a")
    assert live is not None
    assert live["status"] == {"size": 1}
    assert apply(api, widget(a=1)) == live
