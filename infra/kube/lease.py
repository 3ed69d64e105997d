"""One run at a time for a stack on a cluster, held by a coordination.k8s.io Lease.

As client-go's leader election does, a holder counts as gone when its Lease stood still for its whole duration by
this machine's clock: clocks of other machines are not compared, but for a Lease that is long overdue.
"""

from __future__ import annotations

import datetime as dt
import getpass
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable
from types import TracebackType

from ..errors import FactoryError, RefusedError, UnavailableError
from ..objects.base import Manifest, make
from .api import NAMESPACE, Api
from .errors import RejectedError
from .stopping import Halt

DURATION_SECONDS = 15
"""As client-go's leader election has it (LeaseDuration)."""
RENEW_SECONDS = 4.0
OVERDUE_SECONDS = 120
"""A Lease that ran out so long ago is free at once: clocks don't differ by that much."""
_PATH = f"apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases"


def _identity() -> str:
    """Who holds the Lease: `<user>@<host>, process <pid> (<random>)`."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}, process {os.getpid()} ({secrets.token_hex(3)})"


class Lease:
    """Held inside a `with` block, by a thread that renews it.

    Args:
        api: the cluster.
        name: name of the Lease.
        halt: ends the run when the Lease is lost.
        on_wait: told when a dead run's Lease has to run out first.
    """

    def __init__(self, api: Api, name: str, halt: Halt, *, on_wait: Callable[[str], None] = lambda why: None) -> None:
        self._api = api
        # Renewal and release go on while the run winds up.
        self._own = api.view(halt=Halt(), seconds=RENEW_SECONDS)
        self._name = name
        self._halt = halt
        self._on_wait = on_wait
        self._me = _identity()
        self._held: Manifest = {}
        self._renewed = 0.0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._renew, name=f"lease {name}", daemon=True)

    def __enter__(self) -> Lease:
        self._acquire()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()
        self._release()

    def check(self) -> None:
        """Call before each change: waits while the Lease can't be renewed, so that nothing is changed without it."""
        while time.monotonic() - self._renewed > DURATION_SECONDS:
            self._halt.sleep(0.2)
        self._halt.check()

    def delete(self) -> None:
        """Remove the Lease itself, once there is nothing left to guard."""
        self._done.set()
        if self._held:
            self._own.delete(f"{_PATH}/{self._name}", self._held["metadata"]["uid"])
            self._held = {}

    def _acquire(self) -> None:
        seen: str | None = None
        since = 0.0
        while True:
            live = self._api.get(f"{_PATH}/{self._name}")
            if live is None or is_free(live, dt.datetime.now(dt.UTC)):
                if self._take(live):
                    return
                continue
            mark = f"{live['spec'].get('holderIdentity')} {live['spec'].get('renewTime')}"
            if seen is None:
                seen, since = mark, time.monotonic()
                self._on_wait(f"{_described(live)}; waiting to see whether it still runs")
            elif mark != seen:
                raise RefusedError(f"{self._api.target}: {_described(live)}", "wait for it to end, or stop it there")
            elif time.monotonic() - since > live["spec"].get("leaseDurationSeconds", DURATION_SECONDS):
                if self._take(live):
                    return
                seen = None
            self._halt.sleep(0.5)

    def _take(self, live: Manifest | None) -> bool:
        """Take a free Lease; whether nobody else was faster."""
        changes = 0 if live is None else (live.get("spec") or {}).get("leaseTransitions", 0) + 1
        spec = {"holderIdentity": self._me, "leaseDurationSeconds": DURATION_SECONDS, "leaseTransitions": changes}
        now, started = _now(), time.monotonic()
        taken = self._write(live, {**spec, "acquireTime": now, "renewTime": now}, self._api)
        self._renewed = started if taken else self._renewed
        return taken

    def _write(self, live: Manifest | None, spec: Manifest, api: Api) -> bool:
        """Create or replace it as it was read; whether that is still how it was."""
        try:
            if live is None:
                body = make("coordination.k8s.io/v1", "Lease", self._name, NAMESPACE, spec=spec)
                self._held = api.request("POST", _PATH, body=body)
            else:
                self._held = api.request("PUT", f"{_PATH}/{self._name}", body={**live, "spec": spec})
        except RejectedError as fault:
            if fault.code in (404, 409):
                return self._is_mine(api)
            raise
        return True

    def _is_mine(self, api: Api) -> bool:
        """Whether it is ours after all: an answer was lost, and the request that was tried again came second."""
        live = api.get(f"{_PATH}/{self._name}")
        if live is None or live["spec"].get("holderIdentity") != self._me:
            return False
        self._held = live
        return True

    def _renew(self) -> None:
        while not self._done.wait(RENEW_SECONDS):
            started = time.monotonic()
            try:
                if not self._write(self._held, {**self._held["spec"], "renewTime": _now()}, self._own):
                    if not self._done.is_set():
                        message = f"{self._api.target}: another run took over the Lease {self._name}"
                        self._halt.stop(RefusedError(message, "run again when it has ended"))
                    return
                self._renewed = started
            except FactoryError as error:
                # Unreachable: nobody else can take it meanwhile. `check` holds changes back until it is renewed.
                if not isinstance(error, UnavailableError):
                    self._halt.stop(RefusedError(f"{self._api.target}: the Lease can't be renewed: {error}"))
                    return

    def _release(self) -> None:
        """Hand it back; if that fails it runs out by itself."""
        if not self._held:
            return
        spec = {**self._held["spec"], "holderIdentity": "", "leaseDurationSeconds": 1, "renewTime": _now()}
        try:
            self._write(self._held, spec, self._own)
        except FactoryError as error:
            self._on_wait(f"the Lease {self._name} could not be handed back and runs out by itself: {error}")


def is_free(live: Manifest, now: dt.datetime) -> bool:
    """Whether a Lease has no holder, or one that is long overdue."""
    spec = live.get("spec") or {}
    if not spec.get("holderIdentity") or not spec.get("renewTime"):
        return True
    return (now - dt.datetime.fromisoformat(spec["renewTime"])).total_seconds() > OVERDUE_SECONDS


def _described(live: Manifest) -> str:
    """Who holds a Lease and since when."""
    spec = live["spec"]
    since = str(spec.get("acquireTime", "")).partition(".")[0].replace("T", " ")
    return f"{spec['holderIdentity']} has been changing this stack since {since} UTC"


def _now() -> str:
    """Now as a MicroTime."""
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
