"""Expand from the lab to a second region: both run side by side on API servers of their own; one goes, one stays."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from lightkube import Client, KubeConfig
from lightkube.generic_resource import create_namespaced_resource
from lightkube.resources.core_v1 import ConfigMap, Namespace

from ai_factory.infra.objects.base import items_of
from ai_factory.infra.objects.region import region_blocks
from ai_factory.infra.plan import regions
from ai_factory.infra.plan.allocation import address_plan
from tests import regionfile

pytestmark = [pytest.mark.live, pytest.mark.slow]

MAIN = "from ai_factory.infra.cli.main import main; main()"
HOSTS = create_namespaced_resource("metal3.io", "v1alpha1", "BareMetalHost", "baremetalhosts")
MACHINES = create_namespaced_resource("cluster.x-k8s.io", "v1beta2", "MachineDeployment", "machinedeployments")
Command = Callable[..., str]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project, to which a region is added."""
    folder = tmp_path_factory.mktemp("project")
    shutil.copy(regionfile.REPOSITORY / "Pulumi.yaml", folder)
    shutil.copytree(regionfile.REPOSITORY / "stacks", folder / "stacks")
    return folder


@pytest.fixture(scope="module")
def sandboxes(project: Path, tmp_path_factory: pytest.TempPathFactory, cache_dir: Path) -> Iterator[dict[str, Command]]:
    """The command line for each region, with a sandbox of its own; the kubeconfig in use names the clusters of both."""
    shared = {**os.environ, "XDG_CACHE_HOME": str(cache_dir.parent.parent)}

    def command(region: str) -> Command:
        state = {**shared, "XDG_STATE_HOME": str(tmp_path_factory.mktemp(region))}

        def call(*words: str, code: int = 0) -> str:
            run = [sys.executable, "-c", MAIN, *words]
            environment = {**state, "KUBECONFIG": os.pathsep.join(files)}
            done = subprocess.run(run, cwd=project, env=environment, capture_output=True, text=True, timeout=600)
            assert done.returncode == code, done.stdout + done.stderr
            return done.stdout

        return call

    files: list[str] = []
    made = {name: command(name) for name in ("lab", "jp-lab")}
    made["lab"]("expand", "lab", "--to", "jp-lab", "--country", "JP", "--power-mw", "0.5")
    try:
        for name, call in made.items():
            call("sandbox", "up", name, "-q")
            files.append(call("sandbox", "kubeconfig").strip())
        yield made
    finally:
        for call in made.values():
            call("sandbox", "down", "--purge", "-q")


def standing(kubeconfig: str) -> dict[str, tuple[Any, ...]]:
    """What of a region must not move: identities, and versions of what no controller touches."""
    config = KubeConfig.from_file(kubeconfig)
    found: dict[str, tuple[Any, ...]] = {}
    for context in config.contexts:
        client = Client(config=config.get(context_name=context), trust_env=False)
        for kind in (Namespace, ConfigMap, HOSTS, MACHINES):
            for one in client.list(kind, **({} if kind is Namespace else {"namespace": "*"})):
                meta = one.metadata
                if (meta.labels or {}).get("app.kubernetes.io/managed-by") == "ai-factory":
                    version = meta.resourceVersion if kind is ConfigMap else None
                    found[f"{context} {kind.__name__} {meta.namespace}/{meta.name}"] = (
                        meta.uid,
                        meta.generation,
                        version,
                    )
    return found


def test_one_of_two_regions_goes_and_the_other_is_untouched(sandboxes: dict[str, Command], project: Path) -> None:
    lab, osaka = sandboxes["lab"], sandboxes["jp-lab"]
    for name, call in sandboxes.items():
        call("check", name, "-q")
        call("up", name, "--engine", "direct", "--yes", "-q")
        assert "everything is there and ready" in call("status", name)
    before = standing(lab("sandbox", "kubeconfig").strip())
    assert len(before) > 50

    assert "jp-lab on management" in osaka("down", "jp-lab", "--engine", "direct", "--yes", "-q", "--force-protected")

    assert standing(osaka("sandbox", "kubeconfig").strip()) == {}
    assert standing(lab("sandbox", "kubeconfig").strip()) == before
    assert lab("drift", "lab") == "no drift: the clusters are as planned\n"
    assert "everything is there and ready" in lab("status", "lab")
    drifted = json.loads(osaka("drift", "jp-lab", "--json", code=1))
    assert drifted


def test_the_two_regions_have_nothing_in_common(sandboxes: dict[str, Command], project: Path) -> None:
    assert sandboxes
    opened = [regions.open_region(regions.region_file(name, project)) for name in ("lab", "jp-lab")]

    assert address_plan.overlaps([address_plan.numbers_of(one.region, one.file.name) for one in opened]) == []
    plans = [one.plan() for one in opened]
    contexts = [
        {access.context for access in (*(m.spec.access for m in p.management), *(c.access for c in p.clusters))}
        for p in plans
    ]
    assert contexts[0].isdisjoint(contexts[1])
    addresses = [
        {item.manifest["spec"]["bmc"]["address"] for item in items_of(region_blocks(p)) if "/BareMetalHost" in item.id}
        for p in plans
    ]
    assert all(addresses)
    assert addresses[0].isdisjoint(addresses[1])
