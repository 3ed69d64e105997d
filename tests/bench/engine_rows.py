"""The direct engine against a bare loop of the same client: same objects, same server, same number of threads."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from lightkube import Client, KubeConfig
from lightkube.codecs import from_dict

from ai_factory.infra.engine.direct.stack_run import StackRun
from ai_factory.infra.engine.direct.up import up
from ai_factory.infra.engine.options import CONCURRENCY
from ai_factory.infra.kube.access import ContextSource
from ai_factory.infra.kube.cluster import connect
from ai_factory.infra.kube.stopping import Halt
from ai_factory.infra.objects import ids
from ai_factory.infra.objects.base import KubeObject, make
from ai_factory.infra.objects.ids import object_id
from ai_factory.infra.sandbox import Cluster, Sandbox

TARGET = "bench"
NAMESPACE = "bench"


def objects(count: int) -> list[KubeObject]:
    """A namespace and so many small objects in it."""
    home = make("v1", "Namespace", NAMESPACE)
    items = [KubeObject(owner=ids.cluster("bench"), target=TARGET, manifest=home)]
    for number in range(count):
        data = dict.fromkeys(("region", "rack", "serial", "address", "owner"), f"value {number}")
        manifest = make("v1", "ConfigMap", f"o{number:05d}", NAMESPACE, data=data)
        items.append(
            KubeObject(owner=ids.cluster("bench"), target=TARGET, manifest=manifest, after=(object_id(TARGET, home),))
        )
    return items


@contextmanager
def server() -> Iterator[Path]:
    """A sandbox of one cluster; the path of its kubeconfig."""
    with tempfile.TemporaryDirectory() as folder:
        sandbox = Sandbox(Path(folder) / "state")
        try:
            sandbox.up([Cluster(name=TARGET, role="management")])
            yield sandbox.kubeconfig()
        finally:
            sandbox.down(purge=True)


def bare(count: int) -> Callable[[], float]:
    """The floor: server-side apply of every object by a bare loop of the client, as many at a time."""

    def run() -> float:
        with server() as kubeconfig:
            client = Client(config=KubeConfig.from_file(kubeconfig).get(TARGET), trust_env=False, field_manager="bare")
            first, *rest = [from_dict(item.manifest) for item in objects(count)]
            start = time.perf_counter()
            client.apply(first)
            with ThreadPoolExecutor(CONCURRENCY) as pool:
                for _ in pool.map(client.apply, rest):
                    pass
            return time.perf_counter() - start

    return run


def direct(count: int) -> Callable[[], float]:
    """The direct engine on an empty cluster."""

    def run() -> float:
        with server() as kubeconfig:
            return _up(kubeconfig, count)

    return run


def again(count: int) -> Callable[[], float]:
    """The direct engine where nothing is to change."""

    def run() -> float:
        with server() as kubeconfig:
            _up(kubeconfig, count)
            return _up(kubeconfig, count)

    return run


def _up(kubeconfig: Path, count: int) -> float:
    items = objects(count)
    start = time.perf_counter()
    halt = Halt()
    report = up(StackRun(connect(TARGET, ContextSource(TARGET, [kubeconfig]), halt), "bench", items, halt))
    seconds = time.perf_counter() - start
    assert len(report.results) == count + 1
    return seconds
