"""Processes: only our own are recognised and stopped."""

import os
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from ai_factory.infra.sandbox import health, ports, processes
from ai_factory.infra.sandbox.errors import SandboxError
from ai_factory.infra.sandbox.layout import Layout
from ai_factory.infra.sandbox.state import Process

SLEEP = (sys.executable, "-c", "import time; time.sleep(60)")
STUBBORN = (
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)",
)


@pytest.fixture
def sleeper(tmp_path: Path):
    process = processes.start("train/kwok", SLEEP, port=1, log=tmp_path / "log", home=tmp_path)
    yield process
    processes.stop([process], grace_seconds=5)


def test_started_process_is_found_and_stopped(sleeper: Process) -> None:
    assert processes.find(sleeper) is not None
    processes.stop([sleeper], grace_seconds=5)
    assert processes.find(sleeper) is None


@pytest.mark.parametrize("change", [{"started": "1"}, {"argv": (*SLEEP, "other")}])
def test_foreign_process_of_the_same_id_is_left_alone(sleeper: Process, change: dict[str, object]) -> None:
    foreign = sleeper.model_copy(update=change)
    assert processes.find(foreign) is None
    processes.stop([foreign], grace_seconds=5)
    assert processes.find(sleeper) is not None


def test_stubborn_process_is_forced(tmp_path: Path) -> None:
    log = tmp_path / "log"
    process = processes.start("etcd", STUBBORN, port=1, log=log, home=tmp_path)
    while not processes.tail(log, 1):
        time.sleep(0.02)
    processes.stop([process], grace_seconds=0.2)
    assert processes.find(process) is None


def test_zombie_does_not_run(tmp_path: Path) -> None:
    process = processes.start("etcd", (sys.executable, "-c", ""), port=1, log=tmp_path / "log", home=tmp_path)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert processes.find(process) is None


def test_environment_of_the_user_does_not_reach_the_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.invalid")
    log = tmp_path / "log"
    script = (sys.executable, "-c", "import os; print(sorted(os.environ))")
    process = processes.start("etcd", script, port=1, log=log, home=tmp_path)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert "HTTPS_PROXY" not in processes.tail(log, 1)[0]
    assert log.stat().st_mode & 0o777 == 0o600


def test_process_that_dies_at_its_start_is_quoted(tmp_path: Path) -> None:
    script = (sys.executable, "-c", "print('bind: address already in use'); raise SystemExit(1)")
    process = processes.start("etcd", script, port=1, log=tmp_path / "log", home=tmp_path)
    with pytest.raises(SandboxError, match=r"etcd ended at its start(.|\n)*bind: address already in use"):
        health.wait_until_healthy(Layout(tmp_path), process, timeout_seconds=20)


def test_log_of_the_last_run_is_kept_apart(tmp_path: Path) -> None:
    log = tmp_path / "log"
    for number in range(3):
        script = (sys.executable, "-c", f"print('run {number}')")
        process = processes.start("etcd", script, port=1, log=log, home=tmp_path)
        with suppress(ChildProcessError):  # it ended so soon that it was waited for already
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert (log.read_text(), (tmp_path / "log.previous").read_text()) == ("run 2\n", "run 1\n")


def test_stack_of_a_panic_is_not_quoted(tmp_path: Path) -> None:
    text = "panic: write wal: no space left on device\n\ngoroutine 1 [running]:\nmain.main()\n\tmain.go:31 +0x28"
    script = (sys.executable, "-c", f"print({text!r}); raise SystemExit(2)")
    process = processes.start("etcd", script, port=1, log=tmp_path / "log", home=tmp_path)
    with pytest.raises(SandboxError) as caught:
        health.wait_until_healthy(Layout(tmp_path), process, timeout_seconds=20)
    assert "panic: write wal: no space left on device" in caught.value.message
    assert "main.go" not in caught.value.message
    assert caught.value.remedy.startswith("Free some space")


def test_tail_gives_the_last_lines(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("".join(f"line {number}\n" for number in range(100_000)))
    assert processes.tail(log, 2) == ["line 99998", "line 99999"]
    assert processes.tail(log, 0) == []
    assert processes.tail(tmp_path / "absent", 5) == []


def test_port_in_use_is_not_chosen() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        assert not ports.is_free(server.getsockname()[1])
    port = ports.choose([])
    assert ports.choose([port]) != port


def test_no_free_port_is_told(mocker) -> None:
    mocker.patch.object(ports, "is_free", return_value=False)
    with pytest.raises(SandboxError, match="no free port"):
        ports.choose([])


def test_start_mark_of_no_process_is_empty() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    assert processes.start_mark(child.pid) == ""
