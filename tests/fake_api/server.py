"""A Kubernetes API server for tests: in this process, on loopback, honest about what engines rely on.

    with FakeApi() as api:
        api.inject("PATCH .*/configmaps/a$", too_many(1), times=2)
        file = write_kubeconfig(folder, {"management": api})

It has discovery, server-side apply with field ownership, merge patches, preconditions, lists with selectors and
pages, finalizers, namespaces and definitions that take along what they hold. It validates nothing but what tells that
tenants are kept apart (`admission`), fills in nothing and runs no controller: tests play these by `admit` and `play`.
"""

from __future__ import annotations

import datetime as dt
import re
import ssl
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from . import admission
from .faults import Act, Fault
from .http import Listener
from .routes import DEFINITION, Admit, Play, Routes
from .store import Change
from .values import JSON, Answer, Manifest, RefusalError, Request, status

SYSTEM_NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")


def utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class FakeApi:
    """An API server with the namespaces that every cluster has.

    Args:
        definitions: CustomResourceDefinitions that are there from the start.
        tls: serves HTTPS with this.
        clock: the server's time.
    """

    def __init__(
        self,
        definitions: Iterable[Manifest] = (),
        *,
        tls: ssl.SSLContext | None = None,
        clock: Callable[[], dt.datetime] = utc_now,
    ) -> None:
        self.requests: list[Request] = []
        """All that was asked, in order."""
        self.tokens: set[str] | None = None
        """Bearer tokens that it accepts; None: it asks for none."""
        self.serving = Routes(clock)
        """What it serves, with its settings: `version`, `aggregated`, `establishes`, `allowed`."""
        self.serving.admits = {"Namespace": admission.pod_security, "Pod": admission.policies}
        self._lock = threading.RLock()
        self._faults: list[Fault] = []
        for name in SYSTEM_NAMESPACES:
            self.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        for definition in definitions:
            self.create(definition)
        self._listener = Listener(self._respond, tls)
        self.url = self._listener.url

    def __enter__(self) -> FakeApi:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up on everybody: nobody can connect any more."""
        self._listener.close()

    @property
    def changes(self) -> list[Change]:
        """All that was written, in order."""
        return self.serving.store.changes

    def inject(self, pattern: str, act: Act, *, times: int | None = None, after: int = 0) -> Fault:
        """Let something happen to requests that match `<METHOD> <path>`; the first that strikes counts."""
        fault = Fault(pattern=re.compile(pattern), act=act, times=times, after=after)
        self._faults.append(fault)
        return fault

    def heal(self) -> None:
        """Take all faults away."""
        self._faults.clear()

    def play(self, group_kind: str, play: Play) -> None:
        """Be the controller of a kind from now on, as `Kind.group`."""
        self.serving.plays[group_kind] = play

    def admit(self, group_kind: str, admit: Admit) -> None:
        """Be admission of a kind: fill in defaults, or refuse."""
        self.serving.admits[group_kind] = admit

    def establish(self) -> None:
        """Serve the kinds of all definitions."""
        with self._lock:
            for definition in self.serving.store.listed(self.serving.kind(DEFINITION)):
                self.serving.serve(definition)

    def path(self, kind: str, name: str = "", namespace: str = "") -> str:
        """Path of an object, or of all of a kind."""
        served = self.serving.kind(kind)
        root = f"apis/{served.group}/{served.version}" if served.group else "api/v1"
        home = f"/namespaces/{namespace}" if served.namespaced and namespace else ""
        return f"{root}{home}/{served.plural}/{name}".rstrip("/")

    def get(self, kind: str, name: str, namespace: str = "") -> Manifest | None:
        """A live object."""
        with self._lock:
            return self.serving.store.get(self.serving.kind(kind), (namespace, name))

    def all(self, kind: str, namespace: str = "") -> list[Manifest]:
        """Live objects of a kind."""
        with self._lock:
            return list(self.serving.store.listed(self.serving.kind(kind), namespace))

    def set_status(self, kind: str, name: str, namespace: str = "", **fields: Any) -> None:
        """Give an object other fields of its status."""
        with self._lock:
            self.serving.set_status(self.serving.kind(kind), (namespace, name), fields)

    def create(self, manifest: Manifest, *, manager: str = "test") -> Manifest:
        """Create an object as somebody else."""
        group = manifest["apiVersion"].rpartition("/")[0]
        kind = f"{manifest['kind']}.{group}" if group else manifest["kind"]
        path = self.path(kind, namespace=manifest["metadata"].get("namespace", ""))
        return self.call("POST", path, manifest, manager=manager)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        manager: str = "test",
        content: str = JSON,
        accept: str = JSON,
        **query: str,
    ) -> Manifest:
        """One request as somebody else, past all faults (RefusalError if it is refused)."""
        headers: Mapping[str, str] = {"content-type": content, "accept": accept}
        query = {"fieldManager": manager, **query}
        with self._lock:
            request = Request(method=method, path=path, query=query, headers=headers, body=body)
            return dict(self.serving.handle(request).body)

    def _respond(self, request: Request) -> Answer | None:
        self.requests.append(request)
        return self._under(request, list(self._faults))

    def _under(self, request: Request, faults: list[Fault]) -> Answer | None:
        for number, fault in enumerate(faults, start=1):
            if fault.strikes(request):
                return fault.act(request, lambda: self._under(request, faults[number:]))  # noqa: B023
        return self._answer(request)

    def _answer(self, request: Request) -> Answer:
        if self.tokens is not None and request.header("Authorization").removeprefix("Bearer ") not in self.tokens:
            return status(401, "Unauthorized")
        with self._lock:
            try:
                return self.serving.handle(request)
            except RefusalError as refusal:
                return refusal.answer
