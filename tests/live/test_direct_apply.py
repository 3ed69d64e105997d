"""The direct engine against a real API server: what it creates, changes, leaves alone and prunes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ai_factory.infra.engine.direct.applyset import PART_OF, applyset_id
from ai_factory.infra.engine.direct.comparison import differences, healths
from ai_factory.infra.engine.direct.down import down
from ai_factory.infra.errors import NotReadyError, RefusedError, UnavailableError
from ai_factory.infra.kube.api import Api
from ai_factory.infra.objects.kinds import find
from ai_factory.infra.sandbox import Sandbox, install_crds, stand_ins
from tests.live.direct import CONTEXT, TARGET, Stack, config_map, planned

pytestmark = pytest.mark.live

HOSTS = "metal3.io/v1alpha1"
CUSTOM = [find(HOSTS, "BareMetalHost"), find("helm.toolkit.fluxcd.io/v2", "HelmRelease")]


@pytest.fixture(scope="session")
def kinds(live: Sandbox) -> Sandbox:
    install_crds(live.kubeconfig(), CONTEXT, stand_ins(CUSTOM))
    return live


@pytest.fixture
def stack(kinds: Sandbox, request: Any) -> Iterator[Stack]:
    one = Stack.of_test(kinds.kubeconfig(), request.node.name)
    yield one
    one.forget()


def parent(stack: Stack) -> Any:
    return stack.api.get(f"api/v1/namespaces/kube-system/configmaps/ai-factory.{stack.name}.{TARGET}")


def test_create_change_nothing_prune(stack: Stack) -> None:
    a, b = config_map("a", stack.name), config_map("b", stack.name)
    assert stack.up(a, b).count("created") == 3
    assert str(stack.up(a, b)) == "nothing changed (3 objects are as planned)"
    changed = stack.up(config_map("a", stack.name, "2"), b)
    assert (changed.count("changed"), changed.count("unchanged"), stack.value("a")) == (1, 2, "2")
    pruned = stack.up(b)
    assert (pruned.deleted, stack.get("a")) == ([f"{TARGET}/ConfigMap/{stack.name}/a"], None)


def test_what_is_as_planned_is_not_sent(stack: Stack, mocker: Any) -> None:
    ports = [{"name": "http", "port": 80}]
    items = (
        config_map("a", stack.name),
        planned("Service", "s", stack.name, spec={"ports": ports, "selector": {"a": "b"}}),
        planned("BareMetalHost", "h", stack.name, api=HOSTS, spec={"online": False, "bmc": {"address": "x"}}),
        planned("ResourceQuota", "q", stack.name, spec={"hard": {"cpu": "1000m"}}),
    )
    stack.up(*items)
    sent = mocker.spy(Api, "apply")
    assert stack.up(*items).nothing_changed
    # The Service's ports are told apart by a field that the server fills in, the quota is written in another form.
    assert {call.args[1].rpartition("/")[2] for call in sent.call_args_list} == {"s", "q"}


def test_parent_and_members_are_an_applyset(stack: Stack) -> None:
    stack.up(config_map("a", stack.name), planned("BareMetalHost", "h", stack.name, api=HOSTS, spec={}))
    meta = parent(stack)["metadata"]
    name = f"ai-factory.{stack.name}.{TARGET}"
    assert (
        meta["labels"]["applyset.kubernetes.io/id"]
        == applyset_id(name)
        == stack.get("a")["metadata"]["labels"][PART_OF]
    )
    notes = {key.rpartition("/")[2]: value for key, value in meta["annotations"].items()}
    assert notes["contains-group-kinds"] == "BareMetalHost.metal3.io,ConfigMap,Namespace"
    assert notes["additional-namespaces"] == stack.name
    assert notes["tooling"].startswith("ai-factory/v")
    stack.up()
    assert parent(stack)["metadata"]["annotations"]["applyset.kubernetes.io/contains-group-kinds"] == "Namespace"


def test_field_that_leaves_the_plan_is_removed(stack: Stack) -> None:
    stack.up(planned("ConfigMap", "a", stack.name, data={"value": "1", "more": "2"}))
    stack.up(config_map("a", stack.name))
    assert stack.get("a")["data"] == {"value": "1"}


def test_drift_is_shown_and_repaired(stack: Stack) -> None:
    items = (config_map("a", stack.name), config_map("b", stack.name), config_map("c", stack.name))
    stack.up(*items)
    assert differences(stack.run(*items), take_back=True) == []
    stack.merge("a", {"data": {"value": "by hand", "theirs": "1"}}, "kubectl-edit")
    stack.merge("b", {"metadata": {"labels": {"app.kubernetes.io/managed-by": None}}}, "somebody")
    stack.api.request("DELETE", stack.path("c"))
    found = {one.id.rpartition("/")[2]: one for one in differences(stack.run(*items), take_back=True)}
    assert [(change.path, change.old, change.new) for change in found["a"].changes] == [("data.value", "by hand", "1")]
    assert [change.path for change in found["b"].changes] == ['metadata.labels["app.kubernetes.io/managed-by"]']
    assert found["c"].kind == "missing"
    report = stack.up(*items)
    assert (report.count("repaired"), report.count("changed"), report.count("created")) == (1, 1, 1)
    assert stack.get("a")["data"] == {"value": "1", "theirs": "1"}
    assert differences(stack.run(*items), take_back=True) == []


def test_defaults_of_the_server_are_no_drift(stack: Stack) -> None:
    ports = [{"port": 80}]
    item = planned("Service", "s", stack.name, spec={"ports": ports, "selector": {"a": "b"}})
    limits = planned("ResourceQuota", "q", stack.name, spec={"hard": {"cpu": "1000m", "memory": "1024Mi"}})
    stack.up(item, limits)
    assert differences(stack.run(item, limits), take_back=True) == []


def test_dry_run_changes_nothing(stack: Stack) -> None:
    stack.up(config_map("a", stack.name), config_map("gone", stack.name))
    before = stack.get("a")["metadata"]["resourceVersion"]
    wanted = (config_map("a", stack.name, "2"), config_map("b", stack.name), planned("ConfigMap", "far", "nowhere"))
    found = differences(stack.run(*wanted), take_back=False)
    assert [(one.id.rpartition("/")[2], one.kind) for one in found] == [
        ("a", "changed"), ("b", "missing"), ("far", "missing"), ("gone", "leaving"),
    ]  # fmt: skip
    assert "namespace" in found[2].note
    assert (stack.get("a")["metadata"]["resourceVersion"], stack.get("b")) == (before, None)


def test_protected_object_is_kept_until_forced(stack: Stack) -> None:
    host = planned("BareMetalHost", "h", stack.name, api=HOSTS, spec={"online": False}, protect=True)
    path = f"apis/{HOSTS}/namespaces/{stack.name}/baremetalhosts/h"
    stack.up(host, config_map("a", stack.name))
    with pytest.raises(RefusedError, match="left the plan but is protected"):
        stack.up(config_map("a", stack.name, "2"))
    assert stack.api.get(path) is not None
    assert stack.value("a") == "1"  # refused before anything was changed
    with pytest.raises(RefusedError, match="is protected"):
        down(stack.run(host))
    stack.up(config_map("a", stack.name), force_protected=True)
    assert stack.api.get(path) is None


def test_ignored_field_belongs_to_its_controller_once_created(stack: Stack) -> None:
    def host(online: bool, mac: str) -> Any:
        spec = {"online": online, "bootMACAddress": mac}
        return planned("BareMetalHost", "h", stack.name, api=HOSTS, spec=spec, ignore_changes=("spec.online",))

    path = f"apis/{HOSTS}/namespaces/{stack.name}/baremetalhosts/h"
    stack.up(host(False, "a"))
    stack.up(host(True, "b"))  # nobody has changed it yet, and the plan's new value is ignored
    assert stack.api.get(path)["spec"] == {"online": False, "bootMACAddress": "b"}
    body = {"spec": {"online": True}}
    stack.api.request(
        "PATCH", path, params={"fieldManager": "provider"}, body=body, content_type="application/merge-patch+json"
    )
    assert differences(stack.run(host(False, "b")), take_back=True) == []
    assert stack.up(host(False, "b")).nothing_changed
    stack.up(host(False, "c"))
    assert stack.api.get(path)["spec"] == {"online": True, "bootMACAddress": "c"}


def release(stack: Stack, **own: Any) -> Any:
    own = {"wait_for": "condition=Ready", "timeout_seconds": 2, **own}
    return planned("HelmRelease", "r", stack.name, api="helm.toolkit.fluxcd.io/v2", spec={}, **own)


def set_status(stack: Stack, status: str, message: str) -> None:
    path = f"apis/helm.toolkit.fluxcd.io/v2/namespaces/{stack.name}/helmreleases/r/status"
    condition = {"type": "Ready", "status": status, "reason": "Installed", "message": message}
    body = {"status": {"conditions": [condition]}}
    stack.api.request("PATCH", path, body=body, content_type="application/merge-patch+json")


def test_what_never_gets_ready_stops_what_needs_it(stack: Stack) -> None:
    one = release(stack)
    late = config_map("late", stack.name, after=(one.id,))
    with pytest.raises(NotReadyError, match="not ready after 2 s: no condition Ready yet"):
        stack.up(one, late, config_map("early", stack.name))
    assert (stack.get("late"), stack.value("early")) == (None, "1")
    set_status(stack, "False", "chart not found")
    with pytest.raises(NotReadyError, match=r"Ready is False \(Installed\): chart not found"):
        stack.up(one, late)
    states = {health.id.rpartition("/")[2]: health for health in healths(stack.run(one, late))}
    assert (states["r"].state, states["late"].state) == ("not ready", "missing")
    assert "chart not found" in states["r"].why
    set_status(stack, "True", "")
    assert stack.up(one, late).count("created") == 1
    assert stack.up(release(stack, wait_for="jsonpath={.status.nothing}=1"), late, wait=False).complete


def test_kind_that_is_not_served_is_named_with_what_brings_it(stack: Stack) -> None:
    item = planned("ClusterPolicy", "p", api="nvidia.com/v1", spec={})
    with pytest.raises(UnavailableError, match=r"lacks kind ClusterPolicy \(nvidia.com/v1\).*GPU operator"):
        stack.up(item, config_map("a", stack.name))
    assert stack.get("a") is None
    with pytest.raises(UnavailableError, match=r"BareMetalHost.*it has v1alpha1"):
        stack.up(planned("BareMetalHost", "h", stack.name, api="metal3.io/v1", spec={}))


def test_down_waits_for_finalizers_and_removes_the_parent(stack: Stack, mocker: Any) -> None:
    mocker.patch("ai_factory.infra.engine.direct.deletion.GONE_SECONDS", 1)
    held = planned("ConfigMap", "held", stack.name, timeout_seconds=1)
    stack.up(held)
    stack.merge("held", {"metadata": {"finalizers": ["example.org/power-off"]}}, "controller")
    with pytest.raises(NotReadyError, match=r"waits for finalizers example\.org/power-off"):
        down(stack.run(held))
    assert parent(stack) is not None
    stack.merge("held", {"metadata": {"finalizers": []}}, "controller")
    mocker.stopall()
    down(stack.run(held))
    assert (parent(stack), stack.lease()) == (None, None)


def test_object_that_is_going_is_waited_for_and_made_anew(stack: Stack, mocker: Any) -> None:
    item = config_map("a", stack.name)
    stack.up(item)
    stack.merge("a", {"metadata": {"finalizers": ["example.org/slow"]}}, "controller")
    stack.api.request("DELETE", stack.path("a"))
    run = stack.run(item)
    tell = run.tell

    def let_go(what: Any, object_id: str = "", detail: str = "") -> None:
        tell(what, object_id, detail)
        if what == "waiting" and "example.org/slow" in detail and "a" in object_id:
            stack.merge("a", {"metadata": {"finalizers": None}}, "controller")

    mocker.patch.object(run, "tell", let_go)
    from ai_factory.infra.engine.direct.up import up

    assert up(run).count("created") == 1
    assert "deletionTimestamp" not in stack.get("a")["metadata"]
