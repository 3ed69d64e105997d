"""What is waited for: readiness, the end of objects, kinds; and what is said when it takes too long."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.engine.harness import (
    NAMESPACE,
    TARGET,
    NotReadyError,
    RefusedError,
    Region,
    condition,
    config_map,
    host,
    planned,
    release,
    short,
)
from tests.fake_api.clock import Clock
from tests.fake_api.faults import meanwhile

RELEASE = "HelmRelease.helm.toolkit.fluxcd.io"


def test_what_never_gets_ready_stops_what_needs_it(region: Region) -> None:
    chart = release()
    late, early = config_map("late", after=(chart.id,)), config_map("early")
    begin = time.monotonic()
    with pytest.raises(NotReadyError, match=rf"{TARGET}/{RELEASE}/a/r is not ready after 60 s: no condition Ready yet"):
        region.up(chart, late, early)
    assert 60 <= time.monotonic() - begin < 70
    assert (region.value("late"), region.value("early")) == (None, "1")
    region.api.set_status(RELEASE, "r", NAMESPACE, **condition("False", reason="Installed", message="no chart"))
    with pytest.raises(NotReadyError, match=r"Ready is False \(Installed\): no chart"):
        region.up(chart, late)
    states = region.status(chart, late)
    assert (states["r"].state, states["late"].state) == ("not ready", "missing")
    assert "no chart" in states["r"].why
    region.api.set_status(RELEASE, "r", NAMESPACE, **condition())
    assert region.up(chart, late).count("created") == 1


def test_what_gets_ready_is_told_and_lets_the_rest_go_on(region: Region) -> None:
    chart = release()
    region.once("waiting", "no condition", lambda: region.api.set_status(RELEASE, "r", NAMESPACE, **condition()))
    region.up(chart, config_map("late", after=(chart.id,)))
    assert [event.id for event in region.events if event.what == "ready"] == [chart.id]
    assert region.details("waiting") == ["no condition Ready yet"]
    assert [short(path) for path in region.writes()] == [NAMESPACE, "r", "late"]


def test_judgement_of_an_older_change_is_waited_out(region: Region) -> None:
    region.api.play(RELEASE, lambda live: condition(observedGeneration=live["metadata"]["generation"]))
    region.up(release())
    region.api.play(RELEASE, lambda live: None)
    with pytest.raises(NotReadyError, match="Ready is not judged yet for the latest change"):
        region.up(release(spec={"interval": "1m"}))


def test_without_waiting_what_is_applied_is_enough(region: Region) -> None:
    chart = release(wait_for="jsonpath={.status.nothing}=1")
    assert region.up(chart, config_map("late", after=(chart.id,)), wait=False).complete


def test_all_that_is_late_is_said_at_once(region: Region) -> None:
    charts = [release(f"r{number}", timeout_seconds=5) for number in range(12)]
    with pytest.raises(NotReadyError) as caught:
        region.up(*charts)
    assert len(caught.value.lines) == 12
    assert caught.value.exit_code == 1


def test_many_of_a_kind_are_read_by_one_list(region: Region) -> None:
    charts = [release(f"r{number}") for number in range(12)]

    def ready() -> None:
        for item in region.api.all(RELEASE):
            region.api.set_status(RELEASE, item["metadata"]["name"], NAMESPACE, **condition())

    region.once("waiting", "/r11", ready)
    region.up(*charts)
    polls = [str(request) for request in region.api.requests if "helmreleases" in request.path]
    assert not any("/helmreleases/" in poll for poll in polls if poll.startswith("GET"))


def test_polls_that_take_long_are_few(region: Region, clock: Clock) -> None:
    """All that is waited for is read at each poll: polls of many objects would be all that a server does."""
    region.once("applied", "/r", lambda: region.api.inject("GET .*/helmreleases", meanwhile(lambda: clock.advance(4))))
    region.api.requests.clear()
    with pytest.raises(NotReadyError):
        region.up(release(timeout_seconds=160))
    polls = [request for request in region.api.requests if request.path.endswith("/helmreleases/r")]
    assert 5 < len([poll for poll in polls if poll.method == "GET"]) <= 12


def test_object_that_vanishes_while_it_is_waited_for(region: Region) -> None:
    region.once("waiting", "/r", lambda: region.delete(RELEASE, "r"))
    with pytest.raises(NotReadyError, match="is not ready after 60 s: it is gone"):
        region.up(release())


@pytest.mark.parametrize("wait_for", ["Ready", "jsonpath={.status[*]}=1"])
def test_wait_in_an_unknown_form_is_refused_before_anything_is_changed(region: Region, wait_for: str) -> None:
    with pytest.raises(RefusedError, match=rf"{TARGET}/ConfigMap/a/a: "):
        region.up(config_map("a", wait_for=wait_for))
    assert region.writes() == []


def test_status_by_component(region: Region) -> None:
    region.api.play(RELEASE, lambda live: condition())
    objects = (config_map("c"), release(), host(), host("broken"), host("off"), config_map("gone"))
    region.up(*objects)
    error = {"errorType": "power management error", "errorMessage": "no route to BMC"}
    region.api.set_status("BareMetalHost", "broken", NAMESPACE, **error)
    region.api.set_status("BareMetalHost", "off", NAMESPACE, **condition("False", type="Available", reason="Off"))
    region.patch("c", {"metadata": {"finalizers": ["x.org/slow"]}}, "somebody")
    region.delete("ConfigMap", "c")
    region.delete("ConfigMap", "gone")
    states = {name: (health.state, health.why) for name, health in region.status(*objects).items()}
    assert states == {
        NAMESPACE: ("ready", ""),
        "c": ("going", "waits for finalizers x.org/slow"),
        "r": ("ready", ""),
        "h": ("ready", ""),
        "broken": ("not ready", "power management error: no route to BMC"),
        "off": ("not ready", "Available is False (Off)"),
        "gone": ("missing", "it is not there"),
    }
    assert region.status(release())["r"].as_dict()["conditions"] == {"Ready": "True"}


def test_down_waits_for_finalizers_and_removes_the_parent(region: Region, clock: Clock) -> None:
    region.up(config_map("held"))
    region.patch("held", {"metadata": {"finalizers": ["example.org/power-off"]}}, "controller")
    begin = time.monotonic()
    region.once("waiting", "/held", lambda: clock.advance(590))
    refusal = r"ConfigMap/a/held is still there after 600 s: waits for finalizers example\.org/power-off\. See the"
    with pytest.raises(NotReadyError, match=refusal):
        region.down(config_map("held"))
    assert 600 <= time.monotonic() - begin < 610
    assert region.parent is not None
    assert region.lease is not None
    assert region.lease["spec"]["holderIdentity"] == ""
    region.patch("held", {"metadata": {"finalizers": []}}, "controller")
    region.down(config_map("held"))
    assert (region.parent, region.lease) == (None, None)
    assert region.details("end")[-1] == "1 deleted"


def test_longer_time_of_the_plan_counts_for_its_end_too(region: Region, clock: Clock) -> None:
    held = config_map("held", timeout_seconds=700)
    region.up(held)
    region.patch("held", {"metadata": {"finalizers": ["x.org/drain"]}}, "controller")

    def later() -> None:
        clock.advance(650)
        region.once("waiting", "/held", lambda: region.patch("held", {"metadata": {"finalizers": []}}, "controller"))

    region.once("waiting", "/held", later)
    assert len(region.down(held).deleted) == 2


def test_many_that_go_are_read_by_one_list(region: Region) -> None:
    objects = [config_map(f"c{number}") for number in range(12)]
    region.up(*objects)
    for item in objects:
        region.patch(short(item.id), {"metadata": {"finalizers": ["x.org/f"]}}, "controller")

    def let_go() -> None:
        for item in objects:
            region.patch(short(item.id), {"metadata": {"finalizers": []}}, "controller")

    region.once("waiting", "/c11 waits for finalizers x.org/f", let_go)
    region.api.requests.clear()
    assert len(region.down(*objects).deleted) == 13
    gets = [request.path for request in region.api.requests if request.method == "GET"]
    assert not any("/configmaps/c" in path for path in gets)


def test_namespace_that_does_not_go_tells_what_is_left_in_it(region: Region, clock: Clock) -> None:
    region.up()
    meta = {"name": "theirs", "namespace": NAMESPACE, "finalizers": ["x.org/f"]}
    region.api.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta})
    region.once("waiting", "Namespace//a", lambda: clock.advance(590))
    with pytest.raises(NotReadyError) as caught:
        region.down()
    assert "Namespace//a is still there after 600 s: Some resources are remaining: configmaps. has 1" in str(
        caught.value
    )
    assert "finalizers remaining: x.org/f in 1 resource instances" in str(caught.value)


def test_object_that_is_going_is_waited_for_and_made_anew(region: Region) -> None:
    item = config_map("a")
    region.up(item)
    region.patch("a", {"metadata": {"finalizers": ["example.org/slow"]}}, "controller")
    region.delete("ConfigMap", "a")
    free: Any = {"metadata": {"finalizers": None}}
    region.once("waiting", "ConfigMap/a/a", lambda: region.patch("a", free, "controller"))
    assert region.up(item).results[item.id] == "created"
    assert "deletionTimestamp" not in region.live("ConfigMap", "a")["metadata"]
    assert "waits for finalizers example.org/slow" in region.details("waiting")


def test_object_that_was_made_anew_by_others_is_not_deleted(region: Region) -> None:
    region.up(config_map("a"))

    def anew() -> None:
        region.delete("ConfigMap", "a")
        region.api.create(config_map("a", "theirs").manifest, manager="helm")

    region.api.inject("DELETE .*/configmaps/a$", meanwhile(anew), times=1)
    assert region.up().deleted == [config_map("a").id]
    assert region.value("a") == "theirs"


def test_going_namespace_refuses_new_objects(region: Region) -> None:
    region.up(config_map("a"))
    region.patch("a", {"metadata": {"finalizers": ["x.org/f"]}}, "controller")
    region.delete("Namespace", NAMESPACE, "")
    (difference,) = [d for d in region.preview(config_map("a"), config_map("b")) if short(d.id) == "b"]
    assert (difference.kind, "because it is being terminated" in difference.note) == ("refused", True)
    free: Any = {"metadata": {"finalizers": []}}
    region.once("waiting", "Namespace//a", lambda: region.patch("a", free, "controller"))
    assert region.up(config_map("a"), config_map("b")).count("created") == 3


def test_unplanned_goes_before_what_is_planned_and_by_kind(region: Region) -> None:
    top = planned("Secret", "top", NAMESPACE, after=(config_map("base").id,))
    left = (config_map("left"), planned("Service", "odd", NAMESPACE, spec={"ports": [{"port": 1}]}))
    region.up(config_map("base"), top, *left)
    begin = len(region.api.changes)
    region.down(config_map("base"), top)
    removed = [change.name for change in region.api.changes[begin:] if change.verb == "remove"]
    assert removed[:4] == ["odd", "left", "top", "base"]
    assert removed[4] == NAMESPACE


def test_down_of_nothing_does_nothing(region: Region) -> None:
    assert region.down(config_map("a")).deleted == []
    assert region.details("end") == ["nothing is there"]
    assert region.lease is None
