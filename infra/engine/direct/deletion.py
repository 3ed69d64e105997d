"""Deletes objects in reverse order, waiting for their finalizers; namespaces last."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor

from ...kube.api import Api
from ...kube.stopping import Halt
from ...objects.base import KubeObject
from .live import Found, Key, Live, key_of
from .waiting import GONE_SECONDS, wait_gone

_LAST = {"CustomResourceDefinition.apiextensions.k8s.io": -1, "Namespace": -2}
"""Definitions take all objects of their kind along, namespaces all that is in them: not before these are gone."""


def ranks(waves: Sequence[Sequence[KubeObject]]) -> Callable[[Key], int]:
    """Rank of an object by its wave; highest goes first.

    What is not planned any more goes with the last of its kind, and before all else if nothing of its kind is
    planned: what needed it has gone or been changed by then.
    """
    by_key = {key_of(item.manifest): number for number, wave in enumerate(waves) for item in wave}
    by_kind: dict[str, int] = {}
    for key, number in by_key.items():
        by_kind[key.group_kind] = max(number, by_kind.get(key.group_kind, 0))

    def rank(key: Key) -> int:
        if key.group_kind in _LAST:
            return _LAST[key.group_kind]
        return by_key.get(key, by_kind.get(key.group_kind, len(waves)))

    return rank


def batches(doomed: Live, rank: Callable[[Key], int]) -> list[Live]:
    """The objects in the order of their deletion."""
    by_rank: dict[int, Live] = defaultdict(dict)
    for key, found in doomed.items():
        by_rank[rank(key)][key] = found
    return [by_rank[number] for number in sorted(by_rank, reverse=True)]


def delete(
    api: Api,
    doomed: Live,
    rank: Callable[[Key], int],
    pool: Executor,
    halt: Halt,
    *,
    check: Callable[[], None],
    on_wait: Callable[[str, str], None],
    on_gone: Callable[[Key], None],
    labels: str = "",
    timeouts: Mapping[Key, int] | None = None,
) -> None:
    """Delete objects batch by batch, each when the one before is gone.

    Args:
        api: the cluster.
        doomed: what is to go.
        rank: which goes first.
        pool: for requests side by side.
        halt: ends the run.
        check: called before each deletion.
        on_wait: told about what is still there, and why.
        on_gone: told about what is gone.
        labels: label selector that matches them all.
        timeouts: longer times that objects may take, in seconds.

    Raises:
        NotReadyError: something does not go; which finalizers it waits for.
    """

    def remove(found: Found) -> None:
        check()
        api.delete(found.path, found.manifest["metadata"]["uid"])

    for batch in batches(doomed, rank):
        list(pool.map(remove, batch.values()))
        longest = max(GONE_SECONDS, *((timeouts or {}).get(key, 0) for key in batch))
        wait_gone(api, batch, halt, labels=labels, timeout_seconds=longest, on_wait=on_wait, on_gone=on_gone)
