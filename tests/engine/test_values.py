"""What the engine decides from plain values: readiness, differences, ownership, results, retries."""

from __future__ import annotations

import copy
import datetime as dt
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_factory.infra.engine.direct import ownership
from ai_factory.infra.engine.direct.applying import prepared, result_of, without_ignored
from ai_factory.infra.engine.direct.applyset import PART_OF, Contents, applyset_id, contents_of, parent_name
from ai_factory.infra.engine.direct.comparison import changes
from ai_factory.infra.engine.direct.managed_fields import is_applied
from ai_factory.infra.engine.report import Difference, Report
from ai_factory.infra.errors import FactoryError
from ai_factory.infra.kube import lease, retry
from ai_factory.infra.kube.errors import NoAnswerError, RejectedError
from ai_factory.infra.kube.readiness import verdict
from ai_factory.infra.kube.stopping import Halt
from ai_factory.infra.objects.ids import ObjectId
from ai_factory.infra.show.live_objects import change_line
from tests.engine.items import config_map


def test_id_is_that_of_kubectl() -> None:
    # The value in kubectl's own tests (kubernetes/kubectl, pkg/cmd/apply/apply_test.go).
    assert applyset_id("my-set", "test", "Secret") == "applyset-0eFHV8ySqp7XoShsGvyWFQD3s96yqwHmzc4e0HR1dsY-v1"


@given(st.text(max_size=40))
def test_id_is_a_label_value(name: str) -> None:
    value = applyset_id(name)
    assert len(value) <= 63
    assert value.replace("-", "").replace("_", "").isalnum()


POD, NODE = ObjectId("m", "Pod", namespace="x", name="p"), ObjectId("m", "Node", name="n")


def test_one_parent_a_stack_and_cluster() -> None:
    assert len({parent_name(s, t) for s in ("r", "r.a") for t in ("a", "b")}) == 4
    first, second = contents_of([POD, NODE]), contents_of([POD._replace(namespace="kube-system")])
    assert first | second == Contents(group_kinds=frozenset({"Pod", "Node"}), namespaces=frozenset({"x"}))


def live(**status: Any) -> dict[str, Any]:
    return {"metadata": {"name": "a", "generation": 2}, "status": status}


@pytest.mark.parametrize(
    ("status", "wait_for", "why"),
    [
        ({"conditions": [{"type": "Ready", "status": "True"}]}, "condition=Ready", ""),
        (
            {"conditions": [{"type": "Ready", "status": "True", "observedGeneration": 1}]},
            "condition=Ready",
            "not judged yet",
        ),
        ({"conditions": [{"type": "Ready", "status": "False", "message": "no image"}]}, "condition=Ready", "no image"),
        ({"conditions": [{"type": "Stalled", "status": "False"}]}, "condition=Stalled=False", ""),
        ({}, "condition=Ready", "no condition Ready yet"),
        ({"state": "ready"}, "jsonpath={.status.state}=ready", ""),
        ({"state": "error"}, "jsonpath={.status.state}=ready", "is error, not ready"),
        ({"state": ""}, "jsonpath={.status.state}", ""),
        ({}, "jsonpath={.status.state}", "is not set"),
        ({"ready": True}, "jsonpath={.status.ready}=true", ""),
        ({"list": [{"a": 1}, {"a": 2}]}, "jsonpath={.status.list[1].a}=2", ""),
        (
            {"conditions": [{"type": "X", "status": "True"}]},
            'jsonpath={.status.conditions[?(@.type=="X")].status}=True',
            "",
        ),
        ({"a.b/c": "x"}, "jsonpath={.status['a.b/c']}=x", ""),
    ],
)
def test_readiness(status: dict[str, Any], wait_for: str, why: str) -> None:
    good, told = verdict(live(**status), wait_for)
    assert good == (why == "")
    assert why in told


@pytest.mark.parametrize("wait_for", ["Ready", "condition=", "jsonpath=.a", "jsonpath={.a[*]}=1", "delete"])
def test_unknown_form_of_waiting_is_refused(wait_for: str) -> None:
    with pytest.raises(ValueError, match=r"wait_for|jsonpath"):
        verdict(live(), wait_for)


