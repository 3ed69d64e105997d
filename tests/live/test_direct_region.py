"""A whole region by the command line, with a stack a plane and a cluster that is reached by its secret."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ai_factory.infra.engine.direct.stack_run import StackRun
from ai_factory.infra.engine.direct.up import up
from ai_factory.infra.kube.access import ContextSource
from ai_factory.infra.kube.cluster import Cluster, connect
from ai_factory.infra.kube.stopping import Halt
from ai_factory.infra.plan import regions
from tests.live.direct import config_map

pytestmark = [pytest.mark.live, pytest.mark.slow]

Command = Callable[..., subprocess.CompletedProcess[str]]
MAIN = "from ai_factory.infra.cli.main import main; main()"


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The lab with a stack a plane, its training cluster built and so reached by Cluster API's secret."""
    text = regions.region_file("lab").read_text()
    for old, new in {
        "layout: single": "layout: split",
        "access: {context: lab-train}": "",
        "protect: false": "protect: true",
    }.items():
        assert old in text
        text = text.replace(old, new)
    file = tmp_path_factory.mktemp("region") / "lab.yaml"
    file.write_text(text)
    return str(file)


@pytest.fixture(scope="module")
def aifactory(tmp_path_factory: pytest.TempPathFactory, region: str, cache_dir: Path) -> Iterator[Command]:
    """The command line with a state of its own and its sandbox up."""
    state = tmp_path_factory.mktemp("state")
    environment = {**os.environ, "XDG_STATE_HOME": str(state), "XDG_CACHE_HOME": str(cache_dir.parent.parent)}

    def call(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", MAIN, *words]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)

    assert call("allocate", region).returncode == 0
    made = call("sandbox", "up", region)
    assert made.returncode == 0, made.stderr
    assert "train: context lab-train, 37 simulated nodes" in made.stdout
    environment["KUBECONFIG"] = call("sandbox", "kubeconfig").stdout.strip()
    yield call
    assert call("sandbox", "down", "--purge").returncode == 0


def direct(aifactory: Command, region: str, *words: str) -> subprocess.CompletedProcess[str]:
    done = aifactory(*words[:1], region, "--engine", "direct", *words[1:])
    assert "Traceback" not in done.stderr
    return done


def test_life_of_a_region(aifactory: Command, region: str) -> None:
    assert aifactory("drift", region, "--json").returncode == 1
    first = direct(aifactory, region, "up", "--json")
    assert first.returncode == 0, first.stderr
    reports: list[dict[str, Any]] = json.loads(first.stdout)
    assert [(one["stack"], one["cluster"]) for one in reports][:2] == [
        ("lab", "management"),
        ("lab.train.0", "management"),
    ]
    assert ("lab.train", "train") in {(one["stack"], one["cluster"]) for one in reports}
    assert all(len(one["created"]) == one["planned"] for one in reports)

    again = direct(aifactory, region, "up", "-q")
    assert all(": nothing changed (" in line for line in again.stdout.splitlines())
    leave_behind(aifactory)
    assert "delete   management/ConfigMap/default/left" in aifactory("drift", region).stdout
    cleaned = direct(aifactory, region, "up", "-q")
    assert "lab.gone on management: 1 deleted" in cleaned.stdout
    assert aifactory("drift", region).stdout == "no drift: the clusters are as planned\n"
    status = aifactory("status", region)
    assert (status.returncode, "everything is there and ready" in status.stdout) == (0, True)
    doctor = aifactory("doctor", region)
    assert (doctor.returncode, "!!" in doctor.stdout) == (0, False)
    assert "nothing changed" in aifactory("logs", region).stdout

    refused = direct(aifactory, region, "down")
    assert (refused.returncode, "is protected" in refused.stderr) == (1, True)
    last = direct(aifactory, region, "down", "--force-protected", "--json")
    assert last.returncode == 0, last.stderr
    assert sum(len(one["deleted"]) for one in json.loads(last.stdout)) == sum(one["planned"] for one in reports)
    assert {one["state"] for some in status_of(aifactory, region) for one in some["objects"]} == {"missing"}


def leave_behind(aifactory: Command) -> None:
    """What a stack had that the region does not have any more."""
    cluster = management(aifactory)
    up(StackRun(cluster, "lab.gone", [config_map("left", "default")], Halt()))


def management(aifactory: Command) -> Cluster:
    file = Path(aifactory("sandbox", "kubeconfig").stdout.strip())
    return connect("management", ContextSource("lab-management", [file]), Halt())


def status_of(aifactory: Command, region: str) -> Any:
    return json.loads(aifactory("status", region, "--stack", "lab", "--json").stdout)


def test_sample_inventory_is_applied_to_marked_clusters_only(aifactory: Command, region: str) -> None:
    api = management(aifactory).api
    path = "api/v1/namespaces/kube-public/configmaps/aifactory-sandbox"
    mark = api.request("GET", path)
    api.request("DELETE", path)
    try:
        done = direct(aifactory, region, "up")
        assert done.returncode == 1
        assert "no ConfigMap kube-public/aifactory-sandbox" in done.stderr
    finally:
        del mark["metadata"]["resourceVersion"]
        api.request("POST", "api/v1/namespaces/kube-public/configmaps", body=mark)
