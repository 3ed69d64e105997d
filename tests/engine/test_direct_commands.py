"""A whole region by the command line, with a stack a plane and a cluster that is reached by its secret."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ai_factory.infra.plan import regions
from tests.conftest import Outcome
from tests.engine.harness import MERGE, Lab, config_map
from tests.fake_api.clock import Clock
from tests.fake_api.faults import forbidden, meanwhile, unavailable

pytestmark = pytest.mark.slow

Command = Callable[..., Outcome]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The lab with a stack a plane, protected, its training cluster built and so reached by Cluster API's secret."""
    folder = tmp_path_factory.mktemp("region")
    text = regions.region_file("lab").read_text()
    for old, new in {
        "layout: single": "layout: split",
        "access: {context: lab-train}": "",
        "protect: false": "protect: true",
    }.items():
        assert old in text
        text = text.replace(old, new)
    lock = regions.region_file("lab").with_name("lab.lock.yaml")
    (folder / "lab.lock.yaml").write_text(lock.read_text())
    (folder / "lab.yaml").write_text(text)
    return folder / "lab.yaml"


@pytest.fixture
def lab(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: Clock) -> Iterator[Lab]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    lab = Lab(regions.open_region(file).plan(), tmp_path / "kubeconfig")
    yield lab
    lab.close()


@pytest.fixture
def run(aifactory: Command, file: Path, lab: Lab) -> Command:
    """Runs a command on the region."""

    def call(verb: str, *words: str) -> Outcome:
        engine = ("--engine", "direct") if verb in ("up", "down") else ()
        done = aifactory(verb, file, *engine, *words)
        assert "Traceback" not in done.err
        return done

    return call


def planned(lab: Lab) -> int:
    """Objects of the region on all its clusters."""
    count = sum(len(lab.items(target)) for target in lab.servers)
    assert count > 180
    return count


def test_life_of_a_region(run: Command, lab: Lab) -> None:
    comes_up(run, lab)
    is_mended(run, lab)
    goes(run, lab)


def comes_up(run: Command, lab: Lab) -> None:
    first = run("up", "--json")
    assert (first.code, "engine: direct" in first.err) == (0, True)
    reports: list[dict[str, Any]] = json.loads(first.out)
    assert [(each["stack"], each["cluster"]) for each in reports][:2] == [
        ("lab", "management"), ("lab.train.0", "management"),
    ]  # fmt: skip
    assert ("lab.train", "train") in {(each["stack"], each["cluster"]) for each in reports}
    assert all(len(each["created"]) == each["planned"] for each in reports)
    assert sum(each["planned"] for each in reports) == planned(lab)
    assert set(every_object(lab)) == {item.id for target in lab.servers for item in lab.items(target)}
    again = run("up", "-q")
    assert again.code == 0
    assert all(": nothing changed (" in line for line in again.out.splitlines())
    assert "nothing changed" in run("logs").out
    doctor = run("doctor")
    assert (doctor.code, "management: rights: everything (cluster administrator)" in doctor.out) == (0, True)


def is_mended(run: Command, lab: Lab) -> None:
    """Drift and status say what is wrong, and a run puts it right."""
    tenant = next(item.id.split("/") for item in lab.items("infer") if "/ResourceQuota/" in item.id)
    lab.servers["infer"].call("DELETE", lab.servers["infer"].path("Namespace", tenant[2]))
    region, change = lab.management.path("ConfigMap", "ai-factory-region", "ai-factory"), {"data": {"region": "other"}}
    lab.management.call("PATCH", region, change, manager="kubectl-edit", content=MERGE)
    lab.apply("lab.gone", config_map("left", namespace="default", on="management"))
    drift = run("drift")
    assert drift.code == 1
    assert "delete   management/ConfigMap/default/left" in drift.out
    assert f"create   {'/'.join(tenant)}" in drift.out
    assert 'data.region: "other" -> "lab"' in drift.out
    status = run("status")
    assert (status.code, f"missing: {'/'.join(tenant)}: it is not there" in status.out) == (1, True)
    mended = run("up", "-q")
    assert mended.code == 0
    assert "lab.gone on management: 1 deleted" in mended.out
    assert "1 repaired" in mended.out
    status = run("status")
    assert (status.code, "everything is there and ready" in status.out) == (0, True)