def test_changes_name_fields_and_leave_out_what_the_server_keeps() -> None:
    old = {
        "metadata": {"name": "a", "resourceVersion": "1", "labels": {"x.org/y": "1"}},
        "spec": {"ports": [{"name": "http", "port": 80}], "args": ["a", "b"], "ready": True},
        "status": {"phase": "old"},
    }
    new = {
        "metadata": {"name": "a", "resourceVersion": "2", "labels": {"x.org/y": "2"}, "managedFields": []},
        "spec": {"ports": [{"name": "http", "port": 81}, {"name": "https", "port": 443}], "args": ["a"], "ready": True},
        "status": {"phase": "new"},
    }
    assert [change_line(change) for change in changes(old, new)] == [
        'metadata.labels["x.org/y"]: "1" -> "2"',
        "spec.ports[name=http].port: 80 -> 81",
        'spec.ports[name=https]: (none) -> {"name": "https", "port": 443}',
        'spec.args[1]: "b" -> (none)',
    ]
    (first, *_) = changes(old, new)
    assert Difference(id="a", kind="changed", changes=(first,)).as_dict()["changes"] == [
        {"path": 'metadata.labels["x.org/y"]', "old": "1", "new": "2"}
    ]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(json_values, json_values)
def test_no_changes_means_equal(first: Any, second: Any) -> None:
    same = json.dumps(first, sort_keys=True) == json.dumps(second, sort_keys=True)
    assert (changes({"spec": first}, {"spec": second}) == ()) == same
    assert changes({"spec": first}, {"spec": first}) == ()


def entry(manager: str, operation: str = "Apply", **more: Any) -> dict[str, Any]:
    return {"manager": manager, "operation": operation, "fieldsV1": {"f:data": {}}, **more}


@pytest.mark.parametrize(
    ("labels", "managers", "owner"),
    [
        ({PART_OF: "mine"}, [entry("ai-factory")], None),
        ({}, [entry("ai-factory")], None),
        ({}, [entry("kubectl")], "somebody else (kubectl)"),
        ({}, [], "somebody else"),
        ({PART_OF: "other"}, [entry("ai-factory")], "ApplySet kube-system/x of ai-factory/v1"),
        ({PART_OF: "unknown"}, [], "the ApplySet unknown"),
        ({PART_OF: "mine"}, [entry("ai-factory"), entry("pulumi-kubernetes-12ab")], "the Pulumi engine"),
    ],
)
def test_whose_an_object_is(labels: dict[str, str], managers: list[Any], owner: str | None) -> None:
    metadata = {"labels": labels, "managedFields": managers}
    assert ownership.foreign_owner(metadata, "mine", {"other": "ApplySet kube-system/x of ai-factory/v1"}) == owner


@pytest.mark.parametrize(
    ("managers", "owner"), [([], None), ([entry("kubectl")], "somebody else (kubectl)")], ids=["untouched", "touched"]
)
def test_the_account_that_kubernetes_makes_in_a_namespace_is_nobodys(managers: list[Any], owner: str | None) -> None:
    assert ownership.foreign_owner({"name": "default", "managedFields": managers}, "mine", {}) == owner


@pytest.mark.parametrize(
    ("message", "manager", "by_hand"),
    [
        ('conflict with "flux"', "flux", False),
        ('conflict with "kubectl" with subresource "scale"', "kubectl", False),
        ('conflict with "kubectl-edit" using v1 at 2026-01-01T00:00:00Z', "kubectl-edit", True),
        (
            'conflict with "kubectl-client-side-apply" using v1 at 2026-01-01T00:00:00Z',
            "kubectl-client-side-apply",
            False,
        ),
        ('conflict with "kubectl-edit"', "kubectl-edit", False),
        ('conflict with "manager" using apps/v1', "manager", False),
    ],
)
def test_hand_edits_are_told_from_owners(message: str, manager: str, by_hand: bool) -> None:
    cause = {"reason": "FieldManagerConflict", "field": ".spec.replicas", "message": message}
    (found,) = ownership.conflicts(RejectedError(409, "Conflict", causes=[cause]))
    assert (found.field, found.manager, found.by_hand) == ("spec.replicas", manager, by_hand)


