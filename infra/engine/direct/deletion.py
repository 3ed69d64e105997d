"""Deletes objects in reverse order, waiting for their finalizers; namespaces last."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

from ...objects.base import KubeObject
from ...objects.ids import ObjectId
from .live_objects import Live, LiveObject
from .stack_run import StackRun, key_of
from .waiting import until_gone

GONE_SECONDS = 600
"""How long an object's finalizers may take, where the plan says nothing longer."""
_LAST = {"CustomResourceDefinition.apiextensions.k8s.io": -1, "Namespace": -2}
"""Definitions take all objects of their kind along, namespaces all that is in them: not before these are gone."""


def ranks(waves: Sequence[Sequence[KubeObject]]) -> Callable[[ObjectId], int]:
    """Rank of an object by its wave; highest goes first.

    What is not planned any more goes with the last of its kind, and before all else if nothing of its kind is
    planned: what needed it has gone or been changed by then.
    """
    by_key = {key_of(item): number for number, wave in enumerate(waves) for item in wave}
    by_kind: dict[str, int] = {}
    for key, number in by_key.items():
        by_kind[key.group_kind] = max(number, by_kind.get(key.group_kind, 0))

    def rank(key: ObjectId) -> int:
        if key.group_kind in _LAST:
            return _LAST[key.group_kind]
        return by_key.get(key, by_kind.get(key.group_kind, len(waves)))

    return rank


def batches(doomed: Live, rank: Callable[[ObjectId], int]) -> list[Live]:
    """The objects in the order of their deletion."""
    by_rank: dict[int, Live] = defaultdict(dict)
    for key, live in doomed.items():
        by_rank[rank(key)][key] = live
    return [by_rank[number] for number in sorted(by_rank, reverse=True)]


def delete(run: StackRun, doomed: Live) -> None:
    """Delete members of the stack batch by batch, each when the one before is gone.

    Args:
        run: the stack on the cluster, which is held, and reports and tells what is gone.
        doomed: what is to go.

    Raises:
        NotReadyError: something does not go; which finalizers it waits for.
    """

    def remove(live: LiveObject) -> None:
        run.lease.check()
        run.api.delete(live.path, live.metadata["uid"])

    for batch in batches(doomed, ranks(run.waves)):
        list(run.pool.map(remove, batch.values()))
        longest = max(GONE_SECONDS, *(run.planned[key].timeout_seconds for key in batch if key in run.planned), 0)
        for key in until_gone(run, batch, longest, labels=run.applyset.selector):
            run.note_gone(key)
