"""What requests do to objects: get, list, create, replace, patch, apply, delete, with the server's own checks."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

from . import managers
from .endings import Endings
from .kinds import Kind
from .lists import metadata_only, page
from .managers import Manager
from .store import Name, Store
from .values import APPLY, MERGE, Answer, Manifest, Request, refuse

Hook = Callable[[Kind, Manifest], Manifest]


class Objects:
    """The verbs on objects.

    Args:
        store: what is there.
        endings: takes objects away.
        admit: what admission makes of an object that is written: other values, or a RefusalError.
        namespace: the kind Namespace.
    """

    def __init__(self, store: Store, endings: Endings, admit: Hook, namespace: Kind) -> None:
        self._store = store
        self._endings = endings
        self._admit = admit
        self._namespace = namespace

    def get(self, kind: Kind, name: Name, request: Request) -> Answer:
        live = self._there(kind, name)
        return Answer(body=metadata_only(live) if "as=PartialObjectMetadata" in request.header("Accept") else live)

    def list(self, kind: Kind, namespace: str, request: Request) -> Answer:
        return Answer(body=page(kind, list(self._store.listed(kind, namespace)), request, self._store.version))

    def create(self, kind: Kind, namespace: str, request: Request) -> Answer:
        body = _checked_body(kind, request)
        name = (namespace, body["metadata"]["name"])
        if self._store.get(kind, name) is not None:
            raise refuse(409, f'{kind.resource} "{name[1]}" already exists', reason="AlreadyExists")
        return self._create(kind, name, body, request, operation="Update")

    def replace(self, kind: Kind, name: Name, request: Request) -> Answer:
        live = self._there(kind, name)
        body = _checked_body(kind, request)
        self._refuse_other_version(kind, name, live, body)
        return self._update(kind, name, live, body, request)

    def patch(self, kind: Kind, name: Name, request: Request, subresource: str = "") -> Answer:
        content = request.header("Content-Type")
        if content == APPLY:
            return self._apply(kind, name, request)
        if content != MERGE:
            raise refuse(415, f"the body of the request was in an unknown format: {content}")
        live = self._there(kind, name)
        self._refuse_other_version(kind, name, live, request.body)
        return self._update(kind, name, live, merged(live, request.body), request, subresource)

    def delete(self, kind: Kind, name: Name, request: Request) -> Answer:
        live = self._there(kind, name)
        options = request.body or {}
        wanted, uid = (options.get("preconditions") or {}).get("uid"), live["metadata"]["uid"]
        if wanted not in (None, uid):
            why = f"the UID in the precondition ({wanted}) does not match the UID in record ({uid}). "
            why += "The object might have been deleted and then recreated"
            raise _modified(kind, name, why)
        policy = options.get("propagationPolicy") or "Background"
        if policy not in ("Background", "Orphan"):
            raise NotImplementedError(f"propagationPolicy {policy}")
        if request.dry_run:
            return Answer(body=live)
        return Answer(body=self._endings.delete(kind, name, orphan=policy == "Orphan"))

    def _apply(self, kind: Kind, name: Name, request: Request) -> Answer:
        if "fieldManager" not in request.query:
            raise refuse(422, "PatchOptions is invalid: fieldManager: Required value: is required for apply patch")
        config = _checked_body(kind, request)
        if config["metadata"].get("name") != name[1]:
            raise refuse(400, f"the name of the object ({config['metadata'].get('name')}) does not match the URL")
        live = self._store.get(kind, name)
        if live is None:
            return self._create(kind, name, config, request, operation="Apply")
        manager = Manager(name=request.manager, operation="Apply", version=kind.api_version)
        force, now = request.query.get("force") == "true", self._store.now()
        self._refuse_other_version(kind, name, live, config)
        config = _main(kind, config)
        state, owners = managers.applied(live, config, manager, kind.schema, force=force, now=now)
        state["metadata"] = {**state["metadata"], "managedFields": managers.written(owners)}
        return self._keep(kind, name, self._admit(kind, state), request)

    def _create(self, kind: Kind, name: Name, body: Manifest, request: Request, *, operation: str) -> Answer:
        self._refuse_namespace(kind, name)
        state = _main(kind, body)
        manager = Manager(name=request.manager, operation=operation, version=kind.api_version)
        fields = managers.difference({}, state, kind.schema)
        owners = managers.updated({}, manager, fields, self._store.now())
        meta = {key: value for key, value in state["metadata"].items() if key not in ("resourceVersion", "uid")}
        state = self._admit(kind, {**state, "metadata": {**meta, "managedFields": managers.written(owners)}})
        if request.dry_run:
            return Answer(code=201, body=state)
        return Answer(code=201, body=self._store.create(kind, name, state))

    def _update(
        self, kind: Kind, name: Name, live: Manifest, body: Manifest, request: Request, subresource: str = ""
    ) -> Answer:
        state = _status_of(live, body) if subresource else _main(kind, body, live)
        manager = Manager(name=request.manager, operation="Update", version=kind.api_version, subresource=subresource)
        before = _owners_before(live["metadata"], body["metadata"])
        change = managers.difference(live, state, kind.schema)
        owners = managers.updated(before, manager, change, self._store.now())
        state["metadata"] = {**state["metadata"], "managedFields": managers.written(owners)}
        return self._keep(kind, name, self._admit(kind, state), request)

    def _keep(self, kind: Kind, name: Name, state: Manifest, request: Request) -> Answer:
        if request.dry_run:
            return Answer(body=state)
        result = self._store.update(kind, name, state)
        self._endings.settle(kind, name)
        return Answer(body=result)

    def _there(self, kind: Kind, name: Name) -> Manifest:
        live = self._store.get(kind, name)
        if live is None:
            raise refuse(404, f'{kind.resource} "{name[1]}" not found')
        return {**live, "apiVersion": kind.api_version, "kind": kind.kind}

    def _refuse_namespace(self, kind: Kind, name: Name) -> None:
        """Refuse to create something in a namespace that is not there, or that is to go."""
        if not kind.namespaced:
            return
        home = self._store.get(self._namespace, ("", name[0]))
        if home is None:
            raise refuse(404, f'namespaces "{name[0]}" not found')
        if home["metadata"].get("deletionTimestamp"):
            why = f"unable to create new content in namespace {name[0]} because it is being terminated"
            causes = [{"reason": "NamespaceTerminating", "message": why, "field": "metadata.namespace"}]
            raise refuse(403, f'{kind.resource} "{name[1]}" is forbidden: {why}', causes=causes)

    def _refuse_other_version(self, kind: Kind, name: Name, live: Manifest, body: Mapping[str, Any]) -> None:
        wanted = (body.get("metadata") or {}).get("resourceVersion")
        if wanted not in (None, "", live["metadata"]["resourceVersion"]):
            raise _modified(kind, name, "the object has been modified; please apply your changes to the latest version")


def _owners_before(live: Manifest, body: Manifest) -> managers.Owners:
    """Managers as a write gives them: `[{}]` takes all away, none given leaves them as they are."""
    given = body.get("managedFields")
    if given == [{}]:
        return {}
    return managers.read(body if given else live)


def _modified(kind: Kind, name: Name, why: str) -> Exception:
    return refuse(409, f'Operation cannot be fulfilled on {kind.resource} "{name[1]}": {why}')


def _checked_body(kind: Kind, request: Request) -> Manifest:
    body = copy.deepcopy(request.body)
    if not isinstance(body, dict) or body.get("kind") != kind.kind or body.get("apiVersion") != kind.api_version:
        raise refuse(400, f"the object provided is unrecognized: it is no {kind.kind} of {kind.api_version}")
    return body


def _main(kind: Kind, body: Manifest, live: Manifest | None = None) -> Manifest:
    """An object as written by its main resource: where status is a resource of its own, it stays as it is."""
    if not kind.status:
        return body
    state = {key: value for key, value in body.items() if key != "status"}
    return state if live is None or "status" not in live else {**state, "status": live["status"]}


def _status_of(live: Manifest, body: Manifest) -> Manifest:
    state = {key: value for key, value in live.items() if key != "status"}
    return {**state, "status": body["status"]} if "status" in body else state


def merged(tree: Any, change: Any) -> Any:
    """A JSON merge patch (RFC 7396).

    >>> merged({"a": {"b": 1, "c": 2}}, {"a": {"b": None}, "d": [1]})
    {'a': {'c': 2}, 'd': [1]}
    """
    if not isinstance(change, dict):
        return change
    result = dict(tree) if isinstance(tree, dict) else {}
    for key, value in change.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result
