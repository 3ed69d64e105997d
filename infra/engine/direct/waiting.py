"""Waits until objects are ready, or gone."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from ...errors import NotReadyError
from ...kube.api import METADATA, Api
from ...kube.discovery import Resource
from ...kube.readiness import verdict
from ...kube.stopping import Halt
from ...objects.base import KubeObject, Manifest
from .applyset import PART_OF
from .live import FEW_OBJECTS, Found, Key, Live, key_of

FIRST_POLL_SECONDS = 0.2
MOST_POLL_SECONDS = 5.0
MOST_GONE_POLL_SECONDS = 2.0
GONE_SECONDS = 600
"""How long an object's finalizers may take, where the plan says nothing longer."""


@dataclass(slots=True, kw_only=True)
class _Pending:
    item: KubeObject
    resource: Resource
    deadline: float
    why: str


class ReadyWaiter:
    """Objects that were applied and are waited for.

    Args:
        api: the cluster.
        applyset_id: the stack's ApplySet.
        halt: ends the run.
        on_wait: told about what is not ready, and why.
        on_ready: told about what got ready.
    """

    def __init__(
        self,
        api: Api,
        applyset_id: str,
        halt: Halt,
        *,
        on_wait: Callable[[str, str], None],
        on_ready: Callable[[str], None],
    ) -> None:
        self._api = api
        self._labels = f"{PART_OF}={applyset_id}"
        self._halt = halt
        self._on_wait = on_wait
        self._on_ready = on_ready
        self._pending: dict[str, _Pending] = {}
        self._late: list[_Pending] = []

    def add(self, item: KubeObject, resource: Resource, live: Manifest) -> None:
        """Wait for an object from now on, if it says what ready means and is not ready yet."""
        if item.wait_for is None:
            return
        good, why = verdict(live, item.wait_for)
        if not good:
            deadline = time.monotonic() + item.timeout_seconds
            self._pending[item.id] = _Pending(item=item, resource=resource, deadline=deadline, why=why)

    def wait(self, ids: Collection[str] | None = None) -> None:
        """Wait until these objects are ready, or all.

        Raises:
            NotReadyError: some took longer than their time; all of them, with the reason of each.
        """
        pause = FIRST_POLL_SECONDS
        while not self._late and any(ids is None or one in ids for one in self._pending):
            self._halt.sleep(pause)
            self._poll()
            pause = min(pause * 1.5, MOST_POLL_SECONDS)
        if self._late:
            raise NotReadyError("\n".join(_late(one) for one in self._late))

    def _poll(self) -> None:
        by_resource: dict[Resource, list[_Pending]] = defaultdict(list)
        for one in self._pending.values():
            by_resource[one.resource].append(one)
        for resource, some in by_resource.items():
            live = self._read(resource, some)
            for one in some:
                self._judge(one, live.get(key_of(one.item.manifest)))

    def _read(self, resource: Resource, some: Collection[_Pending]) -> Mapping[Key, Manifest]:
        metas = [one.item.manifest["metadata"] for one in some]
        if len(metas) > FEW_OBJECTS:
            found = self._api.items(resource.path(), labels=self._labels)
        else:
            paths = (resource.path(meta.get("namespace"), meta["name"]) for meta in metas)
            found = (one for path in paths if (one := self._api.get(path)) is not None)
        return {_key(resource, one): one for one in found}

    def _judge(self, one: _Pending, live: Manifest | None) -> None:
        if live is None:
            good, one.why = False, "it is gone"
        else:
            good, one.why = verdict(live, str(one.item.wait_for))
        if good:
            del self._pending[one.item.id]
            self._on_ready(one.item.id)
        elif time.monotonic() > one.deadline:
            del self._pending[one.item.id]
            self._late.append(one)
        else:
            self._on_wait(one.item.id, one.why)


def _key(resource: Resource, live: Manifest) -> Key:
    meta = live["metadata"]
    return Key(group_kind=resource.group_kind, namespace=meta.get("namespace") or "", name=meta["name"])


def _late(one: _Pending) -> str:
    return f"{one.item.id} is not ready after {one.item.timeout_seconds} s: {one.why}"


def wait_gone(
    api: Api,
    doomed: Live,
    halt: Halt,
    *,
    labels: str = "",
    timeout_seconds: float = GONE_SECONDS,
    on_wait: Callable[[str, str], None] = lambda object_id, why: None,
    on_gone: Callable[[Key], None] = lambda key: None,
) -> None:
    """Wait until objects are gone; one of the same name but another uid is another object.

    Args:
        api: the cluster.
        doomed: the objects.
        halt: ends the run.
        labels: label selector that matches them all, to list no others.
        timeout_seconds: how long they may take.
        on_wait: told about what is still there, and why.
        on_gone: told about what is gone.

    Raises:
        NotReadyError: some took longer; which finalizers they wait for.
    """
    deadline = time.monotonic() + timeout_seconds
    pause = FIRST_POLL_SECONDS / 4
    left = dict(doomed)
    while True:
        still = dict(_still_there(api, left, labels))
        for key in left.keys() - still.keys():
            on_gone(key)
        left = still
        if not left:
            return
        if time.monotonic() > deadline:
            raise NotReadyError("\n".join(_stuck(api, key, found, timeout_seconds) for key, found in left.items()))
        for key, found in left.items():
            on_wait(key.on(api.target), blocked_by(found.manifest))
        halt.sleep(pause)
        pause = min(pause * 1.5, MOST_GONE_POLL_SECONDS)


def _still_there(api: Api, left: Live, labels: str) -> Iterator[tuple[Key, Found]]:
    by_resource: dict[Resource, dict[Key, Found]] = defaultdict(dict)
    for key, found in left.items():
        by_resource[found.resource][key] = found
    for resource, some in by_resource.items():
        for live in _metadata(api, resource, some, labels):
            key = _key(resource, live)
            if key in some and live["metadata"]["uid"] == some[key].manifest["metadata"]["uid"]:
                yield key, Found(resource=resource, manifest=live, full=False)


def _metadata(api: Api, resource: Resource, some: Mapping[Key, Found], labels: str) -> Iterable[Manifest]:
    if len(some) > FEW_OBJECTS:
        return api.items(resource.path(), labels=labels, metadata_only=True)
    gets = (api.get(found.path, accept=METADATA) for found in some.values())
    return [one for one in gets if one is not None]


def blocked_by(live: Manifest) -> str:
    """What keeps an object that is to go."""
    names = ", ".join(live["metadata"].get("finalizers") or ())
    return f"waits for finalizers {names}" if names else "is going"


def _stuck(api: Api, key: Key, found: Found, timeout_seconds: float) -> str:
    why = blocked_by(found.manifest)
    if key.group_kind == "Namespace":
        live = api.get(found.path) or {}
        told = [
            str(one.get("message"))
            for one in (live.get("status") or {}).get("conditions") or ()
            if one.get("status") == "True"
        ]
        why = "; ".join(told) or why
    return (
        f"{key.on(api.target)} is still there after {timeout_seconds:.0f} s: {why}. "
        "See the controller that works on it; run again when it has finished."
    )
