"""The clusters of a region, connected when they are first needed, with the guard that keeps samples off real ones."""

from __future__ import annotations

import base64
import binascii
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..errors import RefusedError, UnavailableError
from ..kube import kubeconfig, loopback
from ..kube.access import ContextSource, Source, TextSource, exec_source
from ..kube.cluster import Cluster, connect
from ..kube.errors import NotBuiltError
from ..kube.stopping import Halt
from ..plan.model import RegionPlan
from ..sandbox import MARKER_NAME, MARKER_NAMESPACE
from ..spec import fetched_kubeconfig
from . import samples


class Session:
    """The clusters of a region for the time of one command.

    Args:
        plan: the region.
        root: folder that `ca_file` is relative to: the project's.
        halt: ends the command.
        files: kubeconfig files; those in use if left out.
    """

    def __init__(self, plan: RegionPlan, root: Path, halt: Halt, files: list[Path] | None = None) -> None:
        self.plan = plan
        self.halt = halt
        self._root = root
        self._files = kubeconfig.files_in_use() if files is None else files
        self._lock = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._clusters: dict[str, Cluster] = {}

    def cluster(self, target: str) -> Cluster:
        """A cluster of the region.

        Raises:
            UnavailableError: it can't be reached.
            RefusedError: the hosts are made up and the cluster is no sandbox.
        """
        with self._lock:
            lock = self._locks.setdefault(target, threading.Lock())
        with lock:
            if target not in self._clusters:
                self._clusters[target] = self._connect(target)
            return self._clusters[target]

    def prepare(self, targets: Iterable[str]) -> None:
        """Check what can be checked without a cluster: kubeconfig contexts, and that a sample stays on loopback.

        Raises:
            UnavailableError: a context is missing.
            RefusedError: the hosts are made up and a cluster is not on this machine.
        """
        wanted = list(dict.fromkeys(targets))
        for target in wanted:
            context = self.plan.access(target).context
            if context is not None:
                ContextSource(context, self._files).connection()
        if self.plan.sample_inventory:
            faults = samples.sample_faults(self.plan, wanted, kubeconfig.read(self._files), sandbox=True)
            if faults:
                raise RefusedError.of(faults)

    def is_gone(self, target: str) -> bool:
        """Whether a workload cluster that is reached by its kubeconfig secret has none (yet, or any more)."""
        access = self.plan.access(target)
        if access.capi_secret is None:
            return False
        owner = self.cluster(self.plan.cluster(target).management)
        return owner.api.get(_secret_path(target, access.capi_secret)) is None

    def close(self) -> None:
        """Close all connections."""
        for cluster in self._clusters.values():
            cluster.api.close()

    def _connect(self, target: str) -> Cluster:
        source = self._source(target)
        if self.plan.sample_inventory:
            connection = source.connection()
            if not loopback.is_loopback(connection.server) or connection.proxy:
                raise RefusedError(*_no_sandbox(target, f"its API server is {connection.server}, not on this machine"))
        cluster = connect(target, source, self.halt)
        if self.plan.sample_inventory:
            path = f"api/v1/namespaces/{MARKER_NAMESPACE}/configmaps/{MARKER_NAME}"
            if cluster.api.get(path) is None:
                why = f"it has no ConfigMap {MARKER_NAMESPACE}/{MARKER_NAME}, the mark of a sandbox"
                raise RefusedError(*_no_sandbox(target, why))
        return cluster

    def _source(self, target: str) -> Source:
        access = self.plan.access(target)
        if access.exec is not None:
            return exec_source(target, access.exec, self._root)
        if access.context is not None:
            return ContextSource(access.context, self._files)
        owner = self.cluster(self.plan.cluster(target).management)
        return secret_source(owner, target, str(access.capi_secret))


def _no_sandbox(target: str, why: str) -> tuple[str, str]:
    message = f"{target}: the inventory is a marked sample, whose hosts do not exist, and {why}"
    return message, "list real hosts in the inventory file, or apply it to a sandbox (`aifactory sandbox up`)"


def _secret_path(target: str, name: str) -> str:
    """REST path of Cluster API's kubeconfig secret of a cluster, on its management cluster."""
    return f"api/v1/namespaces/{target}/secrets/{name}"


def secret_source(owner: Cluster, target: str, name: str) -> TextSource:
    """Access by Cluster API's kubeconfig secret, read anew each time because it rotates.

    Args:
        owner: the management cluster.
        target: name of the cluster, which is the secret's namespace.
        name: name of the secret; the kubeconfig is under its key `value`. Only plain data is taken from it.
    """
    where = f"secret {target}/{name} on {owner.target}"

    def fetch() -> str:
        secret: dict[str, Any] | None = owner.api.get(_secret_path(target, name))
        if secret is None:
            remedy = "Cluster API writes it once the control plane is up; who owns an adopted cluster provides it"
            raise NotBuiltError(f"{target}: there is no {where}", remedy)
        try:
            text = base64.b64decode((secret.get("data") or {})["value"]).decode()
        except (KeyError, ValueError, binascii.Error):
            raise UnavailableError(
                f"{target}: the {where} has no kubeconfig under `value`", "see who wrote it"
            ) from None
        if (keys := fetched_kubeconfig.reaches_out(text)) is not None:
            raise RefusedError(*fetched_kubeconfig.refusal(where, keys))
        return text

    return TextSource(where, fetch)
