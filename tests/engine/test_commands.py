"""The commands that reach clusters, as far as they go without one; progress, logs, doctor, simulated nodes."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from ai_factory.infra.cli import lifecycle
from ai_factory.infra.engine import doctor, progress, runlog
from ai_factory.infra.engine.concurrency import together
from ai_factory.infra.engine.progress import Event
from ai_factory.infra.errors import InterruptedRunError, NotReadyError, RefusedError, UnavailableError
from ai_factory.infra.plan.model import RegionPlan
from ai_factory.infra.sandbox import SandboxError
from ai_factory.infra.simulation import nodes
from ai_factory.infra.simulation.region import adopted_stage, contexts, definitions
from tests.conftest import Outcome
from tests.objects.conftest import make_plan


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    return tmp_path


Call = Callable[..., Outcome]


@pytest.fixture
def call(aifactory: Call) -> Call:
    return aifactory


def test_all_commands_are_there_with_help_and_an_example(call: Call) -> None:
    assert [one.name for one in lifecycle.COMMANDS] == [
        "up",
        "down",
        "status",
        "drift",
        "logs",
        "doctor",
        "sandbox",
    ]
    for one in lifecycle.COMMANDS:
        assert "Example" in call(str(one.name), "--help").out or one.name == "sandbox"


def test_default_engine_is_pulumi_and_without_its_cli_that_is_said(call: Call, mocker: Any) -> None:
    mocker.patch.object(shutil, "which", return_value=None)
    done = call("up", "lab")
    assert (done.code, "the Pulumi CLI is not on PATH" in done.err) == (3, True)
    assert "--engine direct" in done.err


def test_auto_names_what_it_chose(call: Call, mocker: Any) -> None:
    mocker.patch.object(shutil, "which", return_value=None)
    done = call("up", "lab", "--engine", "auto")
    assert "engine: direct (the Pulumi CLI is not on PATH)" in done.err
    assert (done.code, "there is no kubeconfig" in done.err) == (3, True)


@pytest.mark.parametrize("command", ["up", "down"])
def test_unattended_change_of_a_real_region_has_to_be_confirmed(call: Call, mocker: Any, command: str) -> None:
    from ai_factory.infra.cli import region_run

    mocker.patch.object(region_run, "open_region", return_value=(make_plan(), ["kr-test"]))
    done = call(command, "kr-test", "--engine", "direct")
    assert (done.code, "say so with --yes" in done.err) == (2, True)


def test_unknown_stack_lists_the_stacks(call: Call) -> None:
    done = call("up", "lab", "--stack", "lab.x")
    assert (done.code, "lab has no stack lab.x; it has lab" in done.err) == (2, True)


def test_plan_with_charts_is_refused(call: Call, mocker: Any) -> None:
    from ai_factory.infra.cli import region_run

    mocker.patch.object(region_run, "open_region", return_value=(make_plan(), ["kr-test"]))
    done = call("up", "kr-test", "--engine", "direct", "--yes")
    assert (done.code, "installs no charts" in done.err) == (1, True)


@pytest.mark.parametrize(("verb", "code"), [("status", 1), ("kubeconfig", 3)])
def test_sandbox_that_is_down(call: Call, verb: str, code: int) -> None:
    assert call("sandbox", verb).code == code


def test_help_does_not_load_what_takes_long() -> None:
    slow = ("pulumi", "lightkube", "rich")
    text = f"import sys; from ai_factory.infra.cli import main; print([one for one in {slow} if one in sys.modules])"
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_gravest_fault_decides_the_code() -> None:
    refused, gone = RefusedError("a"), UnavailableError("b")
    assert (together([refused, gone]).exit_code, str(together([refused, gone, refused]))) == (3, "a\nb")
    assert together([gone, InterruptedRunError("stop")]).exit_code == 130
    assert together([NotReadyError("x"), refused]).exit_code == 1


def test_log_of_a_run_is_kept_and_shown(call: Call, mocker: Any) -> None:
    assert "no run of lab has a log here" in call("logs", "lab").out
    with runlog.RunLog("lab", {"command": "up"}) as log:
        log(Event(what="applied", stack="lab", target="m", id="m/Namespace//a", detail="created"))
        log(Event(what="applied", stack="lab", target="m", id="m/Namespace//b", detail="unchanged"))
        log(Event(what="failed", stack="lab", target="m", detail="no more"))
    with log.path.open("a") as file:
        file.write('{"time": "2026')  # killed while writing
    shown = call("logs", "lab").out.splitlines()
    assert [line.partition(" ")[2] for line in shown[1:]] == ["created    m/Namespace//a", "lab on m: failed: no more"]
    entries = [json.loads(line) for line in call("logs", "lab", "--json").out.splitlines()]
    assert [entry["what"] for entry in entries] == ["run", "applied", "applied", "failed"]
    assert call("logs", "lab", "--list").out.strip() == log.path.stem
    assert call("logs", "lab", "--run", "x").code == 2


def test_old_logs_are_removed(mocker: Any) -> None:
    mocker.patch.object(runlog, "_KEPT_RUNS", 3)
    for _ in range(5):
        runlog.RunLog("lab", {}).write({})
    assert len(runlog.runs("lab")) == 3


def events() -> list[Event]:
    wait = Event(what="waiting", stack="s", target="m", id="m/X//a", detail="no [bold]condition")
    return [
        Event(what="begin", stack="s", target="m", detail="2 objects", total=2),
        Event(what="applied", stack="s", target="m", id="m/X//a", detail="created", done=1, total=2),
        Event(what="applied", stack="s", target="m", id="m/X//b", detail="unchanged", done=2, total=2),
        wait,
        wait,
        Event(what="end", stack="s", target="m", detail="1 created"),
    ]


def test_lines_elsewhere_than_on_a_terminal() -> None:
    out = io.StringIO()
    with progress.display(Console(file=out)) as listener:
        for event in events():
            listener(event)
    assert out.getvalue().splitlines() == [
        "s on m: 2 objects", "created    m/X//a", "waiting    m/X//a: no [bold]condition",
    ]  # fmt: skip


def test_bars_on_a_terminal() -> None:
    out = io.StringIO()
    with progress.display(Console(file=out, force_terminal=True, width=120)) as listener:
        for event in events():
            listener(event)
    assert "2/2" in out.getvalue()


def test_doctor_names_what_is_missing_and_what_for(mocker: Any) -> None:
    mocker.patch.object(shutil, "which", side_effect=lambda name: None if name == "pulumi" else f"/bin/{name}")
    mocker.patch.object(doctor, "_output", return_value="go version go1.26.8 linux/amd64")
    go, kubectl, pulumi = doctor.tools()
    assert (go.state, go.detail, kubectl.state) == ("good", "1.26.8 (/bin/go)", "good")
    assert (pulumi.state, "--engine direct" in pulumi.remedy) == ("note", True)


def test_doctor_of_a_region_without_clusters_is_a_fault(call: Call, mocker: Any) -> None:
    done = call("doctor", "lab")
    assert (done.code, "!! management: context lab-management" in done.out) == (3, True)


def test_folder_that_can_not_be_written(mocker: Any, tmp_path: Path) -> None:
    mocker.patch("os.access", return_value=False)
    (found,) = doctor.state_folders(tmp_path / "a" / "b")
    assert (found.state, str(tmp_path) in found.detail) == ("fault", True)


@pytest.fixture(scope="module")
def plan() -> RegionPlan:
    return make_plan()


def test_nodes_are_the_trays_of_the_plan(plan: RegionPlan) -> None:
    train = plan.cluster("train")
    made = list(nodes.nodes(plan, train))
    gpus = [one for one in made if one["status"]["capacity"].get("nvidia.com/gpu")]
    assert [one["metadata"]["name"] for one in gpus] == [host.name for rack in train.racks for host in rack.hosts]
    assert len(made) == len(gpus) + len(train.core_hosts)
    first = gpus[0]
    labels = first["metadata"]["labels"]
    assert labels["node.cluster.x-k8s.io/rack"] == train.racks[0].name
    assert (labels["nvidia.com/gpu.count"], labels["kubernetes.io/arch"]) == ("4", "arm64")
    assert first["status"]["capacity"]["rdma/ib"] == "4"
    assert len({one["metadata"]["labels"]["nvidia.com/gpu.clique"] for one in gpus}) == len(train.racks)
    dedicated = next(rack for rack in train.racks if rack.tenant)
    taints = next(one for one in gpus if one["metadata"]["name"] == dedicated.hosts[0].name)["spec"]["taints"]
    assert {"key": "ai-factory.dev/tenant", "value": dedicated.tenant, "effect": "NoSchedule"} in taints
    core = [one for one in made if one["metadata"]["name"] == train.core_hosts[0].name]
    assert core[0]["spec"]["taints"] == [{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}]


def test_adopted_cluster_has_nodes_by_number(plan: RegionPlan) -> None:
    twin = plan.cluster("twin")
    made = list(nodes.nodes(plan, twin))
    assert len(made) == twin.nodes
    assert made[0]["metadata"]["name"] == f"{twin.racks[0].name}-n01"


def test_contexts_of_the_sandbox_are_those_of_the_region(plan: RegionPlan) -> None:
    assert contexts(plan) == {"mgmt": "kr-test-mgmt", "train": "kr-test-train", "twin": "twin"}
    access = {"exec": {"command": "x", "server": "https://api.example.com"}}
    with pytest.raises(SandboxError, match="can't be simulated"):
        contexts(make_plan(management=[{"name": "mgmt", "provider": "existing", "access": access}]))


def test_stand_ins_for_all_kinds_or_real_ones_of_what_is_planned(plan: RegionPlan, mocker: Any) -> None:
    from ai_factory.infra.objects.kinds import CUSTOM
    from ai_factory.infra.simulation import region

    assert len(definitions(plan, "train", None)) == len(CUSTOM)
    read = mocker.patch.object(region, "read_crds", return_value=[])
    definitions(plan, "mgmt", Path("/crds"))
    assert "baremetalhosts.metal3.io" in read.call_args.args[1]
    assert "clusterqueues.kueue.x-k8s.io" not in read.call_args.args[1]


def test_owner_of_an_adopted_cluster_provides_its_kubeconfig(plan: RegionPlan) -> None:
    stage = adopted_stage(plan.cluster("twin"), "text")
    assert "name: twin-kubeconfig" in stage["spec"]["steps"][0]["apply"]["template"]
    assert stage["spec"]["resourceRef"] == {"apiGroup": "v1", "kind": "Namespace"}
