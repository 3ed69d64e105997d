"""One stack on one cluster for the time of a run: what it works on, what is allowed, what it tells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from ...kube.cluster import Cluster
from ...kube.lease import Lease
from ...kube.stopping import Halt
from ...objects.base import KubeObject
from ..options import Options
from ..progress import Event, Listener, What, silent
from ..report import Report
from . import deletion
from .applyset import PART_OF, ApplySet
from .live import Key, Live, key_of
from .waves import waves


class Run:
    """One stack on one cluster, for the time of a run.

    Args:
        cluster: the cluster.
        stack: name of the stack.
        items: its objects on that cluster, all of them.
        halt: ends the run.
        options: what the user allows.
        listener: told what happens.
    """

    def __init__(
        self,
        cluster: Cluster,
        stack: str,
        items: Sequence[KubeObject],
        halt: Halt,
        options: Options | None = None,
        listener: Listener = silent,
    ) -> None:
        self.cluster = cluster.view(halt, lambda why, delay_seconds: self.tell("retry", detail=why))
        self.stack = stack
        self.items = items
        self.halt = halt
        self.options = options or Options()
        self.waves = waves(items)
        self.applyset = ApplySet(cluster.api, stack, cluster.target)
        self.report = Report(stack=stack, target=cluster.target, planned=len(items))
        self._listener = listener

    def tell(self, what: What, object_id: str = "", detail: str = "") -> None:
        """Tell the listener about one thing."""
        done, total = len(self.report.results), self.report.planned
        event = Event(
            what=what, stack=self.stack, target=self.cluster.target, id=object_id, detail=detail, done=done, total=total
        )
        self._listener(event)

    def lease(self) -> Lease:
        """The Lease that keeps other runs off."""
        name = self.applyset.name
        return Lease(self.cluster.api, name, self.halt, on_wait=lambda why: self.tell("note", detail=why))

    def pool(self) -> ThreadPoolExecutor:
        """Threads for its requests."""
        return ThreadPoolExecutor(self.options.concurrency, thread_name_prefix=f"{self.stack} {self.cluster.target}")

    def gone(self, key: Key) -> None:
        """Note that an object is gone."""
        self.report.deleted.append(key.on(self.cluster.target))
        self.tell("deleted", key.on(self.cluster.target))

    def waiting(self, object_id: str, why: str) -> None:
        """Tell that an object is waited for."""
        self.tell("waiting", object_id, why)


def delete(run: Run, doomed: Live, check: Callable[[], None], pool: ThreadPoolExecutor) -> None:
    """Delete objects of the stack in reverse order."""
    timeouts = {key_of(item.manifest): item.timeout_seconds for item in run.items}
    deletion.delete(
        run.cluster.api,
        doomed,
        deletion.ranks(run.waves),
        pool,
        run.halt,
        check=check,
        on_wait=run.waiting,
        on_gone=run.gone,
        labels=f"{PART_OF}={run.applyset.id}",
        timeouts=timeouts,
    )
