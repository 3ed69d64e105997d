"""The sandbox as other code sees it: up, down, status, kubeconfig, logs."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from ai_factory.infra.sandbox import commands, health, memory, processes, state
from ai_factory.infra.sandbox.build import ensure_programs
from ai_factory.infra.sandbox.errors import SandboxError, explain_os_errors
from ai_factory.infra.sandbox.files import locked, remove_tree, require_space
from ai_factory.infra.sandbox.kwok_config import Stage
from ai_factory.infra.sandbox.layout import ETCD, Layout, default_cache_dir, default_state_dir
from ai_factory.infra.sandbox.progress import Event, Listener, silent
from ai_factory.infra.sandbox.start import Starter
from ai_factory.infra.sandbox.state import Cluster, Process

_STATE_GB = 0.5
"""Free disk to start with: etcd keeps 130 MB of log files ready, the rest is for objects and logs."""
_NOT_UP = "Start it with `aifactory sandbox up`."


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessStatus:
    """How one of the sandbox's processes is."""

    name: str
    """`etcd`, or `<cluster>/<program>`: the name that `logs` takes."""
    cluster: str
    """Empty for etcd, which serves all clusters."""
    pid: int
    port: int
    running: bool
    healthy: bool
    """Whether it answers on its port that it is well; false when it does not run."""
    rss_mb: int
    """Resident memory in MB of 10^6 bytes; 0 when it does not run."""
    uptime_seconds: int
    """0 when it does not run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpReport:
    """What `up` leads to."""

    kubeconfig: Path
    """File with a context of each cluster's name."""
    left_out: Mapping[str, tuple[str, ...]]
    """Cluster -> kinds for which stages were given, but which its API server does not serve."""


class Sandbox:
    """A local control plane on loopback: an API server a cluster, kwok in place of hardware.

    `state_dir` holds everything but the programs: credentials, objects, logs. `cache_dir` holds the programs,
    which several sandboxes may share. By default both follow the XDG base directories. The methods raise
    `SandboxError`.
    """

    def __init__(self, state_dir: Path | None = None, cache_dir: Path | None = None) -> None:
        self.state_dir = (state_dir or default_state_dir()).absolute()
        self.cache_dir = (cache_dir or default_cache_dir()).absolute()
        self._layout = Layout(self.state_dir)

    def up(
        self,
        clusters: Sequence[Cluster],
        *,
        stages: Mapping[str, Sequence[Stage]] | None = None,
        crds: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
        progress: Listener = silent,
    ) -> UpReport:
        """Build what is missing, start what is not running, and wait until all of it is healthy.

        `crds` are installed before kwok starts; `stages` replace those that the cluster had (both: cluster name ->
        documents). Clusters that are up and not named stay as they are. An interrupt or a failure stops what this
        call started. Without any cluster named, those that the sandbox had are started again.
        """
        clusters = clusters or self._state().clusters
        _check_names(clusters, stages or {}, crds or {})
        programs = ensure_programs(self.cache_dir, progress)
        with explain_os_errors("starting the sandbox"), self._locked(progress):
            require_space(self.state_dir, _STATE_GB, "the sandbox's state")
            starter = Starter(self._layout, programs, progress)
            absent = [c.name for c in clusters if not starter.is_running(f"{c.name}/{commands.APISERVER}")]
            needs_mb = {name: memory.cluster_mb((crds or {}).get(name, ())) for name in absent}
            memory.check_fits(needs_mb, etcd_running=starter.is_running(ETCD))
            try:
                _bring_up(starter, clusters, stages or {}, crds or {})
            except BaseException:
                starter.undo()
                raise
            return UpReport(kubeconfig=self._layout.kubeconfig, left_out=starter.state.left_out)

    def down(self, *, purge: bool = False, progress: Listener = silent) -> None:
        """Stop every process of the sandbox; with `purge`, remove its objects, credentials and logs as well.

        Quiet when nothing runs. The built programs stay in the cache.
        """
        if not self.state_dir.exists():
            return
        with explain_os_errors("stopping the sandbox"), self._locked(progress):
            self._stop_all()
            if purge:
                remove_tree(self.state_dir)

    def status(self) -> tuple[ProcessStatus, ...]:
        """The processes as they are now; empty when the sandbox is down."""
        with explain_os_errors("reading the sandbox's state"):
            return tuple(self._status_of(process) for process in self._state().processes.values())

    def kubeconfig(self) -> Path:
        """The kubeconfig file. Raises `SandboxError` when the sandbox is down."""
        if not self._state().processes:
            raise SandboxError(f"{self.state_dir}: the sandbox is not running", _NOT_UP)
        return self._layout.kubeconfig

    def logs(self, process: str, lines: int = 50) -> list[str]:
        """The last lines of a process's log; also while the sandbox is down."""
        process_names = [name for name in self._state().ports if name != commands.ETCD_PEER]
        if process not in process_names:
            listed = f"There are: {', '.join(process_names)}." if process_names else _NOT_UP
            raise SandboxError(f"no process {process!r} in this sandbox", listed)
        return processes.tail(self._layout.log(process), lines)

    def play(self, cluster: str, stages: Sequence[Stage], *, progress: Listener = silent) -> tuple[str, ...]:
        """Give a running cluster other stages: kwok is started anew with them.

        Returns the kinds whose stages were left out because the API server does not serve them.
        """
        clusters = [c for c in self._state().clusters if c.name == cluster]
        if not clusters or not self._state().processes:
            raise SandboxError(f"cluster {cluster} is not running in this sandbox", _NOT_UP)
        return self.up(clusters, stages={cluster: stages}, progress=progress).left_out[cluster]

    def _state(self) -> state.State:
        return state.load(self.state_dir)

    def _locked(self, progress: Listener) -> Any:
        waiting = Event(step="wait", detail=f"another process is changing the sandbox in {self.state_dir}")
        return locked(self._layout.lock, lambda: progress(waiting))

    def _stop_all(self) -> None:
        """etcd last: the API servers write until they end."""
        current = self._state()
        processes.stop(process for process in current.processes.values() if process.name != ETCD)
        processes.stop(current.processes.values())
        state.save(self.state_dir, current.model_copy(update={"processes": {}}))

    def _status_of(self, process: Process) -> ProcessStatus:
        live = processes.find(process)
        rss_bytes, uptime_seconds = _figures(live)
        return ProcessStatus(
            name=process.name,
            cluster=process.cluster,
            pid=process.pid,
            port=process.port,
            running=live is not None,
            healthy=health.is_healthy(self._layout, process),
            rss_mb=rss_bytes // 10**6,
            uptime_seconds=uptime_seconds,
        )


