"""How objects end: finalizers, dependents, namespaces with all that is in them, definitions with their kinds."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence

from .kinds import Kind
from .store import Name, Store
from .values import Manifest


class Endings:
    """Takes objects away as the API server and its controllers do, each at once.

    Args:
        store: the objects.
        kinds: gives the kinds that are served.
        forget: called when a definition has gone.
    """

    def __init__(self, store: Store, kinds: Callable[[], Sequence[Kind]], forget: Callable[[], None]) -> None:
        self._store = store
        self._kinds = kinds
        self._forget = forget
        self._emptying: set[str] = set()

    def delete(self, kind: Kind, name: Name, *, orphan: bool = False) -> Manifest:
        """Delete an object: at once, or when its finalizers are gone. What it was."""
        live = self._store.get(kind, name)
        assert live is not None
        if live["metadata"].get("deletionTimestamp"):
            return live
        if kind.kind == "Namespace":
            live["status"] = {**(live.get("status") or {}), "phase": "Terminating"}
        live["metadata"]["deletionTimestamp"] = self._store.now()
        state = self._store.update(kind, name, live)
        if orphan:
            self._orphan(state["metadata"]["uid"])
        if kind.kind == "Namespace":
            self._empty(name[1])
        self.settle(kind, name)
        return state

    def settle(self, kind: Kind, name: Name) -> None:
        """Remove an object that is to go and that nothing holds; and what goes with it."""
        live = self._store.get(kind, name)
        if live is None or not live["metadata"].get("deletionTimestamp") or self._is_held(kind, live):
            return
        if self._store.get(kind, name) is None:
            return  # it went with the last of what it held
        self._store.remove(kind, name)
        self._collect(live["metadata"]["uid"])
        if name[0]:
            self._settle_namespace(name[0])
        if kind.kind == "CustomResourceDefinition":
            self._forget()
        elif not kind.builtin:
            self.settle(self._kind("CustomResourceDefinition"), ("", kind.resource))

    def _is_held(self, kind: Kind, live: Manifest) -> bool:
        if live["metadata"].get("finalizers"):
            return True
        if kind.kind == "Namespace":
            return self._left_in(live)
        return kind.kind == "CustomResourceDefinition" and self._instances_left(live)

    def _left_in(self, namespace: Manifest) -> bool:
        """Whether something is left in a namespace, which its conditions then tell."""
        name = namespace["metadata"]["name"]
        left = [(kind, item) for kind in self._namespaced() for item in self._store.listed(kind, name)]
        if left:
            status = {**(namespace.get("status") or {}), "conditions": _remaining(left)}
            self._store.update(self._kind("Namespace"), ("", name), {**namespace, "status": status})
        return bool(left)

    def _empty(self, namespace: str) -> None:
        self._emptying.add(namespace)
        for kind in self._namespaced():
            for name in [name for name in self._store.names(kind) if name[0] == namespace]:
                if self._store.get(kind, name) is not None:
                    self.delete(kind, name)
        self._emptying.discard(namespace)

    def _settle_namespace(self, namespace: str) -> None:
        if namespace not in self._emptying and self._store.get(self._kind("Namespace"), ("", namespace)) is not None:
            self.settle(self._kind("Namespace"), ("", namespace))

    def _instances_left(self, definition: Manifest) -> bool:
        kinds = [kind for kind in self._kinds() if not kind.builtin and kind.resource == definition["metadata"]["name"]]
        for kind in kinds[:1]:
            for name in self._store.names(kind):
                live = self._store.get(kind, name)
                if live is not None and not live["metadata"].get("deletionTimestamp"):
                    self.delete(kind, name)
            return bool(self._store.names(kind))
        return False

    def _collect(self, uid: str) -> None:
        """Garbage collection: what the object owned goes as well."""
        for kind, name, live in self._dependents(uid):
            left = [owner for owner in live["metadata"]["ownerReferences"] if owner["uid"] != uid]
            if left:
                live["metadata"]["ownerReferences"] = left
                self._store.update(kind, name, live)
            else:
                self.delete(kind, name)

    def _orphan(self, uid: str) -> None:
        for kind, name, live in self._dependents(uid):
            owners = [owner for owner in live["metadata"]["ownerReferences"] if owner["uid"] != uid]
            self._store.update(kind, name, {**live, "metadata": {**live["metadata"], "ownerReferences": owners}})

    def _dependents(self, uid: str) -> list[tuple[Kind, Name, Manifest]]:
        return [
            (kind, (item["metadata"].get("namespace", ""), item["metadata"]["name"]), copy.deepcopy(item))
            for kind in self._each_resource()
            for item in self._store.listed(kind)
            if any(owner["uid"] == uid for owner in item["metadata"].get("ownerReferences") or ())
        ]

    def _each_resource(self) -> list[Kind]:
        return list({kind.resource: kind for kind in reversed(self._kinds())}.values())

    def _namespaced(self) -> list[Kind]:
        return [kind for kind in self._each_resource() if kind.namespaced]

    def _kind(self, name: str) -> Kind:
        return next(kind for kind in self._kinds() if kind.builtin and kind.kind == name)


def _remaining(left: Sequence[tuple[Kind, Manifest]]) -> list[Manifest]:
    """Conditions of a namespace that something is left in, as the namespace controller words them."""
    counts: dict[str, int] = {}
    holders: dict[str, int] = {}
    for kind, item in left:
        name = f"{kind.plural}.{kind.group}"
        counts[name] = counts.get(name, 0) + 1
        for finalizer in item["metadata"].get("finalizers") or ():
            holders[finalizer] = holders.get(finalizer, 0) + 1
    content = ", ".join(f"{resource} has {count} resource instances" for resource, count in sorted(counts.items()))
    finalizers = ", ".join(f"{name} in {count} resource instances" for name, count in sorted(holders.items()))
    return [
        {
            "type": "NamespaceContentRemaining",
            "status": "True",
            "reason": "SomeResourcesRemain",
            "message": f"Some resources are remaining: {content}",
        },
        {
            "type": "NamespaceFinalizersRemaining",
            "status": "True" if holders else "False",
            "reason": "SomeFinalizersRemain",
            "message": f"Some content in the namespace has finalizers remaining: {finalizers}",
        },
    ]
