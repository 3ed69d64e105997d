"""Turns the events of the Pulumi engine into those of the display of all engines."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..progress import Event, Listener, What
from ..report import Report, Result

_RESULTS: Mapping[str, Result] = {
    "create": "created",
    "create-replacement": "created",
    "update": "changed",
    "replace": "changed",
    "same": "unchanged",
    "import": "adopted",
}
_MOST_FAULTS = 3
_NO_RESOURCES = ("pulumi:pulumi:Stack", "pulumi:providers:", "ai-factory:index:")


class PulumiEvents:
    """A listener of the Automation API; counts what was done, and keeps the faults."""

    def __init__(self, report: Report, listener: Listener) -> None:
        self.errors: list[str] = []
        self._report = report
        self._listener = listener

    def __call__(self, event: Any) -> None:
        """Take one event of the engine."""
        if event.res_outputs_event is not None:
            self._done(event.res_outputs_event.metadata)
        elif event.diagnostic_event is not None and event.diagnostic_event.severity == "error":
            text = re.sub(r"<\{%.*?%\}>|\x1b\[[0-9;]*m", "", event.diagnostic_event.message)
            self.errors += [line.strip() for line in text.splitlines() if line.strip()][:1]

    def summary(self) -> str:
        """The faults in a line: the first line of each, and no more than three."""
        faults = [fault for fault in dict.fromkeys(self.errors) if fault != "update failed"]
        more = f"; and {len(faults) - _MOST_FAULTS} more" if len(faults) > _MOST_FAULTS else ""
        return "; ".join(faults[:_MOST_FAULTS]) + more

    def tell(self, what: What, object_id: str = "", detail: str = "") -> None:
        """Tell the listener."""
        done = len(self._report.results) + len(self._report.deleted)
        self._listener(
            Event(what=what, stack=self._report.stack, target="pulumi", id=object_id, detail=detail, done=done)
        )

    def _done(self, metadata: Any) -> None:
        if any(metadata.type.startswith(prefix) for prefix in _NO_RESOURCES):
            return
        name = f"{metadata.type.partition(':')[2]} {metadata.urn.rpartition('::')[2]}"
        op = str(getattr(metadata.op, "value", metadata.op))
        if op in ("delete", "delete-replaced"):
            self._report.deleted.append(name)
            self.tell("deleted", name)
        elif op in _RESULTS:
            self._report.results[name] = _RESULTS[op]
            self.tell("applied", name, _RESULTS[op])
