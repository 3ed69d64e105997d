"""One API server, by lightkube's HTTP client: paths come from discovery, so it serves every kind alike."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from lightkube.core.generic_client import BasicRequest

from ..objects.base import Manifest
from . import retry
from .access import Source
from .errors import NoAnswerError, RejectedError, access_fault, unreachable
from .stopping import Halt
from .transport import Link

MANAGER = "ai-factory"
"""Field manager of everything that this engine applies."""
NAMESPACE = "kube-system"
"""Where this package keeps its own objects: the one namespace that every cluster has and nobody deletes."""
APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
JSON = "application/json"
METADATA_LIST = f"{JSON};as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
METADATA = f"{JSON};as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
PAGE = 500
"""Objects a page of a list, as kubectl asks for."""
PATIENCE_SECONDS = 180.0
"""How long a request is tried again: an API server's restart or upgrade takes a minute or two."""


class Api:
    """Requests to one API server, tried again where that may help; safe for many threads.

    Args:
        target: name of the cluster.
        source: gives the connection, again when credentials were refused.
        halt: ends the run between two requests.
    """

    def __init__(self, target: str, source: Source, halt: Halt) -> None:
        self.target = target
        self._patience = retry.Patience(seconds=PATIENCE_SECONDS, halt=halt)
        self._link = Link(target, source)

    def view(self, **patience: Any) -> Api:
        """The same connection with another `halt`, `seconds` of patience, or listener `on_retry` (see Patience)."""
        other = copy.copy(self)
        other._patience = replace(self._patience, **patience)
        return other

    @property
    def server(self) -> str:
        """URL of the API server."""
        return self._link.connection.server

    def close(self) -> None:
        """Close the connections."""
        self._link.close()

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Any = None,
        content_type: str = JSON,
        accept: str = JSON,
        headers: Mapping[str, str] | None = None,
        also: Callable[[RejectedError], bool] = lambda fault: False,
    ) -> Manifest:
        """One request and its answer.

        Args:
            method: HTTP method.
            path: path below the server's URL.
            params: query.
            body: what to send, encoded as JSON.
            content_type: its type.
            accept: type of the answer.
            headers: further ones, such as whom to act as.
            also: further faults that trying again may mend.

        Raises:
            RejectedError: the server refuses, for good.
            UnavailableError: no answer in the time that patience allows, or no right to ask.
            FactoryError: the run was stopped.
        """
        sent = {"Accept": accept, **({"Content-Type": content_type} if body is not None else {}), **(headers or {})}
        asked = BasicRequest(method, path, params=dict(params or {}), data=body, headers=sent)
        try:
            return retry.call(lambda: self._link.send(asked), self._patience, also=also)
        except NoAnswerError as error:
            raise unreachable(self.target, self.server, str(error)) from None
        except RejectedError as fault:
            fault.asked = f"{self.target}: {method} {path}"
            raise access_fault(self.target, self._link.source.name, f"{method} {path}", fault) or fault from None

    def get(self, path: str, *, accept: str = JSON) -> Manifest | None:
        """An object, or None if there is none."""
        try:
            return self.request("GET", path, accept=accept)
        except RejectedError as fault:
            if fault.code == 404:
                return None
            raise

    def items(self, path: str, *, labels: str = "", metadata_only: bool = False) -> Iterator[Manifest]:
        """Objects of a list, page by page; labelSelector in `labels`. A kind or namespace that is gone has none.

        A server keeps the state that pages are of for some minutes only: after that the list is read again as a whole,
        as kubectl does.
        """
        whole = {"labelSelector": labels} if labels else {}
        params = {**whole, "limit": str(PAGE)}
        given: set[str] = set()
        while True:
            try:
                page = self.request("GET", path, params=params, accept=METADATA_LIST if metadata_only else JSON)
            except RejectedError as fault:
                if fault.code == 404:
                    return
                if fault.code != 410 or "continue" not in params:
                    raise
                params = dict(whole)
                continue
            items = {str(item["metadata"]["uid"]): item for item in page.get("items") or ()}
            yield from (item for uid, item in items.items() if uid not in given)
            given |= items.keys()
            token = (page.get("metadata") or {}).get("continue")
            if not token:
                return
            params["continue"] = token

    def apply(self, path: str, manifest: Manifest, *, force: bool = False, dry_run: bool = False) -> Manifest:
        """Server-side apply; the object as it is then."""
        options = {"force": "true" if force else "", "dryRun": "All" if dry_run else ""}
        params = {"fieldManager": MANAGER, **{name: value for name, value in options.items() if value}}
        return self.request("PATCH", path, params=params, body=manifest, content_type=APPLY, also=_lost_race)

    def delete(self, path: str, uid: str) -> None:
        """Delete the object of that uid; no fault if it is gone already."""
        body = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": uid}}
        body["propagationPolicy"] = "Background"
        try:
            self.request("DELETE", path, body=body)
        except RejectedError as fault:
            # 409: an object of that name but another uid has taken its place.
            if fault.code not in (404, 409):
                raise


def _lost_race(fault: RejectedError) -> bool:
    """Whether an apply lost against another writer, without any conflict of fields."""
    return fault.code == 409 and fault.reason == "Conflict" and not fault.is_field_conflict
