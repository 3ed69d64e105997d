"""A small region on fake API servers, worked on by the direct engine: the one place that knows the engine's modules.

    region.up(config_map("a"), after=...)      one run of the home stack on the management cluster
    region.api                                 that cluster's server, as tests see and change it

Clusters: `mgmt` and `twin` by contexts of a kubeconfig, `train` by the secret that Cluster API writes on `mgmt`.
"""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx2
import pytest

from ai_factory.infra.engine.clusters import Session
from ai_factory.infra.engine.declared import Parts, parts_of
from ai_factory.infra.engine.direct.applyset import PART_OF, applyset_id, parent_name
from ai_factory.infra.engine.direct.lifecycle import Lifecycle
from ai_factory.infra.engine.interrupts import interruptible
from ai_factory.infra.engine.options import Options
from ai_factory.infra.engine.progress import Event
from ai_factory.infra.engine.report import Difference, Health, Report
from ai_factory.infra.errors import FactoryError, InterruptedRunError, NotReadyError, RefusedError, UnavailableError
from ai_factory.infra.kube import api as client
from ai_factory.infra.kube import transport as transport
from ai_factory.infra.kube.access import ContextSource, TextSource, exec_source
from ai_factory.infra.kube.cluster import Cluster, connect
from ai_factory.infra.kube.errors import NotBuiltError, RejectedError
from ai_factory.infra.kube.stopping import Halt
from ai_factory.infra.kube.transport import Link
from ai_factory.infra.objects.base import KubeObject, Manifest
from ai_factory.infra.objects.kinds import CUSTOM, find
from ai_factory.infra.objects.region import stack_names
from ai_factory.infra.plan.model import RegionPlan
from ai_factory.infra.sandbox import MARKER_NAME, MARKER_NAMESPACE, stand_ins
from ai_factory.infra.spec.problems import InputError
from tests.engine import items
from tests.fake_api.access import kubeconfig, write_kubeconfig
from tests.fake_api.server import FakeApi
from tests.fake_api.values import APPLY, MERGE

__all__ = [
    "APPLY", "CUSTOM", "MERGE", "PART_OF", "ContextSource", "FactoryError", "Halt", "InputError", "InterruptedRunError",
    "Link", "NotBuiltError", "NotReadyError", "Options", "RefusedError", "RejectedError", "Session", "TextSource",
    "UnavailableError", "connect", "exec_source", "interruptible", "parts_of", "stand_ins",
]  # fmt: skip

HOME = "kr-test"
"""The region's first stack."""
TARGET = "mgmt"
CONTEXTS = {"mgmt": "kr-test-mgmt", "twin": "twin"}
NAMESPACE = "a"
HOSTS = "metal3.io/v1alpha1"
RELEASES = "helm.toolkit.fluxcd.io/v2"
CLUSTERS = "cluster.x-k8s.io/v1beta2"
PARENT = parent_name(HOME, TARGET)
"""Name of the ApplySet's parent and of the Lease of the home stack."""
PARENT_ID = applyset_id(PARENT)
DEFINITIONS = stand_ins(
    [find(HOSTS, "BareMetalHost"), find(RELEASES, "HelmRelease"), find(CLUSTERS, "Cluster")]
)  # fmt: skip
MARK: Manifest = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": MARKER_NAME, "namespace": MARKER_NAMESPACE},
}
"""The mark of a sandbox."""


def planned(kind: str, name: str, namespace: str | None = None, *, on: str = TARGET, **fields: Any) -> KubeObject:
    """A planned object; fields of KubeObject are taken out of the manifest."""
    return items.planned(kind, name, namespace, on=on, **fields)


def config_map(name: str, value: str = "1", *, namespace: str = NAMESPACE, **own: Any) -> KubeObject:
    """A planned ConfigMap with one value."""
    return planned("ConfigMap", name, namespace, data={"value": value}, **own)


