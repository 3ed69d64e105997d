"""What the tests of the direct engine share: small objects, and runs against the sandbox."""

from __future__ import annotations

import contextlib
import datetime as dt
from pathlib import Path
from typing import Any

from ai_factory.infra.engine.direct.stack_run import StackRun
from ai_factory.infra.engine.direct.up import up
from ai_factory.infra.engine.options import Options
from ai_factory.infra.engine.progress import Event
from ai_factory.infra.engine.report import Report
from ai_factory.infra.kube.access import ContextSource
from ai_factory.infra.kube.api import APPLY, MERGE
from ai_factory.infra.kube.cluster import Cluster, connect
from ai_factory.infra.kube.errors import RejectedError
from ai_factory.infra.kube.stopping import Halt
from ai_factory.infra.objects import ids
from ai_factory.infra.objects.base import KubeObject, make

CONTEXT = "lab-management"
TARGET = "management"
_OWN = ("after", "protect", "wait_for", "timeout_seconds", "ignore_changes")


def planned(kind: str, name: str, namespace: str | None = None, *, api: str = "v1", **fields: Any) -> KubeObject:
    """A planned object; fields of KubeObject are taken out of the manifest."""
    own = {key: fields.pop(key) for key in _OWN if key in fields}
    return KubeObject(
        owner=ids.cluster("train"), target=TARGET, manifest=make(api, kind, name, namespace, **fields), **own
    )


def config_map(name: str, namespace: str, value: str = "1", **own: Any) -> KubeObject:
    return planned("ConfigMap", name, namespace, data={"value": value}, **own)


class Stack:
    """One stack on the sandbox's management cluster, with a namespace of its own."""

    def __init__(self, kubeconfig: Path, name: str, *, context: str = CONTEXT) -> None:
        self.name = name
        self.namespace = planned("Namespace", name)
        self.events: list[Event] = []
        self.cluster: Cluster = connect(TARGET, ContextSource(context, [kubeconfig]), Halt())

    @classmethod
    def of_test(cls, kubeconfig: Path, test: str) -> Stack:
        words = test.partition("[")[0].removeprefix("test_").replace("_", "-")
        return cls(kubeconfig, f"d-{words[:40]}".strip("-"))

    def forget(self) -> None:
        """Leave the namespace to its end: the next test has another."""
        for path in (f"api/v1/namespaces/{self.name}", self.run().applyset.path):
            with contextlib.suppress(RejectedError):
                self.api.request("DELETE", path)

    @property
    def api(self) -> Any:
        return self.cluster.api

    def run(self, *items: KubeObject, halt: Halt | None = None, **options: Any) -> StackRun:
        everything = [self.namespace, *items]
        return StackRun(self.cluster, self.name, everything, halt or Halt(), Options(**options), self.events.append)

    def up(self, *items: KubeObject, **options: Any) -> Report:
        return up(self.run(*items, **options))

    def path(self, name: str, kind: str = "configmaps") -> str:
        return f"api/v1/namespaces/{self.name}/{kind}/{name}"

    def get(self, name: str) -> Any:
        return self.api.get(self.path(name))

    def value(self, name: str) -> str:
        return str(self.get(name)["data"]["value"])

    def merge(self, name: str, change: Any, manager: str) -> None:
        """Change an object as `kubectl patch --type merge` does."""
        self.api.request("PATCH", self.path(name), params={"fieldManager": manager}, body=change, content_type=MERGE)

    def apply_as(self, manager: str, item: KubeObject, *, force: bool = True) -> None:
        """Server-side apply as somebody else."""
        params = {"fieldManager": manager, "force": "true" if force else "false"}
        path = self.path(item.manifest["metadata"]["name"])
        self.api.request("PATCH", path, params=params, body=item.applied, content_type=APPLY)

    def lease(self) -> Any:
        return self.api.get(
            f"apis/coordination.k8s.io/v1/namespaces/kube-system/leases/ai-factory.{self.name}.{TARGET}"
        )


def now() -> str:
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
