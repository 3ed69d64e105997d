"""How a stack's objects are: there, ready, and if not, why."""

from __future__ import annotations

from ...kube.readiness import conditions, described, verdict
from ...objects.base import KubeObject, Manifest
from ..report import Health
from .live_objects import survey
from .stack_run import StackRun, key_of
from .waiting import blocked_by

_TELLING = ("Ready", "Available", "Healthy", "Established")
"""Conditions that say how an object is, where the plan does not."""


def healths(run: StackRun) -> list[Health]:
    """How the planned objects are, whoever applied them, in plan order."""
    with run.pool:
        seen = survey(run)

        def judge(item: KubeObject) -> Health:
            live = seen.find(key_of(item))
            return health(item, None if live is None else live.in_full(run.api))

        return list(run.pool.map(judge, run.items))


def health(item: KubeObject, live: Manifest | None) -> Health:
    """How one object is.

    Args:
        item: the planned object.
        live: the live one; None if it is not there.
    """
    if live is None:
        return Health(id=item.id, state="missing", why="it is not there")
    states = {name: str(condition.get("status")) for name, condition in conditions(live).items()} or None
    if live["metadata"].get("deletionTimestamp"):
        return Health(id=item.id, state="going", why=blocked_by(live), conditions=states)
    why = _why_not(item, live)
    return Health(id=item.id, state="not ready" if why else "ready", why=why, conditions=states)


def _why_not(item: KubeObject, live: Manifest) -> str:
    if item.wait_for is not None:
        return verdict(live, item.wait_for)[1]
    status = live.get("status")
    if isinstance(status, dict) and status.get("errorMessage"):
        # Metal3 hosts have no conditions of this kind: they say what failed.
        return f"{status.get('errorType', 'error')}: {status['errorMessage']}"
    by_type = conditions(live)
    telling = next((by_type[name] for name in _TELLING if name in by_type), None)
    return "" if telling is None or telling.get("status") == "True" else described(telling)