def host(name: str = "h", **own: Any) -> KubeObject:
    """A planned BareMetalHost."""
    return planned("BareMetalHost", name, NAMESPACE, api=HOSTS, **{"spec": {"online": False}, **own})


def release(name: str = "r", **own: Any) -> KubeObject:
    """A planned HelmRelease that is waited for."""
    own = {"wait_for": "condition=Ready", "timeout_seconds": 60, "spec": {}, **own}
    return planned("HelmRelease", name, NAMESPACE, api=RELEASES, **own)


def condition(status: str = "True", *, type: str = "Ready", **more: Any) -> dict[str, Any]:
    """A status with one condition."""
    return {"conditions": [{"type": type, "status": status, **more}]}


def short(object_id: str) -> str:
    """Last part of an id."""
    return object_id.rpartition("/")[2]


class Region:
    """A region and its servers.

    Args:
        plan: the region's plan.
        folder: for its kubeconfig.
    """

    def __init__(self, plan: RegionPlan, folder: Path) -> None:
        self.plan = plan
        self.folder = folder
        self.servers: dict[str, FakeApi] = {}
        self.events: list[Event] = []
        self._reactions: list[tuple[str, str, Callable[[], object]]] = []
        self.file = folder / "kubeconfig"
        self.add("mgmt")

    @property
    def api(self) -> FakeApi:
        """Server of the management cluster."""
        return self.servers[TARGET]

    def add(self, target: str, server: FakeApi | None = None) -> FakeApi:
        """Bring a cluster up; one that is reached by its secret gets that."""
        api = self.servers[target] = server or FakeApi(DEFINITIONS)
        if target in CONTEXTS:
            self.write_kubeconfig()
        else:
            self.write_secret(target)
        return api

    def write_kubeconfig(self, users: Mapping[str, Any] | None = None, **cluster: Any) -> None:
        """Write the kubeconfig of the clusters that have contexts; `users` by target."""
        servers = {CONTEXTS[target]: api for target, api in self.servers.items() if target in CONTEXTS}
        named = {CONTEXTS[target]: user for target, user in (users or {}).items()}
        write_kubeconfig(self.file, servers, named, **cluster)

    def write_secret(self, target: str, text: str | None = None) -> None:
        """What Cluster API does once a control plane is up."""
        text = kubeconfig({target: self.servers[target]}) if text is None else text
        if self.api.get("Namespace", target) is None:
            self.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": target}})
        meta = {"name": f"{target}-kubeconfig", "namespace": target}
        data = {"value": base64.b64encode(text.encode()).decode()}
        self.api.create({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "data": data})

    def close(self) -> None:
        for server in self.servers.values():
            server.close()

    # Runs.

    def session(self, halt: Halt | None = None) -> Session:
        """The region's clusters, to be connected."""
        return Session(self.plan, self.folder, halt or Halt(), [self.file])

    def lifecycle(
        self, stacks: Mapping[str, Iterable[KubeObject]], *, halt: Halt | None = None, **options: Any
    ) -> Lifecycle:
        """The direct engine at stacks with these objects."""
        parts = Parts({name: {} for name in stacks})
        for name, objects in stacks.items():
            for item in objects:
                parts.objects[name].setdefault(item.target, []).append(item)
                parts.components[item.id] = f"Test {item.target}"
        return Lifecycle(session=self.session(halt), parts=parts, options=Options(**options), listener=self._listen)

    def once(self, what: str, text: str, do: Callable[[], object]) -> None:
        """Do something when an event of a sort is told for the first time, with this text in its id or detail."""
        self._reactions.append((what, text, do))

    def _listen(self, event: Event) -> None:
        self.events.append(event)
        for reaction in list(self._reactions):
            what, text, do = reaction
            if event.what == what and text in f"{event.id} {event.detail}":
                self._reactions.remove(reaction)
                do()

    def home(self, *objects: KubeObject, **options: Any) -> Lifecycle:
        """The engine at the home stack, which has a namespace as well."""
        return self.lifecycle({HOME: [planned("Namespace", NAMESPACE), *objects]}, **options)

    def up(self, *objects: KubeObject, **options: Any) -> Report:
        """Apply the home stack."""
        return self.home(*objects, **options).up([HOME])[-1]

    def up_all(self, stacks: Mapping[str, Iterable[KubeObject]], **options: Any) -> dict[tuple[str, str], Report]:
        """Apply stacks; what was done by stack and cluster."""
        reports = self.lifecycle(stacks, **options).up(list(stacks))
        return {(report.stack, report.target): report for report in reports}

    def down(self, *objects: KubeObject, **options: Any) -> Report:
        """Take the home stack away."""
        return (self.home(*objects, **options).down([HOME]) or [Report(stack=HOME, target="")])[-1]

    def drift(self, *objects: KubeObject) -> list[Difference]:
        """Where the cluster differs from the plan."""
        return self.home(*objects).drift([HOME])[HOME]

    def preview(self, *objects: KubeObject, **options: Any) -> list[Difference]:
        """What a run would do."""
        differences = self.home(*objects, **options).preview([HOME]).differences
        return list((differences or {})[HOME])

    def status(self, *objects: KubeObject) -> dict[str, Health]:
        """How objects are, by the last part of their ids."""
        every = self.home(*objects).status([HOME])
        return {short(health.id): health for healths in every.values() for health in healths}

    def release(self, *objects: KubeObject) -> int:
        """Let go of the home stack."""
        return self.home(*objects).release([HOME])

    def connect(self, target: str = TARGET) -> Cluster:
        """A client of a cluster that has a context."""
        return connect(target, ContextSource(CONTEXTS[target], [self.file]), Halt())

    # What tests look at.

    def value(self, name: str) -> str | None:
        """Value of a ConfigMap, None if it is not there."""
        live = self.api.get("ConfigMap", name, NAMESPACE)
        return None if live is None else str(live["data"]["value"])

    def live(self, kind: str, name: str, namespace: str = NAMESPACE) -> Manifest:
        """An object that is there."""
        live = self.api.get(kind, name, namespace)
        assert live is not None, f"{kind} {namespace}/{name} is not there"
        return live

    @property
    def parent(self) -> Manifest | None:
        """The ApplySet's parent."""
        return self.api.get("ConfigMap", PARENT, "kube-system")

    @property
    def lease(self) -> Manifest | None:
        return self.api.get("Lease", PARENT, "kube-system")

    def patch(self, name: str, body: Manifest, manager: str, kind: str = "ConfigMap") -> None:
        """Change an object as `kubectl patch --type merge` does."""
        self.api.call("PATCH", self.api.path(kind, name, NAMESPACE), body, manager=manager, content=MERGE)

    def apply_as(self, manager: str, item: KubeObject, *, force: bool = True) -> None:
        """Server-side apply as somebody else who has the same object, with its owner."""
        meta = item.manifest["metadata"]
        path = self.api.path(item.manifest["kind"], meta["name"], meta.get("namespace", ""))
        query = {"force": "true"} if force else {}
        self.api.call("PATCH", path, item.applied, manager=manager, content=APPLY, **query)

    def delete(self, kind: str, name: str, namespace: str = NAMESPACE) -> None:
        self.api.call("DELETE", self.api.path(kind, name, namespace))

    def writes(self) -> list[str]:
        """Paths of objects that were applied, in order, without the ApplySet's parent."""
        asked = [request for request in self.api.requests if request.method == "PATCH" and not request.dry_run]
        return [request.path for request in asked if "kube-system" not in request.path]

    def details(self, what: str) -> list[str]:
        """What was told in events of a sort."""
        return [event.detail for event in self.events if event.what == what]


