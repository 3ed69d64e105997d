"""With the real definitions installed, the API server accepts every object of every region (strict validation)."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ai_factory.infra import plan_region
from ai_factory.infra.errors import FactoryError
from ai_factory.infra.kube.access import ContextSource
from ai_factory.infra.kube.cluster import Cluster as Connected
from ai_factory.infra.kube.cluster import connect
from ai_factory.infra.kube.retry import RejectedError
from ai_factory.infra.kube.stopping import Halt
from ai_factory.infra.objects.base import KubeObject, items_of
from ai_factory.infra.objects.kinds import CUSTOM
from ai_factory.infra.objects.region import region_blocks
from ai_factory.infra.plan import regions
from ai_factory.infra.sandbox import Cluster, Sandbox, read_crds
from tests import schema

pytestmark = pytest.mark.live
CONTEXT = "real-kinds"
HOSTS = 40
"""Of a region's hosts, which differ in values only, so many are tried."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, cache_dir: Path) -> Iterator[Connected]:
    """One API server with the real definitions of every kind that the package emits."""
    folder = schema.crd_folder()
    definitions = read_crds(folder, [f"{kind.plural}.{kind.group}" for kind in CUSTOM])
    sandbox = Sandbox(tmp_path_factory.mktemp("real") / "state", cache_dir)
    try:
        sandbox.up([Cluster(name=CONTEXT)], crds={CONTEXT: definitions})
        yield connect(CONTEXT, ContextSource(CONTEXT, (sandbox.kubeconfig(),)), Halt())
    finally:
        sandbox.down(purge=True)


@pytest.mark.parametrize("name", regions.known_regions())
def test_every_object_is_accepted(server: Connected, name: str) -> None:
    objects = _objects(name)
    for item in objects:
        if item.manifest["kind"] == "Namespace":
            _send(server, item, dry_run=False)
    with ThreadPoolExecutor(8) as pool:
        faults = [fault for fault in pool.map(lambda item: _fault(server, item), objects) if fault]
    assert not faults, "\n".join(faults[:20])


def _objects(name: str) -> list[KubeObject]:
    plan = plan_region(regions.region_file(name))
    objects = [item for item in items_of(region_blocks(plan)) if isinstance(item, KubeObject)]
    hosts = [item.id for item in objects if item.manifest["kind"] == "BareMetalHost"]
    left_out = set(hosts[HOSTS // 2 : -HOSTS // 2]) if len(hosts) > HOSTS else set()
    return [item for item in objects if item.id not in left_out]


def _fault(server: Connected, item: KubeObject) -> str:
    try:
        _send(server, item, dry_run=True)
    except (RejectedError, FactoryError) as error:
        return f"{item.id}: {error}"
    return ""


def _send(server: Connected, item: KubeObject, *, dry_run: bool) -> None:
    manifest = item.manifest
    resource = server.discovery.find(manifest["apiVersion"], manifest["kind"])
    assert resource is not None, f"{item.id}: kind not served"
    path = resource.path(manifest["metadata"].get("namespace"), manifest["metadata"]["name"])
    params = {"fieldManager": "test", "force": "true", "fieldValidation": "Strict"} | (
        {"dryRun": "All"} if dry_run else {}
    )
    server.api.request("PATCH", path, params=params, body=manifest, content_type="application/apply-patch+yaml")
