"""The sandbox without its programs: what is refused, what is told, what is undone."""

import sys
from pathlib import Path

import pytest

from ai_factory.infra.sandbox import Cluster, Sandbox, SandboxError, memory, processes, sandbox, start, state
from ai_factory.infra.sandbox.layout import Layout
from ai_factory.infra.sandbox.start import Starter, programs_of

TRAIN = Cluster(name="train")
MANAGEMENT = Cluster(name="management", role="management")
SLEEP = (sys.executable, "-c", "import time; print('hello', flush=True); time.sleep(60)")


@pytest.fixture
def box(tmp_path: Path, mocker) -> Sandbox:
    mocker.patch.object(sandbox, "ensure_programs", return_value={"etcd": Path("etcd")})
    return Sandbox(tmp_path / "state", tmp_path / "cache")


def test_management_cluster_has_no_scheduler() -> None:
    assert "kube-scheduler" in programs_of(TRAIN)
    assert set(programs_of(TRAIN)) - set(programs_of(MANAGEMENT)) == {"kube-scheduler"}


@pytest.mark.parametrize("name", ["", "Train", "a/b", "../etc", "a.b", "-a", "a" * 64])
def test_cluster_name_is_a_dns_label(name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        Cluster(name=name)


@pytest.mark.parametrize(
    ("available_mb", "fits"), [(100, "none"), (749, "none"), (750, "one"), (1349, "one"), (1350, "one, two")]
)
def test_only_what_fits_in_memory_is_started(mocker, available_mb: int, fits: str) -> None:
    mocker.patch.object(memory, "available_mb", return_value=available_mb)
    with pytest.raises(SandboxError, match=f"what fits: {fits}$|what fits: {fits}\\.") as caught:
        memory.check_fits({"one": 600, "two": 600, "three": 600}, etcd_running=False)
    assert "need 1950 MB" in caught.value.message
    assert f"{available_mb} MB are available" in caught.value.message


def test_running_etcd_is_not_counted_again(mocker) -> None:
    mocker.patch.object(memory, "available_mb", return_value=600)
    memory.check_fits({"one": 600}, etcd_running=True)


def test_container_limit_counts(tmp_path: Path, mocker) -> None:
    mocker.patch.object(memory, "_CGROUP", tmp_path)
    machine = memory.available_mb()
    (tmp_path / "memory.max").write_text("300000000\n")
    (tmp_path / "memory.current").write_text("100000000\n")
    assert memory.available_mb() == 200 < machine
    (tmp_path / "memory.max").write_text("max\n")
    assert memory.available_mb() > 200


def test_custom_kinds_cost_memory_by_their_size() -> None:
    assert memory.cluster_mb([]) == memory.CLUSTER_MB
    assert memory.cluster_mb([{"spec": "x" * 1_000_000}]) > memory.cluster_mb([{"spec": ""}] * 100)


def test_up_refuses_what_does_not_fit_before_anything_starts(box: Sandbox, mocker) -> None:
    mocker.patch.object(memory, "available_mb", return_value=10)
    begun = mocker.patch.object(processes, "start")
    with pytest.raises(SandboxError, match="what fits: none"):
        box.up([TRAIN])
    begun.assert_not_called()


def test_up_needs_a_cluster(box: Sandbox) -> None:
    with pytest.raises(SandboxError, match="no cluster to start"):
        box.up([])


@pytest.mark.parametrize(
    ("clusters", "stages", "message"),
    [
        ([TRAIN, TRAIN], {}, "clusters named twice: train"),
        ([TRAIN], {"tarin": []}, "clusters that are not started: tarin"),
    ],
)
def test_up_refuses_ambiguous_arguments(box: Sandbox, clusters: list, stages: dict, message: str) -> None:
    with pytest.raises(SandboxError, match=message):
        box.up(clusters, stages=stages)


@pytest.mark.parametrize("error", [KeyboardInterrupt, SandboxError("it died", "look"), RuntimeError])
def test_failure_and_interrupt_stop_what_was_started(box: Sandbox, mocker, error: object) -> None:
    mocker.patch.object(start.commands, "etcd", return_value=SLEEP)
    mocker.patch.object(start.health, "wait_until_healthy", side_effect=error)
    stopped = mocker.spy(processes, "stop")
    with pytest.raises(error if isinstance(error, type) else SandboxError):
        box.up([TRAIN])
    (started,) = stopped.call_args_list[-1].args[0]
    assert started.name == "etcd"
    assert processes.find(started) is None
    assert box.status() == ()


def test_port_that_is_taken_is_named(box: Sandbox, mocker) -> None:
    mocker.patch.object(start.ports, "is_free", side_effect=lambda port: port != 20123)
    mocker.patch.object(start.ports, "choose", return_value=20123)
    with pytest.raises(SandboxError, match=r"port 20123 .* which etcd-peer had before, is taken"):
        box.up([TRAIN])


def test_ports_are_chosen_once(tmp_path: Path) -> None:
    first = Starter(Layout(tmp_path), {}, lambda event: None)
    first.add_clusters([TRAIN])
    again = Starter(Layout(tmp_path), {}, lambda event: None)
    again.add_clusters([TRAIN, MANAGEMENT])
    assert first.state.ports.items() < again.state.ports.items()
    assert len(set(again.state.ports.values())) == len(again.state.ports) == 9


def test_cluster_keeps_its_role(tmp_path: Path) -> None:
    starter = Starter(Layout(tmp_path), {}, lambda event: None)
    starter.add_clusters([TRAIN])
    with pytest.raises(SandboxError, match="cluster train is there as workload, asked for as management"):
        starter.add_clusters([Cluster(name="train", role="management")])


@pytest.mark.parametrize("same", [True, False])
def test_a_program_with_another_command_line_is_started_anew(tmp_path: Path, mocker, same: bool) -> None:
    """A sandbox that an older version of the package started would run without what a newer one demands."""
    mocker.patch.object(start.health, "wait_until_healthy")
    starter = Starter(Layout(tmp_path), {"kwok": Path("kwok")}, lambda event: None)
    starter.add_clusters([TRAIN])
    mocker.patch.dict(start._CLUSTER_COMMANDS, {"kwok": lambda *arguments: SLEEP})
    starter.start([TRAIN], "kwok")
    before = starter.state.processes["train/kwok"]
    mocker.patch.dict(start._CLUSTER_COMMANDS, {"kwok": lambda *arguments: SLEEP if same else (*SLEEP, "--newer")})
    starter.start([TRAIN], "kwok")
    after = starter.state.processes["train/kwok"]
    try:
        assert (before.pid == after.pid) is same
        assert processes.find(after) is not None
    finally:
        processes.stop([before, after])


def test_nothing_runs_at_first(box: Sandbox) -> None:
    assert box.status() == ()
    box.down()
    assert not box.state_dir.exists()
    with pytest.raises(SandboxError, match="not running"):
        box.kubeconfig()
    with pytest.raises(SandboxError, match="no process 'etcd'"):
        box.logs("etcd")
    with pytest.raises(SandboxError, match="cluster train is not running"):
        box.play("train", [])


def test_unreadable_state_is_told(box: Sandbox) -> None:
    box.state_dir.mkdir()
    (box.state_dir / state.FILE).write_text('{"clusters": 5}')
    with pytest.raises(SandboxError, match=r"state\.json: not a state file of this version: clusters"):
        box.status()


def test_status_and_down_of_a_process(box: Sandbox) -> None:
    box.state_dir.mkdir()
    log = Layout(box.state_dir).log("train/kwok")
    process = processes.start("train/kwok", SLEEP, port=9, log=log, home=box.state_dir)
    while processes.tail(log, 1) != ["hello"]:
        assert processes.find(process) is not None
    recorded = state.State(processes={process.name: process}, ports={process.name: 9})
    state.save(box.state_dir, recorded)
    (status,) = box.status()
    assert (status.cluster, status.running, status.healthy, status.port) == ("train", True, False, 9)
    assert status.rss_mb > 0
    assert box.logs("train/kwok", 1) == ["hello"]
    box.down()
    assert box.status() == ()
    assert processes.find(process) is None
    box.down(purge=True)
    assert list(box.state_dir.parent.iterdir()) == []
