"""Live objects beside the plan: what a run would do, what has drifted, and how objects are.

Differences are those of the server's own dry run: it fills in defaults and brings values into its own form, so nothing
of that shows.
"""

from __future__ import annotations

from ...errors import RefusedError
from ...kube.readiness import conditions, described, verdict
from ...objects.base import KubeObject, Manifest
from ...objects.fields import FieldChange, field_changes
from ..report import Difference, Health
from .applying import Applier
from .live_objects import survey
from .refusals import foreign
from .stack_run import StackRun, key_of
from .waiting import blocked_by

_SERVERS_OWN = frozenset({"managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink"})
_TELLING = ("Ready", "Available", "Healthy", "Established")
"""Conditions that say how an object is, where the plan does not."""


def differences(run: StackRun, *, take_back: bool) -> list[Difference]:
    """Where a cluster differs from the plan, in plan order; changes nothing.

    Args:
        run: the stack on the cluster.
        take_back: compare fields that others have changed as well, rather than say that they are refused.
    """
    with run.pool:
        seen = survey(run)
        adopt = take_back or run.options.adopt
        applier = Applier(run=run, seen=seen, adopt=adopt, dry_run=True, as_is=take_back)
        namespaces = _namespaces(run)
        refused = {} if adopt else foreign(run, seen)

        def compare(item: KubeObject) -> Difference | None:
            if item.id in refused:
                return Difference(id=item.id, kind="refused", note=refused[item.id])
            return _difference(applier, item, namespaces)

        compared = list(run.pool.map(compare, run.items))
    leaving = [
        Difference(id=str(key), kind="leaving", note="protected" if live.protected else "")
        for key, live in seen.leaving.items()
    ]
    return [*(difference for difference in compared if difference is not None), *leaving]


def _difference(applier: Applier, item: KubeObject, namespaces: set[str]) -> Difference | None:
    run, live = applier.run, applier.seen.find(key_of(item))
    if run.cluster.discovery.of(item.manifest) is None:
        return Difference(id=item.id, kind="missing", note="its kind is not served yet")
    namespace = item.manifest["metadata"].get("namespace")
    if live is None and namespace and namespace not in namespaces:
        return Difference(id=item.id, kind="missing", note="not checked by the server: its namespace is not there yet")
    try:
        planned = applier.apply(item).live
    except RefusedError as error:
        return Difference(id=item.id, kind="refused", note=str(error))
    if live is None:
        return Difference(id=item.id, kind="missing")
    fields = changes(live.in_full(run.api), planned)
    return Difference(id=item.id, kind="changed", changes=fields) if fields else None


def _namespaces(run: StackRun) -> set[str]:
    """Namespaces of planned objects that are there."""
    names = {key.namespace for key in run.planned if key.namespace}
    return {name for name in names if run.api.get(f"api/v1/namespaces/{name}") is not None}


def changes(live: Manifest, planned: Manifest) -> tuple[FieldChange, ...]:
    """Fields that differ, beside status and what the server keeps about an object."""
    return field_changes(_own(live), _own(planned))


def _own(manifest: Manifest) -> Manifest:
    metadata = {key: value for key, value in (manifest.get("metadata") or {}).items() if key not in _SERVERS_OWN}
    return {key: metadata if key == "metadata" else value for key, value in manifest.items() if key != "status"}


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
