"""One run at a time for a stack, and what is left when a run is stopped."""

from __future__ import annotations

import datetime as dt
import time
from typing import Any

import pytest

from tests.engine.harness import (
    HOME,
    NAMESPACE,
    PARENT,
    Halt,
    InterruptedRunError,
    NotReadyError,
    RefusedError,
    Region,
    config_map,
    release,
    short,
)
from tests.fake_api.clock import Clock
from tests.fake_api.faults import Act, invalid, lost, meanwhile, unavailable
from tests.fake_api.values import Manifest

LEASES = "apis/coordination.k8s.io/v1/namespaces/kube-system/leases"


def lease_of(holder: str, *, seconds_ago: float = 0, duration: int = 15) -> Manifest:
    """A Lease of the home stack."""
    renewed = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=seconds_ago)
    text = renewed.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    spec = {"holderIdentity": holder, "leaseDurationSeconds": duration, "acquireTime": text, "renewTime": text}
    meta = {"name": PARENT, "namespace": "kube-system"}
    return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": meta, "spec": spec}


def steal(region: Region) -> None:
    """Another run takes the Lease over."""
    live = region.lease
    assert live is not None
    region.api.call("PUT", f"{LEASES}/{PARENT}", {**live, "spec": {**live["spec"], "holderIdentity": "thief"}})


def chain(count: int) -> list[Any]:
    """ConfigMaps each of which needs the one before."""
    objects = [config_map("c0")]
    for number in range(1, count):
        objects.append(config_map(f"c{number}", after=(objects[-1].id,)))
    return objects


def test_second_run_is_refused_with_the_holder(region: Region) -> None:
    refusals: list[str] = []

    def second() -> None:
        with pytest.raises(RefusedError) as caught:
            region.up(config_map("a", "2"))
        refusals.append(str(caught.value))

    region.once("applied", "/a", second)
    assert region.up(config_map("a")).complete
    (refusal,) = refusals
    assert "@" in refusal
    assert "has been changing this stack since" in refusal
    assert refusal.endswith("Wait for it to end, or stop it there.")
    assert region.value("a") == "1"
    assert region.lease is not None
    assert region.lease["spec"]["holderIdentity"] == ""


def test_run_of_another_stack_is_none_of_its_business(region: Region) -> None:
    other = f"{HOME}.twin"
    region.once("applied", "/a", lambda: region.up_all({other: [config_map("b", namespace="default")]}))
    assert region.up(config_map("a")).complete
    assert region.live("ConfigMap", "b", "default")


def test_lease_of_a_dead_run_is_taken_over_when_it_runs_out(region: Region) -> None:
    region.api.create(lease_of("ghost@far, process 1"))
    begin = time.monotonic()
    assert region.up().complete
    assert 15 < time.monotonic() - begin < 20
    assert region.lease is not None
    assert region.lease["spec"]["leaseTransitions"] == 1
    assert any(
        "ghost@far" in note and "waiting to see whether it still runs" in note for note in region.details("note")
    )


@pytest.mark.parametrize("lease", [lease_of("ghost", seconds_ago=600), lease_of("")])
def test_lease_that_is_free_is_taken_at_once(region: Region, lease: Manifest) -> None:
    region.api.create(lease)
    begin = time.monotonic()
    assert region.up().complete
    assert (time.monotonic() - begin, region.details("note")) == (0, [])


def test_run_whose_lease_was_taken_stops(region: Region, clock: Clock) -> None:
    def taken() -> None:
        steal(region)
        clock.advance(5)

    region.once("applied", "/c1", taken)
    with pytest.raises(RefusedError, match=f"another run took over the Lease {PARENT}. Run again when it has ended"):
        region.up(*chain(4))
    assert (region.value("c1"), region.value("c2")) == ("1", None)
    assert region.lease is not None
    assert region.lease["spec"]["holderIdentity"] == "thief"


def test_lease_that_was_deleted_is_lost(region: Region, clock: Clock) -> None:
    def deleted() -> None:
        region.delete("Lease", PARENT, "kube-system")
        clock.advance(5)

    region.once("applied", "/c0", deleted)
    with pytest.raises(RefusedError, match="another run took over"):
        region.up(*chain(3))


def test_nothing_is_changed_while_the_lease_can_not_be_renewed(region: Region, clock: Clock) -> None:
    """Somebody else may have it by then."""
    times: list[float] = []

    def cut_off() -> None:
        times.append(time.monotonic())
        region.api.inject(f"PUT {LEASES}/", for_seconds(30, unavailable()))
        clock.advance(20)

    region.once("applied", "/c0", cut_off)
    region.once("applied", "/c1", lambda: times.append(time.monotonic()))
    assert region.up(*chain(3)).complete
    assert 30 < times[1] - times[0] < 45


