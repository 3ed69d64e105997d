"""The simulated hardware against the real definitions, on a real API server."""

import base64
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from lightkube import ApiError, Client, KubeConfig
from lightkube.generic_resource import create_global_resource, create_namespaced_resource
from lightkube.resources.core_v1 import Secret
from lightkube.types import PatchType

from ai_factory.infra.sandbox import (
    Behaviour,
    Cluster,
    Sandbox,
    install_crds,
    management_stages,
    read_crds,
    stand_in,
    stand_ins,
    workload_stages,
)
from ai_factory.infra.sandbox.simulated import Simulated
from ai_factory.infra.sandbox.stages import MANAGEMENT, WORKLOAD
from tests.live.conftest import eventually
from tests.schema import crd_folder

pytestmark = pytest.mark.live

NAME = "stages"
SIMULATED = {(kind.group_version, kind.kind): kind for kind in (*MANAGEMENT, *WORKLOAD)}
OBJECTS = {
    (document["apiVersion"], document["kind"]): document
    for document in yaml.safe_load_all((Path(__file__).parent / "sandbox_objects.yaml").read_text())
}
QUICK = Behaviour(delay_ms=50)
BROKEN = Behaviour(delay_ms=50, failure_rate=1.0)


def all_stages(behaviour: Behaviour, **kubeconfigs: str) -> list[dict[str, Any]]:
    """Stages of every kind, each once."""
    found = [*management_stages(behaviour, kubeconfigs=kubeconfigs), *workload_stages(behaviour)]
    return list({stage["metadata"]["name"]: stage for stage in found}.values())


@pytest.fixture(scope="module")
def crds() -> dict[tuple[str, str], dict[str, Any]]:
    """The real definitions by group and kind."""
    definitions = read_crds(crd_folder())
    return {(d["spec"]["group"], d["spec"]["names"]["kind"]): d for d in definitions}


@pytest.fixture(scope="module")
def sandbox(
    tmp_path_factory: pytest.TempPathFactory, cache_dir: Path, crds: dict[tuple[str, str], dict[str, Any]]
) -> Iterator[Sandbox]:
    """One cluster with the real definitions of every simulated kind; everything becomes ready at once."""
    wanted = [crds[group_version.split("/")[0], kind] for group_version, kind in SIMULATED]
    box = Sandbox(tmp_path_factory.mktemp("stages") / "state", cache_dir)
    try:
        cluster = Cluster(name=NAME, role="management")
        report = box.up([cluster], crds={NAME: wanted}, stages={NAME: all_stages(QUICK)})
        assert report.left_out == {NAME: ()}
        yield box
    finally:
        box.down(purge=True)


class World:
    """Creates, reads and changes objects of the simulated kinds."""

    def __init__(self, box: Sandbox, crds: dict[tuple[str, str], dict[str, Any]]) -> None:
        config = KubeConfig.from_file(box.kubeconfig()).get(context_name=NAME)
        self.client = Client(config=config, trust_env=False, field_manager="test")
        self._crds = crds

    def resource(self, document: dict[str, Any]) -> Any:
        group, version = document["apiVersion"].split("/")
        spec = self._crds[group, document["kind"]]["spec"]
        make = create_namespaced_resource if spec["scope"] == "Namespaced" else create_global_resource
        return make(group, version, document["kind"], spec["names"]["plural"])

    def create(self, document: dict[str, Any], name: str, **spec: Any) -> dict[str, Any]:
        changed = document | {
            "metadata": document["metadata"] | {"name": name},
            "spec": document["spec"] | spec,
        }
        self.post(self.resource(changed), changed)
        return changed

    def post(self, resource: Any, document: dict[str, Any]) -> dict[str, Any]:
        place = {"namespace": document["metadata"]["namespace"]} if "namespace" in document["metadata"] else {}
        return self.client.create(resource.from_dict(document), **place).to_dict()

    def get(self, document: dict[str, Any]) -> dict[str, Any]:
        metadata = document["metadata"]
        found = self.client.get(self.resource(document), metadata["name"], namespace=metadata.get("namespace"))
        return found.to_dict()

    def patch(self, document: dict[str, Any], spec: dict[str, Any]) -> None:
        metadata, resource = document["metadata"], self.resource(document)
        place = {"namespace": metadata.get("namespace"), "patch_type": PatchType.MERGE}
        self.client.patch(resource, metadata["name"], {"spec": spec}, **place)

    def status(self, document: dict[str, Any]) -> dict[str, Any]:
        return self.get(document).get("status") or {}


