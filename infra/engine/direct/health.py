"""How a stack's objects are: there, ready, and if not, why."""

from __future__ import annotations

from ...kube.readiness import conditions, described, verdict
from ...objects.base import KubeObject, Manifest
from ..report import Health
from .live import in_full, key_of
from .run import Run
from .survey import survey
from .waiting import blocked_by

_TELLING = ("Ready", "Available", "Healthy", "Established")
"""Conditions that say how an object is, where the plan does not."""


def healths(run: Run) -> list[Health]:
    """How the planned objects are, whoever applied them, in plan order."""
    with run.pool() as pool:
        seen = survey(run.cluster, run.applyset, run.items, pool)
        found = [seen.find(key_of(item.manifest)) for item in run.items]
        live = list(pool.map(lambda one: None if one is None else in_full(run.cluster.api, one), found))
    return [health(item, one) for item, one in zip(run.items, live, strict=True)]


def health(item: KubeObject, live: Manifest | None) -> Health:
    """How one object is.

    Args:
        item: the planned object.
        live: the live one; None if it is not there.
    """
    if live is None:
        return Health(id=item.id, state="missing", why="it is not there")
    states = {name: str(one.get("status")) for name, one in conditions(live).items()} or None
    if live["metadata"].get("deletionTimestamp"):
        return Health(id=item.id, state="going", why=blocked_by(live), conditions=states)
    why = _why_not(item, live)
    return Health(id=item.id, state="not ready" if why else "ready", why=why, conditions=states)


def _why_not(item: KubeObject, live: Manifest) -> str:
    if item.wait_for is not None:
        return verdict(live, item.wait_for)[1]
    status = live.get("status") if isinstance(live.get("status"), dict) else {}
    if status and status.get("errorMessage"):
        # Metal3 hosts have no conditions of this kind: they say what failed.
        return f"{status.get('errorType', 'error')}: {status['errorMessage']}"
    known = conditions(live)
    for name in _TELLING:
        if name in known:
            return "" if known[name].get("status") == "True" else described(known[name])
    return ""