def for_seconds(seconds: float, act: Act) -> Act:
    """Something that happens for so long."""
    end = time.monotonic() + seconds
    return lambda request, proceed: act(request, proceed) if time.monotonic() < end else proceed()


def test_lease_that_the_server_does_not_take_ends_the_run(region: Region, clock: Clock) -> None:
    def refused() -> None:
        region.api.inject(f"PUT {LEASES}/", invalid("Lease", [("spec", "no")]))
        clock.advance(5)

    region.once("applied", "/c0", refused)
    with pytest.raises(RefusedError, match=r"the Lease can't be renewed: .*Lease is invalid"):
        region.up(*chain(3))


def test_lease_that_can_not_be_handed_back_runs_out_by_itself(region: Region) -> None:
    region.once("end", "created", lambda: region.api.inject(f"PUT {LEASES}/", unavailable()))
    assert region.up().complete
    assert any("could not be handed back and runs out by itself" in note for note in region.details("note"))
    region.api.heal()
    begin = time.monotonic()
    assert region.up().complete
    assert time.monotonic() - begin > 15


def test_who_is_faster_has_it(region: Region) -> None:
    taken = meanwhile(lambda: region.api.create(lease_of("faster@far, process 1", duration=2)))
    region.api.inject(f"POST {LEASES}$", taken, times=1)
    assert region.up().complete
    assert any("faster@far" in note for note in region.details("note"))


def test_lease_whose_answer_was_lost_is_ours_all_the_same(region: Region) -> None:
    region.api.inject(f"POST {LEASES}$", lost(), times=1)
    assert region.up().complete
    region.api.inject(f"PUT {LEASES}/", lost(), times=1)
    assert region.up().complete
    assert region.details("note") == []


def interrupt(halt: Halt) -> None:
    halt.stop(InterruptedRunError("interrupted", "run again to go on where it stopped"))


def test_interrupted_run_stops_between_requests_and_the_next_goes_on(region: Region) -> None:
    halt, objects = Halt(), chain(6)
    region.once("applied", "/c2", lambda: interrupt(halt))
    lifecycle = region.home(*objects, halt=halt)
    with pytest.raises(InterruptedRunError, match="Run again to go on where it stopped") as caught:
        lifecycle.up([HOME])
    assert caught.value.exit_code == 130
    assert str(lifecycle.reports[0]) == "4 created, 3 not applied"
    assert [short(path) for path in region.writes()] == [NAMESPACE, "c0", "c1", "c2"]
    assert region.lease is not None
    assert region.lease["spec"]["holderIdentity"] == ""
    assert str(region.up(*objects)) == "3 created, 4 unchanged"


@pytest.mark.parametrize("what", ["waiting", "retry"])
def test_interrupt_ends_waiting_and_retrying(region: Region, what: str) -> None:
    if what == "retry":
        region.api.inject("PATCH .*/configmaps/a$", unavailable())
    halt, begin = Halt(), time.monotonic()
    region.once(what, "", lambda: interrupt(halt))
    with pytest.raises(InterruptedRunError):
        region.up(release(), config_map("a"), halt=halt)
    assert time.monotonic() - begin < 1


def test_what_an_interrupted_run_has_left_is_pruned_by_the_next(region: Region) -> None:
    halt = Halt()
    region.once("applied", "/c2", lambda: interrupt(halt))
    with pytest.raises(InterruptedRunError):
        region.up(*chain(6), halt=halt)
    report = region.up(config_map("c0"))
    assert sorted(short(object_id) for object_id in report.deleted) == ["c1", "c2"]
    assert [item["metadata"]["name"] for item in region.api.all("ConfigMap", NAMESPACE)] == ["c0"]


def test_interrupted_down_goes_on_the_next_time(region: Region) -> None:
    halt, objects = Halt(), chain(4)
    region.up(*objects)
    region.once("deleted", "/c3", lambda: interrupt(halt))
    with pytest.raises(InterruptedRunError):
        region.down(*objects, halt=halt)
    assert region.parent is not None
    assert region.value("c0") == "1"
    assert len(region.down(*objects).deleted) == 4
    assert (region.parent, region.lease) == (None, None)


def test_failed_run_leaves_the_lease_free(region: Region) -> None:
    with pytest.raises(NotReadyError):
        region.up(release(timeout_seconds=1))
    assert region.details("failed")
    assert region.lease is not None
    assert region.lease["spec"]["holderIdentity"] == ""
