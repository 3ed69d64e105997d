"""Brings the sandbox's processes up in order, and back down if that fails half-way."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ai_factory.infra.files import write_private
from ai_factory.infra.sandbox import commands, health, kubeconfig, kwok_config, objects, ports, processes, state
from ai_factory.infra.sandbox.errors import SandboxError
from ai_factory.infra.sandbox.kubeconfig import Access
from ai_factory.infra.sandbox.layout import ETCD, Layout
from ai_factory.infra.sandbox.programs import KUBERNETES_VERSION
from ai_factory.infra.sandbox.progress import Event, Listener
from ai_factory.infra.sandbox.state import Cluster, Process, State

_START_TIMEOUT_SECONDS = 180.0
_SERVED_TIMEOUT_SECONDS = 60.0
_STAGES = "stages.json"

_Command = Callable[[Layout, Path, Mapping[str, int], str], tuple[str, ...]]

_CLUSTER_COMMANDS: dict[str, _Command] = {
    commands.APISERVER: commands.kube_apiserver,
    commands.CONTROLLER_MANAGER: commands.controller_manager,
    commands.SCHEDULER: commands.scheduler,
    commands.KWOK: commands.kwok,
}


def programs_of(cluster: Cluster) -> tuple[str, ...]:
    """The programs that a cluster of the sandbox consists of, in the order of their start."""
    return tuple(name for name in _CLUSTER_COMMANDS if name != commands.SCHEDULER or cluster.role == "workload")


class Starter:
    """Starts what is not running. The caller holds the sandbox's lock."""

    def __init__(self, layout: Layout, programs: Mapping[str, Path], progress: Listener) -> None:
        self.state = state.load(layout.root)
        self.started: list[Process] = []
        self._layout = layout
        self._programs = programs
        self._progress = progress

    def add_clusters(self, clusters: Iterable[Cluster]) -> None:
        """Record the clusters and choose the ports of their programs. Raises `SandboxError` on another role."""
        recorded = {cluster.name: cluster for cluster in self.state.clusters}
        for cluster in clusters:
            if recorded.setdefault(cluster.name, cluster) != cluster:
                raise SandboxError(
                    f"cluster {cluster.name} is there as {recorded[cluster.name].role}, asked for as {cluster.role}",
                    "Remove the sandbox with `down --purge` first, or choose another name.",
                )
        chosen = dict(self.state.ports)
        names = [f"{cluster.name}/{program}" for cluster in recorded.values() for program in programs_of(cluster)]
        for name in (ETCD, commands.ETCD_PEER, *names):
            if name not in chosen:
                chosen[name] = ports.choose(chosen.values())
        self._save(clusters=tuple(recorded.values()), ports=chosen)

    def is_running(self, name: str) -> bool:
        """Whether the process of this name runs."""
        return name in self.state.processes and processes.find(self.state.processes[name]) is not None

    def start_etcd(self) -> None:
        """Start etcd and wait for it."""
        if not self.is_running(ETCD):
            self._require_free(commands.ETCD_PEER)
            command = commands.etcd(self._layout, self._programs[ETCD], self.state.ports)
            self._start(ETCD, command)
        self._wait([ETCD])

    def start(self, clusters: Sequence[Cluster], *wanted: str) -> None:
        """Start these programs of the clusters, those that they have, and wait for them together.

        A program that runs with another command line, which is an older version of this package's, is started anew.
        """
        names = [f"{c.name}/{program}" for c in clusters for program in programs_of(c) if program in wanted]
        for name in names:
            cluster, _, program = name.partition("/")
            command = _CLUSTER_COMMANDS[program](self._layout, self._programs[program], self.state.ports, cluster)
            if self.is_running(name) and self.state.processes[name].argv != command:
                processes.stop([self.state.processes[name]])
            if not self.is_running(name):
                self._start(name, command)
        self._wait(names)

    def write_kubeconfig(self) -> None:
        """Write the user's kubeconfig, with a context for every cluster."""
        contexts = {cluster.name: self.access(cluster) for cluster in self.state.clusters}
        write_private(self._layout.kubeconfig, kubeconfig.render(contexts))

    def access(self, cluster: Cluster) -> Access:
        """The administrator's access to a cluster."""
        return self._layout.admin(cluster.name, self.state.ports[f"{cluster.name}/{commands.APISERVER}"])

    def mark(self, cluster: Cluster) -> None:
        """Leave the ConfigMap by which other code recognises a sandbox."""
        data = {"cluster": cluster.name, "role": cluster.role, "kubernetes": KUBERNETES_VERSION}
        objects.mark(self._layout.kubeconfig, cluster.name, data)

    def wait_until_usable(self, cluster: Cluster) -> None:
        """Wait for what the controllers make in a new cluster before pods can be created."""
        objects.wait_for_default_account(self._layout.kubeconfig, cluster.name)

    def install_crds(self, cluster: Cluster, documents: Sequence[Mapping[str, Any]]) -> None:
        """Install custom kinds and wait until the API server serves them."""
        step = f"{cluster.name}: install {len(documents)} custom kinds"
        self._progress(Event(step=step, total=len(documents)))
        objects.install_crds(self._layout.kubeconfig, cluster.name, documents)
        self._progress(Event(step=step, done=len(documents), total=len(documents), finished=True))

    def write_stages(self, cluster: Cluster, stages: Sequence[kwok_config.Stage] | None) -> None:
        """Write kwok's configuration with these stages (None: those it had), and end a kwok that has another.

        Stages of kinds that the API server does not serve are left out, recorded and told: kwok ends at its
        start on the first of them.
        """
        memory = self._layout.cluster(cluster.name) / _STAGES
        if stages is None:
            stages = json.loads(memory.read_text()) if memory.exists() else []
        write_private(memory, json.dumps(stages))
        good, left_out = kwok_config.split_by(stages, self._served(cluster, stages))
        self._save(left_out=self.state.left_out | {cluster.name: left_out})
        if left_out:
            detail = f"no stages for {', '.join(left_out)}: not served by this cluster"
            self._progress(Event(step=f"{cluster.name}: kwok", detail=detail, finished=True))
        self._replace_config(cluster, kwok_config.render(good))

    def _served(self, cluster: Cluster, stages: Sequence[kwok_config.Stage]) -> dict[str, frozenset[str]]:
        """The kinds that the API server serves in the groups of these stages, and has published the schema of.

        Both follow the definition of a custom kind, and the start of a server, with a delay, which is waited for:
        kwok ends at its start on a kind that lacks either.
        """
        access = self.access(cluster)
        wanted = {kwok_config.resource(stage) for stage in stages}
        expected = wanted & objects.custom_kinds(self._layout.kubeconfig, cluster.name)
        health.wait_for(
            lambda: (
                {group_version for group_version, _ in expected} <= health.documented_versions(access)
                and all(kind in health.served_kinds(access, group_version) for group_version, kind in expected)
            ),
            what=f"{cluster.name}: custom kinds of the stages served",
            timeout_seconds=_SERVED_TIMEOUT_SECONDS,
        )
        return {group_version: health.served_kinds(access, group_version) for group_version, _ in wanted}

    def free_nodes(self, cluster: Cluster) -> None:
        """Let the kwok about to start take over the nodes of an earlier one at once."""
        if not self.is_running(f"{cluster.name}/{commands.KWOK}"):
            objects.release_nodes(self._layout.kubeconfig, cluster.name)

    def _replace_config(self, cluster: Cluster, content: str) -> None:
        path = self._layout.stages(cluster.name)
        if path.exists() and path.read_text() == content:
            return
        write_private(path, content)
        name = f"{cluster.name}/{commands.KWOK}"
        if self.is_running(name):
            processes.stop([self.state.processes[name]])

    def undo(self) -> None:
        """Stop what this object started."""
        processes.stop(process for process in reversed(self.started) if process.name != ETCD)
        processes.stop(self.started)
        gone = {process.name for process in self.started}
        self._save(processes={name: p for name, p in self.state.processes.items() if name not in gone})

    def _start(self, name: str, argv: tuple[str, ...]) -> None:
        self._require_free(name)
        log = self._layout.log(name)
        process = processes.start(name, argv, port=self.state.ports[name], log=log, home=self._layout.root)
        self.started.append(process)
        self._save(processes=self.state.processes | {name: process})

    def _require_free(self, name: str) -> None:
        port = self.state.ports[name]
        if not ports.is_free(port):
            raise SandboxError(
                f"port {port} of 127.0.0.1, which {name} had before, is taken by another program",
                "Stop that program, or choose new ports with `down --purge` (which removes the sandbox's objects).",
            )

    def _wait(self, names: Sequence[str]) -> None:
        for name in names:
            self._progress(Event(step=f"start {name}"))
        for name in names:
            process = self.state.processes[name]
            health.wait_until_healthy(self._layout, process, timeout_seconds=_START_TIMEOUT_SECONDS)
            self._progress(Event(step=f"start {name}", detail=f"port {process.port}", finished=True))

    def _save(self, **changes: Any) -> None:
        self.state = state.save(self._layout.root, State.model_validate(self.state.model_dump() | changes))