@pytest.fixture(scope="module")
def world(sandbox: Sandbox, crds: dict[tuple[str, str], dict[str, Any]]) -> World:
    return World(sandbox, crds)


@pytest.fixture
def playing(sandbox: Sandbox) -> Iterator[Any]:
    """Gives the cluster other stages for one test."""
    yield lambda behaviour, **kubeconfigs: sandbox.play(NAME, all_stages(behaviour, **kubeconfigs))
    sandbox.play(NAME, all_stages(QUICK))


def reached(world: World, document: dict[str, Any], kind: Simulated, outcome: str) -> dict[str, Any] | None:
    """The status, once it has what the table says of the outcome."""
    found = world.get(document)
    status = found.get("status") or {}
    wanted = kind.ready_conditions if outcome == "ready" else kind.failed_conditions
    have = {c["type"]: (c["status"], c.get("reason")) for c in status.get("conditions") or []}
    seen = {c.get("observedGeneration") for c in status.get("conditions") or []}
    fields = kind.ready if outcome == "ready" else kind.failed
    complete = dict(wanted) == have and all(line.split(":")[0].strip() in str(status) for line in plain_lines(fields))
    current = not kind.condition_generation or seen <= {found["metadata"]["generation"]}
    return status if status and complete and current else None


def plain_lines(fields: str) -> list[str]:
    return [line for line in fields.splitlines() if line.strip() and not line.lstrip().startswith("{{")]


def test_there_is_an_object_of_every_simulated_kind() -> None:
    assert set(OBJECTS) == set(SIMULATED)


@pytest.mark.parametrize("key", SIMULATED, ids=lambda key: key[1])
def test_object_becomes_ready(world: World, key: tuple[str, str]) -> None:
    document = world.create(OBJECTS[key], "well")
    eventually(lambda: reached(world, document, SIMULATED[key], "ready"))


def test_object_fails_and_stays_failed_until_its_spec_changes(world: World, playing: Any) -> None:
    playing(BROKEN)
    failed = {key: world.create(OBJECTS[key], "broken") for key in SIMULATED}
    for key, document in failed.items():
        eventually(lambda d=document, k=SIMULATED[key]: reached(world, d, k, "failed"))
    playing(QUICK)
    release = failed["helm.toolkit.fluxcd.io/v2", "HelmRelease"]
    time.sleep(1)
    assert all(reached(world, document, SIMULATED[key], "failed") for key, document in failed.items())
    world.patch(release, {"interval": "5m"})
    kind = SIMULATED["helm.toolkit.fluxcd.io/v2", "HelmRelease"]
    eventually(lambda: reached(world, release, kind, "ready"))


def test_growth_is_followed(world: World) -> None:
    rack = world.create(OBJECTS["cluster.x-k8s.io/v1beta2", "MachineDeployment"], "grows", replicas=2)
    eventually(lambda: world.status(rack).get("availableReplicas") == 2)
    world.patch(rack, {"replicas": 5})
    status = eventually(lambda: (s := world.status(rack)).get("availableReplicas") == 5 and s)
    assert (status["observedGeneration"], status["readyReplicas"], status["upToDateReplicas"]) == (2, 5, 5)


@pytest.mark.parametrize(
    ("key", "spec"),
    [
        (("cluster.x-k8s.io/v1beta2", "Cluster"), {"paused": True}),
        (("helm.toolkit.fluxcd.io/v2", "HelmRelease"), {"suspend": True}),
        (("source.toolkit.fluxcd.io/v1", "HelmRepository"), {"type": "oci", "url": "oci://charts.example.com"}),
    ],
    ids=["paused", "suspended", "static"],
)
def test_object_that_controllers_leave_alone_is_left_alone(
    world: World, key: tuple[str, str], spec: dict[str, Any]
) -> None:
    document = world.create(OBJECTS[key], "alone", **spec)
    witness = world.create(OBJECTS[key], "witness")
    eventually(lambda: reached(world, witness, SIMULATED[key], "ready"))
    assert "conditions" not in world.status(document)