def goes(run: Command, lab: Lab) -> None:
    refused = run("down")
    assert (refused.code, "is protected" in refused.err) == (1, True)
    assert len(every_object(lab)) == planned(lab)
    last = run("down", "--force-protected", "--json")
    assert last.code == 0
    assert sum(len(each["deleted"]) for each in json.loads(last.out)) == planned(lab)
    assert every_object(lab) == []
    assert run("drift", "--stack", "lab.infer", "--json").code == 1


def every_object(lab: Lab) -> list[str]:
    """Ids of all that the engine has on the clusters."""
    ids = []
    for target, server in lab.servers.items():
        for kind in server.serving.kinds:
            for item in server.all(kind.group_kind):
                meta = item["metadata"]
                if "applyset.kubernetes.io/part-of" in (meta.get("labels") or {}):
                    ids.append(f"{target}/{kind.group_kind}/{meta.get('namespace', '')}/{meta['name']}")
    return ids


def test_dry_run_on_empty_clusters_changes_nothing(run: Command, lab: Lab) -> None:
    written = [len(server.changes) for server in lab.servers.values()]
    done = run("up", "--dry-run")
    assert (done.code, "lab.train: " in done.out) == (0, True)
    assert done.out.count("create   ") == planned(lab)
    assert [len(server.changes) for server in lab.servers.values()] == written
    drift = run("drift", "--json")
    assert (drift.code, sum(len(each["differences"]) for each in json.loads(drift.out))) == (1, planned(lab))


def test_interrupt_ends_with_130_and_the_next_run_goes_on(run: Command, lab: Lab) -> None:
    before = signal.getsignal(signal.SIGINT)  # a job in the background of a shell inherits that it is ignored
    interrupt = meanwhile(lambda: os.kill(os.getpid(), signal.SIGINT))
    lab.management.inject("PATCH ", interrupt, times=1, after=8)
    stopped = run("up", "-q", "--stack", "lab")
    assert stopped.code == 130
    assert "error: interrupted. Run again to go on where it stopped." in stopped.err
    assert "not applied" in stopped.out
    assert run("logs").out.rstrip().endswith("interrupted. Run again to go on where it stopped.")
    assert signal.getsignal(signal.SIGINT) is before
    rest = run("up", "-q", "--stack", "lab")
    assert (rest.code, "unchanged" in rest.out) == (0, True)


def test_second_interrupt_ends_at_once(run: Command, lab: Lab) -> None:
    def twice() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGTERM)

    lab.management.inject("GET version", meanwhile(twice))
    done = run("up", "-q")
    assert (done.code, "interrupted" in done.err) == (130, True)


@pytest.mark.parametrize(
    ("pattern", "act", "says"),
    [
        ("PATCH .*/configmaps/ai-factory-region$", forbidden("eve"), 'User "eve" cannot patch resource'),
        ("GET version", unavailable(), "the API server keeps turning requests away"),
        ("POST .*/leases$", forbidden(), 'cannot create resource "leases"'),
    ],
)
def test_faults_are_lines_with_an_exit_code(run: Command, lab: Lab, pattern: str, act: Any, says: str) -> None:
    lab.management.inject(pattern, act)
    done = run("up", "-q")
    assert (done.code, says in done.err) == (3, True)
    assert all(line.startswith(("error: ", "engine: ")) for line in done.err.splitlines())


def test_sample_inventory_is_applied_to_marked_clusters_only(run: Command, lab: Lab) -> None:
    lab.management.call("DELETE", "api/v1/namespaces/kube-public/configmaps/aifactory-sandbox")
    done = run("up")
    assert (done.code, "no ConfigMap kube-public/aifactory-sandbox" in done.err) == (1, True)
    assert every_object(lab) == []


def test_doctor_tells_which_rights_and_kinds_are_missing(run: Command, lab: Lab) -> None:
    lab.management.serving.allowed = lambda attributes: attributes["verb"] in ("get", "list")
    lab.servers["infer"].call("DELETE", "apis/apiextensions.k8s.io/v1/customresourcedefinitions/cohorts.kueue.x-k8s.io")
    done = run("doctor")
    assert done.code == 3
    assert "may not create, patch, delete configmaps in kube-system" in done.out
    assert "lacks kind Cohort (kueue.x-k8s.io/v1beta2)" in done.out
