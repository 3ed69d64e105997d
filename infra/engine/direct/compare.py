"""Live objects against the plan: what a run would do, and what has drifted, by the server's own dry run.

The server fills in defaults and brings values into its own form, so nothing of that shows as a difference.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...errors import RefusedError
from ...objects.base import KubeObject, Manifest
from ...objects.fields import FieldChange, field_changes
from ..report import Difference
from .applying import Applier
from .live import in_full, key_of
from .run import Run
from .survey import Survey, foreign, is_protected, survey

_SERVERS_OWN = frozenset({"managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink"})


def differences(run: Run, *, take_back: bool) -> list[Difference]:
    """Where a cluster differs from the plan, in plan order; changes nothing.

    Args:
        run: the stack on the cluster.
        take_back: compare fields that others have changed as well, rather than say that they are refused.
    """
    with run.pool() as pool:
        seen = survey(run.cluster, run.applyset, run.items, pool)
        applier = Applier(
            cluster=run.cluster,
            applyset=run.applyset,
            seen=seen,
            check=run.halt.check,
            adopt=take_back or run.options.adopt,
            dry_run=True,
            as_is=take_back,
        )
        there = _namespaces(run)
        refused = {} if applier.adopt else _foreign(run, seen)
        found = list(pool.map(lambda item: refused.get(item.id) or _difference(run, applier, item, there), run.items))
    return [*(one for one in found if one is not None), *_leaving(run, seen)]


def _difference(run: Run, applier: Applier, item: KubeObject, namespaces: set[str]) -> Difference | None:
    found = applier.seen.find(key_of(item.manifest))
    resource = run.cluster.discovery.find(item.manifest["apiVersion"], item.manifest["kind"])
    if resource is None:
        return Difference(id=item.id, kind="missing", note="its kind is not served yet")
    namespace = item.manifest["metadata"].get("namespace")
    if found is None and namespace and namespace not in namespaces:
        return Difference(id=item.id, kind="missing", note="not checked by the server: its namespace is not there yet")
    try:
        planned = applier.apply(item).live
    except RefusedError as error:
        return Difference(id=item.id, kind="refused", note=str(error))
    if found is None:
        return Difference(id=item.id, kind="missing")
    live = in_full(run.cluster.api, found)
    fields = changes(live, planned)
    return Difference(id=item.id, kind="changed", changes=fields) if fields else None


def _foreign(run: Run, seen: Survey) -> dict[str, Difference]:
    faults = foreign(run.cluster, run.applyset, seen, run.items)
    return {object_id: Difference(id=object_id, kind="refused", note=fault) for object_id, fault in faults}


def _namespaces(run: Run) -> set[str]:
    """Namespaces of planned objects that are there."""
    wanted = {item.manifest["metadata"].get("namespace") for item in run.items} - {None}
    return {name for name in wanted if run.cluster.api.get(f"api/v1/namespaces/{name}") is not None}


def _leaving(run: Run, seen: Survey) -> Sequence[Difference]:
    return [
        Difference(id=key.on(run.cluster.target), kind="leaving", note="protected" if is_protected(found) else "")
        for key, found in seen.leaving.items()
    ]


def changes(live: Manifest, planned: Manifest) -> tuple[FieldChange, ...]:
    """Fields that differ, beside status and what the server keeps about an object."""
    return field_changes(_own(live), _own(planned))


def _own(manifest: Manifest) -> Manifest:
    kept = {key: value for key, value in manifest.items() if key != "status"}
    meta = manifest.get("metadata") or {}
    return {**kept, "metadata": {key: value for key, value in meta.items() if key not in _SERVERS_OWN}}
