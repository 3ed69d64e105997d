"""With the operator's real definitions, the API server accepts every object of the fleet (strict validation)."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ai_factory.infra.errors import FactoryError
from ai_factory.infra.fleet import objects
from ai_factory.infra.kube.access import ContextSource
from ai_factory.infra.kube.cluster import Cluster as Connected
from ai_factory.infra.kube.cluster import connect
from ai_factory.infra.kube.stopping import Halt
from ai_factory.infra.objects.base import make
from ai_factory.infra.sandbox import Cluster, Sandbox, read_crds
from tests import schema
from tests.fleet.conftest import examples, settings

pytestmark = pytest.mark.live
CONTEXT = "fleet"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, cache_dir: Path) -> Iterator[Connected]:
    """One API server with the real definition of Stack."""
    definitions = read_crds(schema.crd_folder(), ["stacks.pulumi.com"])
    sandbox = Sandbox(tmp_path_factory.mktemp("fleet") / "state", cache_dir)
    try:
        sandbox.up([Cluster(name=CONTEXT)], crds={CONTEXT: definitions})
        yield connect(CONTEXT, ContextSource(CONTEXT, (sandbox.kubeconfig(),)), Halt())
    finally:
        sandbox.down(purge=True)


def test_every_object_is_accepted(server: Connected) -> None:
    fleet = settings()
    send(server, make("v1", "Namespace", fleet.namespace))
    manifests = [*objects.identity_objects(fleet), *objects.stack_objects(examples(), fleet)]
    with ThreadPoolExecutor(8) as pool:
        faults = [fault for fault in pool.map(lambda one: fault_of(server, one), manifests) if fault]
    assert not faults, "\n".join(faults[:20])


def test_a_field_that_is_no_field_is_refused(server: Connected) -> None:
    (first, *_) = objects.stack_objects(examples(), settings())
    first["spec"]["prerequisites"] = [{"name": "x", "requirement": {"succeededWithin": "24h"}}]
    assert "succeededWithin" in fault_of(server, first)


def fault_of(server: Connected, manifest: dict[str, Any]) -> str:
    try:
        send(server, manifest)
    except FactoryError as error:
        return f"{manifest['metadata']['name']}: {error}"
    return ""


def send(server: Connected, manifest: dict[str, Any]) -> None:
    resource = server.discovery.find(manifest["apiVersion"], manifest["kind"])
    assert resource is not None, f"{manifest['kind']}: kind not served"
    path = resource.path(manifest["metadata"].get("namespace"), manifest["metadata"]["name"])
    params = {"fieldManager": "test", "force": "true", "fieldValidation": "Strict"}
    server.api.request("PATCH", path, params=params, body=manifest, content_type="application/apply-patch+yaml")