# What is set otherwise than in earnest.


def small_pages(monkeypatch: pytest.MonkeyPatch, objects: int) -> None:
    """Lists are read so many objects at a time."""
    monkeypatch.setattr(client, "PAGE", objects)


def quick_timeouts(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """A request counts as unanswered after so long, in real time."""
    monkeypatch.setattr(transport, "_TIMEOUTS", httpx2.Timeout(seconds))


def sample(plan: RegionPlan) -> RegionPlan:
    """The region with an inventory that is a marked sample."""
    return dataclasses.replace(plan, sample_inventory=True)


def names(differences: Sequence[Difference]) -> list[tuple[str, str]]:
    """Last part of the id, and kind, of each difference."""
    return [(short(difference.id), difference.kind) for difference in differences]


def play_ready(api: FakeApi, objects: Iterable[KubeObject]) -> None:
    """Be the controllers of these objects: each gets what it is waited for as soon as it is there."""
    for item in objects:
        if item.wait_for is not None:
            wanted = ready_status(item.wait_for)
            api.play(short_kind(item), lambda live, wanted=wanted: wanted)  # type: ignore[misc]


def short_kind(item: KubeObject) -> str:
    """`Kind.group` of an object."""
    return item.id.split("/")[1]


def ready_status(wait_for: str) -> dict[str, Any]:
    """A status that is waited for.

    >>> ready_status("condition=Ready"), ready_status("jsonpath={.status.a.b}=c")
    ({'conditions': [{'type': 'Ready', 'status': 'True'}]}, {'a': {'b': 'c'}})
    """
    form, _, rest = wait_for.partition("=")
    if form == "condition":
        return condition(type=rest)
    path, _, value = rest.strip("{").partition("}=")
    status: Any = value
    for key in reversed(path.removeprefix(".status.").split(".")):
        status = {key: status}
    return dict(status)


class Lab:
    """The servers of the region `lab` and its kubeconfig; `train` gets its secret when it is built.

    Args:
        plan: the region's plan; clusters without a context are reached by their secret.
        file: where its kubeconfig goes.
    """

    def __init__(self, plan: RegionPlan, file: Path) -> None:
        self.plan = plan
        self.parts = parts_of(plan, stack_names(plan))
        self.file = file
        contexts = {each.name: each.spec.access.context for each in plan.management}
        contexts |= {each.name: each.access.context for each in plan.clusters}
        self.servers = {target: FakeApi(stand_ins(CUSTOM)) for target in contexts}
        write_kubeconfig(file, {name: self.servers[target] for target, name in contexts.items() if name})
        for target, server in self.servers.items():
            play_ready(server, self.items(target))
            server.create(MARK)
        (root,) = [item for item in self.items(plan.management[0].name) if short_kind(item).startswith("Cluster.")]
        wanted = ready_status(str(root.wait_for))
        self.management.play(short_kind(root), lambda live: self._build(live) or wanted)

    @property
    def management(self) -> FakeApi:
        return self.servers[self.plan.management[0].name]

    def items(self, target: str) -> list[KubeObject]:
        """All planned objects of a cluster."""
        return [item for targets in self.parts.objects.values() for item in targets.get(target, ())]

    def apply(self, stack: str, *objects: KubeObject) -> None:
        """Apply a stack that the plan need not have."""
        target = objects[0].target
        parts = Parts({stack: {target: list(objects)}}, {item.id: stack for item in objects})
        Lifecycle(session=Session(self.plan, self.file.parent, Halt(), [self.file]), parts=parts).up([stack])

    def close(self) -> None:
        for server in self.servers.values():
            server.close()

    def _build(self, live: Manifest) -> None:
        """Cluster API: a cluster that is ready has its kubeconfig in a secret."""
        name = live["metadata"]["name"]
        if self.management.get("Secret", f"{name}-kubeconfig", name) is None:
            data = {"value": base64.b64encode(kubeconfig({name: self.servers[name]}).encode()).decode()}
            meta = {"name": f"{name}-kubeconfig", "namespace": name}
            self.management.create({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "data": data})
