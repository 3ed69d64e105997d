"""One stack on one cluster for the time of a run: what it works on, what is allowed, what it tells."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

from ...errors import FactoryError
from ...kube.cluster import Cluster
from ...kube.lease import Lease
from ...kube.stopping import Halt
from ...objects.base import KubeObject
from ...objects.ids import ObjectId
from ..options import Options
from ..progress import Event, Listener, What, silent
from ..report import Report
from .applyset import ApplySet
from .order import waves

P = ParamSpec("P")
T = TypeVar("T")


class StackRun:
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
        self.cluster = cluster
        self.api = cluster.api.view(halt=halt, on_retry=lambda why, delay_seconds: self.tell("retry", detail=why))
        self.target = cluster.target
        self.stack = stack
        self.items = items
        self.planned = {key_of(item): item for item in items}
        """Its objects by key."""
        self.halt = halt
        self.options = options or Options()
        self.waves = waves(items)
        self.applyset = ApplySet(self.api, stack, cluster.target)
        self.report = Report(stack=stack, target=cluster.target, planned=len(items))
        self.lease = Lease(self.api, self.applyset.name, halt, on_wait=lambda why: self.tell("note", detail=why))
        """Keeps other runs off."""
        self.pool = ThreadPoolExecutor(self.options.concurrency, thread_name_prefix=f"{stack} {cluster.target}")
        """For requests side by side; who looks only ends it by a `with`, who changes something by `held`."""
        self._listener = listener

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other runs off while the block runs (RefusedError if there is one)."""
        # The pool ends inside the Lease: no request is under way when the next run may begin.
        with self.lease, self.pool:
            yield

    def tell(self, what: What, object_id: str = "", detail: str = "") -> None:
        """Tell the listener about one thing."""
        done, total = len(self.report.results), self.report.planned
        event = Event(
            what=what, stack=self.stack, target=self.target, id=object_id, detail=detail, done=done, total=total
        )
        self._listener(event)

    def attempt(self, act: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do something, and tell if it fails."""
        try:
            return act(*args, **kwargs)
        except FactoryError as error:
            self.tell("failed", detail=str(error))
            raise

    def note_gone(self, key: ObjectId) -> None:
        """Report and tell that an object is gone."""
        self.report.deleted.append(str(key))
        self.tell("deleted", str(key))


def key_of(item: KubeObject) -> ObjectId:
    """What an object is on its cluster, whatever its version."""
    return ObjectId.of(item.target, item.manifest)