def test_ignored_field_that_is_still_ours_is_sent_as_it_is_live() -> None:
    ours = {"manager": "ai-factory", "operation": "Apply", "fieldsV1": {"f:spec": {"f:online": {}}}}
    state = {"metadata": {"managedFields": [ours]}, "spec": {"online": True}}
    plan = {"spec": {"online": False, "mac": "a"}}
    assert without_ignored(plan, ["spec.online"], state) == {"spec": {"online": True, "mac": "a"}}
    assert plan == {"spec": {"online": False, "mac": "a"}}


def test_protected_members_are_marked() -> None:
    made = prepared(config_map("a", protect=True, annotations={"x": "y"}), "id")
    assert made["metadata"]["annotations"] == {
        "x": "y",
        "ai-factory.dev/owner": "cluster/train",
        "ai-factory.dev/protect": "true",
    }
    assert made["metadata"]["labels"]["applyset.kubernetes.io/part-of"] == "id"


NOW = dt.datetime(2026, 1, 1, 12, 0, 0, tzinfo=dt.UTC)
EARLY, LATE = "2026-01-01T10:00:00Z", "2026-01-01T12:00:00Z"


def meta(version: str, time: str, **more: Any) -> dict[str, Any]:
    return {"resourceVersion": version, "managedFields": [entry("ai-factory", time=time)], **more}


@pytest.mark.parametrize(
    ("before", "after", "result"),
    [
        (None, meta("1", EARLY), "created"),
        (meta("1", EARLY), meta("1", EARLY), "unchanged"),
        (meta("1", EARLY), meta("2", LATE), "changed"),
        (meta("1", EARLY), meta("2", EARLY), "unchanged"),  # somebody else changed it
        (meta("1", LATE), meta("2", LATE), "changed"),  # within the same second: can't be told
        (meta("1", EARLY, generation=1), meta("2", LATE, generation=1), "unchanged"),  # only the stamp is new
        (meta("1", EARLY, generation=1), meta("2", LATE, generation=2), "changed"),
        (meta("1", EARLY, generation=1), meta("2", LATE, generation=1, labels={"a": "b"}), "changed"),
    ],
)
def test_what_an_apply_did(before: Any, after: Any, result: str) -> None:
    assert result_of(before, after, NOW) == result


def test_report_in_words() -> None:
    report = Report(stack="s", target="m", planned=3, results={"a": "unchanged", "b": "created"})
    assert str(report) == "1 created, 1 unchanged, 1 not applied"
    report.results = dict.fromkeys("abc", "unchanged")
    assert (str(report), report.nothing_changed) == ("nothing changed (3 objects are as planned)", True)
    report.deleted.append("x")
    assert not report.nothing_changed


def patience(seconds: float = 100.0) -> retry.Patience:
    return retry.Patience(seconds=seconds, halt=Halt())


def test_passing_faults_are_tried_again_with_growing_pauses(mocker: Any) -> None:
    slept = mocker.patch.object(Halt, "sleep")
    faults = [RejectedError(429), NoAnswerError("reset"), RejectedError(503), RejectedError(404), RejectedError(500)]
    send = mocker.Mock(side_effect=[*faults, "good"])
    assert retry.call(send, patience()) == "good"
    pauses = [call.args[0] for call in slept.call_args_list]
    assert all(0.25 * 2**n * 0.5 <= pause <= 0.25 * 2**n for n, pause in enumerate(pauses))


def test_retry_after_is_honoured(mocker: Any) -> None:
    slept = mocker.patch.object(Halt, "sleep")
    retry.call(mocker.Mock(side_effect=[RejectedError(429, retry_after_seconds=7), "good"]), patience())
    assert 7 <= slept.call_args.args[0] <= 7.25


@pytest.mark.parametrize(
    "fault", [RejectedError(422, "Invalid"), RejectedError(404, "NotFound"), RejectedError(409, "Conflict")]
)
def test_faults_that_stay_are_raised_at_once(mocker: Any, fault: RejectedError) -> None:
    send = mocker.Mock(side_effect=fault)
    with pytest.raises(RejectedError):
        retry.call(send, patience())
    assert send.call_count == 1


def test_patience_ends_and_a_stopped_run_waits_no_longer(mocker: Any) -> None:
    mocker.patch.object(Halt, "sleep")
    send = mocker.Mock(side_effect=NoAnswerError("refused"))
    with pytest.raises(NoAnswerError):
        retry.call(send, patience(seconds=0.1))
    assert send.call_count == 1
    stopped = patience()
    stopped.halt.stop(FactoryError("stopped"))
    with pytest.raises(FactoryError, match="stopped"):
        retry.call(send, stopped)
    assert send.call_count == 1


