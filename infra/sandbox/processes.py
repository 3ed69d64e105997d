"""Starting, recognising and stopping the sandbox's own processes, and no others."""

import subprocess
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import psutil

from ai_factory.infra.sandbox.state import Process

_TAIL_BYTES = 256 * 1024
_POLL_SECONDS = 0.01
_COMMAND_LINE_SECONDS = 5.0


def start(name: str, argv: tuple[str, ...], *, port: int, log: Path, home: Path) -> Process:
    """Start a program of the sandbox that outlives this one, its output going to `log` (mode 0600).

    The log of its last run is kept beside it as `<log>.previous`.
    It gets an environment of its own: no proxy, credential or configuration of the user reaches it.
    """
    if log.exists():
        log.replace(log.with_name(f"{log.name}.previous"))
    log.touch(mode=0o600)
    environment = {"HOME": str(home), "PATH": "/usr/bin:/bin", "TMPDIR": str(home), "KWOK_WORKDIR": str(home)}
    with log.open("ab") as output:
        child = subprocess.Popen(  # noqa: S603
            argv,
            cwd=home,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    process = Process(name=name, pid=child.pid, started=start_mark(child.pid), argv=argv, port=port, log=str(log))
    _wait_for_command_line(process)
    return process


def _wait_for_command_line(process: Process) -> None:
    """Wait for the moment between the start of a program and the appearance of its command line."""
    deadline = time.monotonic() + _COMMAND_LINE_SECONDS
    while find(process) is None and not _has_ended(process) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)


def _has_ended(process: Process) -> bool:
    """Whether no process of this id is left, but for a zombie."""
    try:
        return psutil.Process(process.pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def start_mark(pid: int) -> str:
    """When the process started: unique among all that bear its id until the machine restarts; empty if none does.

    On Linux the clock ticks since boot (proc_pid_stat(5), field 22), which setting the clock does not change;
    elsewhere the time of day.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        return stat.rpartition(")")[2].split()[19]
    except (FileNotFoundError, ProcessLookupError):
        pass
    try:
        return f"{psutil.Process(pid).create_time():.2f}"
    except psutil.NoSuchProcess:
        return ""


def find(process: Process) -> psutil.Process | None:
    """The sandbox's process if it is still the one that was recorded: same start and same command line."""
    try:
        live = psutil.Process(process.pid)
        if live.status() == psutil.STATUS_ZOMBIE or tuple(live.cmdline()) != process.argv:
            return None
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return None
    return live if start_mark(process.pid) == process.started else None


def stop(processes: Iterable[Process], *, grace_seconds: float = 20.0) -> None:
    """Ask processes of the sandbox to end, together, and force those that have not after `grace_seconds`.

    A process id that has gone to another program since is left alone.
    """
    running = [live for process in processes if (live := find(process)) is not None]
    for live in running:
        with suppress(psutil.NoSuchProcess):
            live.terminate()
    _, alive = psutil.wait_procs(running, timeout=grace_seconds)
    for live in alive:
        with suppress(psutil.NoSuchProcess):
            live.kill()
    psutil.wait_procs(alive, timeout=grace_seconds)


def tail(log: Path, lines: int) -> list[str]:
    """The last lines of a sandbox process's log (at most 256 KiB of it); empty when there is none."""
    try:
        with log.open("rb") as stream:
            size = stream.seek(0, 2)
            stream.seek(max(0, size - _TAIL_BYTES))
            return stream.read().decode(errors="replace").splitlines()[-lines:] if lines > 0 else []
    except FileNotFoundError:
        return []