def _figures(live: psutil.Process | None) -> tuple[int, int]:
    """Resident bytes and seconds since the start; zeros for a process that has ended."""
    if live is None:
        return 0, 0
    try:
        return live.memory_info().rss, max(0, int(time.time() - live.create_time()))
    except psutil.NoSuchProcess:
        return 0, 0


def _check_names(clusters: Sequence[Cluster], *by_cluster: Mapping[str, Any]) -> None:
    """Refuse an empty or ambiguous list, and documents for a cluster that is not in it."""
    names = [cluster.name for cluster in clusters]
    if not names:
        raise SandboxError("no cluster to start: none named, and none recorded from before", "Name at least one.")
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise SandboxError(f"clusters named twice: {', '.join(doubled)}", "Name each once.")
    unknown = sorted({name for documents in by_cluster for name in documents} - set(names))
    if unknown:
        raise SandboxError(
            f"stages or custom kinds for clusters that are not started: {', '.join(unknown)}",
            f"Name them with the clusters to start, now: {', '.join(names)}.",
        )


def _bring_up(
    starter: Starter,
    clusters: Sequence[Cluster],
    stages: Mapping[str, Sequence[Stage]],
    crds: Mapping[str, Sequence[Mapping[str, Any]]],
) -> None:
    """etcd, then the API servers with what kwok needs to find there, then the rest."""
    starter.add_clusters(clusters)
    starter.start_etcd()
    starter.start(clusters, commands.APISERVER)
    starter.write_kubeconfig()
    for cluster in clusters:
        starter.mark(cluster)
        if crds.get(cluster.name):
            starter.install_crds(cluster, crds[cluster.name])
        starter.write_stages(cluster, stages.get(cluster.name))
        starter.free_nodes(cluster)
    starter.start(clusters, commands.CONTROLLER_MANAGER, commands.SCHEDULER, commands.KWOK)
    for cluster in clusters:
        starter.wait_until_usable(cluster)