def test_delay_is_kept(world: World, playing: Any) -> None:
    playing(Behaviour(delay_ms=2000))
    host = world.create(OBJECTS["metal3.io/v1alpha1", "BareMetalHost"], "slow")
    started = time.monotonic()
    eventually(lambda: world.status(host))
    assert 1.9 <= time.monotonic() - started < 10


def test_failure_rate_is_about_kept(world: World, playing: Any) -> None:
    playing(Behaviour(delay_ms=0, failure_rate=0.3))
    template = OBJECTS["metal3.io/v1alpha1", "BareMetalHost"]
    hosts = [world.create(template, f"host-{number}") for number in range(100)]
    states = [eventually(lambda h=host: world.status(h))["operationalStatus"] for host in hosts]
    # 30 of 100 expected; beyond 10..55 lies less than one run in a million (binomial distribution).
    assert 10 <= states.count("error") <= 55
    assert set(states) == {"OK", "error"}


def test_ready_cluster_leaves_its_kubeconfig(world: World, playing: Any) -> None:
    playing(QUICK, handed="apiVersion: v1")
    template = OBJECTS["cluster.x-k8s.io/v1beta2", "Cluster"]
    clusters = [world.create(template, name) for name in ("handed", "plain")]
    for cluster in clusters:
        eventually(lambda c=cluster: world.status(c).get("phase") == "Provisioned")
    secret = world.client.get(Secret, "handed-kubeconfig", namespace="default")
    assert base64.b64decode(secret.data["value"]) == b"apiVersion: v1"
    with pytest.raises(ApiError, match="not found"):
        world.client.get(Secret, "plain-kubeconfig", namespace="default")


class Row:
    """A row of a table of kinds."""

    namespaced = True

    def __init__(self, group: str, kind: str) -> None:
        self.group, self.version, self.kind, self.plural = group, "v1", kind, f"{kind.lower()}s"


def test_stand_ins_take_anything_and_keep_status_apart(world: World, sandbox: Sandbox) -> None:
    rows = [Row("standin.example.com", "Widget"), Row("standin.k8s.io", "Gadget"), Row("cluster.x-k8s.io", "Thing")]
    install_crds(sandbox.kubeconfig(), NAME, stand_ins(rows))
    for row in rows:
        resource = create_namespaced_resource(row.group, row.version, row.kind, row.plural)
        spec = {"deep": [{"anything": 1}]}
        document = {
            "apiVersion": f"{row.group}/v1",
            "kind": row.kind,
            "metadata": {"name": "w", "namespace": "default"},
            "spec": spec,
            "status": {"x": 1},
        }
        created = world.post(resource, document)
        assert created["spec"] == spec
        assert "status" not in created


def test_real_definitions_replace_a_stand_in(world: World, sandbox: Sandbox, crds: dict) -> None:
    real = crds["keda.sh", "ScaledObject"]
    names = real["spec"]["names"]
    row = Row("keda.sh", "ScaledObject")
    row.version, row.plural = "v1alpha1", names["plural"]
    install_crds(sandbox.kubeconfig(), NAME, [stand_in(row)])
    install_crds(sandbox.kubeconfig(), NAME, [real])
    resource = create_namespaced_resource("keda.sh", "v1alpha1", "ScaledObject", names["plural"])
    document = {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "spec": {}}
    with pytest.raises(ApiError, match="Required value"):
        world.post(resource, document | {"metadata": {"name": "s", "namespace": "default"}})


def test_stages_of_an_absent_kind_are_told(sandbox: Sandbox) -> None:
    stage = {
        "apiVersion": "kwok.x-k8s.io/v1alpha1",
        "kind": "Stage",
        "metadata": {"name": "x"},
        "spec": {"resourceRef": {"apiGroup": "absent.example.com/v1", "kind": "Absent"}, "selector": {}, "steps": []},
    }
    assert sandbox.play(NAME, [*all_stages(QUICK), stage]) == ("absent.example.com/v1 Absent",)
    assert all(process.healthy for process in sandbox.status())
    assert sandbox.play(NAME, all_stages(QUICK)) == ()
