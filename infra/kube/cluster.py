"""A cluster that answers: its API server and the kinds that it serves."""

from __future__ import annotations

from dataclasses import dataclass

from .access import Source
from .api import Api
from .discovery import Discovery
from .stopping import Halt

FIRST_CONTACT_SECONDS = 5.0
"""How long the first request is tried again: a wrong address should be told soon."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """One cluster of a run."""

    target: str
    api: Api
    discovery: Discovery
    version: str
    """Version of its Kubernetes, such as `v1.36.1`."""


def connect(target: str, source: Source, halt: Halt) -> Cluster:
    """Talk to a cluster for the first time.

    Raises:
        UnavailableError: it can't be reached, or does not accept the credentials.
    """
    api = Api(target, source, halt)
    answer = api.view(seconds=FIRST_CONTACT_SECONDS).request("GET", "version")
    return Cluster(target=target, api=api, discovery=Discovery(api), version=str(answer.get("gitVersion", "unknown")))
