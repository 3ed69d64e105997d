"""What belongs to others is not taken over unless told to, and two runs never interleave."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from ai_factory.infra.engine.direct.comparison import differences
from ai_factory.infra.engine.direct.release import release
from ai_factory.infra.engine.direct.up import underway, up
from ai_factory.infra.errors import RefusedError
from ai_factory.infra.kube.api import APPLY
from ai_factory.infra.objects.ids import OWNER
from ai_factory.infra.sandbox import Sandbox
from tests.live.conftest import eventually
from tests.live.direct import TARGET, Stack, config_map, now, planned

pytestmark = pytest.mark.live


@pytest.fixture
def stack(live: Sandbox, request: Any) -> Iterator[Stack]:
    one = Stack.of_test(live.kubeconfig(), request.node.name)
    yield one
    one.forget()


def test_field_that_another_applier_owns_is_refused_until_adopted(stack: Stack) -> None:
    stack.up(config_map("a", stack.name), config_map("b", stack.name))
    stack.apply_as("flux", config_map("a", stack.name, "theirs"))
    wanted = (config_map("a", stack.name, "2"), config_map("b", stack.name, "2"))
    with pytest.raises(RefusedError, match=r"flux owns data\.value"):
        stack.up(*wanted)
    assert (stack.value("a"), stack.value("b")) == ("theirs", "2")
    assert differences(stack.run(*wanted), take_back=False)[0].kind == "refused"
    assert stack.up(*wanted, adopt=True).count("repaired") == 1
    assert stack.value("a") == "2"


@pytest.mark.parametrize("manager", ["hpa-controller", "kubectl-client-side-apply"])
def test_field_that_a_controller_owns_is_refused(stack: Stack, manager: str) -> None:
    stack.up(config_map("a", stack.name))
    stack.merge("a", {"data": {"value": "theirs"}}, manager)
    with pytest.raises(RefusedError, match=f"{manager} owns data.value"):
        stack.up(config_map("a", stack.name))


def test_object_of_somebody_else_is_refused_before_anything_is_changed(stack: Stack) -> None:
    stack.up()
    theirs = config_map("a", stack.name, "theirs")
    stack.api.request(
        "POST", f"api/v1/namespaces/{stack.name}/configmaps", params={"fieldManager": "helm"}, body=theirs.manifest
    )
    wanted = (config_map("a", stack.name), config_map("b", stack.name))
    with pytest.raises(
        RefusedError, match=rf"{TARGET}/ConfigMap/{stack.name}/a: exists and belongs to somebody else \(helm\)"
    ):
        stack.up(*wanted)
    assert (stack.value("a"), stack.get("b")) == ("theirs", None)
    report = stack.up(*wanted, adopt=True)
    assert (report.count("adopted"), stack.value("a")) == (1, "1")
    assert stack.up(*wanted).nothing_changed


def test_the_account_that_kubernetes_makes_in_a_namespace_is_taken_as_it_is(stack: Stack) -> None:
    stack.up()
    accounts = f"api/v1/namespaces/{stack.name}/serviceaccounts"
    eventually(lambda: "default" in [one["metadata"]["name"] for one in stack.api.items(accounts)])

    report = stack.up(planned("ServiceAccount", "default", stack.name, automountServiceAccountToken=False))

    assert report.count("changed") == 1
    assert stack.api.get(stack.path("default", "serviceaccounts"))["automountServiceAccountToken"] is False


def test_object_of_the_pulumi_engine_is_refused_and_handed_over(stack: Stack) -> None:
    stack.up()
    more = planned("ConfigMap", "a", stack.name, data={"value": "1", "only-theirs": "1"})
    stack.apply_as("pulumi-kubernetes-1a2b3c4d", more)
    with pytest.raises(RefusedError, match="belongs to the Pulumi engine"):
        stack.up(config_map("a", stack.name))
    assert differences(stack.run(more), take_back=True) == []  # its objects lack our labels: that is no drift
    stack.up(config_map("a", stack.name), adopt=True)
    managers = [entry["manager"] for entry in stack.get("a")["metadata"]["managedFields"]]
    assert managers == ["ai-factory"]
    assert stack.up(config_map("a", stack.name)).nothing_changed


def test_objects_that_are_let_go_can_be_taken_over_without_force(stack: Stack) -> None:
    item = config_map("a", stack.name, protect=True)
    stack.up(item)
    assert release(stack.run(item)) == 2
    meta = stack.get("a")["metadata"]
    assert meta["labels"] == {"app.kubernetes.io/managed-by": "ai-factory"}
    # The owner stays, which both engines set alike; the marks of this one go.
    assert (meta["annotations"], stack.api.get(stack.run().applyset.path)) == ({OWNER: "cluster/train"}, None)
    stack.apply_as("pulumi-kubernetes-1a2b3c4d", config_map("a", stack.name, "2"), force=False)
    with pytest.raises(RefusedError, match="belongs to the Pulumi engine"):
        stack.up(item)
    assert release(stack.run(item)) == 0


def test_object_of_another_stack_is_refused_with_its_name(stack: Stack, live: Sandbox) -> None:
    other = Stack(live.kubeconfig(), stack.name + "-o")
    try:
        stack.up(config_map("a", stack.name))
        with pytest.raises(RefusedError, match=f"ApplySet kube-system/ai-factory.{stack.name}.{TARGET}"):
            other.up(config_map("a", stack.name, "2"))
        other.up(config_map("a", stack.name, "2"), adopt=True)
        assert stack.up().deleted == []  # it is the other stack's now: leaving this plan does not delete it
        assert stack.value("a") == "2"
    finally:
        other.forget()


def test_label_that_somebody_took_off_is_put_back(stack: Stack) -> None:
    stack.up(config_map("a", stack.name))
    stack.merge("a", {"metadata": {"labels": {"applyset.kubernetes.io/part-of": None}}}, "kubectl-label")
    assert stack.up(config_map("a", stack.name)).count("changed") == 1


def test_parent_of_another_tool_is_refused(stack: Stack) -> None:
    run = stack.run()
    body = run.applyset.manifest(run.applyset.read() or _nothing())
    body["metadata"]["annotations"]["applyset.kubernetes.io/tooling"] = "kubectl/v1.37"
    stack.api.request("PATCH", run.applyset.path, params={"fieldManager": "kubectl"}, body=body, content_type=APPLY)
    with pytest.raises(RefusedError, match=r"no ApplySet of this tool \(kubectl/v1.37\)"):
        stack.up()


def _nothing() -> Any:
    from ai_factory.infra.engine.direct.applyset import Contents

    return Contents()


def test_second_run_is_refused_with_the_holder(stack: Stack) -> None:
    with (
        underway(stack.run()),
        pytest.raises(RefusedError, match=r"@.*, process \d+ .* has been changing this stack since"),
    ):
        stack.up(config_map("a", stack.name))
    assert stack.get("a") is None
    assert stack.lease()["spec"]["holderIdentity"] == ""
    assert stack.up(config_map("a", stack.name)).complete


def test_two_concurrent_runs_never_interleave(stack: Stack) -> None:
    stack.up()
    outcomes: list[str] = []

    def one(value: str) -> None:
        try:
            up(stack.run(*(config_map(f"c{n}", stack.name, value) for n in range(100)), concurrency=2))
            outcomes.append(value)
        except RefusedError:
            outcomes.append("refused")

    threads = [threading.Thread(target=one, args=(value,)) for value in ("x", "y")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    last = [value for value in outcomes if value != "refused"]
    values = {stack.value(f"c{n}") for n in range(100)}
    assert len(values) == 1
    assert values <= set(last)


def test_lease_of_a_dead_run_is_taken_over_when_it_runs_out(stack: Stack) -> None:
    run = stack.run()
    spec = {
        "holderIdentity": "ghost@far, process 1",
        "leaseDurationSeconds": 2,
        "acquireTime": now(),
        "renewTime": now(),
    }
    meta = {"name": run.applyset.name, "namespace": "kube-system"}
    body = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": meta, "spec": spec}
    stack.api.request("POST", "apis/coordination.k8s.io/v1/namespaces/kube-system/leases", body=body)
    assert stack.up().complete
    assert stack.lease()["spec"]["leaseTransitions"] == 1
    assert any("ghost@far" in event.detail for event in stack.events if event.what == "note")


def test_run_whose_lease_was_taken_stops(stack: Stack, mocker: Any) -> None:
    mocker.patch("ai_factory.infra.kube.lease.RENEW_SECONDS", 0.2)
    stack.up()
    with pytest.raises(RefusedError, match="another run took over"), underway(stack.run()) as one:
        live = stack.lease()
        path = f"apis/coordination.k8s.io/v1/namespaces/kube-system/leases/{live['metadata']['name']}"
        stack.api.request("PUT", path, body={**live, "spec": {**live["spec"], "holderIdentity": "thief"}})
        while True:
            one.apply([config_map("a", stack.name)])
