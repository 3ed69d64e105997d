"""Waits until objects are ready, or gone."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ...errors import NotReadyError
from ...kube.discovery import Resource
from ...kube.readiness import verdict
from ...objects.base import KubeObject, Manifest
from ...objects.ids import ObjectId
from .applying import Applied
from .live_objects import Live, LiveObject, read
from .stack_run import StackRun, key_of

FIRST_POLL_SECONDS = 0.2
MOST_POLL_SECONDS = 5.0
MOST_GONE_POLL_SECONDS = 2.0
MOST_REST_SECONDS = 60.0


@dataclass(slots=True, kw_only=True)
class _Pending:
    item: KubeObject
    resource: Resource
    deadline: float
    why: str

    def __str__(self) -> str:
        return f"{self.item.id} is not ready after {self.item.timeout_seconds} s: {self.why}"


class ReadyWaiter:
    """Objects of a run that were applied and are waited for."""

    def __init__(self, run: StackRun) -> None:
        self._run = run
        self._pending: dict[str, _Pending] = {}
        self._late: list[_Pending] = []

    def add(self, applied: Applied) -> None:
        """Wait for an object from now on, if it says what ready means and is not ready yet."""
        item = applied.item
        if item.wait_for is None:
            return
        ready, why = verdict(applied.live, item.wait_for)
        if not ready:
            deadline = time.monotonic() + item.timeout_seconds
            self._pending[item.id] = _Pending(item=item, resource=applied.resource, deadline=deadline, why=why)

    def wait(self, ids: Collection[str] | None = None) -> None:
        """Wait until these objects are ready, or all.

        Raises:
            NotReadyError: some took longer than their time; all of them, with the reason of each.
        """
        pause = FIRST_POLL_SECONDS
        while not self._late and any(ids is None or object_id in ids for object_id in self._pending):
            self._run.halt.sleep(pause)
            rest = self._poll()
            pause = max(min(pause * 1.5, MOST_POLL_SECONDS), rest)
        if self._late:
            raise NotReadyError("\n".join(str(pending) for pending in self._late))

    def _poll(self) -> float:
        """Read and judge all that is waited for; for how many seconds to rest then."""
        waited = {key_of(pending.item): pending for pending in self._pending.values()}
        resources = {key: pending.resource for key, pending in waited.items()}
        live, rest = _read_all(self._run, resources, self._run.applyset.selector, full=True)
        for key, pending in waited.items():
            self._judge(pending, live.get(key))
        return rest

    def _judge(self, pending: _Pending, live: LiveObject | None) -> None:
        item = pending.item
        ready, pending.why = (False, "it is gone") if live is None else verdict(live.manifest, str(item.wait_for))
        if ready:
            del self._pending[item.id]
            self._run.tell("ready", item.id)
        elif time.monotonic() > pending.deadline:
            del self._pending[item.id]
            self._late.append(pending)
        else:
            self._run.tell("waiting", item.id, pending.why)


def until_gone(run: StackRun, doomed: Live, timeout_seconds: float, *, labels: str = "") -> Iterator[ObjectId]:
    """Wait until objects are gone, and yield each that is; one of the same name but another uid is another object.

    Args:
        run: the stack on the cluster.
        doomed: the objects.
        timeout_seconds: how long they may take.
        labels: label selector that matches them all, to list no others.

    Raises:
        NotReadyError: some took longer; which finalizers they wait for.
    """
    deadline = time.monotonic() + timeout_seconds
    pause = FIRST_POLL_SECONDS / 4
    remaining = doomed
    while True:
        seen, rest = _read_all(run, {key: live.resource for key, live in remaining.items()}, labels, full=False)
        still = {key: live for key, live in seen.items() if live.metadata["uid"] == remaining[key].metadata["uid"]}
        yield from (key for key in remaining if key not in still)
        remaining = still
        if not remaining:
            return
        if time.monotonic() > deadline:
            raise NotReadyError("\n".join(_stuck(run, key, live, timeout_seconds) for key, live in remaining.items()))
        for key, live in remaining.items():
            run.tell("waiting", str(key), blocked_by(live.manifest))
        run.halt.sleep(max(pause, rest))
        pause = min(pause * 1.5, MOST_GONE_POLL_SECONDS)


def _read_all(run: StackRun, resources: Mapping[ObjectId, Resource], labels: str, *, full: bool) -> tuple[Live, float]:
    """Objects of these kinds as far as they are there, and for how many seconds to rest then: thrice what reading took,
    so that polls of many objects stay a quarter of the wait.
    """
    began = time.monotonic()
    by_resource: dict[Resource, list[ObjectId]] = defaultdict(list)
    for key, resource in resources.items():
        by_resource[resource].append(key)
    live: Live = {}
    for resource, keys in by_resource.items():
        live |= read(run, resource, keys, labels=labels, full=full)
    return live, min(3 * (time.monotonic() - began), MOST_REST_SECONDS)


def blocked_by(live: Manifest) -> str:
    """What keeps an object that is to go."""
    names = ", ".join(live["metadata"].get("finalizers") or ())
    return f"waits for finalizers {names}" if names else "is going"


def _stuck(run: StackRun, key: ObjectId, live: LiveObject, timeout_seconds: float) -> str:
    why = (_namespace_reasons(run.api.get(live.path) or {}) if key.kind == "Namespace" else "") or blocked_by(
        live.manifest
    )
    return (
        f"{key} is still there after {timeout_seconds:.0f} s: {why}. "
        "See the controller that works on it; run again when it has finished."
    )


def _namespace_reasons(live: dict[str, Any]) -> str:
    """What the namespace controller says is left in a namespace."""
    conditions = (live.get("status") or {}).get("conditions") or ()
    return "; ".join(str(each.get("message")) for each in conditions if each.get("status") == "True")