@pytest.mark.parametrize(
    ("spec", "free"),
    [
        ({}, True),
        ({"holderIdentity": ""}, True),
        ({"holderIdentity": "x", "renewTime": "2026-01-01T11:59:50.000000Z"}, False),
        ({"holderIdentity": "x", "renewTime": "2026-01-01T11:57:00.000000Z"}, True),
        ({"holderIdentity": "x", "renewTime": "2026-01-01T13:00:00.000000Z"}, False),
    ],
)
def test_when_a_lease_is_free(spec: dict[str, Any], free: bool) -> None:
    assert lease.is_free({"spec": spec}, NOW) == free


PORTS = {".": {}, "f:port": {}, "f:name": {}}
OWNED = {
    "f:metadata": {"f:labels": {"f:a": {}}},
    "f:spec": {
        "f:atomic": {},
        "f:replicas": {},
        "f:ports": {'k:{"name":"http"}': PORTS},
        "f:finalizers": {'v:"x"': {}},
    },
}
PLANNED = {
    "apiVersion": "v1",
    "kind": "X",
    "metadata": {"name": "n", "labels": {"a": "1"}},
    "spec": {"atomic": {"b": [1]}, "replicas": 2, "ports": [{"name": "http", "port": 80}], "finalizers": ["x"]},
}
LIVE = {
    "apiVersion": "v1",
    "kind": "X",
    "metadata": {"name": "n", "uid": "u", "labels": {"a": "1", "theirs": "2"}},
    "spec": {
        "atomic": {"b": [1]}, "replicas": 2, "finalizers": ["theirs", "x"], "filled": "in",
        "ports": [{"name": "other", "port": 1}, {"name": "http", "port": 80, "protocol": "TCP"}],
    },
    "status": {"phase": "good"},
}  # fmt: skip


def changed(tree: Any, path: str, value: Any) -> Any:
    """A copy of a tree with another value at a path; None removes it."""
    result = copy.deepcopy(tree)
    *keys, last = path.split(".")
    here = result
    for key in keys:
        here = here[int(key) if isinstance(here, list) else key]
    if value is None:
        del here[last]
    else:
        here[last] = value
    return result


def owned_live(owned: Any = OWNED, version: str = "v1", tree: Any = LIVE) -> Any:
    ours = {"manager": "ai-factory", "operation": "Apply", "apiVersion": version, "fieldsV1": owned}
    return changed(tree, "metadata.managedFields", [entry("kubectl"), ours])


def test_object_that_is_as_planned_needs_no_request() -> None:
    assert is_applied(PLANNED, owned_live())


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("spec.replicas", 3), ("spec.replicas", True), ("spec.replicas", None), ("spec.more", 1), ("spec.ports", []),
        ("spec.ports.0.port", 81), ("spec.ports.0.protocol", "TCP"), ("spec.atomic.b", [1, 2]),
        ("spec.finalizers", ["y"]), ("metadata.labels.a", "2"), ("metadata.labels.b", "1"),
        ("metadata.annotations", {"a": "b"}), ("metadata.labels", None), ("apiVersion", "v2"),
    ],
)  # fmt: skip
def test_changed_plan_needs_a_request(path: str, value: Any) -> None:
    assert not is_applied(changed(PLANNED, path, value), owned_live())


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("spec.replicas", 3), ("spec.replicas", None), ("spec.ports", []), ("spec.atomic.c", 1),
        ("spec.finalizers", []), ("metadata.labels", None), ("spec", "gone"),
        ("metadata.deletionTimestamp", "2026-01-01T00:00:00Z"),
    ],
)  # fmt: skip
def test_changed_object_needs_a_request(path: str, value: Any) -> None:
    assert not is_applied(PLANNED, owned_live(tree=changed(LIVE, path, value)))


@pytest.mark.parametrize(
    "owned",
    [changed(OWNED, "f:spec.f:replicas", None), changed(OWNED, "f:spec.f:gone", {}), {"f:spec": {"x:y": {}}}, {}],
)
def test_field_that_is_not_ours_needs_a_request(owned: Any) -> None:
    assert not is_applied(PLANNED, owned_live(owned))
    assert not is_applied(PLANNED, LIVE)
