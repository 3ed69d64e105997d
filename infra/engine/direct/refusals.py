"""What must not be done to a cluster: said before anything is changed, with every reason at once."""

from __future__ import annotations

from collections.abc import Iterator

from ...errors import RefusedError, UnavailableError
from ...kube import readiness
from .. import isolation
from ..origins import lacking_kind
from . import ownership
from .applyset import owners
from .live_objects import Live, Survey
from .stack_run import StackRun


def refuse(run: StackRun, seen: Survey) -> None:
    """Stop a run before anything is changed.

    Raises:
        RefusedError: objects of others are planned, protected ones have left the plan, or tenants would not be apart.
        UnavailableError: kinds are not served, and nothing that is planned would bring them.
    """
    faults = [] if run.options.adopt else list(foreign(run, seen).values())
    faults += _leaving_faults(run, seen.leaving)
    faults += _wait_faults(run)
    faults += isolation.faults(run.cluster, run.items)
    if faults:
        raise RefusedError.of(faults)
    _refuse_missing_kinds(run)


def refuse_deletion(run: StackRun, members: Live) -> None:
    """Stop before members are deleted that are protected or the Pulumi engine's as well (RefusedError)."""
    faults = []
    for key, live in members.items():
        if live.protected and not run.options.force_protected:
            why = "is protected: deleting it loses state or running capacity; delete it with --force-protected"
            faults.append(f"{key}: {why}")
        elif ownership.by_pulumi(live.metadata):
            faults.append(f"{key}: is the Pulumi engine's as well; delete it there, or take it over with --adopt")
    if faults:
        raise RefusedError.of(faults)


def foreign(run: StackRun, seen: Survey) -> dict[str, str]:
    """Planned objects that are somebody else's: what to say about each, by id."""
    words = owners(run.api) if seen.others else {}
    faults = {}
    for key, item in run.planned.items():
        live = seen.find(key)
        owner = None if live is None else ownership.foreign_owner(live.metadata, run.applyset.id, words)
        if owner is not None:
            faults[item.id] = ownership.refusal(item.id, owner)
    return faults


def _leaving_faults(run: StackRun, leaving: Live) -> Iterator[str]:
    for key, live in leaving.items():
        if live.protected and not run.options.force_protected:
            yield (
                f"{key}: left the plan but is protected: deleting it loses state or running "
                "capacity; put it back into the plan, or delete it with --force-protected"
            )
        elif not run.options.adopt and ownership.by_pulumi(live.metadata):
            yield ownership.refusal(str(key), "the Pulumi engine, and left the plan")


def _wait_faults(run: StackRun) -> Iterator[str]:
    """Waits in a form that is not understood."""
    for item in run.items:
        if item.wait_for is not None:
            try:
                readiness.verdict({"metadata": {}}, item.wait_for)
            except ValueError as error:
                yield f"{item.id}: {error}"


def _refuse_missing_kinds(run: StackRun) -> None:
    """Refuse kinds that are not served and that nothing before may bring.

    What may bring kinds is what is waited for (a release or an operator), definitions themselves, and what comes from
    another cluster or stack: a release on the management cluster, ready a moment ago.
    """
    ids = {item.id for item in run.items}
    faults: list[str] = []
    served = run.cluster.discovery.of
    for wave in run.waves:
        lacking = [item for item in wave if ids.issuperset(item.after) and served(item.manifest) is None]
        faults += [str(lacking_kind(run.cluster, item.manifest)) for item in lacking]
        if any(item.wait_for is not None or item.manifest["kind"] == "CustomResourceDefinition" for item in wave):
            break
    if faults:
        raise UnavailableError("\n".join(dict.fromkeys(faults)))
