"""From a request's path to what is done: discovery, verbs on objects, reviews; and the controllers that see writes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from . import kinds
from .endings import Endings
from .kinds import Kind
from .objects import Objects
from .store import Name, Store
from .values import JSON, MERGE, NOT_SERVED, Answer, Manifest, Request, refuse

Play = Callable[[Manifest], Mapping[str, Any] | None]
"""A controller: the status that it gives an object, None to leave it as it is."""
Admit = Callable[[Manifest], Manifest]
"""Admission: what becomes of an object that is written, or a RefusalError."""
DEFINITION = "CustomResourceDefinition"


class Routes:
    """What a server serves, and how."""

    def __init__(self, clock: Callable[[], dt.datetime]) -> None:
        self.version = "v1.36.1"
        self.aggregated = True
        self.establishes = True
        self.allowed: Callable[[Mapping[str, str]], bool] = lambda attributes: True
        self.plays: dict[str, Play] = {}
        self.admits: dict[str, Admit] = {}
        self.store = Store(clock)
        self.kinds: list[Kind] = list(kinds.BUILTIN)
        endings = Endings(self.store, lambda: self.kinds, self._forget)
        self._objects = Objects(self.store, endings, self._admitted, self.kind("Namespace"))

    def kind(self, name: str) -> Kind:
        """A kind that is served, as `Kind` or `Kind.group`, at its preferred version."""
        return next(kind for kind in self.kinds if name in (kind.group_kind, kind.kind))

    def handle(self, request: Request) -> Answer:
        """Do what is asked (RefusalError if it is not done)."""
        first, *rest = request.path.split("/")
        if first == "version":
            return Answer(body={"gitVersion": self.version})
        if first not in ("api", "apis"):
            return NOT_SERVED
        if len(rest) <= (1 if first == "api" else 2):
            return kinds.discovery(self.kinds, request, aggregated=self.aggregated)
        group, version, *below = rest if first == "apis" else ("", *rest)
        return self._resource(group, version, below, request)

    def serve(self, definition: Manifest) -> None:
        """Serve the kinds of a definition from now on."""
        served = {(kind.group, kind.version, kind.kind) for kind in self.kinds}
        brought = kinds.of_definition(definition)
        self.kinds += [kind for kind in brought if (kind.group, kind.version, kind.kind) not in served]

    def set_status(self, kind: Kind, name: Name, wanted: Mapping[str, Any]) -> None:
        """Give an object another status, as its controller does."""
        headers = {"content-type": MERGE, "accept": JSON}
        body = {"status": dict(wanted)}
        request = Request(method="PATCH", path="", query={"fieldManager": "controller"}, headers=headers, body=body)
        self._objects.patch(kind, name, request, "status")

    def _resource(self, group: str, version: str, below: list[str], request: Request) -> Answer:
        namespace = ""
        if below[0] == "namespaces" and len(below) > 2 and below[2] != "status":
            namespace, below = below[1], below[2:]
        wanted = (group, version, below[0])
        chosen = [kind for kind in self.kinds if (kind.group, kind.version, kind.plural) == wanted]
        if not chosen or (namespace and not chosen[0].namespaced):
            return NOT_SERVED
        if chosen[0].kind == "SelfSubjectAccessReview":
            return self._review(request)
        return self._verb(chosen[0], namespace, below[1:], request)

    def _verb(self, kind: Kind, namespace: str, below: list[str], request: Request) -> Answer:
        if not below:
            if request.method == "POST":
                return self._played(kind, self._objects.create(kind, namespace, request), request)
            return self._objects.list(kind, namespace, request)
        name = (namespace, below[0])
        match request.method:
            case "GET":
                return self._objects.get(kind, name, request)
            case "PUT":
                return self._played(kind, self._objects.replace(kind, name, request), request)
            case "PATCH":
                subresource = below[1] if len(below) > 1 else ""
                return self._played(kind, self._objects.patch(kind, name, request, subresource), request)
            case "DELETE":
                return self._objects.delete(kind, name, request)
        raise refuse(405, f"{request.method} is not supported", reason="MethodNotAllowed")

    def _played(self, kind: Kind, answer: Answer, request: Request) -> Answer:
        """Let controllers see what was written; the answer is from before."""
        if request.dry_run:
            return answer
        if kind.kind == DEFINITION and self.establishes:
            self.serve(answer.body)
        play = self.plays.get(kind.group_kind)
        wanted = play(answer.body) if play is not None else None
        meta = answer.body["metadata"]
        name = (meta.get("namespace", ""), meta["name"])
        if wanted is not None and self.store.get(kind, name) is not None:
            self.set_status(kind, name, wanted)
        return answer

    def _admitted(self, kind: Kind, manifest: Manifest) -> Manifest:
        change = self.admits.get(kind.group_kind)
        return manifest if change is None else change(manifest)

    def _review(self, request: Request) -> Answer:
        attributes = request.body["spec"]["resourceAttributes"]
        return Answer(code=201, body={**request.body, "status": {"allowed": self.allowed(attributes)}})

    def _forget(self) -> None:
        """Serve no more what has no definition any more."""
        names = {name for _, name in self.store.names(self.kind(DEFINITION))}
        self.kinds = [kind for kind in self.kinds if kind.builtin or kind.resource in names]
