"""The HTTP client of one connection, by lightkube, and what its answers mean."""

from __future__ import annotations

import email.utils
import threading
import time
from collections.abc import Callable

import httpx2
from lightkube.config.client_adapter import ConnectionParams
from lightkube.core.decoders import decode_object
from lightkube.core.exceptions import ConfigError
from lightkube.core.generic_client import BasicRequest, GenericSyncClient

from ..errors import UnavailableError
from ..objects.base import Manifest
from . import loopback
from .access import Connection, Source
from .errors import RejectedError, transport_fault

_TIMEOUTS = httpx2.Timeout(60.0, connect=10.0)


class Link:
    """The HTTP client of a source's connection, made anew when credentials were refused."""

    def __init__(self, target: str, source: Source) -> None:
        self.target = target
        self.source = source
        self.connection = source.connection()
        self._client = _client(source.name, self.connection)
        self._lock = threading.Lock()

    def send(self, asked: BasicRequest) -> Manifest:
        """Send a request once; once more with fresh credentials if these are refused.

        Raises:
            RejectedError: the server refuses.
            NoAnswerError: there was no answer.
            UnavailableError: there can be none.
        """
        used = self._client
        try:
            return _send(self.target, used, asked)
        except RejectedError as fault:
            if fault.code != 401 or not self._renew(used):
                raise
        return _send(self.target, self._client, asked)

    def close(self) -> None:
        """Close the connections."""
        close: Callable[[], None] = self._client.close
        close()

    def _renew(self, used: GenericSyncClient) -> bool:
        """Read the credentials again; whether they are others than those that were refused."""
        with self._lock:
            if self._client is not used:
                return True
            connection = self.source.connection()
            if connection == self.connection:
                return False
            # The old client is not closed: other threads may be in the middle of a request.
            self.connection, self._client = connection, _client(self.source.name, connection)
            return True


def _client(name: str, connection: Connection) -> GenericSyncClient:
    # Proxies of the environment never lead to this machine, as with kubectl.
    trust_env = not loopback.is_loopback(connection.server)
    try:
        params = ConnectionParams(timeout=_TIMEOUTS, trust_env=trust_env, proxy=connection.proxy)
        return GenericSyncClient(params, connection.config)
    except (ConfigError, OSError, ValueError, httpx2.InvalidURL) as error:
        raise UnavailableError(f"{name}: the kubeconfig can't be used: {error}", "mend it") from None


def _send(target: str, client: GenericSyncClient, asked: BasicRequest) -> Manifest:
    try:
        response = client.send(client.build_adapter_request(asked))
    except httpx2.TransportError as error:
        raise transport_fault(target, error) from None
    except (httpx2.InvalidURL, ConfigError) as error:
        raise UnavailableError(f"{target}: the kubeconfig can't be used: {error}", "mend it") from None
    if response.is_success:
        return _decoded(target, response)
    raise _fault(response)


def _decoded(target: str, response: httpx2.Response) -> Manifest:
    try:
        return dict(decode_object(response.content, dict))
    except ValueError:
        message = f"{target}: {response.request.url.host} does not answer as an API server does"
        raise UnavailableError(message, "see the server's address in the kubeconfig") from None


def _fault(response: httpx2.Response) -> RejectedError:
    """The refusal as a value; bodies that are no Status (from proxies, or overload) become messages."""
    after = _retry_after_seconds(response.headers.get("Retry-After"))
    try:
        status = dict(decode_object(response.content, dict))
    except (ValueError, TypeError):
        return RejectedError(response.status_code, "", response.text.strip()[:200], retry_after_seconds=after)
    causes = (status.get("details") or {}).get("causes") or ()
    message, reason = str(status.get("message", "")), str(status.get("reason", ""))
    return RejectedError(response.status_code, reason, message, causes=causes, retry_after_seconds=after)


def _retry_after_seconds(value: str | None) -> float | None:
    """Seconds of a Retry-After header, which is a number or a date (RFC 9110, 10.2.3)."""
    if value is None:
        return None
    if value.strip().isdigit():
        return float(value)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None
