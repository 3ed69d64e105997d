"""Work side by side, whose faults are told as one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from ..errors import FactoryError, InterruptedRunError, RefusedError, UnavailableError

T = TypeVar("T")


def side_by_side(acts: Sequence[Callable[[], None]], at_once: int) -> None:
    """Do all, so many at a time; each is let finish, then all faults are raised as one.

    Raises:
        FactoryError: some failed; see `together`.
    """
    if len(acts) == 1:
        acts[0]()
        return
    with ThreadPoolExecutor(at_once) as pool:
        futures = [pool.submit(act) for act in acts]
    errors = [error for future in futures if (error := future.exception()) is not None]
    for error in errors:
        if not isinstance(error, FactoryError):
            raise error
    if errors:
        raise together([error for error in errors if isinstance(error, FactoryError)])


def together(errors: Sequence[FactoryError]) -> FactoryError:
    """Several faults as one: an interrupt if there is one, else the environment's fault before any refusal."""
    kinds = [kind for kind in (InterruptedRunError, UnavailableError) if any(isinstance(e, kind) for e in errors)]
    return [*kinds, FactoryError][0]("\n".join(dict.fromkeys(str(error) for error in errors)))


def gathered(futures: Sequence[Future[T]]) -> list[T]:
    """Results of all, in order.

    Raises:
        RefusedError: some were refused; all of these.
        FactoryError: any other fault, which the rest would have as well: the first one.
    """
    refusals: list[str] = []
    results: list[T] = []
    for future in futures:
        try:
            results.append(future.result())
        except RefusedError as error:
            refusals.append(str(error))
        except FactoryError:
            for other in futures:
                other.cancel()
            raise
    if refusals:
        raise RefusedError.of(refusals)
    return results
